"""Moments as the API writes them, made by the database: thousands of rows need no `datetime` each."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField
from django.db.models.sql.compiler import SQLCompiler

SQLITE = "replace(substr(%(expressions)s, 1, 23), ' ', 'T') || 'Z'"
"""SQLite holds `2026-11-24 09:30:00.123456`, in UTC, as Django writes it; a whole second has no fraction."""
POSTGRESQL = r"""regexp_replace(replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
 '.000000Z', 'Z'), '\d{3}Z$', 'Z')"""
"""A whole second has no fraction, as above."""


class Moment(Func):
    """A date and time of the database as text, as all other answers write it: `2026-11-24T09:30:00.123Z`."""

    output_field = TextField()
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, Any]:
        """Return the SQL for SQLite."""
        return self.as_sql(compiler, connection, template=SQLITE, **more)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any
    ) -> tuple[str, Any]:
        """Return the SQL for PostgreSQL."""
        return self.as_sql(compiler, connection, template=POSTGRESQL, **more)
