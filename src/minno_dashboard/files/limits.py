"""How much may be stored: asked here, answered by the rooms above that know the owner of a tree."""

from __future__ import annotations

from typing import Protocol

from django.utils.translation import gettext

from minno_dashboard.core.errors import TooLarge
from minno_dashboard.files.models import Node, Tree

MAX_NODES_IN_TREE = 100_000
"""The most living files and folders of a version; as many as an import can bring."""
MAX_ROWS_OF_TREE = 4 * MAX_NODES_IN_TREE
"""The most files and folders of a version together with those deleted and still to be brought back."""


class Limits(Protocol):
    """What a room above refuses; all raise `TooLarge`."""

    def before(self, tree: Tree, size: int, replaced: int) -> None:
        """Refuse a file of this size, in the place of one of `replaced` bytes, before its bytes are stored."""
        ...

    def room(self, tree: Tree, size: int, replaced: int) -> None:
        """Refuse so many bytes, of however many files, in the place of `replaced` bytes, before they are stored."""
        ...

    def after(self, tree: Tree, largest: int) -> None:
        """Refuse a change that was made, in its transaction; `largest` is the size of the largest file it wrote."""
        ...

    def trim(self, tree: Tree) -> None:
        """Remove the oldest of a tree owner's history where there is too much of it, in the change's transaction."""
        ...

    def copies(self, tree: Tree, count: int) -> None:
        """Refuse so many more files and folders at once."""
        ...


_known: list[Limits] = []


def register(limits: Limits) -> None:
    """Let a room above refuse what is too large; called once, from its `AppConfig.ready`."""
    _known.append(limits)


def check_before(tree: Tree, *, size: int, replaced: int = 0) -> None:
    """Ask before a file of `size` bytes is stored for a tree; `replaced` is the size of the file it replaces.

    Raises:
        TooLarge: the file is too large, or the owner's space is full.
    """
    for one in _known:
        one.before(tree, size, replaced)


def check_room(tree: Tree, *, size: int, replaced: int = 0) -> None:
    """Ask before many files with `size` bytes together are stored; `replaced` is what leaves with that.

    Raises:
        TooLarge: the owner's space is full.
    """
    for one in _known:
        one.room(tree, size, replaced)


def check_after(tree: Tree, *, largest: int = 0) -> None:
    """Ask once a tree holds more than before: what it holds now is what counts, whatever it shares with others.

    Raises:
        TooLarge: a file is too large, or the owner's space is full; the transaction must not be kept.
    """
    for one in _known:
        one.after(tree, largest)


def trim_history(tree: Tree) -> None:
    """Let the oldest states and deleted files go where the history has become too large."""
    for one in _known:
        one.trim(tree)


def check_copies(tree: Tree, count: int) -> None:
    """Ask before `count` files and folders are added to a tree at once: copies cost no bytes, but are not free.

    Raises:
        TooLarge: the version, or its owner, would have too many.
    """
    rows = Node.objects.filter(tree=tree)
    living = rows.filter(deleted_at=None).count() + count
    if living > MAX_NODES_IN_TREE or rows.count() + count > MAX_ROWS_OF_TREE:
        raise TooLarge(
            gettext(
                "This version would have %(count)s files and folders; the maximum is %(most)s. "
                "Nothing was copied."
            )
            % {"count": f"{living:,}", "most": f"{MAX_NODES_IN_TREE:,}"}
        )
    for one in _known:
        one.copies(tree, count)
