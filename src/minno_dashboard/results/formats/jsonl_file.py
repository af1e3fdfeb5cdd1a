"""JSON Lines: one object a line, UTF-8, missing values left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from minno_dashboard.results.flatten.records import Scalar


def write(path: Path, rows: Iterable[Mapping[str, Scalar]]) -> None:
    """Write a table."""
    with path.open("wb", buffering=1 << 20) as file:
        for row in rows:
            filled = {name: value for name, value in row.items() if value is not None}
            file.write(orjson.dumps(filled, option=orjson.OPT_APPEND_NEWLINE))
