"""The catalogue of failures (docs/dropbox-failures.md) and its tests name each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
CATALOGUE = FOLDER.parents[2] / "docs/dropbox-failures.md"


def test_every_row_of_the_catalogue_has_a_test_and_every_test_a_row() -> None:
    tested: dict[int, set[str]] = {}
    for file in FOLDER.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (found := re.match(r"test_g(\d\d)_", node.name)):
                tested.setdefault(int(found[1]), set()).add(file.name)
    rows = {
        int(line.split("|")[1]): set(re.findall(r"`(test_\w+\.py)`", line))
        for line in CATALOGUE.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| \d+ \|", line)
    }
    assert rows == tested
    assert sorted(rows) == list(range(1, 46))
