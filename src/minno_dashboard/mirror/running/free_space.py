"""Free space of a Dropbox, and whether one that was full has enough for another try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api.port import Port
from minno_dashboard.mirror.models import Link, Parked
from minno_dashboard.mirror.stored import Learned, Refusal

ASK_EVERY = timedelta(days=1)
NOT_EVEN_NOTHING = -1
"""So little room that also a file which takes no more than what it replaces is not sent."""
FULL_AGAIN = timedelta(hours=23)
"""After so long it is tried again, however little room there is."""


class SpaceFields(TypedDict):
    """Fields of a link with the space that Dropbox reported, in bytes."""

    space_used: int
    space_allocated: int
    learned: Learned


def ask(port: Port, link: Link) -> tuple[int, SpaceFields]:
    """Ask Dropbox for its space; return the free bytes, and the fields of the link that store the answer."""
    space = port.space()
    learned: Learned = {**link.learned, "space_at": clock.now().isoformat()}
    told: SpaceFields = {"space_used": space.used, "space_allocated": space.allocated, "learned": learned}
    return space.allocated - space.used, told


def is_due(link: Link) -> bool:
    """Return whether the stored answer is too old to be shown."""
    asked = link.learned.get("space_at")
    last = link.linked_at if asked is None else datetime.fromisoformat(asked)
    return clock.now() - last > ASK_EVERY


def is_short(link: Link) -> bool:
    """Return whether a file did not fit into the Dropbox since it was last proven to hold everything."""
    return "full" in link.learned or Parked.objects.filter(link=link, reason="full").exists()


def with_refusal(room: int, refused: int, link: Link) -> Learned:
    """Return `learned` with the free space in bytes at the time when a file of `refused` bytes did not fit."""
    full: Refusal = {"room": room, "refused": refused, "at": clock.now().isoformat()}
    return {**link.learned, "full": full}


def without_refusal(link: Link) -> Learned:
    """Return `learned` without a refused file."""
    left = link.learned.copy()
    left.pop("full", None)
    return left


def usable(room: int, full: Refusal | None, at: datetime) -> int:
    """Return how many of `room` free bytes to fill.

    Where Dropbox refused a file that it had room for, another limit is at work that it does not tell of: nothing is
    sent until it tells of more room, or a day has passed.
    """
    is_other_limit = full is not None and full["refused"] <= full["room"]
    if full is None or not is_other_limit or room > full["room"]:
        return max(room, 0)
    since = at - datetime.fromisoformat(full["at"])
    return NOT_EVEN_NOTHING if timedelta(0) <= since < FULL_AGAIN else max(room, 0)
