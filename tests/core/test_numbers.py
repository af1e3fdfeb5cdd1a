"""Numbers that browsers send."""

from __future__ import annotations

import pytest

from minno_dashboard.core.numbers import MAX_INTEGER, is_whole_number, whole_number


@pytest.mark.parametrize(("given", "number"), [("0", 0), ("17", 17), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_plain_digits_are_a_number(given: str, number: int) -> None:
    assert whole_number(given) == number


@pytest.mark.parametrize(
    "given", ["", "-1", "+1", "1.0", " 1", "²", "١٢", "1_000", "9" * 19, "9" * 5000, "1\0"]
)
def test_text_that_is_no_number_is_read_as_none(given: str) -> None:
    assert whole_number(given) is None


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (0, True),
        (-1, True),
        (MAX_INTEGER, True),
        (MAX_INTEGER + 1, False),
        (-MAX_INTEGER - 1, False),
        (True, False),
        (1.0, False),
    ],
)
def test_only_what_a_database_holds_is_a_whole_number_of_json(value: object, is_one: bool) -> None:
    assert is_whole_number(value) == is_one
