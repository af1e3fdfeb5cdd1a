"""Moving all rows from one database to an empty one of either kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management import call_command
from django.db import transaction

from minno_dashboard.operations import restoring, rows, schema, snapshots


def move_database(
    target: Mapping[str, Any],
    *,
    using: str = "default",
    progress: Callable[[str], None] = lambda _table: None,
) -> int:
    """Copy all rows to the database that Django's settings would describe as `target`; return how many.

    The rows are read back and compared before anything is committed; the source is not changed.

    Raises:
        NotEmpty: the target holds users already.
        RowRefused: it does not take a row.
    """
    with snapshots.connected(target) as there, snapshots.one_moment(using) as here:
        migrations = schema.applied(here)
        restoring.require_empty(there, migrations)
        schema.migrate_to(there, sorted(migrations))
        tables = schema.tables(here, migrations)
        copied, digests = 0, {}
        with transaction.atomic(using=there):
            rows.clear(there, tables)
            for table in tables:
                progress(table.name)
                digest = rows.Digest()
                copied += rows.write(there, table, digest.passing(rows.read(here, table)))
                digests[table.name] = str(digest)
            rows.set_next_keys(there, tables, rows.next_keys(here, tables))
            restoring.prove(there, tables, digests)
        call_command("migrate", database=there, interactive=False, verbosity=0)
    return copied
