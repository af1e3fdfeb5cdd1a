"""Formats with typed columns: Parquet (streamed by polars) and SPSS (`.sav`, by pyreadstat, which wants a whole table).

Both libraries are the extra `formats`; they are loaded when a file is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from minno_dashboard.results.flatten.columns import Column, ColumnType

if TYPE_CHECKING:
    import polars

MAX_SPSS_LABEL_BYTES = 255
MAX_SPSS_TEXT_BYTES = 32_767


class FormatMissing(Exception):
    """The libraries of this format are not installed."""


def _scan(spool: Path, columns: list[Column]) -> polars.LazyFrame:
    try:
        import polars
    except ImportError as error:
        raise FormatMissing(
            "This format needs more packages on the server: pip install 'minno-dashboard[formats]'. "
            "CSV, Excel and JSON Lines work without them."
        ) from error
    types = {
        ColumnType.BOOLEAN: polars.Boolean,
        ColumnType.INTEGER: polars.Int64,
        ColumnType.NUMBER: polars.Float64,
        ColumnType.TEXT: polars.String,
    }
    schema = {column.name: types[column.type] for column in columns}
    return polars.scan_ndjson(spool, schema=schema)


def write_parquet(path: Path, spool: Path, columns: list[Column]) -> None:
    """Write spooled rows as Parquet; memory does not grow with their number.

    Raises:
        FormatMissing: polars is not installed.
    """
    _scan(spool, columns).sink_parquet(path, compression="zstd", maintain_order=True)


def write_sav(path: Path, spool: Path, columns: list[Column], labels: dict[str, str]) -> None:
    """Write spooled rows for SPSS, with labels; the whole table is in memory meanwhile.

    Raises:
        FormatMissing: polars or pyreadstat is not installed.
    """
    frame = _scan(spool, columns).collect()
    import polars
    import pyreadstat

    texts = [column.name for column in columns if column.type is ColumnType.TEXT]
    frame = frame.with_columns(polars.col(name).str.slice(0, MAX_SPSS_TEXT_BYTES // 4) for name in texts)
    shown: dict[str, str | None] = {
        name: label.encode()[:MAX_SPSS_LABEL_BYTES].decode(errors="ignore") for name, label in labels.items()
    }
    pyreadstat.write_sav(frame, str(path), column_labels=shown, row_compress=True)
