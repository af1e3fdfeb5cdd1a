"""The activity of a study in sentences, from the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from django.db.models import QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AuditEntry
from minno_dashboard.studies import queries
from minno_dashboard.studies.models import Collaboration, Study


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry of the activity: `who` and what, as a sentence that begins with the name."""

    at: datetime
    who: str
    what: str


Details = dict[str, Any]


def _share(details: Details) -> str:
    files = {
        Collaboration.Files.EDIT: gettext("can edit the files"),
        Collaboration.Files.READ: gettext("can read the files"),
        Collaboration.Files.NONE: gettext("has no access to the files"),
    }.get(details.get("files", ""), "")
    data = gettext("sees the data") if details.get("data") else gettext("does not see the data")
    return gettext("%(member)s, who %(files)s and %(data)s") % {
        "member": details.get("member", ""),
        "files": files,
        "data": data,
    }


def _begun(details: Details) -> str:
    return (
        gettext("started v%(version)s with the files of v%(began_from)s")
        if details.get("began_from")
        else gettext("started v%(version)s")
    )


def _removed(details: Details) -> str:
    return (
        gettext("removed %(member)s")
        if details.get("status") == Collaboration.Status.ACCEPTED
        else gettext("cancelled the invitation of %(member)s")
    )


def _deleted_data(details: Details) -> str:
    return (
        gettext("deleted data that are older than the study keeps them")
        if details.get("criteria", {}).get("months")
        else gettext("deleted data")
    )


def _retention(details: Details) -> str:
    return (
        gettext("set automatic deletion (months after a session ended: %(months)s)")
        if details.get("months")
        else gettext("turned automatic deletion of data off")
    )


