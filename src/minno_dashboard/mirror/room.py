"""Whether a Dropbox that was full has room enough for another try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

FULL_AGAIN = timedelta(hours=23)
"""After so long it is tried again, however little room there is."""


def is_too_little(room: int, full: dict[str, Any] | None, at: datetime) -> bool:
    """Say whether sending would be in vain: `room` is in bytes, `full` says how much was not enough, and when."""
    if room <= 0:
        return True
    if full is None:
        return False
    return room <= full["room"] and at < datetime.fromisoformat(full["at"]) + FULL_AGAIN
