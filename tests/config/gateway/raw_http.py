"""Clients on bare sockets: they send half a request, or do not read their answer."""

from __future__ import annotations

import socket

from tests.waiting import PATIENCE_SECONDS


def connect(port: int, *, receive_buffer: int = 0) -> socket.socket:
    """Connect to a port of this computer."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE_SECONDS)
    sock.connect(("127.0.0.1", port))
    return sock


def everything(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes or cuts the connection."""
    pieces = []
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def answers(raw: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Return the answers in what a server sent: status, headers, body (with a length, or chunked)."""
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, raw = _chunks(raw)
        else:
            size = int(headers.get("content-length", 0))
            body, raw = raw[:size], raw[size:]
        found.append((int(first.split()[1]), headers, body))
    return found


def _chunks(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, raw = raw.partition(b"\r\n")
        count = int(size, 16)
        body, raw = body + raw[:count], raw[count + 2 :]
        if not count:
            return body, raw
