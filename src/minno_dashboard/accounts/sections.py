"""Pages made of sections with a side index: our own parts and those of the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import mark_safe

from minno_dashboard.ui import slots


@dataclass(frozen=True)
class PageSection:
    """One section: its anchor, its title in the index and above it, its safe HTML."""

    anchor: str
    title: str | Promise
    html: str


def contributed(slot: str, request: HttpRequest) -> list[PageSection]:
    """Return the sections that other rooms contribute, without those that have nothing to show this visitor."""
    return [
        PageSection(one.name, one.title, mark_safe(html))  # noqa: S308 - safe by the contract of ui.slots
        for one in slots.contributions(slot)
        if (html := one.render(request))
    ]
