"""Starts and finishes sessions, and stores what browsers report; called by every process that handles participants."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cache

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.collection import data_folders, places
from minno_dashboard.collection.completion import Completion, SessionOutcome, completion_of
from minno_dashboard.collection.ingest import launch_token
from minno_dashboard.collection.ingest.launch_token import LaunchToken
from minno_dashboard.collection.models import ClientError, ErasedSession, PersonalLink, Session
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound, Refused, TooLarge
from minno_dashboard.studies.models import Experiment, Version

MAX_USER_AGENT_CHARACTERS = 400
MAX_STUDY_STATE_CHARACTERS = 1_000_000
MAX_CLIENT_ERRORS_OF_A_SESSION = 100


class StartReason(StrEnum):
    """Why a session cannot start."""

    GONE = "gone"
    CLOSED = "closed"
    NOT_OPEN_YET = "not_open_yet"
    OVER = "over"
    INACTIVE = "inactive"
    FULL = "full"
    LINK_NEEDED = "link_needed"
    LINK_UNKNOWN = "link_unknown"
    LINK_USED = "link_used"
    ALREADY_STARTED = "already_started"


_SENTENCES = {
    StartReason.GONE: gettext_noop("This study is not available."),
    StartReason.CLOSED: gettext_noop("This study is closed. Thank you for your interest."),
    StartReason.NOT_OPEN_YET: gettext_noop("This study has not opened yet. Please come back later."),
    StartReason.OVER: gettext_noop("This study has ended. Thank you for your interest."),
    StartReason.INACTIVE: gettext_noop("This link cannot start the study at the moment."),
    StartReason.FULL: gettext_noop(
        "This study already has enough participants. Thank you for your interest."
    ),
    StartReason.LINK_NEEDED: gettext_noop("This study needs the personal link that you were sent."),
    StartReason.LINK_UNKNOWN: gettext_noop("This personal link is not valid. Please ask for a new one."),
    StartReason.LINK_USED: gettext_noop("This personal link has already been used."),
    StartReason.ALREADY_STARTED: gettext_noop("You have already taken part in this study."),
}


class StartRefused(Refused):
    """No session starts: `reason` says why; `completion` is what the participant gets instead, if anything."""

    status = 403

    def __init__(self, reason: StartReason, completion: Completion | None = None) -> None:
        super().__init__(gettext(_SENTENCES[reason]))
        self.reason = reason
        self.completion = completion


@cache
def token_key() -> bytes:
    """Return the key that signs this site's launch tokens."""
    return launch_token.derive_key(settings.SECRET_KEY)


def check_open(experiment: Experiment, version: Version, *, now: datetime) -> None:
    """Raise StartRefused where an experiment is not open; test pages are checked too, except for opening times.

    Raises:
        StartRefused: the study is gone, the experiment closed, or the version not active.
    """
    study = experiment.study
    if study.deleted_at is not None or study.archived_at is not None or version.study_id != study.pk:
        raise StartRefused(StartReason.GONE)
    if experiment.closed_at is not None:
        raise StartRefused(StartReason.CLOSED)
    if not version.is_active:
        raise StartRefused(StartReason.INACTIVE)
    if experiment.opens_at is not None and now < experiment.opens_at:
        raise StartRefused(StartReason.NOT_OPEN_YET)
    if experiment.closes_at is not None and now >= experiment.closes_at:
        raise StartRefused(StartReason.OVER)


def check_link(experiment: Experiment, link: PersonalLink | None) -> None:
    """Raise StartRefused for a missing or revoked personal link, or a used one that is not resumable.

    Raises:
        StartRefused: a new session cannot start by this link.
    """
    if link is None:
        if experiment.needs_personal_link:
            raise StartRefused(StartReason.LINK_NEEDED)
        return
    if link.experiment_id != experiment.pk or link.revoked_at is not None:
        raise StartRefused(StartReason.LINK_UNKNOWN)
    if Session.present.filter(link=link).exists():
        raise StartRefused(StartReason.LINK_USED)


def start_session(*, token: LaunchToken, user_agent: str = "") -> Session:
    """Return the session of a launch page, created if needed; safe to repeat and to call concurrently.

    Raises:
        StartRefused: no session was made; everything that can change after the page was loaded is asked here again.
        NotFound: the token is a test page's.
    """
    if token.is_test:
        raise NotFound(gettext("A test page has no session; nothing of it is stored."))
    if (existing := _existing(token)) is not None:
        return existing
    try:
        with transaction.atomic():
            return _start(token, user_agent)
    except IntegrityError:
        if (existing := _existing(token)) is not None:
            return existing
        raise


def finish_session(
    *, token: LaunchToken, outcome: SessionOutcome = SessionOutcome.COMPLETED, data_pending: bool = False
) -> Completion:
    """Finish a session and return what the participant gets; repeating gives the same result.

    Call it only when all that the page had to send is durable, or with `data_pending` where some of it could not be
    stored: the session is flagged and the participant gets the code all the same.

    Raises:
        StartRefused: there was no session yet and none can start.
        NotFound: the token is a test page's.
    """
    start_session(token=token)
    with transaction.atomic():
        experiment = places.lock_experiment(token.experiment)
        session = Session.objects.select_for_update().filter(pk=token.session_id).first()
        if session is None:  # it was erased in this instant
            raise StartRefused(StartReason.GONE)
        if session.state == Session.State.STARTED:
            _end(experiment, session, outcome)
        outcome = (
            SessionOutcome.SCREENED_OUT
            if session.state == Session.State.SCREENED_OUT
            else SessionOutcome.COMPLETED
        )
        if data_pending != session.data_pending:
            session.data_pending = data_pending
            session.save(update_fields=["data_pending"])
            data_folders.data_changed(experiment.study_id)
    return completion_of(experiment, session.params, outcome)


def save_state(*, token: LaunchToken, component: int, study_state: str) -> None:
    """Store the present page of a study with several pages, and the data its pages share (text as received).

    Raises:
        StartRefused: there was no session yet and none can start.
        TooLarge: the text has more than 1 MB.
    """
    if len(study_state) > MAX_STUDY_STATE_CHARACTERS:
        raise TooLarge(gettext("The data passed between the pages of this study exceed 1 MB."))
    session = start_session(token=token)
    Session.objects.filter(pk=session.pk).update(
        component=component, study_state=study_state.replace("\0", ""), last_post_at=clock.now()
    )


def record_client_error(
    *,
    token: LaunchToken,
    kind: str,
    message: str,
    file: str = "",
    line: int | None = None,
    column: int | None = None,
) -> bool:
    """Store an error of a participant's browser, cut to the columns' lengths; return whether it was stored.

    Test pages store nothing, nor do pages of an erased session; of one session at most 100 errors are kept.
    """
    if token.is_test or kind not in ClientError.Kind.values or is_erased(token.session_id):
        return False
    if ClientError.objects.filter(session_id=token.session_id).count() >= MAX_CLIENT_ERRORS_OF_A_SESSION:
        return False
    ClientError.objects.create(
        experiment_id=token.experiment,
        version_id=token.version,
        session_id=token.session_id,
        at=clock.now(),
        kind=kind,
        message=message.replace("\0", "")[:1000],
        file=file.replace("\0", "")[:500],
        line=line,
        column=column,
    )
    return True


def _existing(token: LaunchToken) -> Session | None:
    return Session.objects.filter(pk=token.session_id, experiment=token.experiment).first()


def is_erased(session_id: int) -> bool:
    """Return whether this session was erased: its page stores nothing more."""
    return ErasedSession.objects.filter(pk=session_id).exists()


def _start(token: LaunchToken, user_agent: str) -> Session:
    now = clock.now()
    try:
        experiment = places.lock_experiment(token.experiment)
        version = Version.objects.get(pk=token.version)
    except (Experiment.DoesNotExist, Version.DoesNotExist):
        raise StartRefused(StartReason.GONE) from None
    if (existing := _existing(token)) is not None:
        return existing
    check_open(experiment, version, now=now)
    if is_erased(token.session_id):
        raise StartRefused(StartReason.GONE)
    link = PersonalLink.objects.filter(pk=token.link).first() if token.link is not None else None
    if link is None and token.link is not None:
        raise StartRefused(StartReason.LINK_UNKNOWN)
    check_link(experiment, link)
    if has_taken_part(experiment, token.participant_key):
        raise StartRefused(StartReason.ALREADY_STARTED)
    try:
        condition = places.take_place(experiment, now=now)
    except places.NoPlaceLeft:
        completion = completion_of(experiment, token.params, SessionOutcome.OVER_QUOTA)
        raise StartRefused(StartReason.FULL, completion) from None
    return Session.objects.create(
        id=token.session_id,
        experiment=experiment,
        version=version,
        version_state=version.state,
        link=link,
        condition=condition,
        params=dict(token.params),
        participant_key=token.participant_key,
        place=Session.Place.HELD,
        user_agent=user_agent[:MAX_USER_AGENT_CHARACTERS] if experiment.stores_user_agent else "",
        started_at=now,
        last_post_at=now,
    )


def has_taken_part(experiment: Experiment, participant_key: str) -> bool:
    """Return whether a known participant started before, in an experiment that allows one session each."""
    if not participant_key or experiment.after_reload == Experiment.AfterReload.RESTART:
        return False
    return Session.present.filter(experiment=experiment, participant_key=participant_key).exists()


def _end(experiment: Experiment, session: Session, outcome: SessionOutcome) -> None:
    if outcome is SessionOutcome.COMPLETED:
        session.state = Session.State.FINISHED
        places.keep_place(experiment, session)
    else:
        session.state = Session.State.SCREENED_OUT
        places.give_place_back(experiment, session)
    session.finished_at = clock.now()
    session.save(update_fields=["state", "place", "finished_at"])
    data_folders.data_changed(experiment.study_id)
