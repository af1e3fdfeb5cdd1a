"""Whole numbers that people's browsers send, as far as a database can hold them."""

from __future__ import annotations

MAX_INTEGER = 2**63 - 1


def whole_number(given: str) -> int | None:
    """Return the number that a text is in plain digits; None if it is none, or too large to be the number of anything."""
    # `str.isdigit` alone takes “²”, which `int` does not; and `int` refuses thousands of digits.
    if not (given.isascii() and given.isdigit()) or len(given) > 18:
        return None
    return int(given)


def is_whole_number(value: object) -> bool:
    """Say whether a value out of JSON is a whole number (and neither true nor false) that a database can hold."""
    return type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER
