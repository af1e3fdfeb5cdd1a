"""Stages of a session in the words of the Data page; whether it runs or has stalled follows from its last post."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.collection.models import Session

QUIET = timedelta(minutes=30)
"""A session that is not finished and sent nothing for so long has stalled."""


class Stage(StrEnum):
    """A stage of a session."""

    STARTED = "started"
    RUNNING = "running"
    STALLED = "stalled"
    FINISHED = "finished"
    SCREENED_OUT = "screened_out"


NAMES: dict[Stage, str] = {
    Stage.STARTED: gettext_noop("Started"),
    Stage.RUNNING: gettext_noop("Running"),
    Stage.STALLED: gettext_noop("Stalled"),
    Stage.FINISHED: gettext_noop("Finished"),
    Stage.SCREENED_OUT: gettext_noop("Screened out"),
}
_SENTENCES: dict[Stage, str] = {
    Stage.STARTED: gettext_noop("The participant opened the study and has sent no data yet."),
    Stage.RUNNING: gettext_noop("The participant is taking part. New data appear here as they arrive."),
    Stage.STALLED: gettext_noop(
        "Nothing arrived for 30 minutes. What was sent is stored. The participant may have left; "
        "exclude the session if you do not want to use it."
    ),
    Stage.FINISHED: gettext_noop("The participant finished and every row that was sent is stored."),
    Stage.SCREENED_OUT: gettext_noop(
        "The study ended the session early for this participant. What was sent is stored."
    ),
}
_PENDING = gettext_noop(
    "The participant finished and got the completion code, but some rows could not be stored. "
    "Their browser sends the rest when the participant opens the study again."
)


def stage_of(session: Session, now: datetime) -> Stage:
    """Return the stage of a session now."""
    if session.state != Session.State.STARTED:
        return Stage(session.state)
    if session.last_post_at <= now - QUIET:
        return Stage.STALLED
    return Stage.RUNNING if session.submission_count else Stage.STARTED


def condition_of(stage: Stage, now: datetime) -> Q:
    """Return the same rule as a query condition."""
    if stage in (Stage.FINISHED, Stage.SCREENED_OUT):
        return Q(state=stage.value)
    open_ones = Q(state=Session.State.STARTED)
    if stage is Stage.STALLED:
        return open_ones & Q(last_post_at__lte=now - QUIET)
    recent = open_ones & Q(last_post_at__gt=now - QUIET)
    return recent & (Q(submission_count__gt=0) if stage is Stage.RUNNING else Q(submission_count=0))


def sentence(session: Session, now: datetime) -> str:
    """Return the stage of a session in words, with the next step."""
    return gettext(_PENDING if session.data_pending else _SENTENCES[stage_of(session, now)])
