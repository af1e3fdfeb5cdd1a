"""The worker's sources of due work."""

from __future__ import annotations

from collections.abc import Callable

from minno_dashboard.core import clock
from minno_dashboard.jobs.services import DueJobs, DuePeriodic
from minno_dashboard.jobs.worker import Source
from minno_dashboard.mirror.restoring.restore import DueRestores
from minno_dashboard.mirror.running.due_links import DueMirrors, LongRuns
from minno_dashboard.siteconfig import queries as siteconfig

LOOK_SECONDS = 1.0


def all_sources(is_stopping: Callable[[], bool], *, look_seconds: float = LOOK_SECONDS) -> list[Source]:
    """Return the sources, the mirrors first: a saved file should be in Dropbox within seconds."""
    must_stop = OrSwitchedOff(is_stopping, look_seconds)
    long_runs = LongRuns()
    mirrors = DueMirrors(must_stop, worker_begins=True, long_runs=long_runs)
    return [mirrors, DueRestores(must_stop, long_runs), DueJobs(), DuePeriodic()]


class OrSwitchedOff:
    """Callable: whether a run must stop because the process ends, or an admin switched synchronization off.

    Runs ask often, the database is asked once in `look_seconds`.
    """

    def __init__(self, is_stopping: Callable[[], bool], look_seconds: float) -> None:
        self._is_stopping, self._look_seconds = is_stopping, look_seconds
        self._looked_at = float("-inf")
        self._is_off = False

    def __call__(self) -> bool:
        """Return the answer now."""
        if self._is_stopping():
            return True
        now = clock.monotonic_seconds()
        if now - self._looked_at >= self._look_seconds:
            self._is_off, self._looked_at = not siteconfig.dropbox().is_enabled, now
        return self._is_off
