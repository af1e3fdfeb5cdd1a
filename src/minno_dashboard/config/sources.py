"""Everything the worker asks for due work."""

from __future__ import annotations

from collections.abc import Callable

from minno_dashboard.jobs.services import DueJobs, DuePeriodic
from minno_dashboard.jobs.worker import Source
from minno_dashboard.mirror.restore import DueRestores
from minno_dashboard.mirror.source import DueMirrors


def all_sources(is_stopping: Callable[[], bool]) -> list[Source]:
    """Return the sources, the mirrors first: a saved file should be in Dropbox within seconds."""
    return [DueMirrors(is_stopping, worker_begins=True), DueRestores(is_stopping), DueJobs(), DuePeriodic()]
