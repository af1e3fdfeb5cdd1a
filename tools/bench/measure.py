"""What is measured of one piece of work, and how a row of the report is made of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tools.bench.dropbox import TrafficFigures
from tools.bench.processes import Finished

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Measure:
    """One piece of work as Dropbox and the computer saw it; times in seconds, sizes in bytes.

    `seconds` is from the start of the process (or the action) to its end; `busy_seconds` from the first call to the
    last answer. `peak_bytes` is 0 where no process of its own was measured.
    """

    calls: int
    by_route: dict[str, int]
    seconds: float
    busy_seconds: float = 0.0
    bytes_sent: int = 0
    bytes_carried: int = 0
    bytes_changed: int = 0
    largest_header: int = 0
    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    throttled: int = 0
    errors: int = 0

    @classmethod
    def of(
        cls, figures: TrafficFigures, finished: Finished | None, *, changed: int, seconds: float = 0.0
    ) -> Measure:
        """Put together what Dropbox recorded and what the process took."""
        return cls(
            calls=figures.calls,
            by_route=dict(sorted(figures.by_route.items())),
            seconds=finished.seconds if finished else seconds,
            busy_seconds=figures.last - figures.first,
            bytes_sent=figures.bytes_sent,
            bytes_carried=figures.carried,
            bytes_changed=changed,
            largest_header=figures.largest_header,
            peak_bytes=finished.peak_bytes if finished else 0,
            cpu_seconds=finished.cpu_seconds if finished else 0.0,
            throttled=figures.by_status.get("429", 0),
            errors=sum(n for status, n in figures.by_status.items() if status not in ("200", "302", "429")),
        )

    @property
    def sent_ratio(self) -> float | None:
        """Tell the bytes sent for each byte changed, None where nothing changed."""
        return self.bytes_sent / self.bytes_changed if self.bytes_changed else None


@dataclass(frozen=True)
class Goal:
    """One thing a row should reach: what it is, how much is allowed, how much it was."""

    what: str
    allowed: float
    reached: float
    unit: str = ""
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Say whether it was reached."""
        return self.reached >= self.allowed if self.at_least else self.reached <= self.allowed


@dataclass
class ReportRow:
    """One line of the report: a piece of work by the mirror, and the same by its peers in the same run."""

    key: str
    work: str
    model: str
    ours: Measure
    peers: dict[str, Measure] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def best_peer(self) -> tuple[str, Measure] | None:
        """Return the fastest peer and its name."""
        if not self.peers:
            return None
        return min(self.peers.items(), key=lambda peer: peer[1].seconds)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ReportRow:
        """Make a row of plain values."""
        return cls(
            **{
                **values,
                "ours": Measure(**values["ours"]),
                "peers": {name: Measure(**peer) for name, peer in values["peers"].items()},
                "goals": [Goal(**goal) for goal in values["goals"]],
            }
        )
