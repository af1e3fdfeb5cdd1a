"""Opens a launch address: finds experiment, version and participant, and creates the token of this page load.

Nothing here writes: loading a page stores nothing, so link previews, bots and reloads consume nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext

from minno_dashboard.collection import places
from minno_dashboard.collection.completion import SessionOutcome, completion_of
from minno_dashboard.collection.ingest.launch_token import BadToken, LaunchToken, decode, encode
from minno_dashboard.collection.models import PersonalLink, Session
from minno_dashboard.collection.personal_links import counted_links
from minno_dashboard.collection.services import (
    StartReason,
    StartRefused,
    check_link,
    check_open,
    has_taken_part,
    token_key,
)
from minno_dashboard.core import clock, ids
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Node
from minno_dashboard.siteconfig.sealing import SealBroken, unseal
from minno_dashboard.studies.experiment_files import file_of
from minno_dashboard.studies.models import Experiment, Version

TOKEN_LIFE = timedelta(days=30)
"""How long a page may post: rows that a browser could not send at once are taken for so long."""

MAX_PARAMS_CHARACTERS = 3000
RESERVED_PARAMS = frozenset({"link", "resume"})

_PARTICIPANT_PARAM = {
    Experiment.Recruitment.PROLIFIC: "PROLIFIC_PID",
    Experiment.Recruitment.SONA: "survey_code",
    Experiment.Recruitment.MTURK: "workerId",
    Experiment.Recruitment.CLOUDRESEARCH: "participantId",
}
_SEQUENCES_SINCE = 1_767_225_600_000  # 2026-01-01 in milliseconds
_SEQUENCES_OF_A_MILLISECOND = 4096


@dataclass(frozen=True, slots=True)
class Launch:
    """One load of a launch or test page."""

    experiment: Experiment
    version: Version
    node: Node
    path: str
    token: LaunchToken
    session: Session | None = None
    has_conditions: bool = False

    @property
    def is_test(self) -> bool:
        """Return whether nothing of this page is stored."""
        return self.token.is_test

    def settings(self, **more: object) -> dict[str, object]:
        """Return the start values of the page's script."""
        meta = {
            "sessionId": self.token.session_id,
            "studyId": self.experiment.public_id,
            "versionId": self.version.launch_id,
        }
        state = "Published" if self.version.state == Version.State.PUBLISHED else "Develop"
        text = encode(self.token, token_key())
        return {
            "dataUrl": reverse("start_session", args=[text]).removesuffix("/start"),
            "$meta": meta,
            "$postOnce": {
                **self.token.params,
                "descriptiveId": self.experiment.name,
                "state": state,
                **meta,
            },
            "token": text,
            "isTest": self.is_test,
            "hasConditions": self.has_conditions,
            "condition": self.session.condition if self.session else "",
            "keepsPlace": self.experiment.after_reload != Experiment.AfterReload.RESTART,
            "sequenceBase": sequence_base(clock.now()) if self.session else 0,
            "resumed": self.session is not None,
            "texts": texts(),
            **more,
        }


@dataclass(frozen=True, slots=True)
class Visit:
    """The query of a launch page: URL parameters as strings, the personal link's code, a token to resume."""

    params: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    resume: str = ""


def read_visit(query: Mapping[str, str]) -> Visit:
    """Parse a query.

    Raises:
        Invalid: its parameters are too long to be kept.
    """
    params = {key: value.replace("\0", "") for key, value in query.items() if key not in RESERVED_PARAMS}
    if sum(len(key) + len(value) for key, value in params.items()) > MAX_PARAMS_CHARACTERS:
        raise Invalid(gettext("The address of this page has too many parameters."))
    return Visit(params, query.get("link", ""), query.get("resume", ""))


def find(experiment_id: str, version_id: str) -> tuple[Experiment, Version]:
    """Return the experiment and the version of an address.

    Raises:
        StartRefused: there are none of these ids, or they are of different studies.
    """
    if "\0" not in experiment_id + version_id:
        experiment = Experiment.objects.filter(public_id=experiment_id).select_related("study").first()
        version = Version.objects.filter(launch_id=version_id).select_related("tree").first()
        if experiment and version and version.study_id == experiment.study_id:
            return experiment, version
    raise StartRefused(StartReason.GONE)


