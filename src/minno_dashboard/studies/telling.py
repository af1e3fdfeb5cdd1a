"""The activity of a study in sentences, from the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from django.db.models import QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.models import AuditEntry
from minno_dashboard.studies import queries
from minno_dashboard.studies.models import Collaboration, Study


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did: `who` and what, as a sentence that begins with the name."""

    at: datetime
    who: str
    what: str


Details = dict[str, Any]


def _share(details: Details) -> str:
    files = {
        Collaboration.Files.EDIT: gettext("may edit the files"),
        Collaboration.Files.READ: gettext("may read the files"),
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
        gettext("began v%(version)s with the files of v%(began_from)s")
        if details.get("began_from")
        else gettext("began v%(version)s")
    )


def _removed(details: Details) -> str:
    return (
        gettext("removed %(member)s")
        if details.get("status") == Collaboration.Status.ACCEPTED
        else gettext("took the invitation of %(member)s back")
    )


_SENTENCES: dict[str, Callable[[Details], str]] = {
    "study.create": lambda d: gettext("made the study"),
    "study.duplicate": lambda d: gettext("made the study as a copy of another"),
    "study.restore": lambda d: gettext("restored the study from a copy"),
    "study.rename": lambda d: gettext("renamed “%(before)s” to “%(target)s”"),
    "study.describe": lambda d: gettext("changed the description"),
    "study.archive": lambda d: gettext("archived the study"),
    "study.unarchive": lambda d: gettext("took the study out of the archive"),
    "study.delete": lambda d: gettext("deleted the study"),
    "study.bring_back": lambda d: gettext("brought the study back"),
    "study.publish": lambda d: gettext("published v%(version)s"),
    "study.new_version": _begun,
    "study.note_version": lambda d: gettext("changed the note of v%(version)s"),
    "study.invite": lambda d: gettext("invited %(share)s once the invitation is accepted"),
    "study.change_share": lambda d: gettext("changed the share of %(share)s"),
    "study.remove_member": _removed,
    "study.accept": lambda d: gettext("accepted the invitation"),
    "study.decline": lambda d: gettext("declined the invitation"),
    "study.leave": lambda d: gettext("left the study"),
    "study.make_public": lambda d: gettext("made the study public"),
    "study.make_private": lambda d: gettext("made the study private"),
    "study.make_link": lambda d: gettext("made a read-only link"),
    "study.renew_link": lambda d: gettext("made a new read-only link; the one before ended"),
    "study.revoke_link": lambda d: gettext("ended the read-only link"),
    "study.transfer": lambda d: gettext("gave the study from %(from)s to %(to)s"),
}
_PLACES: Details = dict.fromkeys(("before", "version", "began_from", "member", "from", "to"), "")


def sentence(entry: AuditEntry) -> str:
    """Return what an entry says; one of a kind that is not known here shows its verb."""
    say = _SENTENCES.get(entry.verb)
    if say is None:
        return entry.verb.removeprefix("study.").replace("_", " ")
    details: Details = entry.details
    return say(details) % {**_PLACES, **details, "target": entry.target, "share": _share(details)}


class Activity(Sequence[Deed]):
    """What was done to a study, the latest first; only the part that is looked at is read."""

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
    return Deed(entry.at, str(entry.actor) if entry.actor else entry.actor_name, sentence(entry))


def activity_of(study: Study) -> Activity:
    """Return what was done to a study as a whole."""
    return Activity(queries.activity_of(study).select_related("actor"))
