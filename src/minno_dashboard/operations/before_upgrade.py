"""A backup of the database that is made by itself before its tables change."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from minno_dashboard.core import clock
from minno_dashboard.core.errors import Unavailable
from minno_dashboard.operations import backup, schema

KEPT_BACKUPS = 3


def folder() -> Path:
    """Return where these backups lie."""
    return Path(settings.DATA_DIR) / "backups"


def back_up_if_due() -> Path | None:
    """Write the database to a file if migrations wait for it, and keep the last three such files; return the file.

    Raises:
        NewerDatabase: the database has migrations that this version does not know.
        Unavailable: there is no room for the backup; nothing was changed.
    """
    executor = MigrationExecutor(connection)
    has_tables = bool(schema.applied("default"))
    is_waiting = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not (has_tables and is_waiting and settings.BACKUP_BEFORE_UPGRADE):
        return None
    target = folder() / f"before-{version('minno-dashboard')}-{clock.now():%Y%m%dT%H%M%S}.tar"
    try:
        folder().mkdir(mode=0o700, exist_ok=True)
        with backup.written_to(target, ()) as sink:
            backup.back_up(sink, contents=backup.BackupContents.DATABASE)
    except (OSError, Unavailable) as error:
        raise Unavailable(
            f"The database was not upgraded, because the backup before it could not be written to {target.parent}"
            f" ({error}). Make room there, or make a backup yourself and set MINNO_BACKUP_BEFORE_UPGRADE=no."
        ) from error
    for old in sorted(folder().glob("before-*.tar"), key=lambda file: file.stat().st_mtime)[:-KEPT_BACKUPS]:
        old.unlink()
    return target
