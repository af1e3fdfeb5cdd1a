"""Reads sessions for the Data page and the API; lists of sessions read no submissions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.translation import gettext

from minno_dashboard.collection.models import ClientError, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.results.flatten.records import MalformedRows, Scalar, SubmissionRecord
from minno_dashboard.results.flatten.tidy import Row, TrialTable
from minno_dashboard.results.selection import (
    Selection,
    in_portions,
    narrowed,
    record_of,
    with_submissions,
)
from minno_dashboard.results.stages import NAMES, Stage, condition_of, stage_of
from minno_dashboard.studies.models import Study

SESSIONS_ON_A_PAGE = 50
SUBMISSIONS_ON_A_PAGE = 20
DAYS_SHOWN = 60
MAX_ROWS_SHOWN = 200
MAX_RAW_CHARACTERS = 20_000
MAX_ERRORS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SessionPortion:
    """Sessions in order; `next_cursor` leads to the following ones, "" at the end."""

    sessions: list[Session]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class RowPage:
    """The rows of whole sessions; `next_cursor` is the position of the last session, valid also at the end."""

    rows: list[Row]
    session_count: int
    problem_count: int
    next_cursor: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sessions started, sent data and finished, of those selected."""

    started: int
    sent_data: int
    finished: int
    screened_out: int
    stalled: int


@dataclass(frozen=True, slots=True)
class ShownSubmission:
    """One submission as the page of a session shows it: rows under column names, or why it has none."""

    submission: Submission
    number: int
    columns: list[str]
    rows: list[list[Scalar]]
    raw: str
    is_cut: bool
    problem: str


def page_of_sessions(
    selection: Selection, cursor: str = "", *, size: int = SESSIONS_ON_A_PAGE, oldest_first: bool = False
) -> SessionPortion:
    """Return a page of the selected sessions, newest first unless told otherwise.

    Each experiment's sessions are found by its own index (experiment, start), so that a page costs the same however
    many sessions there are.

    Raises:
        Invalid: the cursor is none of ours.
    """
    order = ("started_at", "pk") if oldest_first else ("-started_at", "-pk")
    found = narrowed(Session.present.all(), selection)
    if cursor:
        found = found.filter(_beyond(cursor, "gt" if oldest_first else "lt"))
    experiments = selection.study.experiments.all()
    if selection.experiment_ids:
        experiments = experiments.filter(pk__in=selection.experiment_ids)
    wanted = Q(pk__in=[])
    for experiment in experiments.values_list("pk", flat=True):
        wanted |= Q(pk__in=found.filter(experiment=experiment).order_by(*order).values("pk")[: size + 1])
    sessions = list(
        Session.present.filter(wanted)
        .select_related("experiment", "version", "link")
        .defer("study_state")
        .order_by(*order)[: size + 1]
    )
    more = len(sessions) > size
    return SessionPortion(sessions[:size], cursor_of(sessions[size - 1]) if more else "")


def page_of_rows(selection: Selection, cursor: str = "", *, size: int = SESSIONS_ON_A_PAGE) -> RowPage:
    """Return the rows of the next sessions, oldest first: at most `size` sessions, and about 8 MB of what they sent.

    Raises:
        Invalid: the cursor is none of ours.
    """
    page = page_of_sessions(selection, cursor, size=size, oldest_first=True)
    taken = next(in_portions(page.sessions), [])
    table, rows, problems = TrialTable(), [], 0
    for session, submissions in with_submissions(taken):
        for one in submissions:
            try:
                rows += list(table.rows(session, one))
            except (MalformedRows, RecursionError, ValueError):
                problems += 1
    return RowPage(
        rows=rows,
        session_count=len(taken),
        problem_count=problems,
        next_cursor=cursor_of(taken[-1]) if taken else cursor,
        has_more=bool(page.next_cursor) or len(taken) < len(page.sessions),
    )


def cursor_of(session: Session) -> str:
    """Return the position of a session in the order of starts."""
    return f"{session.started_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{session.pk}"


