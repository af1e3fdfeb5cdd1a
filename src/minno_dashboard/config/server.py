"""The processes of `serve`: the gateway on the public port, web processes behind it, the worker; all end cleanly when told.

`serve` itself only holds the listening sockets and keeps the others running: a connection that arrives while one of
them is started again waits in the socket's queue.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import select
import signal
import socket
import threading
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from types import FrameType

from django.conf import settings

from minno_dashboard.config import sources, web_process
from minno_dashboard.config.child_process import ChildProcess
from minno_dashboard.config.gateway import process as gateway
from minno_dashboard.core import measures
from minno_dashboard.core.errors import Refused
from minno_dashboard.jobs.worker import Worker

log = logging.getLogger(__name__)

PARTS = ("web", "participants", "worker")
WORKER_LANES = 8
BACKLOG = 1024
PARENT_PIPE = "MINNO_PARENT_PIPE"


class CannotListen(Refused):
    """The address to listen on is in use, or not on this machine."""


def is_child() -> bool:
    """Return whether another process of this Dashboard started this one."""
    return os.environ.get(PARENT_PIPE) == "stdin"


def serve(parts: tuple[str, ...] = PARTS, *, lock: int | None = None) -> None:
    """Run some parts of the Dashboard until SIGTERM or Ctrl-C; a process that dies is started again.

    All of them inherit the descriptor `lock`: the data folder is free when the last one has ended.
    """
    locks = [] if lock is None else [lock]
    with ExitStack() as open_sockets:
        os.environ[measures.FOLDER] = open_sockets.enter_context(TemporaryDirectory(prefix="minno-counters-"))
        public = [open_sockets.enter_context(each) for each in _public_sockets()]
        signal.signal(signal.SIGTERM, _interrupt)
        children: list[ChildProcess] = []
        try:
            secret = secrets.token_urlsafe(32)
            ports: dict[str, int | None] = {"pages": None, "participants": None}
            for name, part in (("pages", "web"), ("participants", "participants")):
                if part in parts:
                    private = open_sockets.enter_context(_listen(socket.AF_INET, ("127.0.0.1", 0)))
                    ports[name] = private.getsockname()[1]
                    children.append(_web_process(name, private, secret, locks))
            children.append(_gateway(public, ports, secret, locks))
            if "worker" in parts:
                children.append(_worker_process(locks))
            threading.Event().wait()
        except KeyboardInterrupt:
            log.info("stopping")
        finally:
            _stop(children)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stop(children: list[ChildProcess]) -> None:
    """Stop the gateway first, which lets requests in progress end, then the others."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for child in children:
        if child.name in ("gateway", "worker"):
            child.tell_to_stop()
    for child in children:
        if child.name == "gateway":
            child.stop()
    for child in children:
        child.tell_to_stop()
    for child in children:
        child.stop()


def _public_sockets() -> list[socket.socket]:
    """Listen on every address that the configured host name stands for.

    Raises:
        CannotListen: the port is taken, or the host is not this machine's.
    """
    found: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(
            settings.HOST or None, settings.PORT, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in dict.fromkeys(infos):
            found.append(_listen(family, address))
    except OSError as error:
        for each in found:
            each.close()
        where = f"{settings.HOST}, port {settings.PORT}"
        raise CannotListen(
            f"The Dashboard cannot listen on {where} ({error.strerror}). "
            "Another program may use this port: set MINNO_PORT to a free one."
        ) from error
    return found


def _listen(family: int, address: object) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)  # type: ignore[arg-type] # getaddrinfo's
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _web_process(name: str, private: socket.socket, secret: str, locks: list[int]) -> ChildProcess:
    given = json.dumps({"listen": private.fileno(), "secret": secret})
    return ChildProcess(
        name,
        ["minno_dashboard.config.web_process"],
        environment={web_process.ENVIRONMENT: given},
        descriptors=[private.fileno(), *locks],
    )


def _gateway(
    public: list[socket.socket], ports: dict[str, int | None], secret: str, locks: list[int]
) -> ChildProcess:
    descriptors = [each.fileno() for each in public]
    given = json.dumps({"listen": descriptors, "secret": secret, **ports})
    return ChildProcess(
        "gateway",
        ["minno_dashboard.config.gateway.process"],
        environment={gateway.ENVIRONMENT: given},
        descriptors=[*descriptors, *locks],
    )


def _worker_process(locks: list[int]) -> ChildProcess:
    return ChildProcess(
        "worker",
        ["minno_dashboard.config.cli", "serve", "--only", "worker"],
        environment={PARENT_PIPE: "stdin"},
        descriptors=locks,
    )


def work() -> None:
    """Run the worker until SIGTERM, Ctrl-C, or the end of the process that started it."""
    worker = Worker([], lanes=WORKER_LANES)
    worker.sources = sources.all_sources(lambda: worker.is_stopping)
    told, tell = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        # A handler runs between any two steps of the main thread: it must take no lock, so it stops nothing itself.
        signal.signal(number, lambda *_: _write(tell))
    parent = 0 if is_child() else None
    threading.Thread(target=_stop_when_told, args=(worker, told, parent), daemon=True).start()
    log.info("the worker looks for what is due")
    worker.run()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # told again while the interpreter ends, it still ends cleanly


def _write(tell: int) -> None:
    os.write(tell, b".")


def _stop_when_told(worker: Worker, told: int, parent: int | None) -> None:
    """Stop the worker once a byte came through `told`, or the pipe to the starting process has closed."""
    ends = [told] if parent is None else [told, parent]
    is_told = False
    while not is_told:
        ready, _, _ = select.select(ends, [], [])
        # Read from the descriptor: `sys.stdin` would be locked by this thread while the interpreter ends.
        is_told = told in ready or not os.read(ready[0], 1024)
    worker.stop()
