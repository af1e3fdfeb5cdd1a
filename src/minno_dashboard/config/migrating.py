"""Bringing the database up to date, by one process at a time: several may be started at the same moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from minno_dashboard.operations import before_upgrade

PATIENCE_SECONDS = 600.0
_NUMBER = 0x6D696E6E6F  # "minno": the name of PostgreSQL's lock


def migrate(*, verbosity: int) -> None:
    """Apply the migrations that wait, after a backup of the database; another process that does so is waited for.

    Raises:
        NewerDatabase: the database was written by a newer version of the product.
        Unavailable: the backup could not be made; nothing was changed.
    """
    with _alone():
        before_upgrade.back_up_if_due()
        call_command("migrate", interactive=False, verbosity=verbosity)


@contextmanager
def _alone() -> Iterator[None]:
    if connection.vendor != "postgresql":
        # SQLite has no lock but on a whole database, so it is one of its own.
        place = Path(settings.DATA_DIR) / "migrating.lock"
        with closing(sqlite3.connect(place, timeout=PATIENCE_SECONDS, isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_NUMBER])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_NUMBER])
