"""How long calls take, who holds the write lock, and who asks too often."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

from dropbox_simulator.line import LineModel

CostKind = Literal[
    "none", "read", "write", "transfer", "start_batch", "commit", "commit_batch", "relocate", "launch"
]

WRITING: frozenset[CostKind] = frozenset({"write", "commit", "commit_batch", "relocate", "launch"})
"""The kinds of calls that take the write lock of the account."""


@dataclass(frozen=True)
class LatencyModel:
    """How long things take, in seconds, bytes and bytes per second; the defaults cost nothing."""

    round_trip: float = 0.0
    read: float = 0.0
    small_write: float = 0.0
    transfer: float = 0.0
    start_batch: float = 0.0
    commit: float = 0.0
    commit_batch: float = 0.0
    commit_entry: float = 0.0
    relocate: float = 0.0
    relocate_node: float = 0.0
    client_rate: float | None = None
    connection_rate: float | None = None
    loss: float = 0.0
    lock_patience: float | None = None
    lock_retry_after: tuple[int, int] = (1, 5)
    burst: float | None = None
    per_second: float = 25.0
    first_retry_after: int = 15
    later_retry_after: int = 300
    server_error_chance: float = 0.0
    reset_chance: float = 0.0

    @property
    def line(self) -> LineModel:
        """Return the line that carries the bytes; one without limits where none is narrow or lossy."""
        if not (self.client_rate or self.connection_rate or self.loss):
            return LineModel()
        return LineModel(self.client_rate, self.client_rate, self.connection_rate, self.round_trip, self.loss)

    def fixed_cost(self, kind: CostKind) -> float:
        """Tell what a call of the kind costs before counting entries and bytes."""
        costs: dict[CostKind, float] = {
            "none": 0.0,
            "read": self.read,
            "write": self.small_write,
            "transfer": self.transfer,
            "start_batch": self.start_batch,
            "commit": self.commit,
            "commit_batch": self.commit_batch,
            "relocate": self.relocate,
            "launch": 0.0,
        }
        return costs[kind]

    def entries_cost(self, kind: CostKind, entries: int) -> float:
        """Tell what the entries of a batch, or the nodes of a moved folder, add."""
        per_entry = {"commit_batch": self.commit_entry, "commit": 0.0, "relocate": self.relocate_node}
        return per_entry.get(kind, 0.0) * entries

    def bytes_cost(self, size: int) -> float:
        """Return how long one connection needs for so many bytes."""
        rates = [rate for rate in (self.client_rate, self.connection_rate) if rate]
        return size / min(rates) if rates else 0.0


OFF = LatencyModel()
"""Everything at once, nothing refused."""

SLOW = LatencyModel(
    round_trip=0.040,
    read=0.080,
    small_write=0.250,
    transfer=0.120,
    start_batch=0.120,
    commit=0.300,
    commit_batch=0.400,
    commit_entry=0.003,
    relocate=0.250,
    relocate_node=0.0002,
    client_rate=12_500_000.0,
    connection_rate=14.0 * 1024 * 1024,
    lock_patience=1.5,
    burst=300.0,
    per_second=25.0,
    server_error_chance=0.01,
    reset_chance=0.002,
)
"""The pessimistic model: lock, rate limits, one per cent of errors."""

FAST = LatencyModel(round_trip=0.060, commit=0.040, commit_batch=0.040, commit_entry=0.002)
"""A near Dropbox: 60 ms there and back, 40 ms a commit and 2 ms an entry, no limits."""

MODELS: dict[str, LatencyModel] = {"off": OFF, "slow": SLOW, "fast": FAST}
"""The models by the names the command line knows."""


class LockRefused(Exception):
    """The write lock was not free in time."""


class RateRefused(Exception):
    """Too many calls; says how long to stay away."""

    def __init__(self, retry_after: int) -> None:
        """Keep the seconds to wait."""
        super().__init__(str(retry_after))
        self.retry_after = retry_after


@dataclass
class Lane:
    """The write lock (as a time line), the token bucket and the running writers of one link."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0
    client_free_at: float = 0.0
    tokens: float | None = None
    filled_at: float = 0.0
    refused_in_row: int = 0
    writers: int = 0

    def take_token(self, model: LatencyModel, now: float) -> None:
        """Take one call from the bucket; refused calls count too. Raise RateRefused."""
        if model.burst is None:
            return
        with self.lock:
            if self.tokens is None:
                self.tokens, self.filled_at = model.burst, now
            self.tokens = min(model.burst, self.tokens + (now - self.filled_at) * model.per_second)
            self.filled_at = now
            self.tokens -= 1
            if self.tokens >= 0:
                self.refused_in_row = 0
                return
            self.tokens = max(self.tokens, -model.burst)
            self.refused_in_row += 1
            again = self.refused_in_row > 1
        raise RateRefused(model.later_retry_after if again else model.first_retry_after)

    def queue(self, model: LatencyModel, now: float, cost: float) -> float:
        """Stand in line for the write lock; tell when it is ours, or raise LockRefused."""
        with self.lock:
            start = max(now, self.free_at)
            if model.lock_patience is not None and start - now > model.lock_patience:
                raise LockRefused
            self.free_at = start + cost
            return start

    def extend(self, cost: float) -> None:
        """Hold the lock longer, as the work turned out to be more."""
        with self.lock:
            self.free_at += cost

    def receive(self, model: LatencyModel, now: float, size: int) -> float:
        """Return when a body has arrived, sharing the client's own bandwidth."""
        end = now + model.bytes_cost(size)
        if model.client_rate:
            with self.lock:
                self.client_free_at = max(self.client_free_at, now) + size / model.client_rate
                end = max(end, self.client_free_at)
        return end
