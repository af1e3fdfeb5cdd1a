"""Deleting sessions of a study: left out everywhere at once, back on demand for 30 days, then removed for good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection import places
from minno_dashboard.collection.data_folders import data_changed
from minno_dashboard.collection.models import (
    ClientError,
    DataDeletion,
    QuarantinedBody,
    Session,
    Submission,
)
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, Invalid, NotFound
from minno_dashboard.results import data_requests
from minno_dashboard.results.models import DataRetention
from minno_dashboard.results.selection import Selection, sessions_of
from minno_dashboard.studies.models import Study

UNDO = timedelta(days=30)
UNREADABLE_KEPT = timedelta(days=30)
"""How long a submission that could not be read is kept."""
SESSIONS_IN_A_PORTION = 200


def selection_of(study: Study, criteria: Mapping[str, Any], before: datetime) -> Selection:
    """Return which sessions to delete: those of the criteria that had started at a moment; tests too."""
    chosen = data_requests.selection_of(study, {**criteria, "tests": True})
    until = min(chosen.until, before) if chosen.until else before
    return replace(chosen, until=until, is_tests_only=bool(criteria.get("tests_only")))


def check_name(study: Study, typed: str) -> None:
    """Ask for the study's name as the confirmation; blanks count once, as a browser shows them.

    Raises:
        Invalid: another text was typed.
    """
    if re.sub(r"\s+", " ", typed).strip() != re.sub(r"\s+", " ", study.name).strip():
        raise Invalid(gettext("This is not the name of the study. Nothing was deleted."))


def delete_data(
    *, study: Study, criteria: Mapping[str, Any], before: datetime, typed_name: str, by: User
) -> DataDeletion:
    """Delete the sessions that meet the criteria and had started before a moment; they can be brought back for 30 days.

    Raises:
        Invalid: the study's name was not typed, or no session meets the criteria.
    """
    check_name(study, typed_name)
    chosen = sessions_of(selection_of(study, criteria, before))
    return delete_sessions(chosen, study=study, criteria=criteria, by=by)


def delete_sessions(
    chosen: QuerySet[Session], *, study: Study, criteria: Mapping[str, Any], by: User | None
) -> DataDeletion:
    """Delete these sessions of a study together; without `by` it is the system's doing.

    Raises:
        Invalid: there are none.
    """
    with transaction.atomic():
        deletion = DataDeletion.objects.create(
            study=study, by=by, criteria=dict(criteria), deleted_at=clock.now()
        )
        deletion.sessions = chosen.order_by().update(deletion=deletion)
        if not deletion.sessions:
            raise Invalid(gettext("No session matches. Nothing was deleted."))
        deletion.save(update_fields=["sessions"])
        data_changed(study.pk, of_past_days=True)
        data_requests.remove_downloads(study)
        record(
            actor=by,
            action=AuditAction.STUDY_DELETE_DATA,
            target=study.name,
            study=study.public_id,
            deletion=deletion.pk,
            sessions=deletion.sessions,
            criteria=dict(criteria),
        )
    return deletion


def get_deletion(study: Study, number: int) -> DataDeletion:
    """Return a deletion of a study.

    Raises:
        NotFound: the study has none of this number.
    """
    found = DataDeletion.objects.filter(study=study, pk=number).first()
    if found is None:
        raise NotFound(gettext("This study has no such deletion."))
    return found


def undo(*, deletion: DataDeletion, by: User) -> int:
    """Bring back what was deleted together; return how many sessions came back.

    Raises:
        Conflict: it is undone already, its data are removed for good, or they would be deleted again.
    """
    with transaction.atomic():
        found = DataDeletion.objects.select_for_update().select_related("study").get(pk=deletion.pk)
        if not found.is_open:
            raise Conflict(gettext("This deletion can no longer be undone. Nothing was changed."))
        if found.is_automatic and DataRetention.objects.filter(study=found.study_id).exists():
            raise Conflict(
                gettext(
                    "These data are older than this study keeps them, so they would be deleted again. Turn automatic deletion off first, then undo."
                )
            )
        count = Session.objects.filter(deletion=found).update(deletion=None)
        DataDeletion.objects.filter(pk=found.pk).update(undone_at=clock.now())
        data_changed(found.study_id, of_past_days=True)
        record(
            actor=by,
            action=AuditAction.STUDY_BRING_DATA_BACK,
            target=found.study.name,
            study=found.study.public_id,
            deletion=found.pk,
            sessions=count,
        )
    return count


def purge_deleted() -> int:
    """Remove for good what was deleted more than 30 days ago; return how many sessions went.

    A deletion is closed first, so that it is not undone in part. A run that was cut short goes on at the next.
    """
    due = DataDeletion.objects.filter(undone_at=None, purged_at=None, deleted_at__lte=clock.now() - UNDO)
    for number in due.values_list("pk", flat=True):
        _close(number)
    closed = Session.objects.filter(deletion__purged_at__isnull=False).values_list("pk", flat=True)
    total = 0
    while portion := list(closed[:SESSIONS_IN_A_PORTION]):
        with transaction.atomic():
            remove_sessions(portion)
        total += len(portion)
    return total


def purge_unreadable() -> int:
    """Remove submissions that could not be read and are older than 30 days; return how many."""
    return QuarantinedBody.objects.filter(received_at__lte=clock.now() - UNREADABLE_KEPT).delete()[0]


def _close(number: int) -> None:
    """End the time in which a deletion can be undone, unless it was undone meanwhile."""
    with transaction.atomic():
        found = DataDeletion.objects.select_for_update(of=("self",)).select_related("study").get(pk=number)
        if not found.is_open:
            return
        DataDeletion.objects.filter(pk=number).update(purged_at=clock.now())
        record(
            actor=None,
            action=AuditAction.STUDY_PURGE_DATA,
            target=found.study.name,
            study=found.study.public_id,
            deletion=number,
            sessions=found.sessions,
        )


def remove_sessions(session_ids: list[int]) -> dict[str, int]:
    """Remove sessions with all that came of them, for good; return how many rows of each kind went.

    The sessions are locked first, so that no post is stored between its rows and the session's. Places that they still
    hold are given back: without a row, nothing else would.
    """
    _give_places_back(session_ids)
    list(Session.objects.select_for_update().filter(pk__in=session_ids).order_by("pk").values_list("pk"))
    counts = {
        name: rows.delete()[0]
        for name, rows in {
            "submissions": Submission.objects.filter(session__in=session_ids),
            "quarantined": QuarantinedBody.objects.filter(session__in=session_ids),
            "errors": ClientError.objects.filter(session_id__in=session_ids),
        }.items()
    }
    counts["sessions"] = Session.objects.filter(pk__in=session_ids).delete()[0]
    return counts


def _give_places_back(session_ids: list[int]) -> None:
    held = Session.objects.filter(pk__in=session_ids, place=Session.Place.HELD)
    for number in sorted(set(held.values_list("experiment", flat=True))):
        experiment = places.lock_experiment(number)
        for session in held.filter(experiment=number).select_for_update().order_by("pk"):
            places.give_place_back(experiment, session)
            session.save(update_fields=["place"])
