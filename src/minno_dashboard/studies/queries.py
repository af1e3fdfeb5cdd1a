"""Which studies a person has, and what is in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Prefetch, Q, QuerySet

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.core.errors import NotFound
from minno_dashboard.studies import access
from minno_dashboard.studies.models import Collaboration, Study, Version

KEEP_DELETED = timedelta(days=30)
"""How long a deleted study can be brought back."""


class Which(StrEnum):
    """The filters of the Studies list."""

    ALL = "all"
    MINE = "mine"
    SHARED = "shared"
    ARCHIVED = "archived"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the Studies list; `changed_at` counts the study itself and the files of its newest version."""

    study: Study
    standing: access.Standing
    version: Version
    members: list[User]
    changed_at: datetime


def studies_of(user: User, *, which: Which = Which.ALL, search: str = "") -> list[Row]:
    """Return the studies a person sees, the latest changed first; three queries, however many studies there are.

    ALL leaves out archived and deleted ones. `search` looks for all its words in name, description and owner.
    """
    found = _readable(user, which)
    rows = [_row(user, study) for study in found]
    words = names.fold(search).split()
    rows = [row for row in rows if all(word in _searched(row.study) for word in words)]
    return sorted(rows, key=lambda row: row.changed_at, reverse=True)


def get_study(user: access.Person, public_id: str, action: access.Action = access.Action.SEE) -> Study:
    """Return a study, if the person may do this to it.

    Raises:
        NotFound: there is none, or the person may not know of it.
        NotAllowed: they may see it and not do this.
    """
    study = _complete(Study.objects.filter(public_id=public_id)).first()
    if study is None:
        raise NotFound("There is no such study, or it is not shared with you.")
    access.require(user, action, study)
    return study


def own_study(owner: User, name: str) -> Study:
    """Return a person's own living study by its name, letter case aside.

    Raises:
        NotFound: they have none of this name.
    """
    for study in _complete(Study.objects.filter(owner=owner, deleted_at=None)):
        if names.fold(study.name) == names.fold(name):
            return study
    raise NotFound(f"{owner.username} has no study {names.quoted(name)}.")


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
    raise NotFound(f"This study has no version {number}.")


def _readable(user: User, which: Which) -> QuerySet[Study]:
    own = Q(owner=user)
    shared = Q(collaborations__user=user, collaborations__status=Collaboration.Status.ACCEPTED)
    if which is Which.DELETED:
        return _complete(Study.objects.filter(own, deleted_at__isnull=False))
    people = {Which.MINE: own, Which.SHARED: shared & ~own}.get(which, own | shared)
    here = Study.objects.filter(people, deleted_at=None, archived_at__isnull=which is not Which.ARCHIVED)
    return _complete(here.distinct())


def _complete(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Bring along owner, members and versions, each with one query for all studies."""
    return studies.select_related("owner").prefetch_related(
        Prefetch("versions", Version.objects.select_related("tree").order_by("number")),
        Prefetch("collaborations", Collaboration.objects.select_related("user").order_by("pk")),
    )


def _row(user: User, study: Study) -> Row:
    version = newest_version(study)
    accepted = [one.user for one in study.collaborations.all() if one.status == Collaboration.Status.ACCEPTED]
    changed_at = max(study.changed_at, version.tree.changed_at or study.changed_at)
    return Row(study, access.standing(user, study), version, [study.owner, *accepted], changed_at)


def _searched(study: Study) -> str:
    return names.fold(f"{study.name}\n{study.description}\n{study.owner.username} {study.owner.full_name}")
