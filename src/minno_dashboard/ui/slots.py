"""Slots: places in a page to which apps above add content, so that the page need not know them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Contribution:
    """One piece of content: `render` returns safe HTML, or "" where there is nothing for this visitor."""

    name: str
    title: str | Promise
    order: int
    render: Callable[[HttpRequest], str]


_slots: dict[str, dict[str, Contribution]] = {}


def contribute(
    slot: str, *, name: str, title: str | Promise, order: int, render: Callable[[HttpRequest], str]
) -> None:
    """Add content to a slot; called once, from the contributing app's `AppConfig.ready`."""
    _slots.setdefault(slot, {})[name] = Contribution(name, title, order, render)


def contributions(slot: str) -> list[Contribution]:
    """Return the content of a slot, in order."""
    return sorted(_slots.get(slot, {}).values(), key=lambda one: (one.order, one.name))
