"""The state of a user's mirror, in the fixed words of the `status` contract and of the badge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.models import Node
from minno_dashboard.jobs.lease import MAX_WAIT
from minno_dashboard.mirror import backoff, wording
from minno_dashboard.mirror.connecting import installation
from minno_dashboard.mirror.models import Doubt, Intent, Link, Parked, Taken, links_of
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.mirror.wanted.deleted_folder import mirrored
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Collaboration, Study
from minno_dashboard.ui import words

TREES_AT_ONCE = 200  # SQLite takes expressions up to a depth of 1,000


class LinkedAccount(TypedDict):
    """The Dropbox account that is connected, in `MirrorStatus`."""

    id: str
    name: str
    email: str


class ParkedFile(TypedDict):
    """A file that Dropbox does not take, in `MirrorStatus`: its path and why, for people."""

    path: str
    reason: str


class MirrorStatus(TypedDict):
    """The JSON of `mirror status` and of the API, a contract (DESIGN 10); times are ISO 8601, `calls` are today's by route."""

    state: str
    account: LinkedAccount | None
    files: int
    bytes: int
    pending: int
    parked: list[ParkedFile]
    proven_at: str | None
    last_error: str | None
    calls: dict[str, int]
    not_before: str | None


@dataclass(frozen=True)
class Badge:
    """The mirror as one dot and one sentence; `action` names the button (`connect`, `reconnect`, `confirm`) or is ""."""

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


@dataclass(frozen=True)
class Overview:
    """The state of a user's whole mirror for one page: read once, for the top bar, the list of studies, and Settings.

    `behind` counts, for each study that the mirror should hold, what it has not taken over yet; `leaving` counts
    deleted studies whose place in the Dropbox does not show it yet. `is_open`: something is known to differ, or was
    written and not compared since.
    """

    link: Link | None = None
    behind: dict[int, int] = field(default_factory=dict)
    leaving: int = 0
    is_enabled: bool = False
    is_open: bool = False

    @property
    def pending(self) -> int:
        """Return how many changes are not in the Dropbox yet."""
        return sum(self.behind.values()) + self.leaving

    def state(self) -> str:
        """Return the state of the whole mirror, as a word of the contract."""
        return self._state(self.pending)

    def badge(self) -> Badge:
        """Return the badge of the whole mirror."""
        return self._badge(self.pending, words.plural(len(self.behind), "study", "studies"))

    def badges(self) -> dict[int, Badge]:
        """Return the badge by study id of each study that the mirror should hold; empty without a mirror."""
        made = {count: self._badge(count, "") for count in set(self.behind.values())}
        return {study_id: made[count] for study_id, count in self.behind.items()}

    def badge_of(self, study: Study) -> Badge | None:
        """Return the badge of one study; None where the mirror should not hold it."""
        return self._badge(self.behind[study.pk], "") if study.pk in self.behind else None

    def _state(self, pending: int) -> str:
        return _state(self, self.link, pending) if self.link else "off"

    def _badge(self, pending: int, subject: str) -> Badge:
        return _badge(self.link, self._state(pending), pending, subject) if self.link else _without_backup()


def overview(user: User) -> Overview:
    """Return the state of a user's mirror; the number of queries does not grow with the studies."""
    return _overview(user)


def badge(user: User) -> Badge:
    """Return the badge of a user's whole mirror."""
    return overview(user).badge()


def status(user: User, known: Overview | None = None) -> MirrorStatus:
    """Return the state of a user's mirror; its keys are a contract with other programs (DESIGN 10)."""
    seen = known or overview(user)
    link = seen.link
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
    there = mirrored(link)
    waits = _waits_until(link)
    return {
        "state": seen.state(),
        "account": {"id": link.account_id, "name": link.account_name, "email": link.account_email},
        "files": there.files,
        "bytes": there.bytes,
        "pending": seen.pending,
        "parked": [
            {"path": one.path, "reason": wording.refused_file(one.reason)}
            for one in link.parked.order_by("path")
        ],
        "proven_at": link.proven_at.isoformat() if link.proven_at else None,
        "last_error": link.last_error or None,
        "calls": link.calls,
        "not_before": waits.isoformat() if waits else None,
    }


def study_badge(user: User, study: Study) -> Badge:
    """Return the badge of one study in a user's mirror."""
    seen = _overview(user, study)
    return seen.badge_of(study) or seen.badge()


def _without_backup() -> Badge:
    return Badge(
        "off",
        DOTS["off"],
        gettext("No backup"),
        gettext("Your studies are not backed up to a Dropbox."),
        action="connect",
    )


def _badge(link: Link, state: str, pending: int, subject: str) -> Badge:
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
        ngettext("%(changes)s waiting to upload", "%(changes)s waiting to upload", pending)
        % {"changes": changes}
        if pending
        else gettext("Verifying")
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


