"""Temporary storage of rows: written while the columns are still being discovered, read again by a writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from minno_dashboard.results.flatten.columns import Columns
from minno_dashboard.results.flatten.records import Scalar

BUFFER_BYTES = 1 << 20


def _as_text(value: Any) -> str:
    return str(value)  # integers that a JSON reader elsewhere would round


class Spool:
    """The rows of one table in a temporary file, one JSON object per line, with the types of their columns."""

    def __init__(self, path: Path, always: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.columns = Columns(always)
        self._file = path.open("wb", buffering=BUFFER_BYTES)

    def add(self, row: Mapping[str, Scalar], version: int = 0) -> None:
        """Append one row of this study version."""
        self.columns.see(row, version)
        self._file.write(orjson.dumps(row, default=_as_text, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Make all rows readable."""
        self._file.close()

    def rows(self) -> Iterator[dict[str, Scalar]]:
        """Yield the rows again, in their order; memory does not grow with their number."""
        with self.path.open("rb", buffering=BUFFER_BYTES) as file:
            for line in file:
                yield orjson.loads(line)
