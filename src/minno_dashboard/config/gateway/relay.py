"""Forwards requests to a web process behind the gateway, and its answers back, at the pace of the slower side."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from minno_dashboard.config.gateway.exchange import Exchange, Handler, Headers, RequestHead

# Between two neighbours only: never passed on (RFC 9110, 7.6.1), or set anew by us.
HOP_BY_HOP = frozenset(
    [
        b"connection",
        b"content-length",
        b"expect",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ]
)
CLIENT_HEADER, SECRET_HEADER = b"x-minno-client-address", b"x-minno-gateway"
IDLE_SECONDS = 30
"""Kept connections are closed before waitress does it (`channel_timeout`), so that no request meets a closing one."""
MAX_IDLE_CONNECTIONS = 32
BUFFERED_BODY_BYTES = 64 * 1024
"""Bodies up to this size are read whole before the web process hears of the request."""
AWAY = (
    b"The Dashboard is starting again. Nothing that was stored is lost; please try again in a few seconds.\n"
)


class Upstream:
    """One web process, and the idle connections to it."""

    def __init__(self, port: int, secret: bytes) -> None:
        self.port = port
        self.secret = secret
        self.loop = asyncio.get_running_loop()
        self._idle: deque[UpstreamConnection] = deque()

    def handler(self, exchange: Exchange) -> Handler:
        """Return what passes one request on."""
        return Relay(self, exchange)

    def kept_connection(self) -> UpstreamConnection | None:
        """Return an open connection, the one used last."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable(self.loop.time()):
                return connection
            connection.close()
        return None

    def keep(self, connection: UpstreamConnection) -> None:
        """Keep a connection for the next request."""
        if len(self._idle) < MAX_IDLE_CONNECTIONS:
            connection.idle_since = self.loop.time()
            self._idle.append(connection)
        else:
            connection.close()

    async def connect(self) -> UpstreamConnection:
        """Open a connection."""
        _, connection = await self.loop.create_connection(
            lambda: UpstreamConnection(self), "127.0.0.1", self.port
        )
        return connection

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


class UpstreamConnection(asyncio.Protocol):
    """A connection to the web process; answers one request after the other."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.relay: Relay | None = None
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._is_open = False
        self._has_answered = False
        self._can_be_kept = False
        self._headers: Headers = []
        self._parser = httptools.HttpResponseParser(self)

    @property
    def transport(self) -> asyncio.Transport:
        """The open transport."""
        assert self._transport is not None  # noqa: S101 - there is none only before connection_made
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        transport = cast(asyncio.Transport, transport)  # uvloop has classes of its own
        self._transport = transport
        self._is_open = True

    def is_usable(self, now: float) -> bool:
        """Return whether another request may be sent on it."""
        return self._is_open and not self.transport.is_closing() and now - self.idle_since < IDLE_SECONDS

    def serve(self, relay: Relay) -> None:
        """Begin to answer for a relay."""
        self.relay = relay
        self._has_answered = False
        self._headers = []
        self._parser = httptools.HttpResponseParser(self)

    def close(self) -> None:
        """Close at once."""
        self.relay = None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse a piece of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            relay, self.relay = self.relay, None
            self.close()
            if relay is not None:
                relay.upstream_lost()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the relay, if there is one."""
        self._is_open = False
        relay, self.relay = self.relay, None
        if relay is not None:
            relay.upstream_lost()

    def pause_writing(self) -> None:
        """Let the client wait with its body."""
        if self.relay is not None:
            self.relay.exchange.connection.pause_reading()

    def resume_writing(self) -> None:
        """Let the client go on with its body."""
        if self.relay is not None:
            self.relay.exchange.connection.resume_reading()

    # -- llhttp --

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """Take a header of the answer."""
        self._headers.append((name.lower(), value or b""))

    def on_headers_complete(self) -> None:
        """Send the head of the answer on."""
        if self.relay is None:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._headers = []
            return
        self._can_be_kept = self._parser.should_keep_alive()
        lengths = [int(value) for name, value in self._headers if name == b"content-length"]
        headers = [(name, value) for name, value in self._headers if name not in HOP_BY_HOP]
        relay = self.relay
        relay.begin_answer(status, headers, lengths[0] if lengths else None)
        if relay.exchange.request.method == b"HEAD":
            self._can_be_kept = False  # llhttp would wait for a body that does not come
            self._complete()

    def on_body(self, data: bytes) -> None:
        """Send a piece of the answer on."""
        if self.relay is not None:
            self.relay.exchange.write(data)

    def on_message_complete(self) -> None:
        """End the answer, if this was not an interim one."""
        if self._parser.get_status_code() >= 200:
            self._complete()

    def _complete(self) -> None:
        relay, self.relay = self.relay, None
        if relay is None:
            return
        self.transport.resume_reading()
        if self._can_be_kept and relay.is_sent:
            self.upstream.keep(self)
        else:
            self.close()
        relay.answered()


