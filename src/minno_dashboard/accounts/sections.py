"""Pages made of sections with a side index: our own parts and those of the rooms above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import mark_safe

from minno_dashboard.ui import slots


@dataclass(frozen=True)
class PageSection:
    """One section: its anchor, its title in the index and above it, its safe HTML, and what is said once beside it."""

    anchor: str
    title: str | Promise
    html: str
    notes: tuple[Message, ...] = ()


def say(request: HttpRequest, anchor: str, sentence: str, *, level: int = messages.SUCCESS) -> None:
    """Keep a sentence for the next page, to be shown in a section of it: the page opens there, far from its top."""
    messages.add_message(request, level, sentence, extra_tags=anchor)


def with_notes(request: HttpRequest, sections: Sequence[PageSection]) -> dict[str, object]:
    """Return what the template shows: the sections with what is said in them, and what belongs to none of them."""
    said = list(messages.get_messages(request))
    anchors = {one.anchor for one in sections}
    shown = [
        replace(one, notes=tuple(note for note in said if note.extra_tags == one.anchor)) for one in sections
    ]
    return {"sections": shown, "messages": [note for note in said if note.extra_tags not in anchors]}


def contributed(slot: str, request: HttpRequest) -> list[PageSection]:
    """Return the sections that other rooms contribute, without those that have nothing to show this visitor."""
    return [
        PageSection(one.name, one.title, mark_safe(html))  # noqa: S308 - safe by the contract of ui.slots
        for one in slots.contributions(slot)
        if (html := one.render(request))
    ]
