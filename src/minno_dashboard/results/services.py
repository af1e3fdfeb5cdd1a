"""Researchers' changes of sessions, each with its audit event."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection.data_folders import data_changed
from minno_dashboard.collection.models import Session
from minno_dashboard.core.errors import Invalid
from minno_dashboard.studies.models import Study

MAX_NOTE_CHARACTERS = 2000


class Mark(StrEnum):
    """A mark for several sessions at once."""

    TEST = "test"
    NO_TEST = "no_test"
    EXCLUDE = "exclude"
    INCLUDE = "include"
    NOTE = "note"


def mark_sessions(*, study: Study, session_ids: Collection[int], mark: Mark, note: str, by: User) -> int:
    """Mark sessions of a study and return how many; ids of other studies change nothing.

    Raises:
        Invalid: the note is too long.
    """
    note = note.strip()
    if len(note) > MAX_NOTE_CHARACTERS:
        raise Invalid(gettext("A note can have at most 2,000 characters. Nothing was changed."))
    changes: dict[Mark, dict[str, bool | str]] = {
        Mark.TEST: {"is_test": True},
        Mark.NO_TEST: {"is_test": False},
        Mark.EXCLUDE: {"is_excluded": True},
        Mark.INCLUDE: {"is_excluded": False},
        Mark.NOTE: {"note": note},
    }
    with transaction.atomic():
        count = Session.present.filter(experiment__study=study, pk__in=session_ids).update(**changes[mark])
        if count:
            data_changed(study.pk)
            record(
                actor=by,
                action=AuditAction.STUDY_MARK_DATA,
                target=study.name,
                study=study.public_id,
                mark=mark.value,
                sessions=sorted(session_ids),
            )
    return count
