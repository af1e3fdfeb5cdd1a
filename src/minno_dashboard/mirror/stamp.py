"""A mark on what we write, by which it is known again even where the database forgot it.

Dropbox keeps with each file the time of its last change as the writer tells it. Ours is at most four minutes before
the truth, at a second that follows from the content. So a file whose time fits its content was, but for one chance
in 240, written by a Dashboard; where this Dashboard does not know the content, its database is an older one.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

WINDOW_SECONDS = 240


def _second(content_hash: str) -> int:
    return int.from_bytes(hashlib.sha256(content_hash.encode()).digest()[:4], "big") % WINDOW_SECONDS


def marked(at: datetime, content_hash: str) -> datetime:
    """Return the last moment not after `at` that marks this content."""
    now = int(at.timestamp())
    return datetime.fromtimestamp(now - (now - _second(content_hash)) % WINDOW_SECONDS, UTC)


def is_marked(modified: str, content_hash: str) -> bool:
    """Say whether a file of this content and time (as Dropbox writes it) bears the mark."""
    try:
        at = datetime.fromisoformat(modified)
    except ValueError:
        return False
    return at.tzinfo is not None and int(at.timestamp()) % WINDOW_SECONDS == _second(content_hash)
