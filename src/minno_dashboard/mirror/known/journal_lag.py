"""Detects listings that lag behind our own last write; until they show it, they are older than what we know.

Dropbox tells of all changes of a folder in their order. So one write, the last, is enough to know that a listing
tells of all of them; it is recognised by the id and the revision that Dropbox answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from minno_dashboard.core import clock
from minno_dashboard.core.names import fold
from minno_dashboard.mirror.dropbox_api.port import Entry
from minno_dashboard.mirror.stored import LastWrite, Learned

MAX_WAIT_SECONDS = 30.0
"""The longest wait between two looks at listings that are behind."""
MAX_RELISTING_SECONDS = 300.0
FIRST_RELISTING_SECONDS = 5.0
RELISTINGS_COUNT_FOR = timedelta(hours=1)
ASK_DIRECTLY_AFTER = 3
"""After so many looks in vain the place of the last write is read itself: somebody may have changed it since."""
GIVE_UP_AFTER = timedelta(minutes=10)
"""After so long listings are believed, though they never told of our last write."""


def written(entry: Entry) -> LastWrite:
    """Return the listing entry expected after a call that wrote something."""
    return {"path": fold(entry.path_lower), "id": entry.id, "rev": entry.rev, "at": clock.now().isoformat()}


def removed(path: str) -> LastWrite:
    """Return the listing entry expected after a removal."""
    return {"path": fold(path), "id": "", "rev": "", "at": clock.now().isoformat()}


def as_it_is(path: str, entry: Entry | None, at: str) -> LastWrite:
    """Return the listing entry expected for what was just read at a path (None: nothing is there)."""
    return {**(removed(path) if entry is None else written(entry)), "at": at}


def is_told(last_write: LastWrite | None, entries: Iterable[Entry], *, is_listing: bool) -> bool:
    """Return whether entries, changes or a listing of everything, show our last write."""
    if last_write is None:
        return True
    path, state = last_write["path"], (last_write["id"], last_write["rev"])
    if last_write["id"]:
        return any((one.id, one.rev) == state and fold(one.path_lower) == path for one in entries)
    if is_listing:
        return all(fold(one.path_lower) != path for one in entries)
    return any(one.kind == "deleted" and f"{path}/".startswith(f"{fold(one.path_lower)}/") for one in entries)


def is_too_old(last_write: LastWrite) -> bool:
    """Return whether our last write is so old that listings will never show it."""
    return clock.now() - datetime.fromisoformat(last_write["at"]) > GIVE_UP_AFTER


def waiting_longer(learned: Learned, reason: str) -> Learned:
    """Return `learned` with the next look postponed, each time in a row twice as long."""
    in_vain = tries(learned) + 1
    seconds = min(MAX_WAIT_SECONDS, 2.0 ** min(in_vain - 1, 10))
    until = clock.now() + timedelta(seconds=seconds)
    return {**learned, "look": {"reason": reason, "tries": in_vain, "until": until.isoformat()}}


def looking_now(learned: Learned) -> Learned:
    """Return `learned` with no look postponed."""
    left = learned.copy()
    left.pop("look", None)
    return left


def relisting(learned: Learned) -> Learned:
    """Return `learned` for listing everything again: the first time in an hour at once, then later."""
    now = clock.now()
    before = learned.get("relisted")
    is_recent = before is not None and now - datetime.fromisoformat(before["at"]) < RELISTINGS_COUNT_FOR
    count = before["count"] + 1 if before is not None and is_recent else 1
    left: Learned = {**learned, "relisted": {"count": count, "at": now.isoformat()}}
    if count == 1:
        return left
    seconds = min(MAX_RELISTING_SECONDS, FIRST_RELISTING_SECONDS * 2.0 ** min(count - 2, 10))
    until = now + timedelta(seconds=seconds)
    return {**left, "look": {"reason": "relisting", "tries": tries(learned) + 1, "until": until.isoformat()}}


def seconds_left(learned: Learned) -> float:
    """Return the seconds until a look is allowed, 0 where it is; an impossibly long wait (clock set back) counts as over."""
    look = learned.get("look")
    if look is None:
        return 0.0
    left = (datetime.fromisoformat(look["until"]) - clock.now()).total_seconds()
    return left if 0.0 < left <= MAX_RELISTING_SECONDS else 0.0


def tries(learned: Learned) -> int:
    """Return how many looks in a row were useless."""
    look = learned.get("look")
    return 0 if look is None else look["tries"]


def reason(learned: Learned) -> str:
    """Return why looks are postponed."""
    look = learned.get("look")
    return "lagging" if look is None else look["reason"]
