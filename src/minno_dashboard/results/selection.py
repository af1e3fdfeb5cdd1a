"""Selects the sessions of an export, and reads them from the database in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from minno_dashboard.collection.models import Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.results.flatten.records import SessionRecord, SubmissionRecord
from minno_dashboard.results.stages import Stage, condition_of
from minno_dashboard.studies.models import Study

SESSIONS_IN_A_PORTION = 100
BYTES_IN_A_PORTION = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions of a study: an empty tuple means all experiments, or all versions. Times bound the start."""

    study: Study
    experiment_ids: tuple[int, ...] = ()
    version_numbers: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    is_finished_only: bool = False
    stage: Stage | None = None
    has_tests: bool = False
    is_tests_only: bool = False
    has_excluded: bool = True


def sessions_of(selection: Selection) -> QuerySet[Session]:
    """Return the selected sessions, oldest first; the order is the same each time."""
    return narrowed(Session.present.filter(experiment__study=selection.study), selection).order_by(
        "started_at", "id"
    )


def narrowed(found: QuerySet[Session], selection: Selection) -> QuerySet[Session]:
    """Return those sessions of a study that are selected."""
    if selection.experiment_ids:
        found = found.filter(experiment__in=selection.experiment_ids)
    if selection.version_numbers:
        found = found.filter(version__number__in=selection.version_numbers)
    if selection.since is not None:
        found = found.filter(started_at__gte=selection.since)
    if selection.until is not None:
        found = found.filter(started_at__lt=selection.until)
    if selection.is_finished_only:
        found = found.exclude(state=Session.State.STARTED)
    if selection.stage is not None:
        found = found.filter(condition_of(selection.stage, clock.now()))
    if selection.is_tests_only:
        found = found.filter(is_test=True)
    elif not selection.has_tests:
        found = found.filter(is_test=False)
    if not selection.has_excluded:
        found = found.filter(is_excluded=False)
    return found


def record_of(session: Session) -> SessionRecord:
    """Return a session (read with its experiment, version and link) as a plain record."""
    return SessionRecord(
        session_id=session.pk,
        participant_id=session.participant,
        study_id=session.experiment.study_id,
        experiment_id=session.experiment.public_id,
        experiment=session.experiment.name,
        version=session.version.number,
        version_id=session.version.launch_id,
        version_state=session.version_state,
        condition=session.condition,
        state=session.state,
        started_at=session.started_at,
        last_post_at=session.last_post_at,
        finished_at=session.finished_at,
        progress=session.progress,
        submission_count=session.submission_count,
        is_test=session.is_test,
        is_excluded=session.is_excluded,
        data_pending=session.data_pending,
        user_agent=session.user_agent,
        note=session.note,
        params=session.params,
    )


def in_portions(sessions: Iterable[Session]) -> Iterator[list[Session]]:
    """Yield sessions in lists of at most 100 sessions and about 8 MB of what they sent, and at least one session."""
    portion: list[Session] = []
    size = 0
    for session in sessions:
        if portion and (
            len(portion) == SESSIONS_IN_A_PORTION or size + session.byte_count > BYTES_IN_A_PORTION
        ):
            yield portion
            portion, size = [], 0
        portion.append(session)
        size += session.byte_count
    if portion:
        yield portion


def in_order(submissions: list[Submission]) -> list[SubmissionRecord]:
    """Return the submissions of one session in the order of the page's own numbers, where all have one."""
    if all(one.sequence is not None for one in submissions):
        submissions = sorted(submissions, key=lambda one: one.sequence or 0)
    return [
        SubmissionRecord(one.pk, number, one.sequence, one.received_at, one.kind, one.body)
        for number, one in enumerate(submissions, 1)
    ]


def with_submissions(portion: Sequence[Session]) -> Iterator[tuple[SessionRecord, list[SubmissionRecord]]]:
    """Yield each of a few sessions (read with experiment, version and link) with its submissions."""
    submissions: dict[int, list[Submission]] = defaultdict(list)
    for submission in Submission.objects.filter(session__in=portion).order_by("pk"):
        submissions[submission.session_id].append(submission)
    for session in portion:
        yield record_of(session), in_order(submissions[session.pk])


def read(selection: Selection) -> Iterator[tuple[SessionRecord, list[SubmissionRecord]]]:
    """Yield each selected session with its submissions; memory holds one batch of them at a time."""
    sessions = sessions_of(selection).select_related("experiment", "version", "link")
    for portion in in_portions(sessions.iterator(chunk_size=SESSIONS_IN_A_PORTION)):
        yield from with_submissions(portion)
