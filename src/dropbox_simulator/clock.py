"""The time of a simulated Dropbox: real, or set by a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

VIRTUAL_START_SECONDS = 1_795_435_200.0
"""Where a virtual clock starts: 2026-11-23 12:00:00 UTC."""


class Clock(Protocol):
    """Interface of a clock; times are seconds since 1970, UTC."""

    def now(self) -> float:
        """Return the current time."""
        ...

    def advance(self, seconds: float) -> None:
        """Advance the clock by so many seconds at once."""
        ...

    def sleep_until(self, moment: float) -> None:
        """Return when the time has come."""
        ...

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], until: float) -> bool:
        """Wait, holding the condition, until ready or until the moment has come; return whether ready."""
        ...


class RealClock:
    """The computer's clock, plus the seconds added by `advance`."""

    def __init__(self) -> None:
        """Start without any addition."""
        self._added = 0.0
        self._turned = threading.Condition()

    def now(self) -> float:
        """Return the current time."""
        return time.time() + self._added

    def advance(self, seconds: float) -> None:
        """Advance the clock and wake all sleepers."""
        with self._turned:
            self._added += seconds
            self._turned.notify_all()

    def sleep_until(self, moment: float) -> None:
        """Return when the time has come."""
        with self._turned:
            while (left := moment - self.now()) > 0:
                self._turned.wait(left)

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], until: float) -> bool:
        """Wait, holding the condition, until ready or until the moment has come; return whether ready."""
        while not ready():
            left = until - self.now()
            if left <= 0:
                return False
            condition.wait(min(left, 1.0))
        return True


class VirtualClock:
    """A clock that stands still; sleeping advances it at once, never back."""

    def __init__(self, start: float = VIRTUAL_START_SECONDS) -> None:
        """Start at the given moment."""
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the current time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Advance the clock by so many seconds at once."""
        with self._lock:
            self._now += seconds

    def sleep_until(self, moment: float) -> None:
        """Advance the clock to the time; parallel sleepers overlap instead of adding up."""
        with self._lock:
            self._now = max(self._now, moment)

    def wait_for(self, condition: threading.Condition, ready: Callable[[], bool], until: float) -> bool:
        """Return at once: if not ready, advance the clock to the time."""
        if ready():
            return True
        self.sleep_until(until)
        return ready()
