"""How much may be stored: asked here, answered by the rooms above that know the owner of a tree."""

from __future__ import annotations

from typing import Protocol

from minno_dashboard.files.models import Tree


class Limits(Protocol):
    """What a room above refuses; both raise `TooLarge`."""

    def before(self, tree: Tree, size: int) -> None:
        """Refuse a file of this size before its bytes are sent."""
        ...

    def after(self, tree: Tree, largest: int) -> None:
        """Refuse a change that was made, in its transaction; `largest` is the size of the largest file it wrote."""
        ...


_known: list[Limits] = []


def register(limits: Limits) -> None:
    """Let a room above refuse what is too large; called once, from its `AppConfig.ready`."""
    _known.append(limits)


def check_before(tree: Tree, *, size: int) -> None:
    """Ask before a file of `size` bytes is sent to a tree.

    Raises:
        TooLarge: the file is too large, or the owner's space is full.
    """
    for one in _known:
        one.before(tree, size)


def check_after(tree: Tree, *, largest: int = 0) -> None:
    """Ask once a tree holds more than before: what it holds now is what counts, whatever it shares with others.

    Raises:
        TooLarge: a file is too large, or the owner's space is full; the transaction must not be kept.
    """
    for one in _known:
        one.after(tree, largest)
