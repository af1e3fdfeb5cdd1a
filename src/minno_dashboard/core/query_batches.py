"""Values in lists that fit into one database query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
MAX_VALUES = 2000
"""How many values one query names at most."""


def in_portions(values: Iterable[T], size: int = MAX_VALUES) -> Iterator[list[T]]:
    """Yield values in lists that fit into one query."""
    portion: list[T] = []
    for value in values:
        portion.append(value)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion
