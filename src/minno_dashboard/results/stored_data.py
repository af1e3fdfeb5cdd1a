"""What is stored of participants, where, for how long and who may read it: plain sentences from the real settings.

For ethics committees. `RECORDED` names every column of every table that holds something of a participant; a test
compares it with the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.collection.models import PersonalLink, Session
from minno_dashboard.results import data_requests, deleting, retention
from minno_dashboard.studies.access import Action, may
from minno_dashboard.studies.models import Collaboration, Experiment, Study

SESSIONS_READ = 1000
"""Names of URL parameters are read from so many of the latest sessions."""

RECORDED: dict[str, frozenset[str]] = {
    gettext_noop(
        "A random number for the session, and numbers of rows. They say nothing about the person."
    ): frozenset(
        {"Session.id", "Submission.id", "Submission.session", "QuarantinedBody.id", "QuarantinedBody.session"}
        | {"ClientError.id", "ClientError.session_id", "PersonalLink.id", "Session.link"}
    ),
    gettext_noop("Which experiment, version and condition the session had."): frozenset(
        {"Session.experiment", "Session.version", "Session.version_state", "Session.condition"}
        | {"ClientError.experiment", "ClientError.version", "PersonalLink.experiment"}
    ),
    gettext_noop(
        "Times: when the session started, when something last arrived, when it ended, and when each submission arrived."
    ): frozenset(
        {"Session.started_at", "Session.last_post_at", "Session.finished_at", "Submission.received_at"}
        | {
            "QuarantinedBody.received_at",
            "ClientError.at",
            "PersonalLink.created_at",
            "PersonalLink.revoked_at",
        }
    ),
    gettext_noop(
        "What the study sends, word for word: answers, response times, and whatever else the study’s own files record."
    ): frozenset(
        {"Submission.body", "Submission.kind", "Submission.task", "Submission.sequence", "Submission.size"}
        | {"Session.study_state", "QuarantinedBody.body", "QuarantinedBody.reason", "QuarantinedBody.size"}
    ),
    gettext_noop(
        "How far the session came: its state, the last task and page, how much was sent, and whether it counts against limits."
    ): frozenset(
        {"Session.state", "Session.progress", "Session.component", "Session.submission_count"}
        | {"Session.byte_count", "Session.data_pending", "Session.place"}
    ),
    gettext_noop(
        "Errors in the participant’s browser: the message, the file and the place in it."
    ): frozenset(
        {
            "ClientError.kind",
            "ClientError.message",
            "ClientError.file",
            "ClientError.line",
            "ClientError.column",
        }
    ),
    gettext_noop("What researchers add: marked as test, excluded, a note, deleted."): frozenset(
        {"Session.is_test", "Session.is_excluded", "Session.note", "Session.deletion"}
    ),
}
"""What is recorded of every participant, each with its columns."""
AS_SET: frozenset[str] = frozenset(
    {"Session.params", "Session.participant_key", "Session.user_agent"}
    | {"PersonalLink.label", "PersonalLink.code", "PersonalLink.params", "PersonalLink.is_resumable"}
)
"""Columns that are filled or empty as the study is set; `_as_set` tells which."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page: a heading and its sentences."""

    heading: str
    sentences: list[str]


def describe(study: Study, *, places: Iterable[str] = ()) -> list[Part]:
    """Return the page’s parts; `places` are sentences about further places where data are stored."""
    return [
        Part(gettext("Recorded for each participant"), [gettext(one) for one in RECORDED] + _as_set(study)),
        Part(
            gettext("Never recorded by the Dashboard"),
            [
                gettext("The participant’s IP address."),
                gettext("Cookies or a fingerprint of the browser."),
                gettext("A session when somebody only opens the link: it is stored when the study starts."),
            ],
        ),
        Part(gettext("Where"), _where(study, places)),
        Part(gettext("For how long"), _how_long(study)),
        Part(gettext("Who may read it"), _readers(study)),
        Part(
            gettext("If a participant asks to be erased"),
            [
                gettext(
                    "The owner, and people with both Edit access and data access, can erase one participant at once and for good, found by session number, URL parameter or personal link. A receipt says what was removed and what that does not reach."
                )
            ],
        ),
    ]


def as_text(study: Study, parts: Sequence[Part]) -> str:
    """Return the page as plain text."""
    lines = [gettext("What is stored of participants"), f"{study.name} ({study.public_id})"]
    for part in parts:
        lines += ["", part.heading, *(f"- {one}" for one in part.sentences)]
    return "\n".join(lines) + "\n"


def _as_set(study: Study) -> list[str]:
    """Return what is stored or not as the study is set."""
    sessions = Session.objects.filter(experiment__study=study)
    return [
        _parameters(study),
        _keys(study),
        _links(study),
        _user_agents(study),
        gettext("Sessions stored now: %(count)s, of which deleted and not yet removed for good: %(deleted)s.")
        % {"count": sessions.count(), "deleted": sessions.exclude(deletion=None).count()},
    ]


def _parameters(study: Study) -> str:
    latest = Session.objects.filter(experiment__study=study).order_by("-started_at")
    names = {name for params in latest.values_list("params", flat=True)[:SESSIONS_READ] for name in params}
    said = gettext("All parameters in the address of the launch link, as they are, for example a recruitment platform’s number for the participant.")  # fmt: skip
    if not names:
        return said + " " + gettext("So far none was stored.")
    return said + " " + gettext("Stored so far: %(names)s.") % {"names": ", ".join(sorted(names))}


def _keys(study: Study) -> str:
    keyed = study.experiments.exclude(recruitment=Experiment.Recruitment.OTHER)
    if keyed.exists() or PersonalLink.objects.filter(experiment__study=study).exists():
        return gettext(
            "A code computed from the personal link or the recruitment platform’s number, by which two sessions of one participant are recognised."
        )
    return gettext("No code by which two sessions of one participant could be recognised.")


def _links(study: Study) -> str:
    links = PersonalLink.objects.filter(experiment__study=study)
    if links.exists():
        return gettext(
            "Personal links: %(count)s, each with the label and the parameters that researchers gave it. They connect sessions with whatever these labels name."
        ) % {"count": links.count()}
    return gettext("No personal links.")


def _user_agents(study: Study) -> str:
    storing = list(
        study.experiments.filter(stores_user_agent=True).order_by("name").values_list("name", flat=True)
    )
    if storing:
        return gettext("The browser’s name and version, in these experiments: %(names)s.") % {
            "names": ", ".join(storing)
        }
    has_earlier = Session.objects.filter(experiment__study=study).exclude(user_agent="").exists()
    if has_earlier:
        return gettext("The browser’s name and version of earlier sessions; it is not stored any more.")
    return gettext("Not the browser’s name and version.")


def _where(study: Study, places: Iterable[str]) -> list[str]:
    return [
        gettext(
            "In the database of the Dashboard at %(host)s, and in the backups that its administrator makes."
        )
        % {"host": urlsplit(settings.SERVER_URL).netloc or settings.SERVER_URL},
        *places,
        gettext(
            "Wherever people who may read the data save a download. Downloads that are ready on the server are removed after %(days)s days."
        )
        % {"days": data_requests.KEPT.days},
        gettext("In the participant’s own browser: answers that could not be sent yet, until they are sent."),
        gettext(
            "A recruitment platform, a web server in front of the Dashboard and files that the study loads from other servers may record more, for example IP addresses. The Dashboard does not know what these keep."
        ),
    ]


def _how_long(study: Study) -> list[str]:
    months = retention.months_of(study)
    kept = (
        gettext("Until %(months)s months after a session ended; then data are deleted by themselves.")
        % {"months": months}
        if months
        else gettext("Until somebody deletes them. No automatic deletion is set.")
    )
    return [
        kept,
        gettext(
            "Deleted data can be brought back for %(days)s days and are then removed from the database for good."
        )
        % {"days": deleting.UNDO.days},
        gettext("Submissions that could not be read are removed after %(days)s days.")
        % {"days": deleting.UNREADABLE_KEPT.days},
        gettext("Errors of pages whose session never started are kept as long as the experiment."),
        gettext("Backups keep what they hold until they are removed."),
    ]


def _readers(study: Study) -> list[str]:
    shares = study.collaborations.filter(status=Collaboration.Status.ACCEPTED).select_related("user")
    people = [study.owner, *(one.user for one in shares.order_by("pk") if one.user is not None)]
    names = [str(one) for one in people if may(one, Action.READ_DATA, study)]
    return [
        gettext("People who may read the data in the Dashboard: %(names)s.") % {"names": ", ".join(names)},
        gettext(
            "Nobody else by its pages, administrators included. Whoever runs the server can reach its disk."
        ),
    ]
