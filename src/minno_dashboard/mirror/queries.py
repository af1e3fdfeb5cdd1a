"""How a user's mirror stands, in the words of the contract and of the badge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.models import Node
from minno_dashboard.mirror import wording
from minno_dashboard.mirror.deleted import mirrored
from minno_dashboard.mirror.models import Link, Taken
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Collaboration, Study, Version
from minno_dashboard.ui import words

FEW = 100
TREES_AT_ONCE = 200  # SQLite takes expressions up to a depth of 1,000


@dataclass(frozen=True)
class Badge:
    """The mirror in one dot and one sentence; `action` names the button (`connect`, `reconnect`, `confirm`) or is ""."""

    state: str
    dot: str
    short: str
    full: str
    action: str = ""


DOTS = {
    "off": "off",
    "proven": "good",
    "pending": "warn",
    "running": "warn",
    "waiting": "warn",
    "needs_user": "bad",
    "needs_admin": "bad",
}


def link_of(user: User) -> Link | None:
    """Return a user's connected Dropbox, or None."""
    return Link.objects.filter(user=user).exclude(state=Link.State.OFF).first()


def status(user: User) -> dict[str, Any]:
    """Return the state of a user's mirror; its keys are a contract with other people's scripts (DESIGN 10)."""
    link = link_of(user)
    if link is None:
        return {
            "state": "off",
            "account": None,
            "files": 0,
            "bytes": 0,
            "pending": 0,
            "parked": [],
            "proven_at": None,
            "last_error": None,
            "calls": {},
            "not_before": None,
        }
    studies = _studies(user)
    pending = _pending(link, studies) + _leaving(link, studies)
    there = mirrored(link)
    waits = _waits_until(link)
    return {
        "state": _state(link, pending),
        "account": {"id": link.account_id, "name": link.account_name, "email": link.account_email},
        "files": there.files,
        "bytes": there.bytes,
        "pending": pending,
        "parked": [
            {"path": one.path, "reason": wording.refused_file(one.reason)}
            for one in link.parked.order_by("path")
        ],
        "proven_at": link.proven_at.isoformat() if link.proven_at else None,
        "last_error": link.last_error or None,
        "calls": link.calls,
        "not_before": waits.isoformat() if waits else None,
    }


@dataclass(frozen=True)
class Overview:
    """A user's whole mirror as one page shows it: read once, for the bar and for every study of a list."""

    link: Link | None
    behind: dict[int, int]
    pending: int

    def badge(self) -> Badge:
        """Return the badge of the whole mirror."""
        if self.link is None:
            return Badge(
                "off",
                DOTS["off"],
                gettext("No backup"),
                gettext("Your studies are not backed up to a Dropbox."),
                action="connect",
            )
        return _badge(self.link, self.pending, words.plural(len(self.behind), "study", "studies"))

    def badges(self) -> dict[int, Badge]:
        """Return the badge of each study that the mirror should hold, by its id; none without a mirror."""
        if self.link is None:
            return {}
        made = {count: _badge(self.link, count, "") for count in set(self.behind.values())}
        return {study_id: made[count] for study_id, count in self.behind.items()}


def overview(user: User) -> Overview:
    """Return how a user's mirror stands."""
    link = link_of(user)
    if link is None:
        return Overview(None, {}, 0)
    studies = _studies(user)
    behind = _pending_by_study(link, studies)
    return Overview(link, behind, sum(behind.values()) + _leaving(link, studies))


def badge(user: User) -> Badge:
    """Return the badge of a user's whole mirror."""
    return overview(user).badge()


def study_badges(user: User, studies: Iterable[Study]) -> dict[int, Badge]:
    """Return the badge of each study in a user's mirror, by the study's id; a few queries for all of them."""
    link, asked = link_of(user), list(studies)
    if link is None:
        return dict.fromkeys((study.pk for study in asked), badge(user))
    behind = _pending_by_study(link, {study.pk: study.revision for study in asked})
    made = {count: _badge(link, count, "") for count in set(behind.values())}
    return {study.pk: made[behind[study.pk]] for study in asked}


def study_badge(user: User, study: Study) -> Badge:
    """Return the badge of one study in a user's mirror."""
    return study_badges(user, [study])[study.pk]


def _badge(link: Link, pending: int, subject: str) -> Badge:
    state = _state(link, pending)
    if state == "needs_user":
        trouble = wording.NEEDS_USER.get(link.reason, wording.NEEDS_USER_DEFAULT)
        at = gettext(" at %(time)s UTC") % {"time": f"{link.reason_at:%H:%M}"} if link.reason_at else ""
        full = gettext(trouble.full).replace("{at}", at)
        return Badge(state, DOTS[state], gettext(trouble.short), full, trouble.action)
    if state == "needs_admin":
        full = wording.NEEDS_ADMIN.get(_admin_reason(link), wording.NEEDS_ADMIN_DEFAULT)
        return Badge(state, DOTS[state], gettext("Backup paused"), gettext(full))
    changes = words.plural(max(pending, 1), "change")
    if state == "waiting":
        return _waiting_badge(link, pending, changes)
    if state == "proven":
        ago = words.ago(link.proven_at, now=clock.now()) if link.proven_at else ""
        what = {"studies": subject, "files": words.plural(link.proven_files, "file"), "ago": ago}
        full = (
            gettext("%(studies)s, %(files)s: identical in your Dropbox. Proven %(ago)s.")
            if subject
            else gettext("This study: identical in your Dropbox. Proven %(ago)s.")
        )
        return Badge(state, DOTS[state], gettext("In your Dropbox"), full % what)
    full = (
        gettext("Sending %(changes)s.") % {"changes": changes}
        if pending
        else gettext("Comparing with Dropbox.")
    )
    if link.proven_at:
        full += " " + gettext("Last proven %(ago)s.") % {"ago": words.ago(link.proven_at, now=clock.now())}
    short = (
        ngettext("%(changes)s on its way", "%(changes)s on their way", pending) % {"changes": changes}
        if pending
        else gettext("Being proven")
    )
    return Badge(state, DOTS[state], short, full)


