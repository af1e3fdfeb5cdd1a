"""The simulated Dropbox as a server: HTTP/1.1 with keep-alive, plain and TLS on one port."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from dropbox_simulator.certificates import make_certificates, server_context
from dropbox_simulator.clock import RealClock
from dropbox_simulator.control_http import answer_control
from dropbox_simulator.line import Line
from dropbox_simulator.simulator import Simulator
from dropbox_simulator.wire import HOSTS, Request, Response, text_response

TLS_HANDSHAKE = 0x16
"""The first byte of a TLS connection."""

MAX_HEADER_BYTES = 256 * 1024
"""How many bytes of headers are read at all."""

MAX_IN_MEMORY_BYTES = 8 * 1024 * 1024
"""Larger bodies are kept in a temporary file while they arrive."""

PIECE_BYTES = 256 * 1024

REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
}


class HeadersTooLarge(Exception):
    """A request's headers exceed what is read at all."""


class Server:
    """Serves one simulator on a loopback port, a thread for each connection.

    Use as a context manager; `port`, `ca` and `origin` say where and how to reach it.
    """

    def __init__(
        self, simulator: Simulator, *, host: str = "127.0.0.1", port: int = 0, folder: Path | None = None
    ) -> None:
        """Bind the port and make certificates, in the folder or in a temporary one."""
        self.simulator = simulator
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self._folder = folder or Path(self._temporary.name if self._temporary else ".")
        self._folder.mkdir(parents=True, exist_ok=True)
        self.ca = make_certificates(self._folder)
        self._context = server_context(self._folder)
        self._listener = socket.create_server((host, port), backlog=256)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self.line = Line(lambda: simulator.model.line)
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, name="dropbox-simulator", daemon=True)

    @property
    def origin(self) -> str:
        """Return the address over TLS."""
        return f"https://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the variables that point the official SDK at this server."""
        place = f"localhost:{self.port}"
        return {
            "DROPBOX_API_HOST": place,
            "DROPBOX_API_CONTENT_HOST": place,
            "DROPBOX_API_NOTIFY_HOST": place,
            "DROPBOX_WEB_HOST": place,
            "REQUESTS_CA_BUNDLE": str(self.ca),
        }

    def start(self) -> Server:
        """Begin to answer."""
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        self._listener.close()
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            _break(connection)
        self._acceptor.join(timeout=2)
        for thread in threads:
            thread.join(timeout=2)
        if self._temporary is not None:
            self._temporary.cleanup()
        self.simulator.close()

    def __enter__(self) -> Server:
        """Start, if not started yet."""
        return self if self._acceptor.is_alive() else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _accept(self) -> None:
        self._listener.settimeout(0.2)
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections.add(connection)
                self._threads.add(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        current = connection
        try:
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            is_on_line = self.line.model.is_there and isinstance(self.simulator.clock, RealClock)
            if is_on_line:
                current = self.line.join(connection, self._stopping)
            first = current.recv(1, socket.MSG_PEEK)
            if first and first[0] == TLS_HANDSHAKE:
                current = self._context.wrap_socket(current, server_side=True)
            with self._lock:
                self._connections.add(current)
            with current.makefile("rb", PIECE_BYTES) as stream:
                while not self._stopping.is_set() and self._exchange(
                    current, cast(BinaryIO, stream), is_on_line=is_on_line
                ):
                    continue
        except (OSError, ssl.SSLError, ValueError):
            # The client has gone or does not speak HTTP; nobody is left to be told.
            return
        finally:
            with self._lock:
                self._connections -= {connection, current}
                self._threads.discard(threading.current_thread())
            current.close()

    def _exchange(self, connection: socket.socket, stream: BinaryIO, *, is_on_line: bool) -> bool:
        """Answer one request; return whether the connection goes on."""
        try:
            request = _read_request(connection, stream)
        except HeadersTooLarge:
            _send(connection, text_response(431, "Request Header Fields Too Large"), head=False, keep=False)
            return False
        if request is None:
            return False
        request.has_travelled = is_on_line and self.line.model.is_there
        try:
            if request.path.startswith("/_control/"):
                with self.simulator.keeping():
                    response = answer_control(self.simulator, request)
            else:
                response = self.simulator.handle(request)
        finally:
            if not isinstance(request.body, bytes):
                request.body.close()
        if response.ending == "hang":
            self._stopping.wait(600)
        if response.ending in ("reset", "hang"):
            _break(connection)
            return False
        keep = request.headers.get("connection", "").lower() != "close" and response.ending == "complete"
        _send(connection, response, head=request.method == "HEAD", keep=keep)
        return keep


def _break(connection: socket.socket) -> None:
    """End a connection as a failing network does: with a reset."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


def _read_request(connection: socket.socket, stream: BinaryIO) -> Request | None:
    line = stream.readline(MAX_HEADER_BYTES)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    size = len(line)
    while True:
        line = stream.readline(MAX_HEADER_BYTES)
        size += len(line)
        if size > MAX_HEADER_BYTES:
            raise HeadersTooLarge
        if line in (b"\r\n", b"\n", b""):
            break
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts = urlsplit(target)
    body, body_size = _read_body(stream, headers)
    return Request(
        method=method,
        host=HOSTS.get(headers.get("host", "").partition(":")[0].lower()),
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        header_size=size,
        body_size=body_size,
    )


def _read_body(stream: BinaryIO, headers: dict[str, str]) -> tuple[bytes | BinaryIO, int]:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(stream)
    length = int(headers.get("content-length", "0") or 0)
    if length <= MAX_IN_MEMORY_BYTES:
        data = stream.read(length)
        if len(data) < length:
            raise ConnectionResetError
        return data, length
    spool = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - handed over to the request, closed after it
    left = length
    while left:
        piece = stream.read(min(PIECE_BYTES, left))
        if not piece:
            spool.close()
            raise ConnectionResetError
        spool.write(piece)
        left -= len(piece)
    spool.seek(0)
    return spool, length


def _read_chunks(stream: BinaryIO) -> tuple[bytes | BinaryIO, int]:
    spool = tempfile.SpooledTemporaryFile(max_size=MAX_IN_MEMORY_BYTES)  # noqa: SIM115 - closed after the request
    while length := int(stream.readline(1024).partition(b";")[0] or b"0", 16):
        spool.write(stream.read(length))
        stream.readline(16)
    while stream.readline(PIECE_BYTES).strip():
        continue
    size = spool.tell()
    spool.seek(0)
    return cast(BinaryIO, spool), size


def _send(connection: socket.socket, response: Response, *, head: bool, keep: bool) -> None:
    reason = REASONS.get(response.status, "Answer")
    length = response.length()
    lines = [f"HTTP/1.1 {response.status} {reason}", "Server: envoy", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append("Connection: keep-alive" if keep else "Connection: close")
    start = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    if response.ending == "truncate":
        connection.sendall(start + response.content()[: length // 2])
        _break(connection)
        return
    if response.blob is None or head:
        connection.sendall(start + (b"" if head else response.body))
        return
    connection.sendall(start)
    for piece in response.blob.pieces():
        connection.sendall(piece)


def describe(server: Server) -> str:
    """Say as JSON where a server stands."""
    return json.dumps(
        {
            "port": server.port,
            "ca": str(server.ca),
            "origin": server.origin,
            "environment": server.environment(),
        }
    )
