"""Migrates the database, by one process at a time: several may be started at the same moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from minno_dashboard.core.errors import Refused
from minno_dashboard.operations import before_upgrade

PATIENCE_SECONDS = 600.0
GATHERED = {
    "accounts": (
        "0002_session_generation",
        "0003_mail_links",
        "0004_security",
        "0005_language",
        "0006_passkeys",
        "0007_audit_actions",
        "0008_hashed_session_keys",
    ),
    "collection": ("0002_data_folders",),
    "files": (
        "0002_uploads",
        "0003_tree_changed_at",
        "0004_blob_verification",
        "0005_removal_pause",
    ),
    "mirror": (
        "0002_oauth_state",
        "0003_manifest_and_restore",
        "0004_what_was_told_of",
        "0005_who_may_read",
        "0006_last_write",
        "0007_turns",
        "0008_installation_marker",
        "0009_learned",
        "0010_whoever_consents_owns",
        "0011_data_opt_ins",
    ),
    "results": ("0001_data_requests",),
    "studies": (
        "0002_sharing",
        "0003_tags",
        "0004_study_name_key",
        "0005_presence",
        "0006_link_invitation",
        "0007_launching",
        "0008_condition_weight",
    ),
}
"""Migrations of trial versions that were gathered into one file for each app, before the first release."""
_NUMBER = 0x6D696E6E6F  # "minno": the name of PostgreSQL's lock


def migrate(*, verbosity: int) -> None:
    """Apply the open migrations, after a backup of the database; waits for another process that does so.

    Raises:
        Refused: the database was made by a trial version and is not complete.
        NewerDatabase: the database was written by a newer version of the product.
        Unavailable: the backup could not be made; nothing was changed.
    """
    with _alone():
        take_over_gathered()
        before_upgrade.back_up_if_due()
        call_command("migrate", interactive=False, verbosity=verbosity)


def take_over_gathered() -> None:
    """Delete the records of squashed migrations, where all of them were applied.

    Raises:
        Refused: some were not: the tables would lack columns that nothing adds any more.
    """
    recorder = MigrationRecorder(connection)
    gathered = {(app, name) for app, names in GATHERED.items() for name in names}
    applied = gathered & set(recorder.applied_migrations())
    if not applied:
        return
    if applied != gathered:
        raise Refused(
            "This database was made by a trial version and is older than what this version can bring up to date. "
            "Nothing was changed. Start the last trial version on it once (the commit before “Keep one migration an "
            "app”), then this one."
        )
    with transaction.atomic():
        for app, name in sorted(gathered):
            recorder.record_unapplied(app, name)
        for app in GATHERED:
            recorder.migration_qs.get_or_create(app=app, name="0001_initial")


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