def _waiting_badge(link: Link, pending: int, changes: str) -> Badge:
    short, full = wording.waiting(link.last_error)
    safe = (
        ngettext("%(changes)s is safe here", "%(changes)s are safe here", pending) % {"changes": changes}
        if pending
        else gettext("Everything is safe here")
    )
    until = f"{link.not_before:%H:%M} UTC" if link.not_before else gettext("later")
    if not pending:
        full = full.replace(gettext(" and will be sent then"), "")
    return Badge("waiting", DOTS["waiting"], short, full.format(until=until, changes=safe))


def _admin_reason(link: Link) -> str:
    return link.reason if link.state == Link.State.NEEDS_ADMIN else "disabled"


def _state(link: Link, pending: int) -> str:
    now = clock.now()
    if link.state == Link.State.NEEDS_USER:
        return "needs_user"
    if link.state == Link.State.NEEDS_ADMIN or not siteconfig.dropbox().is_enabled:
        return "needs_admin"
    if link.lease_until is not None and link.lease_until > now and (pending or link.proven_at is None):
        return "running"
    if _waits_until(link) is not None:
        return "waiting"
    is_settled = not pending and link.proven_at is not None and not _is_open(link)
    return "proven" if is_settled else "pending"


def _is_open(link: Link) -> bool:
    """Say whether something is known to differ, or was written and not compared since."""
    if link.wants_everything or link.needs_reading or link.needs_listing:
        return True
    return link.parked.exists() or link.doubts.exists() or link.intents.exists()


def _waits_until(link: Link) -> datetime | None:
    return link.not_before if link.not_before and link.not_before > clock.now() else None


def _studies(user: User) -> dict[int, int]:
    """Return the ids of the studies that a user's mirror should hold, with their revisions."""
    return dict(_held(user.pk).values_list("pk", "revision"))


def _held(user_id: int) -> QuerySet[Study]:
    shared = Collaboration.objects.filter(user=user_id, status=Collaboration.Status.ACCEPTED).exclude(
        file_access=Collaboration.Files.NONE
    )
    return Study.objects.filter(Q(owner=user_id) | Q(pk__in=shared.values("study_id")), deleted_at=None)


def _pending(link: Link, studies: dict[int, int]) -> int:
    return sum(_pending_by_study(link, studies).values())


def _pending_by_study(link: Link, studies: dict[int, int]) -> dict[int, int]:
    """Count, for each study, the changed files and folders (and itself) that the mirror has not taken over yet.

    Rows come as plain tuples: this is asked for by every page, and thousands of them must cost milliseconds.
    """
    rows = Taken.objects.filter(link=link).values_list("kind", "object_id", "revision")
    taken = {(kind, object_id): revision for kind, object_id, revision in rows}
    study, tree = str(Taken.Kind.STUDY), str(Taken.Kind.TREE)
    behind = {pk: int(taken.get((study, pk), -1) < revision) for pk, revision in studies.items()}
    # A long list of ids costs more than the rows that it leaves out.
    trees = Version.objects.values_list("study_id", "tree_id", "tree__revision")
    trees = trees.filter(study__in=list(behind) if len(behind) < FEW else _held(link.user_id))
    study_of: dict[int, int] = {}
    since: dict[int, int] = {}
    for study_id, tree_id, revision in trees:
        mirrored = taken.get((tree, tree_id), -1)
        if study_id in behind and mirrored < revision:
            study_of[tree_id], since[tree_id] = study_id, mirrored
    for tree_id, count in _changed_since(since).items():
        behind[study_of[tree_id]] += count
    return behind


def _changed_since(since: dict[int, int]) -> dict[int, int]:
    """Count the nodes of each tree that changed after its revision; trees are asked for many at a time."""
    counts: dict[int, int] = {}
    waiting = list(since.items())
    while waiting:
        some, waiting = waiting[:TREES_AT_ONCE], waiting[TREES_AT_ONCE:]
        newer = Q(pk__in=())
        for tree_id, revision in some:
            newer |= Q(tree_id=tree_id, revision__gt=revision)
        rows = Node.objects.filter(newer).values("tree_id").annotate(count=Count("pk"))
        counts.update(rows.values_list("tree_id", "count"))
    return counts


def _leaving(link: Link, studies: dict[int, int]) -> int:
    """Count the studies that were deleted, and whose place in the Dropbox does not show it yet."""
    known = Taken.objects.filter(link=link, kind=Taken.Kind.STUDY, is_released=False)
    taken = dict(known.values_list("object_id", "revision"))
    gone = Study.objects.filter(pk__in=taken.keys() - studies.keys()).values_list("pk", "revision")
    return sum(1 for pk, revision in gone if taken[pk] < revision)
