"""Encodes a content-derived second (mod 240) in `client_modified`, so that our files are recognised after a database restore.

Dropbox keeps with each file the time of its last change as the writer tells it. Ours is at most four minutes before
the truth, at a second that follows from the content. So a file whose time fits its content was, but for one chance
in 240, written by a Dashboard; where this Dashboard does not know the content, its database is an older one.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime

WINDOW_SECONDS = 240
MAX_CHANCE = 0.005
"""Marks are a sign where so many of them would come together by chance no more often than this."""


def _second(content_hash: str) -> int:
    return int.from_bytes(hashlib.sha256(content_hash.encode()).digest()[:4], "big") % WINDOW_SECONDS


def marked(at: datetime, content_hash: str) -> datetime:
    """Return the last time not after `at` that carries the signature of this content."""
    now = int(at.timestamp())
    return datetime.fromtimestamp(now - (now - _second(content_hash)) % WINDOW_SECONDS, UTC)


def is_marked(modified: str, content_hash: str) -> bool:
    """Return whether a file's time (as Dropbox writes it) carries the signature of its content; false positives 1 in 240."""
    try:
        at = datetime.fromisoformat(modified)
    except ValueError:
        return False
    return at.tzinfo is not None and int(at.timestamp()) % WINDOW_SECONDS == _second(content_hash)


def is_more_than_chance(marked: int, files: int) -> bool:
    """Return whether more of so many foreign files carry the signature than chance explains."""
    if not marked:
        return False
    chance = 1.0 / WINDOW_SECONDS
    fewer = sum(
        math.comb(files, count) * chance**count * (1.0 - chance) ** (files - count) for count in range(marked)
    )
    return 1.0 - fewer <= MAX_CHANCE
