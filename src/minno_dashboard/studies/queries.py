"""Which studies a person has, and what is in one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import ids, names
from minno_dashboard.core.errors import NotFound
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.siteconfig.sealing import SealBroken, unseal
from minno_dashboard.studies import access
from minno_dashboard.studies.models import Collaboration, ReadOnlyLink, Study, Tag, Version

PAGE_SIZE = 30
KEEP_DELETED = timedelta(days=30)
"""How long a deleted study can be brought back."""


class Which(StrEnum):
    """The filters of the Studies list."""

    ALL = "all"
    MINE = "mine"
    SHARED = "shared"
    PUBLIC = "public"
    ARCHIVED = "archived"
    DELETED = "deleted"


class Order(StrEnum):
    """How the Studies list is sorted: the latest change first, by name, or the newest study first."""

    CHANGED = "changed"
    NAME = "name"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One line of the Studies list; `changed_at` counts the study itself and the files of its newest version.

    `members` are the owner and, for those who may see them, the accepted collaborators.
    """

    study: Study
    standing: access.Standing
    version: Version
    members: tuple[User, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StudiesPage:
    """One page of the Studies list; `total` counts the studies of all pages, `number` begins with 1."""

    rows: list[StudyRow]
    total: int
    number: int
    pages: int


def page_of_studies(
    user: User,
    *,
    which: Which = Which.ALL,
    search: str = "",
    tag_ids: Collection[str] = (),
    order: Order = Order.CHANGED,
    number: int = 1,
    size: int = PAGE_SIZE,
) -> StudiesPage:
    """Return one page of `studies_of`, of those that carry one of the tags where some are given.

    Filter, search and order look at a few columns of all studies; only the page's are read whole: four queries,
    however many studies there are. A page after the last one is empty.
    """
    found = _matching(user, which, search, tag_ids, order)
    rows = _rows(user, found[(number - 1) * size : number * size])
    return StudiesPage(rows, len(found), number, max(1, -(-len(found) // size)))


def studies_of(user: User, *, which: Which = Which.ALL, search: str = "") -> list[StudyRow]:
    """Return the studies a person sees, the latest changed first; four queries, however many studies there are.

    ALL leaves out archived and deleted ones. `search` looks for all its words in name, description and owner.
    """
    return _rows(user, _matching(user, which, search, (), Order.CHANGED))


def row_of(user: User, study: Study) -> StudyRow:
    """Return the line of one study."""
    return _row(user, study, newest_version(study), study.collaborations.all())


def get_study(user: access.Person, public_id: str, action: access.Action = access.Action.SEE) -> Study:
    """Return a study, if the person may do this to it.

    Raises:
        NotFound: there is none, or the person may not know of it.
        NotAllowed: they may see it and not do this.
    """
    # PostgreSQL takes no U+0000, not even to look for it.
    study = None if "\0" in public_id else _complete(Study.objects.filter(public_id=public_id)).first()
    if study is None:
        raise NotFound(gettext("This study does not exist, or it is not shared with you."))
    access.require(user, action, study)
    return study


def first_studies(owner: User, count: int) -> list[Study]:
    """Return a person's own studies that are not deleted, the oldest first, at most so many."""
    return list(Study.objects.filter(owner=owner, deleted_at=None).order_by("pk")[:count])


def has_files(owner: User) -> bool:
    """Return whether there is a file in one of a person's own studies."""
    theirs = Version.objects.filter(study__owner=owner, study__deleted_at=None)
    return theirs.filter(tree__nodes__is_folder=False, tree__nodes__deleted_at=None).exists()


def own_study(owner: User, name: str) -> Study:
    """Return a person's own living study by its name, letter case aside.

    Raises:
        NotFound: they have none of this name.
    """
    for study in _complete(Study.objects.filter(owner=owner, deleted_at=None)):
        if names.fold(study.name) == names.fold(name):
            return study
    raise NotFound(
        gettext("%(username)s has no study %(name)s.")
        % {"username": owner.username, "name": names.quoted(name)}
    )


def newest_version(study: Study) -> Version:
    """Return the newest version with its tree, the only one that can be in development."""
    return max(study.versions.all(), key=lambda version: version.number)


def get_version(study: Study, number: int | None = None) -> Version:
    """Return a version by its number, the newest without one.

    Raises:
        NotFound: the study has no such version.
    """
    if number is None:
        return newest_version(study)
    for version in study.versions.all():
        if version.number == number:
            return version
    raise NotFound(gettext("This study has no version %(number)s.") % {"number": number})


def study_by_link(code: str) -> Study:
    """Return the study whose read-only link this is the code of.

    Raises:
        NotFound: there is no such link any more, or the study is archived or deleted.
    """
    shown = Study.objects.filter(read_only_link__fingerprint=ids.fingerprint(code))
    study = _complete(shown).first()
    if study is None or not access.standing_by_link(study).may(access.Action.READ_FILES):
        raise NotFound(gettext("This link no longer works. Ask the person who gave it to you for a new one."))
    return study


def code_of_link(study: Study) -> str | None:
    """Return the code of a study's read-only link, or None where there is none that can be read."""
    link = ReadOnlyLink.objects.filter(study=study).first()
    if link is None:
        return None
    try:
        return unseal(link.sealed)
    except SealBroken:
        return None  # sealed with another key: it still opens the study, and can be renewed or revoked


def members_of(study: Study, seen_by: access.Person) -> list[Collaboration]:
    """Return the members as one of them sees them, in the order of their invitations.

    Who may share the study also sees to whom it was offered, and who declined.
    """
    shares = Collaboration.objects.filter(study=study).select_related("user", "invited_by")
    if not access.may(seen_by, access.Action.SHARE, study):
        shares = shares.filter(status=Collaboration.Status.ACCEPTED)
    return list(shares.order_by("invited_at", "pk"))


def get_share(study: Study, share_id: int) -> Collaboration:
    """Return one person's share in a study.

    Raises:
        NotFound: it was taken back, or belongs to another study.
    """
    share = Collaboration.objects.filter(study=study, pk=share_id).select_related("user", "study").first()
    if share is None:
        raise NotFound(gettext("This person is no longer a member."))
    return share


def invitations_of(user: User) -> QuerySet[Collaboration]:
    """Return the invitations that wait for a person's answer, the newest first."""
    waiting = Collaboration.objects.filter(
        user=user, status=Collaboration.Status.PENDING, study__deleted_at=None
    )
    return waiting.select_related("study__owner", "invited_by").order_by("-invited_at", "-pk")


def get_invitation(user: User, share_id: int) -> Collaboration:
    """Return an invitation that waits for this person's answer.

    Raises:
        NotFound: it was taken back or answered, or is somebody else's.
    """
    share = invitations_of(user).filter(pk=share_id).first()
    if share is None or not access.may(user, access.Action.ANSWER, share.study):
        raise NotFound(gettext("This invitation no longer exists; it may have been cancelled or answered."))
    return share


def activity_of(study: Study) -> QuerySet[AuditEntry]:
    """Return who did what to a study as a whole, the latest first."""
    since = AuditEntry.objects.filter(at__gte=study.created_at, action__startswith="study.")
    return since.filter(details__study=study.public_id).order_by("-at", "-pk")


def _readable(user: User, which: Which) -> QuerySet[Study]:
    own = Q(owner=user)
    accepted = Collaboration.objects.filter(user=user, status=Collaboration.Status.ACCEPTED)
    if which is Which.DELETED:
        editable = Q(pk__in=accepted.filter(file_access=Collaboration.Files.EDIT).values("study"))
        return Study.objects.filter(own | editable, deleted_at__isnull=False)
    shared = Q(pk__in=accepted.values("study"))
    people = {Which.MINE: own, Which.SHARED: shared & ~own, Which.PUBLIC: Q(is_public=True)}.get(
        which, own | shared
    )
    return Study.objects.filter(people, deleted_at=None, archived_at__isnull=which is not Which.ARCHIVED)


def _matching(user: User, which: Which, search: str, tag_ids: Collection[str], order: Order) -> list[int]:
    """Return the ids of the studies that match, in this order; one query."""
    found = _readable(user, which)
    if tag_ids:
        known = [number for one in tag_ids if (number := whole_number(one)) is not None]
        puts = Tag.studies.through.objects.filter(tag__user=user, tag_id__in=known)
        found = found.filter(pk__in=puts.values("study_id"))
    words = names.fold(search).split()
    texts = ("name", "description", "owner__username", "owner__full_name") if words else ()
    rows = found.values_list("pk", "name_key", *texts)
    if order is Order.CHANGED:
        files_at = Coalesce("versions__tree__changed_at", "changed_at")
        rows = rows.alias(last=Max(Greatest("changed_at", files_at))).order_by("-last", "-pk")
    elif order is Order.CREATED:
        rows = rows.order_by("-created_at", "-pk")
    # Compared here, because SQLite folds ASCII letters only, and databases sort letters each in their own way.
    matching = [row for row in rows if not words or _has_all(words, row[2 : 2 + len(texts)])]
    if order is Order.NAME:
        matching.sort(key=lambda row: (row[1], row[0]))
    return [row[0] for row in matching]


def _has_all(words: list[str], said: Sequence[str]) -> bool:
    text = names.fold("\n".join(said))
    return all(word in text for word in words)


def _complete(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Bring along owner, members and versions, each with one query for all studies."""
    return studies.select_related("owner").prefetch_related(
        Prefetch("versions", Version.objects.select_related("tree").order_by("number")),
        Prefetch("collaborations", Collaboration.objects.select_related("user").order_by("pk")),
    )


def _rows(user: User, ids: Sequence[int]) -> list[StudyRow]:
    """Return the lines of these studies, in this order; three queries, however many there are."""
    studies = Study.objects.select_related("owner").in_bulk(ids)
    versions = Version.objects.filter(study__in=studies).select_related("tree").order_by("number")
    newest = {version.study_id: version for version in versions}
    shares: dict[int, list[Collaboration]] = {pk: [] for pk in studies}
    for share in Collaboration.objects.filter(study__in=studies).select_related("user").order_by("pk"):
        shares[share.study_id].append(share)
    return [_row(user, studies[pk], newest[pk], shares[pk]) for pk in ids if pk in studies]


def _row(user: User, study: Study, version: Version, shares: Collection[Collaboration]) -> StudyRow:
    standing = access.standing(user, study, shares)
    accepted = [one.user for one in shares if one.status == Collaboration.Status.ACCEPTED]
    members = study.owner, *(accepted if standing.may(access.Action.SEE_MEMBERS) else [])
    changed_at = max(study.changed_at, version.tree.changed_at or study.changed_at)
    return StudyRow(study, standing, version, members, changed_at)
