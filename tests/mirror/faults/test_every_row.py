"""The catalogue has 45 rows, and each has a test of its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROWS = range(1, 46)


def test_every_row_of_the_catalogue_has_a_test() -> None:
    tested: dict[int, list[str]] = {}
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            if found := re.match(r"test_g(\d\d)_", node.name):
                tested.setdefault(int(found[1]), []).append(node.name)
    assert [row for row in ROWS if row not in tested] == []
    assert [row for row in tested if row not in ROWS] == []
