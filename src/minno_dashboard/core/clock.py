"""The only module that reads the clock."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime


def now() -> datetime:
    """Return the current time in UTC, with its time zone."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Return seconds of a clock that never jumps, for measuring durations."""
    return time.monotonic()


def start_of_day(day: date) -> datetime:
    """Return the first moment of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
