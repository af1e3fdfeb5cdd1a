"""Excel workbooks, written row by row (XlsxWriter's constant-memory mode)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlsxwriter

from minno_dashboard.results.flatten.records import Scalar

MAX_ROWS = 1_048_575
"""Rows below the header that one sheet can hold."""
MAX_CELL_CHARACTERS = 32_767
MAX_COLUMNS = 16_384
_SAME_FOR_SAME_INPUT = datetime(2000, 1, 1)  # noqa: DTZ001 - the format knows no time zone


class TooManyRows(Exception):
    """The table does not fit on a sheet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet to write."""

    name: str
    columns: list[str]
    rows: Iterable[Mapping[str, Scalar]]
    row_count: int


def write(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write a workbook; text is never taken for a formula or an address.

    Raises:
        TooManyRows: a table has more rows or columns than Excel can hold.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "tmpdir": str(path.parent),
    }
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"created": _SAME_FOR_SAME_INPUT})
    bold = book.add_format({"bold": True})
    for sheet in sheets:
        if sheet.row_count > MAX_ROWS or len(sheet.columns) > MAX_COLUMNS:
            raise TooManyRows(
                f"Excel holds {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns a sheet; “{sheet.name}” has "
                f"{sheet.row_count:,} rows and {len(sheet.columns):,} columns. Choose CSV or Parquet."
            )
        page = book.add_worksheet(sheet.name[:31])
        page.freeze_panes(1, 0)
        for place, name in enumerate(sheet.columns):
            page.write_string(0, place, name, bold)
        for number, row in enumerate(sheet.rows, 1):
            for place, name in enumerate(sheet.columns):
                _write_cell(page, number, place, row.get(name))
    book.close()


def _write_cell(page: xlsxwriter.worksheet.Worksheet, number: int, place: int, value: Scalar) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(number, place, value)
    elif isinstance(value, int | float) and abs(value) <= 2**53:
        page.write_number(number, place, value)
    else:
        page.write_string(number, place, str(value)[:MAX_CELL_CHARACTERS])
