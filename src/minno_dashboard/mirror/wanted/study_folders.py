"""Folder names of studies in one user's Dropbox: the user's own studies and shared ones.

One study is looked up alone. Only where another has its name (as Dropbox folds names) and was first does its folder's
name depend on all of them, and only then are all of them read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from minno_dashboard.accounts.models import User
from minno_dashboard.core.names import clean
from minno_dashboard.mirror.planner.naming import unique_study_names
from minno_dashboard.studies.models import Collaboration, Study


@dataclass(frozen=True)
class Folder:
    """The folder of one study: its name, the study's owner, and whether it holds files or only data."""

    name: str
    owner: int
    owner_name: str
    has_files: bool = True


def gives_files() -> Q:
    """Return the condition under which a collaboration brings a study into the collaborator's Dropbox."""
    files = [Collaboration.Files.EDIT, Collaboration.Files.READ]
    return Q(file_access__in=files, status=Collaboration.Status.ACCEPTED)


class StudyFolders:
    """The folders of studies in one user's Dropbox, cached."""

    def __init__(self, user: User, with_data: Collection[int] = ()) -> None:
        """Look up folders for a user; `with_data` are the studies whose data are mirrored too."""
        self._user, self._with_data = user, with_data
        self._found: dict[int, Folder | None] = {}
        self._is_all = False

    def all(self) -> dict[int, Folder]:
        """Return the folders of all studies that the Dropbox should hold."""
        if not self._is_all:
            self._read_all()
        return {pk: folder for pk, folder in self._found.items() if folder is not None}

    def find(self, pks: Collection[int]) -> dict[int, Folder]:
        """Return the folders of the given studies that the Dropbox should hold."""
        asked = [pk for pk in pks if pk not in self._found]
        if asked and not self._is_all:
            self._look_up(asked)
        return {pk: folder for pk in pks if (folder := self._found.get(pk)) is not None}

    def _look_up(self, pks: list[int]) -> None:
        """Look up studies one by one, unless a name depends on another study's."""
        self._found.update(dict.fromkeys(pks))
        studies = Study.objects.filter(pk__in=pks, deleted_at=None)
        older_twin = Q(deleted_at=None, name_key=OuterRef("name_key"), pk__lt=OuterRef("pk"))
        own = studies.filter(owner=self._user).annotate(
            has_twin=Exists(Study.objects.filter(older_twin, owner=self._user))
        )
        me = (self._user.pk, self._user.get_username())
        found = [(pk, name, *me, twin) for pk, name, twin in own.values_list("pk", "name", "has_twin")]
        if len(found) < len(pks):
            mine = self._shared()
            same_owner = Study.objects.filter(
                older_twin, owner=OuterRef("owner"), pk__in=mine.values("study")
            )
            shared = studies.filter(pk__in=mine.values("study")).annotate(has_twin=Exists(same_owner))
            found += shared.values_list("pk", "name", "owner_id", "owner__username", "has_twin")
        with_files = self._with_files(pks)
        if any(has_twin for *_, has_twin in found):
            self._read_all()
        for pk, name, owner, owner_name, has_twin in found:
            if not has_twin:
                self._found[pk] = Folder(clean(name), owner, owner_name, pk in with_files)

    def _with_files(self, pks: Collection[int]) -> set[int]:
        """Return the studies whose files the user has; of the others only the data are mirrored."""
        if not self._with_data:
            return set(pks)
        own = Study.objects.filter(owner=self._user, pk__in=pks).values_list("pk", flat=True)
        given = Collaboration.objects.filter(gives_files(), user=self._user, study__in=pks)
        return {*own, *given.values_list("study_id", flat=True)}

    def _shared(self) -> QuerySet[Collaboration]:
        """Return the condition for others' studies in this Dropbox."""
        gives = gives_files() | Q(study__in=self._with_data)
        mine = Collaboration.objects.filter(gives, user=self._user, study__deleted_at=None)
        return mine.exclude(study__owner=self._user)

    def _read_all(self) -> None:
        """Read all studies and assign folder names."""
        own = Study.objects.filter(owner=self._user, deleted_at=None).values_list("pk", "name")
        by_owner: dict[tuple[int, str], list[tuple[int, str]]] = defaultdict(list)
        by_owner[self._user.pk, self._user.get_username()] = list(own)
        for pk, name, owner, owner_name in self._shared().values_list(
            "study_id", "study__name", "study__owner_id", "study__owner__username"
        ):
            by_owner[owner, owner_name].append((pk, name))
        with_files = self._with_files([pk for studies in by_owner.values() for pk, _ in studies])
        for (owner, owner_name), studies in by_owner.items():
            for pk, name in unique_study_names(studies).items():
                self._found[pk] = Folder(name, owner, owner_name, pk in with_files)
        self._is_all = True
