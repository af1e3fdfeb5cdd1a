"""One request and its answer, and the interface of request handlers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from minno_dashboard.config.gateway.http_server import Connection

Headers = list[tuple[bytes, bytes]]
STATUS_LINES = {
    int(status): f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus
}


@dataclass(slots=True)
class RequestHead:
    """The head of a request; header names are lower case. `client` is the peer's address."""

    method: bytes
    target: bytes
    version: str
    headers: Headers
    client: str

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, None where it is missing."""
        return next((value for given, value in self.headers if given == name), None)


class Handler(Protocol):
    """Answers one request; it is called with the body as it arrives, and when the client's pace changes."""

    def body(self, data: bytes) -> None:
        """Take a piece of the request's body."""

    def end_of_body(self) -> None:
        """Called when the request is complete."""

    def client_gone(self) -> None:
        """Called when the client has disconnected."""

    def pause_writing(self) -> None:
        """Stop writing: the client is too slow."""

    def resume_writing(self) -> None:
        """Continue writing."""


class Exchange:
    """One request and its answer on a connection."""

    __slots__ = ("_chunked", "_early", "_has_no_body", "connection", "handler", "has_begun", "is_complete", "is_done", "keeps_alive", "request")  # fmt: skip

    def __init__(self, connection: Connection, request: RequestHead, *, keeps_alive: bool) -> None:
        self.connection = connection
        self.request = request
        self.keeps_alive = keeps_alive
        self.handler: Handler | None = None
        self.is_complete = False
        """Whether the request's body has arrived to its end."""
        self.has_begun = False
        self.is_done = False
        self._chunked = False
        self._has_no_body = False
        self._early: list[bytes] = []

    def begin(self, handler: Handler) -> None:
        """Set the handler, and pass it the part of the body that has arrived."""
        self.handler = handler
        if self.request.header(b"expect") and not self.is_complete and not self.has_begun:
            self.connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        early, self._early = self._early, []
        for piece in early:
            handler.body(piece)
        if self.is_complete:
            handler.end_of_body()

    def received(self, data: bytes) -> None:
        """Pass a piece of the body to the handler, or keep it until there is one."""
        if self.handler is None:
            self._early.append(data)
        elif not self.is_done:
            self.handler.body(data)

    def ended(self) -> None:
        """Note that the request is complete."""
        self.is_complete = True
        if self.handler is not None and not self.is_done:
            self.handler.end_of_body()

    def start(self, status: int, headers: Iterable[tuple[bytes, bytes]], *, length: int | None) -> None:
        """Send the head of the answer; with `length` None its body is chunked, or ends with the connection."""
        self.has_begun = True
        bodiless = status in (204, 304) or 100 <= status < 200
        self._has_no_body = bodiless or self.request.method == b"HEAD"
        lines = [STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        lines.extend(b"%b: %b\r\n" % pair for pair in headers)
        if length is not None:
            if not bodiless:
                lines.append(b"content-length: %d\r\n" % length)
        elif not self._has_no_body:
            if self.request.version == "1.1":
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keeps_alive = False
        if not self.is_complete:
            self.keeps_alive = False
        if not self.keeps_alive:
            lines.append(b"connection: close\r\n")
        elif self.request.version == "1.0":
            lines.append(b"connection: keep-alive\r\n")
        lines.append(b"\r\n")
        self.connection.send(b"".join(lines))

    def write(self, data: bytes) -> None:
        """Send a piece of the answer's body."""
        if self._has_no_body or not data:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.connection.send(data)

    def finish(self) -> None:
        """End the answer."""
        if self._chunked and not self._has_no_body:
            self.connection.send(b"0\r\n\r\n")
        self.is_done = True
        self.connection.exchange_done(self)

    def answer(self, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole answer."""
        self.start(status, headers, length=len(body))
        self.write(body)
        self.finish()

    def abort(self) -> None:
        """Cut the connection: the answer that began cannot be completed."""
        self.is_done = True
        self.connection.drop()
