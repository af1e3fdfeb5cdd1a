"""The Dropboxes that the benchmarks run against: how long calls take and how fast the line is."""

from __future__ import annotations

import math
from dataclasses import replace

from dropbox_simulator import traffic

LARGEST_BATCH = 1000
"""The most files that one commit may have."""

MEGABYTE = 1_000_000

MODELS: dict[str, traffic.LatencyModel] = {
    "off": traffic.OFF,
    "fast": traffic.FAST,
    "slow": traffic.SLOW,
    "far": traffic.LatencyModel(round_trip=0.100, commit=0.040, commit_batch=0.040, commit_entry=0.002),
    "line": replace(traffic.FAST, client_rate=40.0 * MEGABYTE, connection_rate=14.0 * 1024 * 1024),
}
"""The models by name: `far` has a round trip of 100 ms, `line` carries 40 MB/s in all and 14 MiB/s a connection."""

WORDS = {
    "off": "no latency at all (only used to prepare)",
    "fast": "60 ms there and back, a commit 40 ms + 2 ms a file, no limits",
    "slow": "40 ms there and back, reads 80 ms, a commit 400 ms + 3 ms a file, 300 calls at once then 25 a second, "
    "100 Mbit/s, 1 % server errors",
    "far": "100 ms there and back, a commit 40 ms + 2 ms a file, no limits",
    "line": "as `fast`, with 40 MB/s in all and 14 MiB/s a connection",
}
"""What the report says about each model."""


def commit_floor(model: str, files: int) -> float:
    """Tell the seconds that committing so many files costs at least, one full batch after the other."""
    costs = MODELS[model]
    batches = math.ceil(files / LARGEST_BATCH)
    return batches * (costs.round_trip + costs.commit_batch) + files * costs.commit_entry


def line_floor(model: str, size: int) -> float:
    """Tell the seconds that the line needs at least for so many bytes."""
    rate = MODELS[model].client_rate
    return size / rate if rate else 0.0
