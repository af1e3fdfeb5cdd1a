"""How much room a Dropbox has, and whether one that was full has enough for another try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.port import Port

ASK_EVERY = timedelta(days=1)
FULL_AGAIN = timedelta(hours=23)
"""After so long it is tried again, however little room there is."""


def ask(port: Port, link: Link) -> tuple[int, dict[str, Any]]:
    """Ask Dropbox; return for how many bytes there is room, and the fields of the link that remember the answer."""
    space = port.space()
    pace = {**link.pace, "space_at": clock.now().isoformat()}
    told = {"space_used": space.used, "space_allocated": space.allocated, "pace": pace}
    return space.allocated - space.used, told


def is_due(link: Link) -> bool:
    """Say whether Dropbox was asked so long ago that its user would see an old figure."""
    asked = link.pace.get("space_at")
    last = link.linked_at if asked is None else datetime.fromisoformat(asked)
    return clock.now() - last > ASK_EVERY


def with_too_little(room: int, link: Link) -> dict[str, Any]:
    """Return the link's pace with how much room was not enough, and when."""
    return {**link.pace, "full": {"room": room, "at": clock.now().isoformat()}}


def is_too_little(room: int, full: dict[str, Any] | None, at: datetime) -> bool:
    """Say whether sending would be in vain: `room` is in bytes, `full` says how much was not enough, and when."""
    if room <= 0:
        return True
    if full is None:
        return False
    return room <= full["room"] and at < datetime.fromisoformat(full["at"]) + FULL_AGAIN
