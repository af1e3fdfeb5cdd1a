"""The processes: one that answers the web, one that does the work that is due, each ending cleanly when told."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

import waitress
from django.conf import settings
from waitress.server import BaseWSGIServer, MultiSocketServer

from minno_dashboard.config import sources
from minno_dashboard.core.errors import Refused
from minno_dashboard.jobs.worker import Worker

log = logging.getLogger(__name__)

WEB_THREADS = 12
WORKER_LANES = 8
RESTART_SECONDS = 2
# Waitress keeps a request in a temporary file above this size, so a large upload never fills the memory.
BODY_IN_MEMORY = 512 * 1024
LARGEST_BODY = 64 * 1024 * 1024
PARENT_PIPE = "MINNO_PARENT_PIPE"


class CannotListen(Refused):
    """The address to listen on is taken, or not this machine's."""


def web(*, with_worker: bool) -> None:
    """Serve the pages until SIGTERM or Ctrl-C; with a worker process beside, started again should it die."""
    from minno_dashboard.config.wsgi import application

    try:
        server = waitress.create_server(
            application,
            host=settings.HOST,
            port=settings.PORT,
            threads=WEB_THREADS,
            inbuf_overflow=BODY_IN_MEMORY,
            max_request_body_size=LARGEST_BODY,
            ident="",
            clear_untrusted_proxy_headers=False,
            channel_timeout=120,
        )
    except OSError as error:
        where = f"{settings.HOST}, port {settings.PORT}"
        raise CannotListen(
            f"The Dashboard cannot listen on {where} ({error.strerror}). "
            "Another program may use this port: set MINNO_PORT to a free one."
        ) from error
    worker = WorkerProcess() if with_worker else None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        server.run()
    except KeyboardInterrupt:
        log.info("stopping")
    finally:
        if worker:
            worker.tell_to_stop()
        _close(server)
        if worker:
            worker.stop()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _close(server: MultiSocketServer | BaseWSGIServer) -> None:
    server.close()
    dispatcher = getattr(server, "task_dispatcher", None)
    if dispatcher is not None:
        dispatcher.shutdown()


class WorkerProcess:
    """The worker as a child that lives exactly as long as the web process.

    The child holds the reading end of a pipe: when this process ends in any way, even by kill -9, the pipe closes
    and the child stops. It has a process group of its own, so that Ctrl-C reaches it only through this process.
    """

    def __init__(self) -> None:
        self._is_stopping = threading.Event()
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, name="worker-process", daemon=True)
        self._thread.start()

    def _keep_running(self) -> None:
        while (child := self._start()) is not None:
            status = child.wait()
            # Whoever stops this process may have told the child as well, and the child was faster.
            if not self._is_stopping.wait(RESTART_SECONDS):
                log.error("the worker ended with status %d; starting it again", status)

    def _start(self) -> subprocess.Popen[bytes] | None:
        """Start a child and return it; None while stopping."""
        command = [sys.executable, "-m", "minno_dashboard.config.cli", "serve", "--only", "worker"]
        with self._starting:
            if self._is_stopping.is_set():
                return None
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.PIPE, env={**os.environ, PARENT_PIPE: "stdin"}, process_group=0
            )
            return self._child

    def tell_to_stop(self) -> None:
        """Tell the worker to end after the steps under way; do not wait for it."""
        with self._starting:
            self._is_stopping.set()
            if self._child and self._child.poll() is None:
                self._child.terminate()

    def stop(self) -> None:
        """End the worker after the steps under way and wait for it."""
        self.tell_to_stop()
        self._thread.join(timeout=30)


def work() -> None:
    """Do what is due until SIGTERM, Ctrl-C, or the end of the web process that started this one."""
    worker = Worker([], lanes=WORKER_LANES)
    worker.sources = sources.all_sources(lambda: worker.is_stopping)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if os.environ.get(PARENT_PIPE) == "stdin":
        threading.Thread(target=_stop_at_end_of_parent, args=(worker,), daemon=True).start()
    log.info("the worker looks for what is due")
    worker.run()


def _stop_at_end_of_parent(worker: Worker) -> None:
    """Wait for the end of the pipe; `sys.stdin` would be locked by this thread while the interpreter ends."""
    while os.read(0, 1024):
        continue
    worker.stop()
