"""Places in a page to which rooms above may add: a page need not know who contributes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Contribution:
    """One piece of a page: `render` returns safe HTML, or "" where there is nothing to show this visitor."""

    name: str
    title: str | Promise
    order: int
    render: Callable[[HttpRequest], str]


_slots: dict[str, dict[str, Contribution]] = {}


def contribute(
    slot: str, *, name: str, title: str | Promise, order: int, render: Callable[[HttpRequest], str]
) -> None:
    """Add a piece to a slot; called once, from the contributing room's `AppConfig.ready`."""
    _slots.setdefault(slot, {})[name] = Contribution(name, title, order, render)


def contributions(slot: str) -> list[Contribution]:
    """Return what was contributed to a slot, in its order."""
    return sorted(_slots.get(slot, {}).values(), key=lambda one: (one.order, one.name))
