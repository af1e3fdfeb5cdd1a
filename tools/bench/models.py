"""The Dropboxes that the benchmarks run against: how long calls take and how fast the line is."""

from __future__ import annotations

import math
from dataclasses import replace

from dropbox_simulator import traffic

MAX_BATCH = 1000
"""The most files that one commit may have."""

MEGABYTE = 1_000_000
MEGABIT = 125_000.0
"""In bytes, by the second."""

MODELS: dict[str, traffic.LatencyModel] = {
    "off": traffic.OFF,
    "fast": traffic.FAST,
    "slow": traffic.SLOW,
    "far": traffic.LatencyModel(round_trip=0.100, commit=0.040, commit_batch=0.040, commit_entry=0.002),
    "line": replace(traffic.FAST, client_rate=40.0 * MEGABYTE, connection_rate=14.0 * 1024 * 1024),
    "1-mbit": replace(traffic.FAST, client_rate=1 * MEGABIT),
    "10-mbit": replace(traffic.FAST, client_rate=10 * MEGABIT),
    "100-mbit": replace(traffic.FAST, client_rate=100 * MEGABIT),
    "10-mbit-far": replace(traffic.FAST, client_rate=10 * MEGABIT, round_trip=0.300),
    "10-mbit-lossy": replace(traffic.FAST, client_rate=10 * MEGABIT, loss=0.005),
    "10-mbit-far-lossy": replace(traffic.FAST, client_rate=10 * MEGABIT, round_trip=0.300, loss=0.005),
    "100-mbit-far-lossy": replace(traffic.FAST, client_rate=100 * MEGABIT, round_trip=0.300, loss=0.005),
}
"""The models by name: `far` has a round trip of 100 ms, `line` carries 40 MB/s in all and 14 MiB/s a connection.

Those with a rate let every byte, that of TLS too, cross one line that all connections share.
"""

WORDS = {
    "off": "no latency at all (only used to prepare)",
    "fast": "60 ms there and back, a commit 40 ms + 2 ms a file, no limits",
    "slow": "40 ms there and back, reads 80 ms, a commit 400 ms + 3 ms a file, 300 calls at once then 25 a second, "
    "100 Mbit/s, 1 % server errors",
    "far": "100 ms there and back, a commit 40 ms + 2 ms a file, no limits",
    "line": "as `fast`, with 40 MB/s in all and 14 MiB/s a connection",
    "1-mbit": "as `fast`, on one line of 1 Mbit/s each way",
    "10-mbit": "as `fast`, on one line of 10 Mbit/s each way",
    "100-mbit": "as `fast`, on one line of 100 Mbit/s each way",
    "10-mbit-far": "as `10-mbit`, 300 ms there and back",
    "10-mbit-lossy": "as `10-mbit`, 0.5 % of the packets are lost",
    "10-mbit-far-lossy": "as `10-mbit`, 300 ms there and back, 0.5 % of the packets are lost",
    "100-mbit-far-lossy": "as `100-mbit`, 300 ms there and back, 0.5 % of the packets are lost",
}
"""What the report says about each model."""


def commit_floor(model: str, files: int) -> float:
    """Tell the seconds that committing so many files costs at least, one full batch after the other."""
    costs = MODELS[model]
    batches = math.ceil(files / MAX_BATCH)
    return batches * (costs.round_trip + costs.commit_batch) + files * costs.commit_entry


def line_floor(model: str, size: int) -> float:
    """Tell the seconds that the line needs at least for so many bytes: a handshake, the bytes, the answer's way."""
    costs = MODELS[model]
    return (size / costs.client_rate if costs.client_rate else 0.0) + 2 * costs.round_trip
