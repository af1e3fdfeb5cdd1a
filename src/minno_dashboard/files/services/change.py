"""What every change of a tree shares: one transaction, the tree's lock, one new revision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.core import clock, measures, names
from minno_dashboard.core.errors import Conflict, Invalid, NotAllowed, NotFound
from minno_dashboard.files import walk
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree

Person = AbstractBaseUser | None


class Frozen(NotAllowed):
    """The tree belongs to a published version and cannot change."""

    def __init__(self) -> None:
        super().__init__(
            gettext("This version is published, so its files are locked. Create a new version to continue.")
        )


class WriteConflict(Conflict):
    """The file has changed since the writer read it; nothing was overwritten.

    `mine` is what was to be written (stored, so it is not lost), `theirs` what is there now: None when the file was
    deleted. `node` is the file, living or deleted, or None where there never was one.
    """

    def __init__(self, sentence: str, *, mine: Blob, theirs: Blob | None, node: Node | None) -> None:
        super().__init__(sentence)
        self.mine = mine
        self.theirs = theirs
        self.node = node


@dataclass
class Change:
    """One change under way; `happened` stays False when nothing had to be changed."""

    tree: Tree
    revision: int
    at: datetime
    by_id: int | None
    happened: bool = False

    def stamp(self) -> dict[str, object]:
        """Return the fields that every changed node gets, and set `happened`."""
        self.happened = True
        return {"revision": self.revision, "changed_at": self.at, "changed_by_id": self.by_id}

    def record(self, node: Node, how: str) -> None:
        """Add the file's present content to its history."""
        FileVersion.objects.create(
            node=node, blob_id=node.blob_id or 0, at=self.at, by_id=self.by_id, how=how
        )


@contextmanager
def changing(tree_id: int, by: Person) -> Iterator[Change]:
    """Lock a tree for one change; raise its revision at the end if the change happened.

    Raises:
        Frozen: the tree may not change.
        NotFound: there is no such tree.
    """
    with transaction.atomic():
        tree = Tree.objects.select_for_update().filter(pk=tree_id).first()
        if tree is None:
            raise NotFound(gettext("These files no longer exist."))
        if tree.is_frozen:
            raise Frozen
        change = Change(tree, tree.revision + 1, clock.now(), by.pk if by else None)
        yield change
        if change.happened:
            Tree.objects.filter(pk=tree_id).update(revision=change.revision, changed_at=change.at)
            tree.revision, tree.changed_at = change.revision, change.at
            transaction.on_commit(measures.SAVES.inc)


def living(change: Change, node_id: int) -> Node:
    """Return a node of the tree under change.

    Raises:
        NotFound: it is deleted, of another tree, or never was.
    """
    node = Node.objects.filter(pk=node_id, tree=change.tree, deleted_at=None).select_related("blob").first()
    if node is None:
        raise NotFound(gettext("This file or folder no longer exists; it may just have been deleted."))
    return node


def folder_of(change: Change, parent: Node | None) -> Node | None:
    """Return the target folder, read again; None is the top of the tree.

    Raises:
        NotFound: it is gone.
        Invalid: it is a file.
    """
    if parent is None:
        return None
    folder = living(change, parent.pk)
    if not folder.is_folder:
        raise Invalid(
            gettext("%(name)s is a file; only a folder can contain others.")
            % {"name": names.quoted(folder.name)}
        )
    return folder


def child(change: Change, parent_id: int | None, name: str) -> Node | None:
    """Return the node of this name (by its fold) in a folder, if there is one."""
    return (
        Node.objects.filter(tree=change.tree, parent_id=parent_id, name_key=names.fold(name), deleted_at=None)
        .select_related("blob")
        .first()
    )


def refuse_twin(change: Change, parent_id: int | None, name: str, *, but: int | None = None) -> None:
    """Raise Invalid when the folder holds another node of this name."""
    other = child(change, parent_id, name)
    if other is not None and other.pk != but:
        raise Invalid(names.twin(name, other.name))


def taken_keys(change: Change, parent_id: int | None) -> set[str]:
    """Return the folds of all names in a folder."""
    living_here = Node.objects.filter(tree=change.tree, parent_id=parent_id, deleted_at=None)
    return set(living_here.values_list("name_key", flat=True))


def way_to(parent_id: int | None) -> list[str]:
    """Return the names from the top of the tree to a folder."""
    return [step.name for step in walk.up(parent_id)]


def add(change: Change, parent_id: int | None, name: str, blob: Blob | None) -> Node:
    """Add a folder (no blob) or a file; its name must be checked and free."""
    change.happened = True
    return Node.objects.create(
        tree=change.tree,
        parent_id=parent_id,
        name=name,
        name_key=names.fold(name),
        is_folder=blob is None,
        blob=blob,
        revision=change.revision,
        created_at=change.at,
        changed_at=change.at,
        changed_by_id=change.by_id,
    )
