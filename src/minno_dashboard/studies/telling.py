"""The activity of a study in sentences, from the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from django.db.models import QuerySet

from minno_dashboard.accounts.models import AuditEntry
from minno_dashboard.studies import queries
from minno_dashboard.studies.models import Collaboration, Study

_FILES = {
    Collaboration.Files.EDIT: "may edit the files",
    Collaboration.Files.READ: "may read the files",
    Collaboration.Files.NONE: "has no access to the files",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did: `who` and what, as a sentence that begins with the name."""

    at: datetime
    who: str
    what: str


def _share(details: dict[str, Any]) -> str:
    files = _FILES.get(details.get("files", ""), "")
    data = "sees the data" if details.get("data") else "does not see the data"
    return f"{details.get('member', '')}, who {files} and {data}"


Details = dict[str, Any]
_SENTENCES: dict[str, Callable[[str, Details], str]] = {
    "study.create": lambda target, d: "made the study",
    "study.duplicate": lambda target, d: "made the study as a copy of another",
    "study.restore": lambda target, d: "restored the study from a copy",
    "study.rename": lambda target, d: f"renamed “{d.get('before', '')}” to “{target}”",
    "study.describe": lambda target, d: "changed the description",
    "study.archive": lambda target, d: "archived the study",
    "study.unarchive": lambda target, d: "took the study out of the archive",
    "study.delete": lambda target, d: "deleted the study",
    "study.bring_back": lambda target, d: "brought the study back",
    "study.publish": lambda target, d: f"published v{d.get('version')}",
    "study.new_version": lambda target, d: (
        f"began v{d.get('version')} with the files of v{d.get('began_from')}"
        if d.get("began_from")
        else f"began v{d.get('version')}"
    ),
    "study.note_version": lambda target, d: f"changed the note of v{d.get('version')}",
    "study.invite": lambda target, d: f"invited {_share(d)} once the invitation is accepted",
    "study.change_share": lambda target, d: f"changed the share of {_share(d)}",
    "study.remove_member": lambda target, d: (
        f"removed {d.get('member')}"
        if d.get("status") == Collaboration.Status.ACCEPTED
        else f"took the invitation of {d.get('member')} back"
    ),
    "study.accept": lambda target, d: "accepted the invitation",
    "study.decline": lambda target, d: "declined the invitation",
    "study.leave": lambda target, d: "left the study",
    "study.make_public": lambda target, d: "made the study public",
    "study.make_private": lambda target, d: "made the study private",
    "study.make_link": lambda target, d: "made a read-only link",
    "study.renew_link": lambda target, d: "made a new read-only link; the one before ended",
    "study.revoke_link": lambda target, d: "ended the read-only link",
    "study.transfer": lambda target, d: f"gave the study from {d.get('from')} to {d.get('to')}",
}


def sentence(entry: AuditEntry) -> str:
    """Return what an entry says; one of a kind that is not known here shows its verb."""
    say = _SENTENCES.get(entry.verb)
    return say(entry.target, entry.details) if say else entry.verb.removeprefix("study.").replace("_", " ")


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
