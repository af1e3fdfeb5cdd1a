"""Collects types and values of a table's columns while rows are made: for codebooks and typed formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from minno_dashboard.results.flatten.records import Scalar

MAX_LISTED_VALUES = 20
MAX_EXACT_INTEGER = 2**53
"""Beyond it spreadsheets, R and JavaScript round; such numbers are kept as text."""


class ColumnType(StrEnum):
    """The narrowest type that holds every value of a column."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"


@dataclass(slots=True)
class Column:
    """One column of a table. `values` lists its distinct values, or is None where there are more than 20."""

    name: str
    is_fixed: bool = False
    first_version: int = 0
    filled: int = 0
    types: set[type] = field(default_factory=set)
    has_large_integers: bool = False
    values: set[Scalar] | None = field(default_factory=set)

    @property
    def type(self) -> ColumnType:
        """Return the narrowest type of all values seen; text for a column of mixed types."""
        if self.types == {bool}:
            return ColumnType.BOOLEAN
        if self.types == {int} and not self.has_large_integers:
            return ColumnType.INTEGER
        if self.types and self.types <= {int, float} and not self.has_large_integers:
            return ColumnType.NUMBER
        return ColumnType.TEXT

    def see(self, value: Scalar) -> None:
        """Add one value; None is a missing one."""
        if value is None:
            return
        self.filled += 1
        self.types.add(type(value))
        if isinstance(value, int) and abs(value) > MAX_EXACT_INTEGER:
            self.has_large_integers = True
        if self.values is not None:
            self.values.add(value)
            if len(self.values) > MAX_LISTED_VALUES:
                self.values = None


class Columns:
    """The columns of one table in the order of their first appearance; those given first always exist."""

    def __init__(self, always: Mapping[str, str] | None = None) -> None:
        self.by_name: dict[str, Column] = {name: Column(name, is_fixed=True) for name in always or {}}
        self.rows = 0

    def see(self, row: Mapping[str, Scalar], version: int = 0) -> None:
        """Add a row of this study version."""
        self.rows += 1
        for name, value in row.items():
            column = self.by_name.get(name)
            if column is None:
                column = self.by_name[name] = Column(name)
            if not column.first_version and value is not None:
                column.first_version = version
            column.see(value)

    def used(self) -> list[Column]:
        """Return the columns that hold at least one value, and those that are always there."""
        return [column for column in self.by_name.values() if column.filled or column.is_fixed]
