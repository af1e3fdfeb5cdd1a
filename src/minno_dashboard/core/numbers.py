"""Whole numbers from browsers, limited to what a database can store."""

from __future__ import annotations

MAX_INTEGER = 2**63 - 1


def whole_number(given: str) -> int | None:
    """Return the number that a text of plain digits is; None if it is none, or too large for an id."""
    # `str.isdigit` alone takes “²”, which `int` does not; and `int` refuses thousands of digits.
    if not (given.isascii() and given.isdigit()) or len(given) > 18:
        return None
    return int(given)


def is_whole_number(value: object) -> bool:
    """Return whether a JSON value is a whole number (no boolean) that a database can store."""
    return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER
