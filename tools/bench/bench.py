"""What every row of the benchmarks has at hand: the Dropbox, a fresh Dashboard, the peers, the sizes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.bench.dropbox import SimulatedDropbox
from tools.bench.installation import Installation
from tools.bench.measure import ReportRow
from tools.bench.processes import Failed, Running
from tools.bench.rclone import Rclone


@dataclass(frozen=True)
class Sizes:
    """How much work each row is; the defaults are those of the targets."""

    small_files: int = 10_000
    small_folders: int = 200
    large_files: int = 100
    large_bytes: int = 50_000_000
    folder_files: int = 5_000
    folder_folders: int = 50
    users: int = 200
    within_seconds: float = 10.0
    edits: int = 5
    account_files: int = 100_000

    @property
    def is_full(self) -> bool:
        """Say whether these are the sizes that the targets speak of."""
        return self == Sizes()


QUIET_SECONDS = 1.5
QUIET_LIMIT = 300.0
QUICK = Sizes(
    small_files=40,
    small_folders=4,
    large_files=2,
    large_bytes=20_000_000,
    folder_files=20,
    folder_folders=2,
    users=3,
    within_seconds=1.0,
    edits=2,
    account_files=60,
)
"""Sizes for trying whether everything works."""


@dataclass
class Bench:
    """One run of the benchmarks."""

    dropbox: SimulatedDropbox
    folder: Path
    sizes: Sizes = field(default_factory=Sizes)
    peers: tuple[str, ...] = ("32 transfers", "defaults")
    model: str = "fast"
    number: int = 0

    def fresh(self, name: str) -> Path:
        """Return a new empty folder."""
        self.number += 1
        path = self.folder / f"{self.number:02}-{name}"
        path.mkdir(parents=True)
        return path

    @contextmanager
    def installation(self, name: str, *, port: int = 0) -> Iterator[Installation]:
        """Make a Dashboard of its own and end its processes afterwards."""
        with Installation(self.dropbox, self.fresh(name), port=port) as installation:
            yield installation

    def quiet(self, worker: Running) -> None:
        """Wait until the worker has made no call for a while; one that has just begun proves everything first."""
        seen: list[int] = [0]

        def is_quiet() -> bool:
            worker.must_run()
            before, seen[0] = seen[0], self.dropbox.figures().calls
            return 0 < before == seen[0]

        until(is_quiet, limit=QUIET_LIMIT, what="the worker is idle", every=QUIET_SECONDS)

    @contextmanager
    def rclone(self, name: str) -> Iterator[Rclone]:
        """Give rclone an empty account of its own."""
        self.number += 1
        yield Rclone(self.dropbox, self.fresh("rclone"), email=f"{name}-{self.number}@example.com")


Maker = Callable[[Bench], Iterator[ReportRow]]


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(text, file=sys.stderr, flush=True)


def until(condition: Callable[[], bool], *, limit: float, what: str, every: float = 0.05) -> float:
    """Wait until something is so and return how long it took.

    Raises:
        Failed: it was not so within `limit` seconds.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > limit:
            raise Failed(f"this did not happen within {limit:.0f} s: {what}")
        time.sleep(every)
    return time.monotonic() - started
