"""Limits on what may be stored: checked here, decided by apps above that know the owner of a tree."""

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
    """Limits of an app above; all methods raise `TooLarge`."""

    def before(self, tree: Tree, size: int, replaced: int) -> None:
        """Check one file of this size, replacing one of `replaced` bytes, before its bytes are stored."""
        ...

    def room(self, tree: Tree, size: int, replaced: int) -> None:
        """Check a total of bytes, replacing `replaced` bytes, before they are stored."""
        ...

    def after(self, tree: Tree, largest: int) -> None:
        """Check a change that was made, in its transaction; `largest` is the size in bytes of the largest file it wrote."""
        ...

    def trim(self, tree: Tree) -> None:
        """Delete the oldest history of a tree's owner where there is too much, in the change's transaction."""
        ...

    def copies(self, tree: Tree, count: int) -> None:
        """Check how many more files and folders are added at once."""
        ...


_known: list[Limits] = []


def register(limits: Limits) -> None:
    """Register the limits of an app above; called once, from its `AppConfig.ready`."""
    _known.append(limits)


def check_before(tree: Tree, *, size: int, replaced: int = 0) -> None:
    """Check before a file of `size` bytes is stored for a tree; `replaced` is the size of the file it replaces.

    Raises:
        TooLarge: the file is too large, or the owner's space is full.
    """
    for one in _known:
        one.before(tree, size, replaced)


def check_room(tree: Tree, *, size: int, replaced: int = 0) -> None:
    """Check before many files with `size` bytes in total are stored; `replaced` bytes are removed by that.

    Raises:
        TooLarge: the owner's space is full.
    """
    for one in _known:
        one.room(tree, size, replaced)


def check_after(tree: Tree, *, largest: int = 0) -> None:
    """Check after a tree has grown: all its bytes count, also those shared with other trees.

    Raises:
        TooLarge: a file is too large, or the owner's space is full; the transaction must not be kept.
    """
    for one in _known:
        one.after(tree, largest)


def trim_history(tree: Tree) -> None:
    """Delete the oldest states and deleted files where the history has become too large."""
    for one in _known:
        one.trim(tree)


def check_copies(tree: Tree, count: int) -> None:
    """Check before `count` files and folders are added to a tree at once: copies cost no bytes, but rows.

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
