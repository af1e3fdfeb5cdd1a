"""The record of every call, and queries of it for tests and benchmarks."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Record:
    """One call; times are seconds of the simulator's clock, sizes are bytes."""

    number: int
    route: str
    started: float
    account: str | None = None
    arg: Any = None
    body_size: int = 0
    header_size: int = 0
    ended: float | None = None
    status: int = 0
    error: str | None = None
    retry_after: float | None = None
    lock_wait: float = 0.0
    overlapped_writers: int = 0
    writes: bool = False
    fault: str | None = None
    ending: str = "complete"


class Recorder:
    """Keeps the records in the order in which calls arrived."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self.records: list[Record] = []
        self._number = 0

    def begin(self, route: str, started: float, body_size: int, header_size: int) -> Record:
        """Record that a call arrived."""
        with self._lock:
            self._number += 1
            record = Record(self._number, route, started, body_size=body_size, header_size=header_size)
            self.records.append(record)
            return record

    def clear(self) -> None:
        """Delete all records."""
        with self._lock:
            self.records.clear()

    def calls(self, route: str | None = None) -> list[Record]:
        """List the calls, of one route or of all."""
        with self._lock:
            return [record for record in self.records if route is None or record.route == route]

    def counts(self) -> dict[str, int]:
        """Count the calls by route."""
        return dict(Counter(record.route for record in self.calls()))

    def bytes_sent(self) -> int:
        """Add up the bodies clients sent to content routes."""
        return sum(record.body_size for record in self.calls() if "upload" in record.route)

    def largest_header(self) -> int:
        """Return the size of the largest request header."""
        return max((record.header_size for record in self.calls()), default=0)

    def summary(self) -> dict[str, Any]:
        """Return a summary for a benchmark."""
        records = self.calls()
        return {
            "calls": len(records),
            "by_route": self.counts(),
            "bytes_sent": self.bytes_sent(),
            "largest_header": self.largest_header(),
            "lock_wait": sum(record.lock_wait for record in records),
            "throttled": sum(1 for record in records if record.status == 429),
            "overlapping_writes": len(self.overlapping_writes()),
        }

    def export(self) -> list[dict[str, Any]]:
        """Return the records as JSON values."""
        values: list[dict[str, Any]] = json.loads(
            json.dumps([asdict(record) for record in self.calls()], default=str)
        )
        return values

    def overlapping_writes(self) -> list[Record]:
        """List the writes that began while another write of the same account was running."""
        return [record for record in self.calls() if record.overlapped_writers]

    def calls_inside_retry_after(self) -> list[Record]:
        """List the calls an account made before the time that a 429 had set."""
        closed: dict[str, tuple[float, bool]] = {}
        found = []
        for record in self.calls():
            if record.account is None:
                continue
            until, writes_only = closed.get(record.account, (0.0, False))
            if record.started < until and (record.writes or not writes_only):
                found.append(record)
            if record.status == 429 and record.retry_after is not None and record.ended is not None:
                only = "too_many_write_operations" in (record.error or "")
                closed[record.account] = (max(until, record.ended + record.retry_after), only)
        return found

    def autorenaming(self) -> list[Record]:
        """List the calls that asked Dropbox to rename automatically."""
        return [
            record for record in self.calls() if '"autorename": true' in json.dumps(record.arg, default=str)
        ]

    def assert_polite(self) -> None:
        """Raise AssertionError when a client broke a rule that every mirror must keep."""
        for name, found in (
            ("call inside a Retry-After", self.calls_inside_retry_after()),
            ("two writes of one account at once", self.overlapping_writes()),
            ("autorename=true", self.autorenaming()),
        ):
            if found:
                first = found[0]
                raise AssertionError(f"{len(found)} × {name}; first: call {first.number} {first.route}")
