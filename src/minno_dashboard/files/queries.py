"""Reads trees, one query each, however large the tree is."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Func, Max, Q, QuerySet, Sum
from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, NotFound, TooLarge
from minno_dashboard.files import store, walk
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree, Upload
from minno_dashboard.files.text_format import TextFile, decode_text

_NUMBERS = re.compile(r"([0-9]+)")
MAX_EDITOR_BYTES = 5 * 1024 * 1024


class TreeEntry(NamedTuple):
    """One living folder or file with its path in the tree (`images/cat.jpg`)."""

    id: int
    parent_id: int | None
    name: str
    path: str
    depth: int
    is_folder: bool
    size: int
    sha256: str
    dropbox_hash: str
    revision: int
    changed_at: datetime

    @property
    def content_type(self) -> str:
        """Return the media type that the name's ending stands for."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


def listing(tree: Tree | int) -> list[TreeEntry]:
    """Return everything living in a tree, in the order of the page: each folder before what it holds.

    Within a folder: folders first, then by name as people count (`item 2` before `item 10`).
    """
    found = ordered(tree, "name", "blob__size", "blob__dropbox_hash", "revision", "changed_at")
    return [
        TreeEntry(pk, parent, name, f"{above}{name}", above.count("/"), sha256 is None, size or 0, sha256 or "",
              dropbox_hash or "", revision, changed_at)
        for above, (pk, parent, _, sha256, name, size, dropbox_hash, revision, changed_at) in found
    ]  # fmt: skip


def ordered(tree: Tree | int, *columns: str | Func) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what is in a tree in the order of `listing`, each with the path above it ("" or `images/`).

    What is yielded are plain tuples, because thousands must cost milliseconds: id, the parent's id, folded name,
    SHA-256 (None for a folder), and these columns, the first of them the name.
    """
    living = Node.objects.filter(tree=tree, deleted_at=None)
    inside: dict[int | None, list[tuple[Any, ...]]] = {}
    for row in living.values_list("pk", "parent_id", "name_key", "blob__sha256", *columns):
        inside.setdefault(row[1], []).append(row)
    waiting = [("", row) for row in _backwards(inside.get(None, []))]
    while waiting:
        above, row = waiting.pop()
        yield above, row
        if row[0] in inside:
            path = f"{above}{row[4]}/"
            waiting.extend((path, below) for below in _backwards(inside[row[0]]))


def _backwards(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: (row[3] is not None, _natural(row[2])), reverse=True)


def natural_key(name: str) -> list[str | int]:
    """Return a sort key for names in which digits count as numbers."""
    return _natural(names.fold(name))


def _natural(folded: str) -> list[str | int]:
    parts: list[str | int] = [*_NUMBERS.split(folded)]
    parts[1::2] = map(int, parts[1::2])  # every other part is a number
    return parts


def get_node(*, tree: Tree, node_id: int) -> Node:
    """Return a living node of a tree.

    Raises:
        NotFound: it is deleted, of another tree, or never was.
    """
    node = Node.objects.filter(pk=node_id, tree=tree, deleted_at=None).select_related("blob", "tree").first()
    if node is None:
        raise NotFound(gettext("This file or folder no longer exists; it may have been deleted or moved."))
    return node


def get_nodes(*, tree: Tree, node_ids: Sequence[int]) -> list[Node]:
    """Return several living nodes of a tree.

    Raises:
        NotFound: one of them is deleted, of another tree, or never was.
    """
    found = list(Node.objects.filter(pk__in=set(node_ids), tree=tree, deleted_at=None).select_related("blob"))
    if len(found) != len(set(node_ids)):
        raise NotFound(gettext("Some of these files no longer exist; they may have been deleted or moved."))
    return found


def get_deleted(*, tree: Tree, node_id: int) -> Node:
    """Return a node that can be restored.

    Raises:
        NotFound: it is not among the deleted things of the tree.
    """
    node = deleted(tree).filter(pk=node_id).first()
    if node is None:
        raise NotFound(gettext("There is nothing here to bring back."))
    return node


def node_at(*, tree: Tree, path: str) -> Node | None:
    """Return the node at a path such as `images/cat.jpg`, ignoring letter case; None if there is none."""
    if "\0" in path:
        return None  # PostgreSQL takes no U+0000, not even to look for it
    keys = [names.fold(part) for part in path.strip("/").split("/")]
    named = Node.objects.filter(tree=tree, deleted_at=None, name_key__in=keys).select_related("blob")
    there = {(node.parent_id, node.name_key): node for node in named}
    node: Node | None = None
    for key in keys:
        node = there.get((node.pk if node else None, key))
        if node is None:
            return None
    return node


def successors(*, tree: Tree, trees: Sequence[int], node_ids: Sequence[int]) -> dict[int, int]:
    """Return, by the id of a node of an earlier tree, the living node of `tree` that began as its copy.

    `trees` are the ids of the trees that the copies went through. Where several began so, the nearest copy counts.
    """
    origins = {one: one for one in node_ids}
    found: dict[int, int] = {}
    while origins:
        copies = Node.objects.filter(tree__in=trees, copied_from__in=origins).order_by("pk")
        reached = {}
        for pk, source, tree_id, deleted_at in copies.values_list(
            "pk", "copied_from", "tree_id", "deleted_at"
        ):
            reached[pk] = origins[source or 0]
            if tree_id == tree.pk and deleted_at is None:
                found.setdefault(reached[pk], pk)
        origins = {pk: first for pk, first in reached.items() if first not in found}
    return found


def blob_in_history(*, node: Node, sha256: str) -> Blob:
    """Return a blob that the file holds or held.

    Raises:
        NotFound: it never did.
    """
    version = FileVersion.objects.filter(node=node, blob__sha256=sha256).select_related("blob").first()
    if version is None:
        raise NotFound(gettext("This file has no such state."))
    return version.blob


def path_of(node: Node) -> str:
    """Return the node's path in its tree, `images/cat.jpg`."""
    return "/".join(step.name for step in walk.up(node.pk))


