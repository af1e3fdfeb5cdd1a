"""The live part of Settings → Dropbox: one user's mirror."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts.models import User
from minno_dashboard.mirror import wording
from minno_dashboard.mirror.connecting import installation
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages import dropbox_place, mirror_status
from minno_dashboard.mirror.pages.dropbox_place import DropboxPlace
from minno_dashboard.mirror.pages.mirror_status import Badge, Overview, ParkedFile
from minno_dashboard.mirror.pages.released import no_longer_updated
from minno_dashboard.mirror.running import history
from minno_dashboard.mirror.running.history import PastRun
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.ui import words

MOVING = {"pending", "running"}


@dataclass(frozen=True)
class Question:
    """A mass removal that waits for the user: what would happen, and the two buttons with their effects."""

    sentence: str
    accept: str
    refuse: str


@dataclass(frozen=True)
class Panel:
    """One user's mirror in numbers and sentences; without a link, only `is_offered` is used."""

    is_offered: bool
    is_linked: bool = False
    keeps_deleted: bool = True
    account_name: str = ""
    account_email: str = ""
    place: DropboxPlace | None = None
    space_used: int | None = None
    space_allocated: int | None = None
    proven_at: datetime | None = None
    pending: int = 0
    files: int = 0
    bytes: int = 0
    last_error: str = ""
    parked: list[ParkedFile] = field(default_factory=list)
    no_longer_updated: list[str] = field(default_factory=list)
    question: Question | None = None
    needs_connection: bool = False
    is_moving: bool = False
    drift_repaired: int = 0
    calls_today: int = 0
    runs: list[PastRun] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return how many files there will be when all are uploaded."""
        return max(self.files + self.pending, 1)


def is_moving(badge: Badge) -> bool:
    """Return whether the page should refresh soon."""
    return badge.state in MOVING


def panel_of(user: User, known: Overview | None = None) -> Panel:
    """Return the panel of this user."""
    seen = known or mirror_status.overview(user)
    link = seen.link
    if link is None:
        return Panel(is_offered=siteconfig.dropbox().is_enabled)
    status = mirror_status.status(user, seen)
    return Panel(
        is_offered=seen.is_enabled,
        is_linked=True,
        keeps_deleted=link.keep_deleted,
        account_name=link.account_name,
        account_email=link.account_email,
        place=dropbox_place.app_folder(),
        space_used=None if link.space_used is None else max(link.space_used, status["bytes"]),
        space_allocated=link.space_allocated,
        proven_at=link.proven_at,
        pending=status["pending"],
        files=status["files"],
        bytes=status["bytes"],
        last_error=wording.waiting(link.last_error)[0] if link.last_error else "",
        parked=status["parked"],
        no_longer_updated=no_longer_updated(link),
        question=question(link),
        needs_connection=seen.badge().action == "reconnect",
        is_moving=status["state"] in MOVING,
        drift_repaired=history.drift_repaired(link),
        calls_today=history.calls_today(link),
        runs=history.past_runs(link),
    )


def question(link: Link) -> Question | None:
    """Return the question about the mass removal that waits for this user's answer."""
    if link.state == Link.State.NEEDS_USER and link.reason in installation.QUESTIONS:
        return _which_dashboard(link)
    asked = link.removal_question
    if link.state != Link.State.NEEDS_USER or not asked:
        return None
    removed, total = asked["removed"], asked["total"]
    count = words.plural(removed, "file")
    share = gettext("%(removed)s of %(total)s") % {
        "removed": f"{removed:,}",
        "total": words.plural(total, "file"),
    }
    if link.reason == "mass_removal_in_dropbox":
        return Question(
            sentence=gettext("%(share)s were deleted in your Dropbox. They are safe in the Dashboard.")
            % {"share": share},
            accept=gettext("Put %(count)s back into your Dropbox") % {"count": count},
            refuse=gettext("Keep sync paused"),
        )
    if link.reason == "newer_in_dropbox":
        return Question(
            sentence=ngettext(
                "%(files)s in your Dropbox is newer than in this Dashboard. If syncing continues, "
                "they stay beside the Dashboard's, with “changed in Dropbox” in their names.",
                "%(files)s in your Dropbox are newer than in this Dashboard. If syncing continues, "
                "they stay beside the Dashboard's, with “changed in Dropbox” in their names.",
                removed,
            )
            % {"files": count},
            accept=gettext("Keep both and continue"),
            refuse=gettext("Keep sync paused"),
        )
    if link.keep_deleted:
        sentence = gettext(
            "%(share)s are no longer in the Dashboard and would move to the folder Deleted in your Dropbox."
        )
        verb = gettext("Move %(count)s to Deleted")
    else:
        sentence = gettext(
            "%(share)s are no longer in the Dashboard and would be deleted from your Dropbox for good."
        )
        verb = gettext("Delete %(count)s from Dropbox")
    return Question(
        sentence=sentence % {"share": share},
        accept=verb % {"count": count},
        refuse=gettext("Keep sync paused"),
    )


def _which_dashboard(link: Link) -> Question:
    """Return the question whether this Dashboard may write."""
    ask = (
        gettext(
            "If another Dashboard is in use, or %(name)s was changed by somebody, decide which one goes on. Files that differ stay under names with “changed in Dropbox”."
        )
        if link.reason == installation.ANOTHER
        else gettext(
            "If the Dashboard was moved or restored, use this one. If this is a copy, for a test perhaps, stop here; the other one goes on."
        )
    )
    return Question(
        sentence=ask % {"name": installation.MARKER},
        accept=gettext("Use this Dashboard"),
        refuse=gettext("Stop here"),
    )
