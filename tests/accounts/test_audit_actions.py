"""The actions of the audit log: their stored names and what people read."""

from __future__ import annotations

import re
from pathlib import Path

import minno_dashboard
from minno_dashboard.accounts.audit_actions import PHRASES, AuditAction, phrase

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
