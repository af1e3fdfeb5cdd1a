"""CSV: for R and Python (UTF-8, no byte-order mark), for Excel (with one, formulas disarmed), and the classic one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from minno_dashboard.results.flatten import classic
from minno_dashboard.results.flatten.records import Scalar

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def text_of(value: Scalar) -> str:
    """Return a cell's text: "" for a missing value, `true` and `false`, a dot as the decimal sign."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return value if isinstance(value, str) else repr(value)


def disarmed(text: str) -> str:
    """Return text that Excel shows and does not calculate: `=1+1` becomes `'=1+1`; numbers stay numbers."""
    if not text.startswith(FORMULA_SIGNS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def write(
    path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Scalar]], *, for_excel: bool = False
) -> None:
    """Write a table with a header line, RFC 4180 quoting and `\\n` (for Excel: `\\r\\n`)."""
    names = list(columns)
    with path.open("w", encoding="utf-8-sig" if for_excel else "utf-8", newline="", errors="replace") as file:
        writer = csv.writer(file, lineterminator="\r\n" if for_excel else "\n")
        writer.writerow(names)
        if for_excel:
            writer.writerows([disarmed(text_of(row.get(name))) for name in names] for row in rows)
        else:
            writer.writerows([text_of(row.get(name)) for name in names] for row in rows)


def write_classic(
    path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, Scalar]], *, separator: str = ","
) -> None:
    """Write a table as the existing system does: header cells bare, others quoted only where they must be."""
    names = list(columns)
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        file.write(separator.join(names) + "\n")
        for row in rows:
            file.write(separator.join(classic.cell(row.get(name), separator) for name in names) + "\n")
