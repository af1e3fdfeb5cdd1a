"""The lock on the data folder: one Dashboard at a time uses it, and nothing is restored or moved beneath it.

The kernel holds the lock (flock): it is free as soon as its last holder has ended, however it ended. The text in the
lock's file only names the holders for messages.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused, Unavailable
from minno_dashboard.jobs.worker import place_name

FILE_NAME = "in_use.lock"
ENDING_SECONDS = 120.0
"""How long to wait for the processes of a Dashboard that was killed: they end by themselves when they notice."""
MAX_NAMED = 20
"""Processes of other containers cannot be seen to end, so the names are bounded."""
_LOOK_AGAIN_SECONDS = 0.2


class FolderInUse(Refused):
    """Another process uses the data folder."""


@dataclass(frozen=True)
class Holder:
    """A process that holds the lock, or held it."""

    pid: int
    place: str
    command: str
    since: str

    def has_ended(self) -> bool:
        """Return whether this process is known to be gone; False for processes of other machines and containers."""
        if self.place != place_name():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def __str__(self) -> str:
        where = "" if self.place == place_name() else f" on {self.place}"
        return f"process {self.pid}{where} ({self.command}, since {self.since} UTC)"


@contextmanager
def held(folder: Path, command: str, *, is_shared: bool = False) -> Iterator[int]:
    """Hold the lock of a data folder, yielding its descriptor: child processes that inherit it hold the lock as well.

    Parts that are started apart (`serve --only …`) share it.

    Raises:
        FolderInUse: another process holds it.
        Unavailable: the file system of the folder has no locks.
    """
    descriptor = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, folder, is_shared=is_shared)
        _sign(descriptor, command, is_shared=is_shared)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path, *, is_shared: bool) -> None:
    """Take the lock; wait only where the process that took it has been killed and its children are still ending."""
    deadline = clock.monotonic_seconds() + ENDING_SECONDS
    while not _is_taken(descriptor, folder, is_shared=is_shared):
        holders = _holders(descriptor)
        running = [each for each in holders if not each.has_ended()]
        if running or clock.monotonic_seconds() >= deadline:
            raise FolderInUse(_sentence(folder, running))
        threading.Event().wait(_LOOK_AGAIN_SECONDS)


def _is_taken(descriptor: int, folder: Path, *, is_shared: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unavailable(
            f"The data folder {folder} is on a file system without locks ({error.strerror}), so two Dashboards could "
            "damage it. Nothing was changed. Set MINNO_DATA_DIR to a folder on a local disk."
        ) from error
    return True


def _sentence(folder: Path, running: list[Holder]) -> str:
    by = "; ".join(map(str, running)) or "processes of a Dashboard that was killed, which have not ended yet"
    return (
        f"The data folder {folder} is in use by {by}. Nothing was changed. "
        "Stop that one first, or give this one a folder of its own with MINNO_DATA_DIR."
    )


def _holders(descriptor: int) -> list[Holder]:
    """Return who wrote themselves into the lock's file; the lock itself decides, so an unreadable text names nobody."""
    try:
        return [Holder(**each) for each in json.loads(os.pread(descriptor, 1 << 20, 0) or b"[]")]
    except (ValueError, TypeError):
        return []


def _sign(descriptor: int, command: str, *, is_shared: bool) -> None:
    """Write this process into the lock's file, beside those that share the lock."""
    mine = Holder(os.getpid(), place_name(), command, f"{clock.now():%Y-%m-%d %H:%M}")
    others = [each for each in _holders(descriptor) if not each.has_ended()] if is_shared else []
    text = json.dumps([asdict(each) for each in (*others[-MAX_NAMED:], mine)]).encode("ascii")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text, 0)
