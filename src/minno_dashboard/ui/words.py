"""Times, sizes and counts in the words people use."""

from __future__ import annotations

from datetime import datetime

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def ago(moment: datetime, *, now: datetime) -> str:
    """Return how long ago a moment was; the date itself when that was more than 30 days ago."""
    seconds = int((now - moment).total_seconds())
    if seconds < -60:
        return f"{moment:%Y-%m-%d %H:%M}"
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    for limit, unit, length in ((3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{seconds // length} {unit} ago"
    days = seconds // 86400
    if days > 30:
        return f"{moment:%Y-%m-%d}"
    return "yesterday" if days == 1 else f"{days} days ago"


def size(count: int) -> str:
    """Return a number of bytes with its unit; 1 KB is 1,024 bytes, as file managers and Dropbox count."""
    if count == 1:
        return "1 byte"
    amount = float(count)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            shown = (
                f"{amount:.0f}" if unit == "bytes" or amount >= 100 else f"{amount:.1f}".removesuffix(".0")
            )
            return f"{shown} {unit}"
        amount /= 1024
    raise AssertionError("the last unit takes every size")


def plural(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 file", "1,204 files"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