def _state(seen: Overview, link: Link, pending: int) -> str:
    now = clock.now()
    if link.state == Link.State.NEEDS_USER:
        return "needs_user"
    if link.state == Link.State.NEEDS_ADMIN or not seen.is_enabled:
        return "needs_admin"
    if link.lease_until is not None and link.lease_until > now and (pending or link.proven_at is None):
        return "running"
    if _waits_until(link) is not None:
        return "waiting"
    is_settled = not pending and link.proven_at is not None and not seen.is_open
    return "proven" if is_settled else "pending"


def _waits_until(link: Link) -> datetime | None:
    if link.last_error == backoff.LAGGING:
        return None  # seconds, and nothing that is saved waits for them
    now = clock.now()
    is_ahead = link.not_before is not None and now < link.not_before <= now + MAX_WAIT
    return link.not_before if is_ahead else None


def _overview(user: User, study: Study | None = None) -> Overview:
    """Return the state of a user's mirror, or the part of it about one study."""
    known = [Exists(kind.objects.filter(link=OuterRef("pk"))) for kind in (Parked, Doubt, Intent)]
    link = links_of(user).annotate(differs=known[0] | known[1] | known[2]).first()
    if link is None:
        return Overview()
    behind, others = _compared(link, study)
    return Overview(
        link=link,
        behind=behind,
        leaving=0 if study else _leaving(link, others),
        is_enabled=siteconfig.dropbox().is_enabled,
        is_open=link.differs
        or link.wants_everything
        or link.needs_reading
        or link.needs_listing
        or not installation.is_here(link),
    )


def _held(user_id: int) -> QuerySet[Study]:
    """Return the studies that a user's mirror should hold."""
    shared = Collaboration.objects.filter(user=user_id, status=Collaboration.Status.ACCEPTED).exclude(
        file_access=Collaboration.Files.NONE
    )
    return Study.objects.filter(Q(owner=user_id) | Q(pk__in=shared.values("study_id")), deleted_at=None)


def _compared(link: Link, study: Study | None) -> tuple[dict[int, int], set[int]]:
    """Return, by study (or for one), the number of changed files and folders (and itself) not taken over yet.

    Returned besides: the ids of other studies that were taken over once. Few and simple queries, and rows as plain
    tuples: this is asked for by every page, and thousands of rows must cost milliseconds.
    """
    studies = Study.objects.filter(pk=study.pk) if study else _held(link.user_id)
    data = _data_behind(link, study)
    if study and study.pk in data:  # the user may have the data of it alone
        studies = _held(link.user_id).filter(pk=study.pk)
    rows = list(studies.values_list("pk", "revision", "versions__tree", "versions__tree__revision"))
    known = Taken.objects.filter(link=link)
    if study:
        known = known.filter(object_id__in={pk for row in rows for pk in row[::2]})
    kinds: dict[str, dict[int, int]] = {str(kind): {} for kind in Taken.Kind}
    for kind, object_id, revision in known.values_list("kind", "object_id", "revision"):
        kinds[kind][object_id] = revision
    taken, taken_trees = kinds[Taken.Kind.STUDY], kinds[Taken.Kind.TREE]
    behind = {pk: int(taken.get(pk, -1) < revision) for pk, revision, _, _ in rows}
    moved = {
        tree: (pk, since)
        for pk, _, tree, revision in rows
        if (since := taken_trees.get(tree, -1)) < (-1 if revision is None else revision)
    }
    for pk, count in data.items():
        behind[pk] = behind.get(pk, 0) + count
    for tree, count in _changed_since({tree: since for tree, (_, since) in moved.items()}).items():
        behind[moved[tree][0]] += count
    return behind, taken.keys() - behind.keys()


def _data_behind(link: Link, study: Study | None) -> dict[int, int]:
    """Return, by study whose data this Dropbox receives, 1 where it lacks the newest of them, else 0."""
    asked = data_folders.asked_for().filter(link=link)
    if study:
        asked = asked.filter(study=study)
    rows = list(
        asked.values_list(
            "study_id",
            "study__data_folder__files_revision",
            "study__data_folder__revision",
            "study__data_folder__made_revision",
        )
    )
    if not rows:
        return {}
    received = data_folders.receives(link.user)
    known = Taken.objects.filter(link=link, kind=Taken.Kind.DATA)
    taken = dict(known.values_list("object_id", "revision"))
    return {
        pk: int(files is None or taken.get(pk, -1) < files or made < revision)
        for pk, files, revision, made in rows
        if pk in received
    }


def _changed_since(since: dict[int, int]) -> dict[int, int]:
    """Count the nodes of each tree that changed after its revision; many trees in one query."""
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


def _leaving(link: Link, others: set[int]) -> int:
    """Count the deleted or purged studies whose folder in the Dropbox does not show it yet."""
    if not others:
        return 0
    known = Taken.objects.filter(link=link, kind=Taken.Kind.STUDY, object_id__in=others, is_released=False)
    now = Study.objects.filter(pk=OuterRef("object_id")).values("revision")
    return known.filter(Q(revision__lt=Subquery(now)) | Q(revision__lt=F("noted_revision"))).count()
