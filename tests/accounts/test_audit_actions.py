"""The actions of the audit log: their stored names and what people read."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

import minno_dashboard
from minno_dashboard.accounts.audit_actions import PHRASES, AuditAction, phrase
from minno_dashboard.accounts.models import AuditEntry

SOURCES = Path(minno_dashboard.__file__).parent


def test_every_action_is_recorded_somewhere_and_has_its_own_phrase() -> None:
    texts = [
        path.read_text()
        for path in SOURCES.rglob("*.py")
        if path.name not in ("audit_actions.py", "activity.py")
    ]
    used = {AuditAction[name] for text in texts for name in re.findall(r"AuditAction\.([A-Z_]+)\b", text)}
    assert used == set(AuditAction) == set(PHRASES)
    phrases = [phrase(action) for action in AuditAction]
    assert len(set(phrases)) == len(phrases)
    assert phrase("of an older release") == ""


def test_every_stored_name_is_a_subject_and_a_verb() -> None:
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", action) for action in AuditAction)
    assert all(action.name == action.value.replace(".", "_").upper() for action in AuditAction)


@pytest.mark.django_db
def test_the_log_of_an_older_release_gets_the_names_of_this_one() -> None:
    AuditEntry.objects.create(actor_name="alice", action="connected a Dropbox")
    AuditEntry.objects.create(actor_name="alice", action="study.create")
    AuditEntry.objects.create(actor_name="alice", action="of a plug-in")
    migration = import_module("minno_dashboard.accounts.migrations.0007_audit_actions")
    migration.rename_actions(apps, None)
    names = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert names == ["dropbox.connect", "study.create", "of a plug-in"]
    assert set(migration.NAMES.values()) <= set(AuditAction)
