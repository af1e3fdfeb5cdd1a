"""How much may be stored: asked here before bytes become part of a tree, answered by the rooms above that know the owner."""

from __future__ import annotations

from collections.abc import Callable

from minno_dashboard.files.models import Tree

Check = Callable[[Tree, int, int], None]
_checks: list[Check] = []


def register(check: Check) -> None:
    """Let a room above refuse what is too large; called once, from its `AppConfig.ready`."""
    _checks.append(check)


def check(tree: Tree, *, growth: int, largest: int) -> None:
    """Ask before a tree grows by `growth` bytes; `largest` is the size of the largest file written.

    Raises:
        TooLarge: a file is too large, or the owner's space is full.
    """
    for one in _checks:
        one(tree, growth, largest)
