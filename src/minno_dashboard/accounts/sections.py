"""Pages made of sections with a side index: sections of this app and of apps above."""

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
    """One section: its anchor, its title in the index and above it, its safe HTML, and its message shown once."""

    anchor: str
    title: str | Promise
    html: str
    notes: tuple[Message, ...] = ()


def say(request: HttpRequest, anchor: str, sentence: str, *, level: int = messages.SUCCESS) -> None:
    """Store a message for a section of the next page: the page opens there, far from its top."""
    messages.add_message(request, level, sentence, extra_tags=anchor)


def with_notes(request: HttpRequest, sections: Sequence[PageSection]) -> dict[str, object]:
    """Return the sections with their messages, and the messages that belong to no section."""
    said = list(messages.get_messages(request))
    anchors = {one.anchor for one in sections}
    shown = [
        replace(one, notes=tuple(note for note in said if note.extra_tags == one.anchor)) for one in sections
    ]
    return {"sections": shown, "messages": [note for note in said if note.extra_tags not in anchors]}


def contributed(slot: str, request: HttpRequest) -> list[PageSection]:
    """Return the sections of other apps, without those that are empty for this visitor."""
    return [
        PageSection(one.name, one.title, mark_safe(html))  # noqa: S308 - safe by the contract of ui.slots
        for one in slots.contributions(slot)
        if (html := one.render(request))
    ]
