"""`/data` on the gateway: collects a body, passes it to the intake, and sends the intake's answer."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from minno_dashboard.collection.ingest import intake
from minno_dashboard.collection.ingest.intake import Intake, PostResponse, ReceivedPost, Start
from minno_dashboard.collection.ingest.posts import MAX_BODY_BYTES
from minno_dashboard.config.gateway.exchange import Exchange, Handler
from minno_dashboard.config.gateway.relay import CLIENT_HEADER, SECRET_HEADER
from minno_dashboard.config.gateway.routing import path_of
from minno_dashboard.core import measures

MAX_BUFFERED_BYTES = 256 * 1024 * 1024
"""Of all bodies that are on their way; above it new ones are answered 503."""
START_SECONDS = 30
# Any origin may post, without cookies: participants' pages have an opaque origin.
HEADERS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"PUT, POST"),
    (b"access-control-allow-headers", b"content-type, x-minno-sequence"),
    (b"access-control-max-age", b"86400"),
    (b"access-control-expose-headers", b"retry-after"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"cache-control", b"no-store"),
]
_JSON = [(b"content-type", b"application/json"), *HEADERS]
_STORED = b"".join(
    [
        b"HTTP/1.1 200 OK\r\n",
        *(b"%b: %b\r\n" % pair for pair in _JSON),
        b"content-length: %d\r\n\r\n" % len(intake.STORED.body),
        intake.STORED.body,
    ]
)


class Submissions:
    """All posts in progress."""

    def __init__(self, taking: Intake) -> None:
        self.taking = taking
        self.buffered_bytes = 0

    def handler(self, exchange: Exchange) -> Handler:
        """Return what takes one post."""
        return SubmissionHandler(self, exchange)


class SubmissionHandler:
    """One post; a `Handler`."""

    def __init__(self, submissions: Submissions, exchange: Exchange) -> None:
        self._all = submissions
        self._exchange = exchange
        self._pieces: list[bytes] = []
        self._size = 0
        length = exchange.request.header(b"content-length")
        if length is not None and int(length) > MAX_BODY_BYTES:
            self._answer(intake.TOO_LARGE)

    def body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        if self._exchange.is_done:
            return
        self._pieces.append(data)
        self._size += len(data)
        self._all.buffered_bytes += len(data)
        if self._size > MAX_BODY_BYTES:
            self._answer(intake.TOO_LARGE)
        elif self._all.buffered_bytes > MAX_BUFFERED_BYTES:
            self._answer(intake.OVERLOADED)

    def end_of_body(self) -> None:
        """Give the body to the intake."""
        if self._exchange.is_done:
            return
        request = self._exchange.request
        if request.method == b"OPTIONS":
            self._exchange.answer(204, b"", HEADERS)
            return
        path, _, query = request.target.partition(b"?")
        sequence = request.header(b"x-minno-sequence")
        if sequence is None and query:
            sequence = parse_qs(query).get(b"sequence", [None])[0]
        token = path_of(path)[len(b"/data") :].strip(b"/")
        raw = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._all.taking.take(
            ReceivedPost(token.decode("latin-1"), sequence, raw, request.header(b"user-agent") or b""),
            self._answer,
        )

    def client_gone(self) -> None:
        """Discard the body; a post that the intake has is stored all the same."""
        self._forget()

    def pause_writing(self) -> None:
        """The answers are small."""

    def resume_writing(self) -> None:
        """The answers are small."""

    def _forget(self) -> None:
        self._all.buffered_bytes -= self._size
        self._pieces.clear()
        self._size = 0

    def _answer(self, answer: PostResponse) -> None:
        self._forget()
        exchange = self._exchange
        if exchange.is_done:
            return
        measures.POSTS.labels(str(answer.status)).inc()
        if answer is intake.STORED and exchange.keeps_alive and exchange.request.version == "1.1":
            exchange.has_begun = True
            exchange.connection.send(_STORED)
            exchange.finish()
            return
        headers = list(_JSON)
        if answer.retry_after_seconds is not None:
            headers.append((b"retry-after", b"%d" % answer.retry_after_seconds))
        exchange.answer(answer.status, answer.body, headers)


def starter(port: int, secret: bytes) -> Start:
    """Return a function that starts a session through the participants' web process, which knows the rules."""

    async def start(token: str, user_agent: bytes) -> PostResponse:
        try:
            async with asyncio.timeout(START_SECONDS):
                return await _post(port, secret, f"/data/{token}/start".encode("ascii"), user_agent)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            return intake.UNAVAILABLE

    return start


async def _post(port: int, secret: bytes, path: bytes, user_agent: bytes) -> PostResponse:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"POST %b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n"
            b"user-agent: %b\r\n%b: 127.0.0.1\r\n%b: %b\r\ncontent-length: 2\r\n\r\n{}"
            % (path, user_agent, CLIENT_HEADER, SECRET_HEADER, secret)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.read(1024 * 1024)
        while piece := await reader.read(1024 * 1024):
            body += piece
    finally:
        writer.close()
    status = int(head.split(b" ", 2)[1])
    if status >= 500:
        return intake.UNAVAILABLE
    return PostResponse(status, body)
