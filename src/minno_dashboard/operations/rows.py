"""The rows of a table as lines of JSON that are the same whatever database they come from."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import DatabaseError, connections
from django.db.models import Field, JSONField

from minno_dashboard.core.errors import Refused
from minno_dashboard.operations.schema import Table

BATCH_ROWS = 1_000

Line = bytes
Encoder = Callable[[Any], Any]


class RowRefused(Refused):
    """The database does not take a row that another database held; nothing was changed."""


def read(using: str, table: Table) -> Iterator[Line]:
    """Yield the rows of a table in the order of their keys, one JSON array a line, without line ends."""
    encoders = [_encoder(field) for field in table.fields]
    rows = table.model._base_manager.using(using).order_by("pk")
    names = [field.attname for field in table.fields]
    for row in rows.values_list(*names).iterator(chunk_size=BATCH_ROWS):
        values = [encode(value) for encode, value in zip(encoders, row, strict=True)]
        yield json.dumps(values, separators=(",", ":"), sort_keys=True).encode("ascii")


def write(using: str, table: Table, lines: Iterable[Line]) -> int:
    """Insert rows as they are, keys and times included; return how many.

    Raises:
        RowRefused: the database does not take one of them.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in table.fields)
    marks = ", ".join(["%s"] * len(table.fields))
    statement = f"INSERT INTO {quote(table.name)} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our models
    decoders = [_decoder(field, connection) for field in table.fields]
    written = 0
    with connection.cursor() as cursor:
        for batch in _batches(lines):
            rows = [
                [decode(value) for decode, value in zip(decoders, json.loads(line), strict=True)]
                for line in batch
            ]
            try:
                cursor.executemany(statement, rows)
            except (DatabaseError, ValueError) as error:
                raise RowRefused(
                    f"The database does not take a row of {table.name} (one of rows {written + 1} to"
                    f" {written + len(rows)}): {error}. Nothing was changed."
                ) from error
            written += len(rows)
    return written


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def clear(using: str, tables: Sequence[Table]) -> None:
    """Remove all rows of all tables, whatever points where; for the inside of a transaction."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table.name)}")  # noqa: S608 - as above


class Digest:
    """SHA-256 over the lines of a table, and their number; equal wherever the rows mean the same."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0

    def passing(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the lines again, counting them in."""
        for line in lines:
            self._hash.update(line)
            self._hash.update(b"\n")
            self.count += 1
            yield line

    def __str__(self) -> str:
        return f"{self.count} {self._hash.hexdigest()}"


def digest(using: str, table: Table) -> str:
    """Return the digest of a table as the database holds it now."""
    found = Digest()
    for _ in found.passing(read(using, table)):
        pass
    return str(found)


def next_keys(using: str, tables: Sequence[Table]) -> dict[str, int]:
    """Return for each table that numbers its rows the highest number it ever gave, so that none is given twice."""
    connection = connections[using]
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            names = {table.name for table in tables}
            return {name: number for name, number in cursor.fetchall() if number and name in names}
        for table in tables:
            if sequence := _sequence(cursor, table):
                cursor.execute(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - PostgreSQL's own name
                last, is_called = cursor.fetchone()
                if is_called:
                    found[table.name] = last
    return found


def set_next_keys(using: str, tables: Sequence[Table], numbers: dict[str, int]) -> None:
    """Let each table go on numbering its rows above the highest number it ever gave."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for table in tables:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
                if number := numbers.get(table.name):
                    cursor.execute(
                        "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table.name, number]
                    )
            return
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)
        for table in tables:
            if (number := numbers.get(table.name)) and (sequence := _sequence(cursor, table)):
                cursor.execute("SELECT setval(%s, %s)", [sequence, number])


def _sequence(cursor: Any, table: Table) -> str | None:
    key = table.model._meta.pk
    if key is None or not key.db_returning:
        return None
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table.name}"', key.column])
    return str(found) if (found := cursor.fetchone()[0]) else None


def _encoder(field: Field[Any, Any]) -> Encoder:
    kind = _kind(field)
    if kind == "BinaryField":
        return _base64
    if kind == "JSONField":
        return _same_number
    return _plain


def _kind(field: Field[Any, Any]) -> str:
    """Return what kind of value a column holds; a foreign key holds what the key it points to holds."""
    while field.is_relation:
        field = field.target_field  # type: ignore[attr-defined]
    return field.get_internal_type()


def _base64(value: bytes | memoryview | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode("ascii")


def _same_number(value: Any) -> Any:
    """Return a JSON value with 2.0 as 2: PostgreSQL keeps numbers, not how they were written."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _same_number(one) for key, one in value.items()}
    return [_same_number(one) for one in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"no way to write a {type(value).__name__} into a backup")


_READERS: dict[str, Callable[[Any], Any]] = {
    "BinaryField": base64.b64decode,
    "DateTimeField": datetime.fromisoformat,
    "DateField": date.fromisoformat,
    "DecimalField": Decimal,
    "UUIDField": UUID,
    "DurationField": lambda value: timedelta(microseconds=value),
}


def _decoder(field: Field[Any, Any], connection: Any) -> Encoder:
    read_value = _READERS.get(_kind(field), lambda value: value)
    holds_json_null = isinstance(field, JSONField) and not field.null

    def decode(value: Any) -> Any:
        if value is None:
            return connection.ops.adapt_json_value(None, None) if holds_json_null else None
        return field.get_db_prep_save(read_value(value), connection)

    return decode