_SENTENCES: dict[str, Callable[[Details], str]] = {
    AuditAction.STUDY_CREATE: lambda d: gettext("created the study"),
    AuditAction.STUDY_DUPLICATE: lambda d: gettext("created the study as a copy of another"),
    AuditAction.STUDY_RESTORE: lambda d: gettext("restored the study from a copy"),
    AuditAction.STUDY_RENAME: lambda d: gettext("renamed “%(before)s” to “%(target)s”"),
    AuditAction.STUDY_DESCRIBE: lambda d: gettext("changed the description"),
    AuditAction.STUDY_CHANGE_KIND: lambda d: gettext("changed the study type"),
    AuditAction.STUDY_ARCHIVE: lambda d: gettext("archived the study"),
    AuditAction.STUDY_UNARCHIVE: lambda d: gettext("unarchived the study"),
    AuditAction.STUDY_DELETE: lambda d: gettext("deleted the study"),
    AuditAction.STUDY_BRING_BACK: lambda d: gettext("brought the study back"),
    AuditAction.STUDY_PUBLISH: lambda d: gettext("published v%(version)s"),
    AuditAction.STUDY_NEW_VERSION: _begun,
    AuditAction.STUDY_NOTE_VERSION: lambda d: gettext("changed the note of v%(version)s"),
    AuditAction.STUDY_INVITE: lambda d: gettext("invited %(share)s (after accepting)"),
    AuditAction.STUDY_CHANGE_SHARE: lambda d: gettext("changed the access of %(share)s"),
    AuditAction.STUDY_REMOVE_MEMBER: _removed,
    AuditAction.STUDY_ACCEPT: lambda d: gettext("accepted the invitation"),
    AuditAction.STUDY_DECLINE: lambda d: gettext("declined the invitation"),
    AuditAction.STUDY_LEAVE: lambda d: gettext("left the study"),
    AuditAction.STUDY_MAKE_PUBLIC: lambda d: gettext("made the study public"),
    AuditAction.STUDY_MAKE_PRIVATE: lambda d: gettext("made the study private"),
    AuditAction.STUDY_MAKE_LINK: lambda d: gettext("created a read-only link"),
    AuditAction.STUDY_RENEW_LINK: lambda d: gettext("replaced the read-only link"),
    AuditAction.STUDY_REVOKE_LINK: lambda d: gettext("revoked the read-only link"),
    AuditAction.STUDY_ADD_EXPERIMENT: lambda d: gettext("created the experiment “%(experiment)s”"),
    AuditAction.STUDY_RENAME_EXPERIMENT: lambda d: gettext(
        "changed the descriptive ID of the experiment “%(before)s”"
    ),
    AuditAction.STUDY_CLOSE_EXPERIMENT: lambda d: gettext("closed the experiment “%(experiment)s”"),
    AuditAction.STUDY_REOPEN_EXPERIMENT: lambda d: gettext("reopened the experiment “%(experiment)s”"),
    AuditAction.STUDY_CHANGE_EXPERIMENT: lambda d: gettext(
        "changed the launch settings of the experiment “%(experiment)s”"
    ),
    AuditAction.STUDY_ACTIVATE_VERSION: lambda d: gettext("made v%(version)s active"),
    AuditAction.STUDY_DEACTIVATE_VERSION: lambda d: gettext("made v%(version)s inactive"),
    AuditAction.STUDY_CHANGE_TIME_ZONE: lambda d: gettext("changed the time zone of the study"),
    AuditAction.STUDY_CHANGE_CONDITIONS: lambda d: gettext(
        "changed the conditions of the experiment “%(experiment)s”"
    ),
    AuditAction.STUDY_MAKE_PERSONAL_LINKS: lambda d: gettext(
        "created personal links of the experiment “%(experiment)s”"
    ),
    AuditAction.STUDY_REVOKE_PERSONAL_LINK: lambda d: gettext(
        "revoked a personal link of the experiment “%(experiment)s”"
    ),
    AuditAction.STUDY_SEND_DATA: lambda d: gettext("started sending the data to their Dropbox"),
    AuditAction.STUDY_STOP_SENDING_DATA: lambda d: gettext("stopped sending the data to their Dropbox"),
    AuditAction.STUDY_DELETE_DATA: _deleted_data,
    AuditAction.STUDY_CHANGE_RETENTION: _retention,
    AuditAction.STUDY_BRING_DATA_BACK: lambda d: gettext("brought deleted data back"),
    AuditAction.STUDY_PURGE_DATA: lambda d: gettext("permanently removed deleted data"),
    AuditAction.STUDY_ERASE_PARTICIPANT: lambda d: gettext("erased a participant"),
    AuditAction.STUDY_MARK_DATA: lambda d: gettext("marked sessions"),
    AuditAction.STUDY_REQUEST_DATA: lambda d: gettext("requested a download of the data"),
    AuditAction.STUDY_DOWNLOAD_DATA: lambda d: gettext("downloaded the data"),
    AuditAction.STUDY_TRANSFER: lambda d: gettext("transferred the study from %(from)s to %(to)s"),
}
_PLACES: Details = dict.fromkeys(
    ("before", "version", "began_from", "member", "from", "to", "experiment", "months"), ""
)


def sentence(entry: AuditEntry) -> str:
    """Return an audit entry as a sentence; an unknown action shows its name."""
    say = _SENTENCES.get(entry.action)
    if say is None:
        return entry.action.removeprefix("study.").replace("_", " ")
    details: Details = entry.details
    return say(details) % {**_PLACES, **details, "target": entry.target, "share": _share(details)}


class Activity(Sequence[Deed]):
    """The audit entries of a study, the latest first; only the requested part is read."""

    def __init__(self, entries: QuerySet[AuditEntry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return self._entries.count()

    @overload
    def __getitem__(self, index: int) -> Deed: ...
    @overload
    def __getitem__(self, index: slice) -> list[Deed]: ...
    def __getitem__(self, index: int | slice) -> Deed | list[Deed]:
        if isinstance(index, int):
            return _deed(self._entries[index])
        return [_deed(entry) for entry in self._entries[index]]


def _deed(entry: AuditEntry) -> Deed:
    return Deed(entry.at, str(entry.actor) if entry.actor else entry.who, sentence(entry))


def activity_of(study: Study) -> Activity:
    """Return the entries about a study as a whole."""
    return Activity(queries.activity_of(study).select_related("actor"))
