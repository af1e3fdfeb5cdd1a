"""Bringing an older database up to date, where migrations were gathered into one file."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from minno_dashboard.config import migrating
from minno_dashboard.core.errors import Refused

pytestmark = pytest.mark.django_db


def records() -> set[tuple[str, str]]:
    return set(MigrationRecorder(connection).applied_migrations())


def test_a_complete_older_database_is_taken_over() -> None:
    before = records()
    for app, names in migrating.GATHERED.items():
        for name in names:
            MigrationRecorder(connection).record_applied(app, name)
    MigrationRecorder(connection).record_unapplied("results", "0001_initial")
    migrating.migrate(verbosity=0)
    assert records() == before


def test_an_incomplete_older_database_is_refused_and_stays_as_it_is() -> None:
    MigrationRecorder(connection).record_applied("accounts", "0002_session_generation")
    before = records()
    with pytest.raises(Refused, match="Start the last trial version"):
        migrating.migrate(verbosity=0)
    assert records() == before


def test_gathered_migrations_leave_a_new_database_unchanged() -> None:
    before = records()
    migrating.take_over_gathered()
    assert records() == before