class Relay:
    """Passes one request on and its answer back; a `Handler`."""

    def __init__(self, upstream: Upstream, exchange: Exchange) -> None:
        self.upstream = upstream
        self.exchange = exchange
        self.is_sent = False
        """Whether the web process has the whole request."""
        self._connection: UpstreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._buffered: list[bytes] = []
        self._buffered_bytes = 0
        self._is_complete = False
        self._is_chunked = exchange.request.header(b"transfer-encoding") is not None
        self._has_begun = False
        self._was_tried = False

    # -- from the client --

    def body(self, data: bytes) -> None:
        """Pass a piece of the body on, or keep it until the web process is connected."""
        if self._connection is not None:
            self._write(self._connection, data)
            return
        self._buffered.append(data)
        self._buffered_bytes += len(data)
        if self._buffered_bytes > BUFFERED_BODY_BYTES:
            self.exchange.connection.pause_reading()
            self._connect()

    def end_of_body(self) -> None:
        """Send what is left of the request."""
        self._is_complete = True
        if self._connection is not None:
            self._write_end(self._connection)
        else:
            self._connect()

    def client_gone(self) -> None:
        """Stop the web process's answer."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def pause_writing(self) -> None:
        """Let the web process wait."""
        if self._connection is not None:
            self._connection.transport.pause_reading()

    def resume_writing(self) -> None:
        """Let the web process go on."""
        if self._connection is not None:
            self._connection.transport.resume_reading()

    # -- to the web process --

    def _connect(self) -> None:
        if self._connecting is not None:
            return
        kept = self.upstream.kept_connection()
        if kept is not None:
            self._send(kept)
        else:
            self._connecting = self.upstream.loop.create_task(self._connect_anew())

    async def _connect_anew(self) -> None:
        try:
            connection = await self.upstream.connect()
        except OSError:
            self._fail()
            return
        self._connecting = None
        if self.exchange.is_done:
            connection.close()
        else:
            self._send(connection)

    def _send(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        connection.serve(self)
        connection.transport.write(self._head(self.exchange.request))
        for piece in self._buffered:
            self._write(connection, piece)
        if self._is_complete:
            self._write_end(connection)
        else:
            self._buffered.clear()
            self.exchange.connection.resume_reading()

    def _head(self, request: RequestHead) -> bytes:
        lines = [b"%b %b HTTP/1.1\r\n" % (request.method, request.target)]
        lines.extend(
            b"%b: %b\r\n" % (name, value)
            for name, value in request.headers
            if name not in HOP_BY_HOP
            and b"_" not in name  # WSGI cannot tell "_" from "-"
            and name not in (CLIENT_HEADER, SECRET_HEADER)
        )
        if self._is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        elif (length := request.header(b"content-length")) is not None:
            lines.append(b"content-length: %b\r\n" % length)
        lines.append(b"%b: %b\r\n" % (CLIENT_HEADER, request.client.encode("ascii", "replace")))
        lines.append(b"%b: %b\r\n\r\n" % (SECRET_HEADER, self.upstream.secret))
        return b"".join(lines)

    def _write(self, connection: UpstreamConnection, data: bytes) -> None:
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        connection.transport.write(data)

    def _write_end(self, connection: UpstreamConnection) -> None:
        if self._is_chunked:
            connection.transport.write(b"0\r\n\r\n")
        self.is_sent = True

    # -- from the web process --

    def begin_answer(self, status: int, headers: Headers, length: int | None) -> None:
        """Send the head of the answer to the client."""
        self._has_begun = True
        self._buffered.clear()
        self.exchange.start(status, headers, length=length)

    def answered(self) -> None:
        """End the answer."""
        self._connection = None
        self.exchange.finish()

    def upstream_lost(self) -> None:
        """Try once more where that is safe, else answer that the web process is unavailable."""
        self._connection = None
        if self.exchange.is_done:
            return
        if self._has_begun:
            self.exchange.abort()
            return
        is_safe = self.exchange.request.method in (b"GET", b"HEAD", b"OPTIONS")
        if is_safe and self._is_complete and not self._was_tried:
            self._was_tried = True
            self.is_sent = False
            self._connecting = self.upstream.loop.create_task(self._connect_anew())
        else:
            self._fail()

    def _fail(self) -> None:
        self._connecting = None
        if not self.exchange.is_done:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"3")]
            self.exchange.answer(503, AWAY, headers)