def open_test(experiment: Experiment, version: Version, visit: Visit) -> Launch:
    """Return the launch of a test page: it works before the experiment opens and while the version is not active.

    Raises:
        StartRefused: the study is gone or the experiment closed.
        NotFound: the version has no such file.
    """
    study = experiment.study
    if study.deleted_at is not None or study.archived_at is not None:
        raise StartRefused(StartReason.GONE)
    if experiment.closed_at is not None:
        raise StartRefused(StartReason.CLOSED)
    return _launch(experiment, version, _token(experiment, version, visit, None, "", session_id=-1), None)


def open_launch(experiment: Experiment, version: Version, visit: Visit) -> Launch:
    """Return the launch of a launch page, of a new session or of the one being resumed.

    Raises:
        StartRefused: no session can start here now.
        NotFound: the version has no such file.
    """
    now = clock.now()
    link = _link_of(experiment, visit)
    key = participant_key(experiment, link, visit.params)
    session = _session_to_resume(experiment, link, key, visit)
    if session is not None:
        token = _token(experiment, session.version, visit, link, key, session_id=session.pk)
        return _launch(experiment, session.version, token, session)
    check_open(experiment, version, now=now)
    check_link(experiment, link)
    if has_taken_part(experiment, key):
        raise StartRefused(StartReason.ALREADY_STARTED)
    if not places.free_places(experiment, now=now):
        raise StartRefused(
            StartReason.FULL, completion_of(experiment, dict(visit.params), SessionOutcome.OVER_QUOTA)
        )
    token = _token(experiment, version, visit, link, key, session_id=ids.session_id())
    return _launch(experiment, version, token, None)


def password_fits(experiment: Experiment, given: str) -> bool:
    """Return whether this is the experiment's password; also where it has none."""
    if not experiment.password:
        return True
    try:
        return constant_time_compare(unseal(experiment.password).strip(), given.strip())
    except SealBroken:
        return False  # sealed with another key: nobody gets in until it is set anew


def participant_key(experiment: Experiment, link: PersonalLink | None, params: Mapping[str, str]) -> str:
    """Return a key that is the same whenever this participant opens this experiment; "" for unknown participants."""
    name = _PARTICIPANT_PARAM.get(Experiment.Recruitment(experiment.recruitment), "")
    who = f"link:{link.pk}" if link else params.get(name, "")
    return sha256(f"{experiment.public_id}\0{who}".encode()).hexdigest()[:32] if who else ""


def launch_address(experiment: Experiment, version: Version, *, link: PersonalLink | None = None) -> str:
    """Return the whole launch address, with the placeholders that the recruitment platform fills in."""
    path = reverse("launch", args=[experiment.public_id, version.launch_id])
    query = _QUERY_OF.get(Experiment.Recruitment(experiment.recruitment), "")
    if link is not None:
        query = "&".join(part for part in (f"link={link.code}", query) if part)
    return f"{settings.PARTICIPANT_URL or settings.SERVER_URL}{path}" + (f"?{query}" if query else "")


