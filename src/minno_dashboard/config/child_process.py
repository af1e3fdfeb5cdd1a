"""Child processes that live as long as this one and are restarted when they exit."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

RESTART_SECONDS = 2
QUICK_RESTART_SECONDS, STABLE_SECONDS = 1, 10
"""A child that lived `STABLE_SECONDS` is started again sooner."""
STOP_SECONDS = 30

log = logging.getLogger(__name__)


class ChildProcess:
    """A Python process `python -m …` that is kept running until `stop`.

    The child holds the reading end of a pipe as its standard input: when this process ends in any way, even by
    kill -9, the pipe closes and the child stops. It is in a process group of its own, so that Ctrl-C reaches only
    this process, which then stops its children in order.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **(environment or {})}
        self._descriptors = tuple(descriptors)
        self._is_stopping = threading.Event()
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, name=f"{name}-process", daemon=True)
        self._thread.start()

    def _keep_running(self) -> None:
        started = time.monotonic()
        while (child := self._start()) is not None:
            status = child.wait()
            if child.stdin is not None:
                child.stdin.close()
            lived = time.monotonic() - started
            # Whoever stops this process may have told the child as well, and the child was faster.
            if not self._is_stopping.wait(
                RESTART_SECONDS if lived < STABLE_SECONDS else QUICK_RESTART_SECONDS
            ):
                log.error("the %s process ended with status %d; starting it again", self.name, status)
            started = time.monotonic()

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Start a child and return it; None while stopping."""
        with self._starting:
            if self._is_stopping.is_set():
                return None
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.PIPE,
                env=self._environment,
                pass_fds=self._descriptors,
                process_group=0,
            )
            return self._child

    def tell_to_stop(self) -> None:
        """Ask the child to end after its present work; do not wait for it."""
        with self._starting:
            self._is_stopping.set()
            if self._child and self._child.poll() is None:
                self._child.terminate()

    def stop(self) -> None:
        """Ask the child to end and wait for it; after `STOP_SECONDS` it is killed."""
        self.tell_to_stop()
        self._thread.join(timeout=STOP_SECONDS)
        if self._child and self._child.poll() is None:
            log.error("the %s process did not stop in %d s; killing it", self.name, STOP_SECONDS)
            self._child.kill()
            self._thread.join(timeout=STOP_SECONDS)
