"""The desired tree of one user's Dropbox, read by identity from studies and files.

Layout: `/README.txt`, `/MANIFEST.json`, `/verify.py`, `/Studies/<study>/v1/…`,
`/Shared with me/<owner>/<study>/v1/…`, beside the versions `data/…` for those who asked for it. Identities: `readme`,
`manifest`, `verify`, `folder:studies`, `folder:shared`, `owner:<user>`, `study:<id>`, `version:<id>`, `node:<id>`, and
those of `data_folders`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db.models import Model, Q

from minno_dashboard.accounts.models import User
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.mirror.planner.model import SHARED, STUDIES, Content, Desired
from minno_dashboard.mirror.restore_models import Manifest
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.mirror.wanted.study_folders import StudyFolders, gives_files
from minno_dashboard.studies.models import Collaboration, Study, Version

README = """This folder is written by the Dashboard at {address}.

It holds a copy of your studies: in "Studies" those you own, in "Shared with me" those others share with you. Each
saved change appears here by itself, a few seconds later.

MANIFEST.json lists every file with its checksums; verify.py, run with Python, checks this copy against it without a
network. Both are written anew when nothing has changed for ten minutes, and say which moment they describe.

Changes that you make here do not reach the Dashboard. To change a study, change it at {address}.
A file of yours that you put here is left alone. A file of the Dashboard that you change here is kept beside ours,
under a name with "changed in Dropbox" and the date. What is deleted in the Dashboard moves to "Deleted".
"""


def numbers(identities: Iterable[str], kind: str) -> list[int]:
    """Return the ids of the identities of one kind, in order."""
    prefix = f"{kind}:"
    found = {int(one.removeprefix(prefix)) for one in identities if one.startswith(prefix)}
    return sorted(found)


@dataclass(frozen=True)
class FileSource:
    """The bytes of a file: a blob, or `text` itself."""

    content: Content
    sha256: str = ""
    text: bytes = b""


def readme() -> FileSource:
    """Return the text of the README in the app folder."""
    text = README.format(address=settings.SERVER_URL).encode()
    hasher = Hasher()
    hasher.update(text)
    return FileSource(Content(hasher.dropbox_hash(), len(text)), text=text)


_OF_NODE = ("pk", "tree_id", "parent_id", "name", "is_folder", "copied_from", "blob__sha256", "blob__dropbox_hash", "blob__size")  # fmt: skip


class _NodeRow(NamedTuple):
    """The columns `_OF_NODE` of a node; those of the blob are None for a folder."""

    pk: int
    tree: int
    parent: int | None
    name: str
    is_folder: bool
    origin: int | None
    sha256: str | None
    dropbox_hash: str | None
    size: int | None


def is_gone(identity: str) -> bool:
    """Return whether the study, version or file of an identity does not exist any more: its study was purged."""
    kind, _, number = identity.partition(":")
    models: dict[str, type[Model]] = {"study": Study, "version": Version, "node": Node}
    return kind in models and not models[kind]._base_manager.filter(pk=int(number)).exists()


def followers(study: Study) -> set[int]:
    """Return the ids of the users whose mirrors hold this study."""
    sharing = Collaboration.objects.filter(gives_files(), study=study).values_list("user_id", flat=True)
    return {study.owner_id, *sharing, *data_folders.receivers(study)}


FIXED = frozenset({"readme", "manifest", "verify", "folder:studies", "folder:shared"})
"""The identities that do not come from a study."""


class Layout:
    """The desired tree of one user, looked up by identity; cached for one read of the database."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.sources: dict[str, FileSource] = {}
        self.version_of_tree: dict[int, int] = {}
        self._known: dict[str, Desired | None] = {}
        self.with_data = data_folders.receives(user)
        self._studies = StudyFolders(user, self.with_data)
        self._nodes: dict[int, _NodeRow] = {}

    @property
    def study_ids(self) -> set[int]:
        """The studies that this user's Dropbox should hold."""
        return set(self._studies.all())

    def revisions(self, trees: Collection[int]) -> dict[int, int]:
        """Return the revisions of trees that still exist, and store their owners."""
        revisions: dict[int, int] = {}
        for portion in in_portions(trees):
            rows = list(
                Tree.objects.filter(pk__in=portion).values_list(
                    "version__pk", "version__study_id", "version__number", "pk", "revision"
                )
            )
            revisions.update((row[3], row[4]) for row in rows)
            self._know_versions([row[:4] for row in rows if row[0] is not None])
        return revisions

    def changed(self, tree: int, since: int) -> set[str]:
        """Return the identities of the nodes of a tree that changed after a revision."""
        rows = Node.objects.filter(tree=tree, revision__gt=since).values_list(*_OF_NODE, "deleted_at")
        found = set()
        for *row, deleted_at in rows:
            found.add(f"node:{row[0]}")
            if deleted_at is None:
                self._nodes[row[0]] = _NodeRow._make(row)
        return found

    def resolve(self, identities: Collection[str]) -> dict[str, Desired]:
        """Return the desired nodes of the given identities, with the folders above; missing ones are not desired."""
        asked = [one for one in identities if one not in self._known]
        self._resolve_fixed(asked)
        self._resolve_studies(numbers(asked, "study"))
        self._resolve_versions(Q(pk__in=portion) for portion in in_portions(numbers(asked, "version")))
        self._resolve_nodes(numbers(asked, "node"))
        self._resolve_data(asked)
        found: dict[str, Desired] = {}
        for identity in identities:
            self._add_with_parents(identity, found)
        return found

    def _add_with_parents(self, identity: str, found: dict[str, Desired]) -> None:
        way: list[Desired] = []
        here: str | None = identity
        while here is not None and here not in found:
            node = self._known.get(here)
            if node is None:
                return
            way.append(node)
            here = node.parent
        found.update((node.identity, node) for node in way)

    def _know(self, node: Desired) -> None:
        self._known[node.identity] = node

    def _resolve_fixed(self, asked: list[str]) -> None:
        for identity in asked:
            self._known.setdefault(identity, None)
        if "readme" in asked:
            self.sources["readme"] = readme()
            self._know(Desired("readme", None, "README.txt", self.sources["readme"].content))
        if "manifest" in asked:
            self._resolve_manifest()
        self._know(Desired("folder:studies", None, STUDIES))
        if any(one.startswith(("folder:shared", "owner:")) for one in asked):
            self._resolve_studies(self._studies.all())

    def _resolve_manifest(self) -> None:
        """Add the last manifest and `verify.py`, if there are any."""
        kept = Manifest.objects.filter(link__user=self.user).select_related("blob", "verify").first()
        if kept is None:
            return
        for identity, name, blob in (
            ("manifest", "MANIFEST.json", kept.blob),
            ("verify", "verify.py", kept.verify),
        ):
            content = Content(blob.dropbox_hash, blob.size)
            self.sources[identity] = FileSource(content, sha256=blob.sha256)
            self._know(Desired(identity, None, name, content))

    def _resolve_studies(self, pks: Collection[int]) -> None:
        for pk, folder in self._studies.find(pks).items():
            above = "folder:studies"
            if folder.owner != self.user.pk:
                above = f"owner:{folder.owner}"
                self._know(Desired("folder:shared", None, SHARED))
                self._know(Desired(above, "folder:shared", folder.owner_name))
            self._know(Desired(f"study:{pk}", above, folder.name))

    def _resolve_data(self, asked: Collection[str]) -> None:
        """Add the data folders of studies whose data this user asked for and may read, and the files asked for."""
        files = numbers(asked, data_folders.FILE)
        studies = data_folders.studies_in(asked, files) & self.with_data
        self._resolve_studies(studies)
        for study in studies:
            for folder in data_folders.folders(study):
                self._know(folder)
        for file, sha256 in data_folders.files(studies, files):
            if file.content is not None:
                self.sources[file.identity] = FileSource(file.content, sha256=sha256)
            self._know(file)

    def _resolve_versions(self, conditions: Iterable[Q]) -> None:
        for condition in conditions:
            rows = Version.objects.filter(condition).values_list("pk", "study_id", "number", "tree_id")
            self._know_versions(list(rows))

    def _know_versions(self, rows: Iterable[tuple[int, int, int, int]]) -> None:
        """Cache versions, each given by its id, study, number and tree, and the studies to mirror."""
        self._resolve_studies({study for _, study, _, _ in rows})
        for pk, study, number, tree in rows:
            self.version_of_tree[tree] = pk
            if study in self._with_files({study}):
                self._know(Desired(f"version:{pk}", f"study:{study}", f"v{number}"))

    def _resolve_nodes(self, pks: Collection[int]) -> None:
        waiting = list(pks)
        rows: list[_NodeRow] = []
        while waiting:
            found = [self._nodes[pk] for pk in waiting if pk in self._nodes]
            for portion in in_portions(pk for pk in waiting if pk not in self._nodes):
                living = Node.objects.filter(pk__in=portion, deleted_at=None)
                found += map(_NodeRow._make, living.values_list(*_OF_NODE))
            rows += found
            here = {row.pk for row in rows}
            above = {row.parent for row in found if row.parent is not None}
            waiting = [pk for pk in above - here if f"node:{pk}" not in self._known]
        unknown = {row.tree for row in rows} - self.version_of_tree.keys()
        self._resolve_versions(Q(tree__in=portion) for portion in in_portions(sorted(unknown)))
        for row in rows:
            self._know_node(row)

    def _know_node(self, row: _NodeRow) -> None:
        pk, tree, parent, name, is_folder, origin, sha256, dropbox_hash, size = row
        version = self.version_of_tree.get(tree)
        if self._known.get(f"version:{version}") is None:
            return
        identity = f"node:{pk}"
        content = None if is_folder or dropbox_hash is None or size is None else Content(dropbox_hash, size)
        if content is not None and sha256 is not None:
            self.sources[identity] = FileSource(content, sha256=sha256)
        self._know(
            Desired(
                identity,
                f"version:{version}" if parent is None else f"node:{parent}",
                name,
                content,
                origin=None if origin is None else f"node:{origin}",
            )
        )

    def kept(self, identities: Collection[str]) -> set[str]:
        """Return the identities among those not desired whose copy stays: they belong to others' studies."""
        keep = {one for one in identities if one.startswith(("owner:", "folder:"))}
        not_own = ~Q(owner=self.user)
        for portion in in_portions(numbers(identities, "study")):
            keep.update(
                f"study:{pk}"
                for pk in Study.objects.filter(not_own, pk__in=portion).values_list("pk", flat=True)
            )
        for portion in in_portions(numbers(identities, "version")):
            others = Version.objects.filter(~Q(study__owner=self.user), pk__in=portion)
            keep.update(f"version:{pk}" for pk in self._of_lost(list(others.values_list("pk", "study_id"))))
        for portion in in_portions(numbers(identities, "node")):
            theirs = Node.objects.filter(~Q(tree__version__study__owner=self.user), pk__in=portion)
            of_studies = list(theirs.values_list("pk", "tree__version__study_id"))
            keep.update(f"node:{pk}" for pk in self._of_lost(of_studies))
        return keep

    def _with_files(self, pks: Collection[int]) -> set[int]:
        """Return the studies among these whose files the Dropbox should hold."""
        return {pk for pk, folder in self._studies.find(pks).items() if folder.has_files}

    def _of_lost(self, rows: Sequence[tuple[int, int | None]]) -> Iterator[int]:
        """Leave out what was deleted in a study that is still shared: it is removed here too."""
        shared = self._with_files({study for _, study in rows if study is not None})
        return (pk for pk, study in rows if study not in shared)
