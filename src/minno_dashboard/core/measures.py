"""Counters of what this process does, for `/metrics`; the processes of one `serve` add theirs up through a folder.

The environment variable `FOLDER` must be set before this module is imported: `serve` sets it for its child processes.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's name of the variable."""

_registry = CollectorRegistry()

REQUESTS = Counter(
    "minno_requests",
    "Requests answered by pages, by page and status.",
    ["page", "status"],
    registry=_registry,
)
REQUEST_SECONDS = Histogram(
    "minno_request_seconds",
    "How long pages took to begin their answer.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
    registry=_registry,
)
SAVES = Counter("minno_saves", "Changes of study files that were stored.", registry=_registry)
POSTS = Counter(
    "minno_posts", "Posts of participants, by the status answered.", ["status"], registry=_registry
)
for _status in ("200", "503"):
    POSTS.labels(_status)  # present from the start: a rate needs the zero before the first


def collected() -> CollectorRegistry:
    """Return a registry with the sums over all processes that share the folder; of this process without one."""
    if FOLDER not in os.environ:
        return _registry
    sums = CollectorRegistry()
    MultiProcessCollector(sums)  # type: ignore[no-untyped-call] # theirs is not typed
    return sums