def _beyond(cursor: str, comparison: str) -> Q:
    moment, _, number = cursor.partition("-")
    try:
        started = datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        started = None
    session_id = whole_number(number)
    if started is None or session_id is None:
        raise Invalid(gettext("This is not a cursor of this list. Start again without one."))
    return Q(**{f"started_at__{comparison}": started}) | Q(
        **{"started_at": started, f"pk__{comparison}": session_id}
    )


def counts_of(selection: Selection) -> Counts:
    """Count the selected sessions in one query."""
    now = clock.now()
    found = narrowed(Session.present.filter(experiment__study=selection.study), selection).aggregate(
        started=Count("pk"),
        sent_data=Count("pk", filter=Q(submission_count__gt=0)),
        finished=Count("pk", filter=Q(state=Session.State.FINISHED)),
        screened_out=Count("pk", filter=Q(state=Session.State.SCREENED_OUT)),
        stalled=Count("pk", filter=condition_of(Stage.STALLED, now)),
    )
    return Counts(**found)


def sessions_per_day(selection: Selection, days: int = DAYS_SHOWN) -> list[tuple[date, int, int]]:
    """Return each of the last days (UTC) with how many of the selected sessions started and how many of these finished."""
    today = clock.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    since = clock.start_of_day(first)
    found = (
        narrowed(Session.present.filter(experiment__study=selection.study), selection)
        .filter(started_at__gte=since)
        .annotate(day=TruncDate("started_at", tzinfo=UTC))
        .values("day")
        .annotate(started=Count("pk"), finished=Count("pk", filter=Q(state=Session.State.FINISHED)))
        .order_by("day")
    )
    by_day = {one["day"]: (one["started"], one["finished"]) for one in found}
    return [
        (day, *by_day.get(day, (0, 0))) for day in (first + timedelta(days=number) for number in range(days))
    ]


def stage_name(session: Session) -> str:
    """Return the stage of a session, as a word."""
    return gettext(NAMES[stage_of(session, clock.now())])


def get_session(study: Study, session_id: int) -> Session:
    """Return a session of a study.

    Raises:
        NotFound: the study has no such session.
    """
    found = (
        Session.present.filter(experiment__study=study, pk=session_id)
        .select_related("experiment", "version", "link")
        .first()
    )
    if found is None:
        raise NotFound(gettext("This study has no such session."))
    return found


def submissions_of(session: Session) -> QuerySet[Submission]:
    """Return the submissions of a session in the order of the page's own numbers, where all have one."""
    found = Submission.objects.filter(session=session)
    has_unnumbered = found.filter(sequence=None).exists()
    return found.order_by("pk") if has_unnumbered else found.order_by("sequence", "pk")


def shown(session: Session, submissions: list[Submission], first_number: int) -> list[ShownSubmission]:
    """Return submissions as tables, and raw up to what a page can hold."""
    return [_shown(session, one, number) for number, one in enumerate(submissions, first_number)]


def _shown(session: Session, submission: Submission, number: int) -> ShownSubmission:
    record = SubmissionRecord(
        submission.pk, number, submission.sequence, submission.received_at, submission.kind, submission.body
    )
    problem, rows = "", []
    try:
        rows = list(islice(TrialTable().rows(record_of(session), record), MAX_ROWS_SHOWN + 1))
    except (MalformedRows, RecursionError, ValueError) as error:
        problem = str(error)
    hidden = {"session_id", "participant_id", "experiment", "study_version", "condition", "submission"}
    columns = list(dict.fromkeys(name for row in rows for name in row if name not in hidden))
    return ShownSubmission(
        submission=submission,
        number=number,
        columns=columns,
        rows=[[row.get(name) for name in columns] for row in rows[:MAX_ROWS_SHOWN]],
        raw=submission.body[:MAX_RAW_CHARACTERS],
        is_cut=len(rows) > MAX_ROWS_SHOWN or len(submission.body) > MAX_RAW_CHARACTERS,
        problem=problem,
    )


def errors_of(session: Session) -> list[ClientError]:
    """Return the errors of the participant's browser, the first ones first."""
    return list(ClientError.objects.filter(session_id=session.pk).order_by("at", "pk")[:MAX_ERRORS_SHOWN])