def history(node: Node) -> QuerySet[FileVersion]:
    """Return the states of a file, the newest first."""
    return FileVersion.objects.filter(node=node).select_related("blob", "by").order_by("-at", "-pk")


def version_of(*, node: Node, version_id: int) -> FileVersion:
    """Return one state of a file's history.

    Raises:
        NotFound: the file has no such state.
    """
    version = history(node).select_related("node").filter(pk=version_id).first()
    if version is None:
        raise NotFound(gettext("This state of the file is not in its history."))
    return version


def deleted(tree: Tree) -> QuerySet[Node]:
    """Return what can be restored as a whole, the latest first."""
    roots = Node.objects.filter(tree=tree, deleted_at__isnull=False, deleted_with=F("pk"))
    return roots.select_related("blob", "changed_by").order_by("-deleted_at", "-pk")


def count_with(node: Node) -> int:
    """Return how many files and folders are restored together with a deleted node, itself included."""
    return Node.objects.filter(tree=node.tree_id, deleted_with=node).count()


def changed_nodes(tree: Tree, *, since: int) -> QuerySet[Node]:
    """Return nodes, deleted ones included, that changed after a revision of the tree; one indexed query."""
    return Node.objects.filter(tree=tree, revision__gt=since).select_related("blob").order_by("pk")


@dataclass(frozen=True, slots=True)
class Totals:
    """How much lives in a tree; `changed_at` is None for an empty one."""

    files: int = 0
    bytes: int = 0
    changed_at: datetime | None = None


def totals(trees: Sequence[Tree | int]) -> dict[int, Totals]:
    """Return the totals of each tree that holds something, by the tree's id; one query."""
    living = Node.objects.filter(tree__in=trees, deleted_at=None).values("tree_id")
    rows = living.annotate(
        files=Count("pk", filter=Q(is_folder=False)), bytes=Sum("blob__size"), last=Max("changed_at")
    ).values_list("tree_id", "files", "bytes", "last")
    return {tree_id: Totals(files, size or 0, last) for tree_id, files, size, last in rows}


def get_upload(*, tree: Tree, public_id: str) -> Upload:
    """Return an upload under way into a tree.

    Raises:
        NotFound: it was finished, abandoned, or is another tree's.
    """
    known = Upload.objects.filter(tree=tree, public_id=public_id).select_related("tree", "parent")
    upload = None if "\0" in public_id else known.first()  # as in `node_at`
    if upload is None:
        raise NotFound(gettext("This upload no longer exists; start it again."))
    return upload


def read_text(blob: Blob) -> TextFile:
    """Return a file's text for the editor.

    Raises:
        TooLarge: it is larger than the editor takes.
        DamagedBlob: its bytes are not those that were stored.
    """
    if blob.size > MAX_EDITOR_BYTES:
        raise TooLarge(
            gettext(
                "This file has %(size)s MB; the editor opens files up to %(most)s MB. Download it instead."
            )
            % {"size": f"{blob.size / 1024**2:.0f}", "most": MAX_EDITOR_BYTES // 1024**2}
        )
    return decode_text(store.read_verified(blob))


def blob_of(node: Node) -> Blob:
    """Return a file's content.

    Raises:
        Invalid: the node is a folder.
    """
    if node.blob is None:
        raise Invalid(
            gettext("%(name)s is a folder; only a file has content.") % {"name": names.quoted(node.name)}
        )
    return node.blob