def links_csv(experiment: Experiment, version: Version) -> str:
    """Return the unrevoked personal links as CSV: label, address, number of sessions."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["label", "link", "resumable", "sessions"])
    for link, count in counted_links(experiment):
        if link.revoked_at is None:
            address = launch_address(experiment, version, link=link)
            rows.writerow([link.label, address, str(link.is_resumable).lower(), count])
    return written.getvalue()


def test_address(experiment: Experiment, version: Version) -> str:
    """Return the whole test address."""
    path = reverse("test_launch", args=[experiment.public_id, version.launch_id])
    return f"{settings.PARTICIPANT_URL or settings.SERVER_URL}{path}"


_QUERY_OF = {
    Experiment.Recruitment.PROLIFIC: (
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    ),
    Experiment.Recruitment.SONA: "survey_code=%SURVEY_CODE%",
    Experiment.Recruitment.MTURK: "workerId=${workerId}&assignmentId=${assignmentId}&hitId=${hitId}",
}


def sequence_base(now: datetime) -> int:
    """Return a number above all sequence numbers that earlier loads of the same session used.

    Loads of one session begin in different milliseconds, and no load posts more than 4096 times a millisecond.
    """
    return (int(now.timestamp() * 1000) - _SEQUENCES_SINCE) * _SEQUENCES_OF_A_MILLISECOND


def texts() -> dict[str, str]:
    """Return the texts of the page's script for participants."""
    return {
        "offline": gettext(
            "The connection is interrupted. Your answers are kept in this window and sent as soon as it is back. Please do not close it."
        ),
        "saving": gettext("Saving your answers. Please keep this window open."),
        "saved": gettext("All your answers are saved."),
        "refused": gettext(
            "Some of your answers could not be saved. You have done nothing wrong; please tell the researcher."
        ),
        "end": gettext("Thank you. All your answers are saved, and you can close this window."),
        "end_pending": gettext(
            "Thank you. Some of your answers could not be saved yet; you have done nothing wrong. Please keep this window open for as long as you can: they are sent as soon as that is possible."
        ),
        "screened_out": gettext("Thank you for your interest. You can close this window."),
        "code": gettext("Your code: %(code)s"),
        "receipt": gettext(
            "The server cannot be reached. Please keep this window open; if that is not possible, write this number down and send it to the researcher: %(code)s"
        ),
        "test": gettext("Test: nothing is stored."),
        "go_on": gettext("Continue"),
        "close": gettext("Close"),
        "abort": gettext("Cancel"),
        "abort_sure": gettext("Do you really want to stop here?"),
    }


def _link_of(experiment: Experiment, visit: Visit) -> PersonalLink | None:
    if not visit.link:
        return None
    link = None
    if "\0" not in visit.link:
        link = PersonalLink.objects.filter(experiment=experiment, code=visit.link, revoked_at=None).first()
    if link is None:
        raise StartRefused(StartReason.LINK_UNKNOWN)
    return link


def _session_to_resume(
    experiment: Experiment, link: PersonalLink | None, key: str, visit: Visit
) -> Session | None:
    """Return the running session that this load continues, or None.

    Raises:
        StartRefused: a second start is not allowed.
    """
    sessions = Session.present.filter(experiment=experiment).select_related("version__tree")
    before = _session_of(_session_id_of(visit.resume, experiment))
    if before is None and link is not None:
        before = sessions.filter(link=link).order_by("-started_at").first()
    if before is None and key:
        before = sessions.filter(participant_key=key).order_by("-started_at").first()
    if before is None:
        return None
    resumes = (
        link.is_resumable if link is not None else experiment.after_reload == Experiment.AfterReload.RESUME
    )
    if resumes and before.state == Session.State.STARTED:
        return before
    if link is None and experiment.after_reload != Experiment.AfterReload.RESTART:
        raise StartRefused(StartReason.ALREADY_STARTED)
    return None


def _session_id_of(text: str, experiment: Experiment) -> int | None:
    """Return the session id that a token of an earlier load of this experiment names, or None."""
    if not text:
        return None
    try:
        token = decode(text, token_key(), now=clock.now().timestamp())
    except BadToken:
        return None
    return token.session_id if token.experiment == experiment.pk else None


def _session_of(session_id: int | None) -> Session | None:
    if session_id is None:
        return None
    return Session.present.filter(pk=session_id).select_related("version__tree").first()


def _token(
    experiment: Experiment,
    version: Version,
    visit: Visit,
    link: PersonalLink | None,
    key: str,
    *,
    session_id: int,
) -> LaunchToken:
    now = clock.now()
    return LaunchToken(
        experiment=experiment.pk,
        version=version.pk,
        experiment_id=experiment.public_id,
        version_id=version.launch_id,
        session_id=session_id,
        issued_at=int(now.timestamp()),
        expires_at=int((now + TOKEN_LIFE).timestamp()),
        link=link.pk if link else None,
        participant_key=key,
        params={**(link.params if link else {}), **visit.params},
    )


def _launch(experiment: Experiment, version: Version, token: LaunchToken, session: Session | None) -> Launch:
    node = file_of(experiment, version)
    if node is None:
        raise NotFound(gettext("The file of this study no longer exists. Please tell the researcher."))
    has_conditions = not token.is_test and experiment.conditions.exists()
    return Launch(experiment, version, node, files.path_of(node), token, session, has_conditions)
