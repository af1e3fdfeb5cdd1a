"""The worker: claims due work from its sources, does it in a few threads, stops when told."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from django.db import close_old_connections, connection, connections

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
MACHINE, PROCESSES = Path("/etc/machine-id"), Path("/proc/self/ns/pid")
"""What tells machines and containers of one host name apart, where there is such a thing."""


class Source(Protocol):
    """A source of due work."""

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim one piece of due work under the name `owner` and return it, or None."""


def place_name() -> str:
    """Return a name of the machine, or container, in which this process's number is valid.

    The host name is not enough: containers, and machines set up from one image, often share it.
    """
    marks = [socket.gethostname()]
    if MACHINE.exists():
        marks.append(MACHINE.read_text().strip())
    if PROCESSES.is_symlink():
        marks.append(str(PROCESSES.readlink()))
    return f"{marks[0][:40]}-{blake2b('|'.join(marks).encode(), digest_size=6).hexdigest()}"


def owner_name() -> str:
    """Return a name for this process in leases, unique among all workers of all machines."""
    return f"{place_name()}:{os.getpid()}:{os.urandom(4).hex()}"


class Worker:
    """Runs due work of several sources in `lanes` threads until `stop` is called."""

    def __init__(self, sources: Sequence[Source], *, lanes: int = 8) -> None:
        self.sources = sources
        self.owner = owner_name()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._free = threading.Semaphore(lanes)
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="work")

    def stop(self) -> None:
        """Ask the worker to end after the pieces of work under way."""
        self._stop.set()
        self._wake.set()

    @property
    def is_stopping(self) -> bool:
        """Return whether `stop` was called; long work checks it between its steps."""
        return self._stop.is_set()

    def run(self) -> None:
        """Work until stopped; returns when all work under way has ended."""
        while not self._stop.is_set():
            self._wake.clear()
            if not self._start_what_is_due():
                self._wake.wait(TICK_SECONDS)
        self._pool.shutdown(wait=True)
        connections.close_all()

    def _start_what_is_due(self) -> bool:
        """Start due work while lanes are free; return whether any was started."""
        started = False
        for source in self.sources:
            while not self._stop.is_set() and self._free.acquire(blocking=False):
                work = self._claim(source)
                if work is None:
                    self._free.release()
                    break
                self._pool.submit(self._do, work)
                started = True
        return started

    def _claim(self, source: Source) -> Callable[[], None] | None:
        try:
            close_old_connections()
            return source.claim_next(self.owner)
        except Exception:
            log.exception("%s could not be asked what is due; asking again", type(source).__name__)
            connection.close()
            return None

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("a piece of work ended with an error; its lease runs out and it is tried again")
        finally:
            connections.close_all()
            self._free.release()
            self._wake.set()
