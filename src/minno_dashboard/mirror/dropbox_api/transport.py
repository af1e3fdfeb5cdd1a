"""HTTP connections whose time-outs count from the last progress: a slow line may take long, one without progress may not.

requests knows two time-outs, and writing a body falls under the one for connecting: a body that a thin line did not
carry within ten seconds was given up and sent again, without end. Here each portion written has its own time-out, and
the wait for an answer begins when the line has carried the body.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from dropbox import create_session
from dropbox import session as sdk_session
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse
from urllib3.util.wait import wait_for_read

CONNECT_SECONDS = 10.0
READ_SECONDS = 100.0
CONNECTIONS = 12
"""Kept open at once: one for each lane, and one for each short call beside."""
PROGRESS_SECONDS = 60.0
"""A connection on which no byte moved for so long is given up."""
PORTION_BYTES = 64 * 1024
UNSENT_BYTES = 128 * 1024
"""The unsent bytes that the system keeps for a connection: what is written has then nearly left this computer."""
LOOK_SECONDS = 0.05
EARLY_ANSWER_SECONDS = 1.0
"""If nothing moved for so long and there is something to read, it is an answer to a body that nobody wants."""

OnProgress = Callable[[], None]


class _ByProgress(HTTPConnection):
    """Sends in chunks, each within `PROGRESS_SECONDS`; calls `on_progress` after each."""

    on_progress: OnProgress

    def connect(self) -> None:
        """Connect, with a small send buffer."""
        super().connect()
        if self.sock is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def putrequest(self, *arguments: Any, **options: Any) -> None:
        """Begin a request."""
        self._written = 0
        super().putrequest(*arguments, **options)

    def send(self, data: Any) -> None:
        """Send bytes; the time-out counts from the last chunk that was accepted."""
        if not isinstance(data, bytes):
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        self.sock.settimeout(PROGRESS_SECONDS)
        view = memoryview(data)
        for start in range(0, len(view), PORTION_BYTES):
            super().send(view[start : start + PORTION_BYTES])
            self.on_progress()
        self._written += len(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait until the sent bytes were acknowledged, then for the answer."""
        if self._written > PORTION_BYTES:
            self._wait_until_carried()
        return super().getresponse()

    def _wait_until_carried(self) -> None:
        """Wait while many sent bytes are unacknowledged and their number falls.

        Raises:
            TimeoutError: nothing moved for `PROGRESS_SECONDS`.
        """
        look = threading.Event()
        left, moved_at = _unacknowledged_bytes(self.sock), time.monotonic()
        while left > PORTION_BYTES:
            look.wait(LOOK_SECONDS)
            before, left = left, _unacknowledged_bytes(self.sock)
            still = time.monotonic() - moved_at
            if left < before:
                moved_at = time.monotonic()
                self.on_progress()
            elif still > EARLY_ANSWER_SECONDS and wait_for_read(self.sock, 0):
                return
            elif still > PROGRESS_SECONDS:
                raise TimeoutError("the line stands still")


class _TlsByProgress(_ByProgress, HTTPSConnection):
    """The same over TLS."""


def _unacknowledged_bytes(connection: socket.socket) -> int:
    """Return how many sent bytes the peer has not acknowledged yet; 0 where the system cannot tell."""
    if sys.platform != "linux":
        return 0
    import fcntl
    import struct
    import termios

    asked = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", asked)[0])


class ProgressAdapter(sdk_session._SSLAdapter):  # type: ignore[misc]
    """The SDK's transport with such connections; each calls `on_progress`, in its thread, when bytes move."""

    def __init__(self, **options: Any) -> None:
        self.on_progress: OnProgress = _ignore
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Create the connection pools."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Create the connection pools of a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, type[HTTPConnectionPool]]:
        """Return pool classes whose connections report their progress to this adapter."""

        def tell(_: object) -> None:
            self.on_progress()

        plain = type("Plain", (_ByProgress,), {"on_progress": tell})
        tls = type("Tls", (_TlsByProgress,), {"on_progress": tell})
        return {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }


def _ignore() -> None:
    """Do nothing; the default for `on_progress`."""


def watch(session: requests.Session, on_progress: OnProgress) -> None:
    """Call `on_progress` whenever a connection of the session has moved bytes; an exception it raises ends that call."""
    for adapter in session.adapters.values():
        if isinstance(adapter, ProgressAdapter):
            adapter.on_progress = on_progress


def new_session() -> requests.Session:
    """Return the HTTP session for one Dropbox; tests replace this to mount a simulator."""
    session: requests.Session = create_session(max_connections=CONNECTIONS)
    session.mount("https://", ProgressAdapter(pool_connections=4, pool_maxsize=CONNECTIONS))
    return session


def without_secrets(error: Exception) -> Exception:
    """Return an error that names the kind of failure and carries no request, header or body."""
    return ConnectionError(type(error).__name__)
