"""HTTP/1.1 server on asyncio and llhttp: parses requests, passes them to handlers, drops stalled clients.

Callbacks only, no task for a request: the participants' path answers thousands of requests a second.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools

from minno_dashboard.config.gateway.exchange import STATUS_LINES, Exchange, Handler, Headers, RequestHead
from minno_dashboard.config.gateway.limits import MAX_HEAD_BYTES, GatewayLimits

WRITE_HIGH_WATER_BYTES = 256 * 1024
UNSENT_BYTES = 128 * 1024
"""What the kernel keeps unsent of a connection: with more, a slow reader's progress would show in large, rare steps."""


Route = Callable[[Exchange], Handler]


class Connection(asyncio.Protocol):
    """One client's connection: requests in, answers out in the same order."""

    def __init__(self, server: GatewayServer) -> None:
        self.server = server
        self.transport: asyncio.Transport | None = None
        self.client = ""
        self.current: Exchange | None = None
        self.pending: deque[Exchange] = deque()
        self.is_paused = False
        self.is_closing = False
        self.since = server.now()
        """When the present phase began: idle, in a head, or a window of a body or an answer."""
        self.received_in_window = 0
        self.written = 0
        self.read_by_client = 0
        self.reading_since = 0.0
        self._parser = httptools.HttpRequestParser(self)
        self._incoming: Exchange | None = None
        self._is_in_head = False
        self._head_bytes = 0
        self._target = b""
        self._headers: Headers = []

    # -- asyncio --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection."""
        transport = cast(asyncio.Transport, transport)  # uvloop has classes of its own
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_HIGH_WATER_BYTES)
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        _keep_little_unsent(transport)
        self.server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Inform the handler."""
        self.server.connections.discard(self)
        self.is_closing = True
        for exchange in (self.current, *self.pending):
            if exchange is not None and not exchange.is_done:
                exchange.is_done = True
                if exchange.handler is not None:
                    exchange.handler.client_gone()
        self.current = None
        self.pending.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived."""
        self.received_in_window += len(data)
        if self.is_closing:
            return
        if self._incoming is None:
            self._head_bytes += len(data)
            if not self._is_in_head:
                self._is_in_head = True
                self.since = self.server.now()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._close_after_answers()
        except httptools.HttpParserError:
            self._refuse(400, b"This is not a request that this server understands.\n")
        else:
            if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, b"The head of this request is too large.\n")

    def pause_writing(self) -> None:
        """Inform the handler that the client is too slow."""
        if self.current is not None and self.current.handler is not None:
            self.current.handler.pause_writing()

    def resume_writing(self) -> None:
        """Inform the handler that the client has caught up."""
        if self.current is not None and self.current.handler is not None:
            self.current.handler.resume_writing()

    # -- llhttp --

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._target, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request's target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take a header."""
        self._headers.append((name.lower(), value or b""))

    def on_headers_complete(self) -> None:
        """Hand the request to its handler, now or when the one before is answered."""
        self._is_in_head = False
        self._head_bytes = 0
        self.since = self.server.now()
        self.received_in_window = 0
        request = RequestHead(
            self._parser.get_method(),
            self._target,
            self._parser.get_http_version(),
            self._headers,
            self.client,
        )
        exchange = Exchange(self, request, keeps_alive=self._parser.should_keep_alive())
        self._incoming = exchange
        if self.current is None and not self.is_closing:
            self.current = exchange
            if request.header(b"content-length") in (None, b"0") and not request.header(b"transfer-encoding"):
                exchange.is_complete = True  # before the route is asked: its answer may keep the connection
            exchange.begin(self.server.route(exchange))
        else:
            self.pending.append(exchange)
            self._pause()

    def on_body(self, data: bytes) -> None:
        """Pass on a piece of the body."""
        if self._incoming is not None and not self.is_closing:
            self._incoming.received(data)

    def on_message_complete(self) -> None:
        """Tell the handler that the request is complete."""
        exchange, self._incoming = self._incoming, None
        self.since = self.server.now()
        if exchange is not None and not exchange.is_complete:
            exchange.ended()

    # -- for exchanges --

    def send(self, data: bytes) -> None:
        """Write to the client."""
        if self.transport is not None and not self.transport.is_closing():
            if not self.transport.get_write_buffer_size():
                self.reading_since = self.server.now()
                self.read_by_client = self.written
            self.written += len(data)
            self.transport.write(data)

    def exchange_done(self, exchange: Exchange) -> None:
        """Continue with the next request, or close."""
        if self.current is not exchange:
            return
        self.current = None
        self.since = self.server.now()
        if not exchange.keeps_alive or self.server.is_draining:
            self._close_after_answers()
            return
        if self.pending and not self.is_closing:
            self.server.loop.call_soon(self._next)

    def _next(self) -> None:
        if self.current is None and self.pending:
            self.current = self.pending.popleft()
            if not self.pending:
                self.resume_reading()
            self.current.begin(self.server.route(self.current))

    def pause_reading(self) -> None:
        """Stop reading the client's body; called by a handler that is too slow."""
        self._pause()

    def resume_reading(self) -> None:
        """Go on reading."""
        if self.is_paused and self.transport is not None and not self.transport.is_closing():
            self.is_paused = False
            self.since = self.server.now()
            self.received_in_window = 0
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self.is_paused and self.transport is not None and not self.transport.is_closing():
            self.is_paused = True
            self.transport.pause_reading()

    def drop(self) -> None:
        """Cut the connection at once."""
        self.is_closing = True
        self.server.connections.discard(self)
        if self.transport is not None:
            self.transport.abort()

    def _refuse(self, status: int, sentence: bytes) -> None:
        if self.current is None and self._incoming is None:
            self.send(
                STATUS_LINES[status]
                + b"content-type: text/plain\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
                % len(sentence)
                + sentence
            )
            self._close_after_answers()
        else:
            self.drop()

    def _close_after_answers(self) -> None:
        """Close once everything is sent; what the client still sends is read and discarded for a while."""
        self.is_closing = True
        self.since = self.server.now()
        if self.transport is None:
            return
        is_unread = self._incoming is not None and not self._incoming.is_complete
        if not is_unread or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.resume_reading()
        self.transport.write_eof()

    # -- for the sweep --

    def unsent_bytes(self) -> int:
        """Return how much the client has not taken yet."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def bytes_per_second_read(self, now: float) -> float:
        """Return how fast the client reads the answer."""
        return (self.written - self.unsent_bytes() - self.read_by_client) / max(
            now - self.reading_since, 0.001
        )

    def is_idle(self) -> bool:
        """Return whether no request is in progress."""
        return self.current is None and self._incoming is None and not self._is_in_head

    def is_stalled(self, now: float, limits: GatewayLimits) -> bool:
        """Return whether the client made no progress for too long; begins a new window where it did."""
        waited = now - self.since
        if self.is_closing:
            return waited > limits.unread_body_seconds and self._reader_is_stalled(now, limits)
        if self.unsent_bytes():
            return self._reader_is_stalled(now, limits)
        if self._is_in_head:
            return waited > limits.head_seconds
        if self._incoming is not None and not self.is_paused:
            if waited <= limits.body_seconds:
                return False
            is_slow = self.received_in_window < limits.min_bytes_per_second * waited
            self.since, self.received_in_window = now, 0
            return is_slow
        return self.current is None and waited > limits.idle_seconds

    def _reader_is_stalled(self, now: float, limits: GatewayLimits) -> bool:
        if not self.unsent_bytes():
            return self.is_closing
        window = now - self.reading_since
        if window <= limits.reader_seconds:
            return False
        is_slow = self.bytes_per_second_read(now) < limits.min_bytes_per_second
        self.reading_since, self.read_by_client = now, self.written - self.unsent_bytes()
        return is_slow


class GatewayServer:
    """All connections of one gateway."""

    def __init__(self, route: Route, limits: GatewayLimits | None = None) -> None:
        self.route = route
        self.limits = limits or GatewayLimits()
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.connections: set[Connection] = set()
        self.is_draining = False
        self._is_closed = False
        self._listening: list[asyncio.Server] = []
        self._sweep = self.loop.create_task(self._sweep_for_ever())

    async def listen(self, sock: socket.socket) -> None:
        """Accept connections of a listening socket."""
        self._listening.append(
            await self.loop.create_server(lambda: Connection(self), sock=sock, backlog=1024)
        )

    def joined(self, connection: Connection) -> None:
        """Register a new connection; above the limit, the one that is idle longest is closed."""
        if len(self.connections) >= self.limits.max_connections:
            idle = [each for each in self.connections if each.is_idle()]
            min(idle or [connection], key=lambda each: each.since).drop()
        if self._is_closed:
            connection.drop()
        if not connection.is_closing:
            self.connections.add(connection)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.limits.sweep_seconds)
            self.sweep()

    def sweep(self) -> None:
        """Drop stalled clients, and the slowest readers where there are too many."""
        now = self.now()
        for connection in list(self.connections):
            if connection.is_stalled(now, self.limits):
                connection.drop()
        readers = [each for each in self.connections if each.unsent_bytes()]
        if (surplus := len(readers) - self.limits.max_waiting_readers) > 0:
            readers.sort(key=lambda each: each.bytes_per_second_read(now))
            for connection in readers[:surplus]:
                connection.drop()

    async def close(self, patience_seconds: float = 10) -> None:
        """Stop accepting, let requests in progress end for a while, then close the rest."""
        self.is_draining = True
        for server in self._listening:
            server.close()
        deadline = self.now() + patience_seconds
        while self.now() < deadline and not all(each.is_idle() for each in self.connections):
            await asyncio.sleep(0.02)
        self._is_closed = True
        for connection in list(self.connections):
            connection.drop()
        self._sweep.cancel()
        await asyncio.sleep(0)


def _keep_little_unsent(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
