"""A gateway in a thread of its own before a real waitress, with limits that tests choose."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import waitress

from minno_dashboard.config.behind_gateway import behind_gateway
from minno_dashboard.config.gateway import routing
from minno_dashboard.config.gateway.http_server import GatewayServer
from minno_dashboard.config.gateway.limits import GatewayLimits
from minno_dashboard.config.gateway.relay import Upstream
from tests.waiting import PATIENCE_SECONDS

SECRET = "a secret of this test"


class EndlessAnswer:
    """An answer of zeros without an end that says when it was given up."""

    def __init__(self, closed: threading.Event) -> None:
        self.closed = closed

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield bytes(64 * 1024)

    def close(self) -> None:
        self.closed.set()


class Application:
    """WSGI: tells what it was asked, as JSON."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.calls = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.calls += 1
        if environ["PATH_INFO"] == "/endless":
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            return EndlessAnswer(self.closed)
        if environ["PATH_INFO"] == "/empty":
            start_response("204 No Content", [])
            return []
        body = environ["wsgi.input"].read()
        told = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "client": environ["REMOTE_ADDR"],
            "headers": {k: v for k, v in environ.items() if k.startswith("HTTP_")},
            "size": len(body),
            "sum": sum(body) % 65521,
        }
        answer = json.dumps(told).encode()
        if environ["PATH_INFO"] == "/streamed":
            start_response("200 OK", [("Content-Type", "application/json"), ("X-Kind", "streamed")])
            return iter([answer[:10], answer[10:]])
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]


class RunningGateway:
    """A gateway on a free port, and the web server behind it."""

    def __init__(self, limits: GatewayLimits) -> None:
        self.application = Application()
        self.web = waitress.create_server(
            behind_gateway(self.application, SECRET),
            host="127.0.0.1",
            port=0,
            threads=4,
            inbuf_overflow=2
            ** 27,  # in memory: waitress leaves closing its temporary files to the garbage collector
            outbuf_overflow=2**27,
            clear_untrusted_proxy_headers=False,
        )
        self.web_port = int(self.web.effective_port)
        self.limits = limits
        self.port = 0
        self.server: GatewayServer | None = None
        self._web_thread = threading.Thread(target=self._run_web, daemon=True)
        self._ready = threading.Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> None:
        self._web_thread.start()
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS)

    def stop_web(self) -> None:
        self.web.close()
        for channel in list(self.web.active_channels.values()):
            channel.close()
        self.web.task_dispatcher.shutdown()
        self._web_thread.join(PATIENCE_SECONDS)

    def stop(self) -> None:
        self._stop()
        self._thread.join(PATIENCE_SECONDS)
        self.application.closed.set()
        self.stop_web()

    def connection_count(self) -> int:
        assert self.server
        return len(self.server.connections)

    def _run_web(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # its sockets are closed under it
            self.web.run()

    async def _run(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)  # type: ignore[assignment,return-value]
        upstream = Upstream(self.web_port, SECRET.encode())
        self.server = GatewayServer(routing.router(upstream.handler, upstream.handler, None), self.limits)
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(listening.getsockname()[1])
        await self.server.listen(listening)
        self._ready.set()
        await stop.wait()
        await self.server.close(patience_seconds=1)
        upstream.close()


@pytest.fixture
def gateway() -> Iterator[Callable[..., RunningGateway]]:
    """Start gateways with given limits; all are stopped at the end."""
    running: list[RunningGateway] = []

    def begin(**limits: float) -> RunningGateway:
        one = RunningGateway(GatewayLimits(**{"sweep_seconds": 0.05, **limits}))  # type: ignore[arg-type]
        one.start()
        running.append(one)
        return one

    yield begin
    for one in running:
        one.stop()
