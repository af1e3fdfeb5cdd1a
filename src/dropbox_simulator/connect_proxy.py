"""A small CONNECT proxy from Dropbox's real host names to a simulator, for clients such as rclone.

Set `HTTPS_PROXY` to `proxy.address` and let the client trust the simulator's `ca.pem` (rclone: `SSL_CERT_FILE`).
Any other destination is refused, so nothing leaves the computer.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType

from dropbox_simulator.wire import HOSTS

PIECE_BYTES = 64 * 1024
MAX_REQUEST_BYTES = 16 * 1024


class ConnectProxy:
    """Forwards `CONNECT api.dropboxapi.com:443` and its like to a port on this computer."""

    def __init__(self, target_port: int, *, target_host: str = "127.0.0.1") -> None:
        """Bind a free port."""
        self._target = (target_host, target_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        """Return the address for `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> ConnectProxy:
        """Begin to forward."""
        self._begin(self._accept)
        return self

    def stop(self) -> None:
        """Close the port and end every tunnel."""
        self._stopping.set()
        self._listener.close()
        for thread in list(self._threads):
            thread.join(timeout=2)

    def __enter__(self) -> ConnectProxy:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        self._listener.settimeout(0.2)
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._begin(self._tunnel, client)

    def _tunnel(self, client: socket.socket) -> None:
        with client:
            client.settimeout(10)
            with contextlib.suppress(OSError):
                host = self._wanted(client)
                if host is None:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    return
                with socket.create_connection(self._target, timeout=10) as server:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    self._pump(client, server)

    def _wanted(self, client: socket.socket) -> str | None:
        """Read the CONNECT request; return the host when it is one of Dropbox's."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(PIECE_BYTES)
            if not piece or len(head) > MAX_REQUEST_BYTES:
                return None
            head += piece
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split()
        if len(words) != 3 or words[0] != "CONNECT":
            return None
        host = words[1].rpartition(":")[0].lower()
        return host if host in HOSTS else None

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            for end in (client, server):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.2):
                    data = key.fileobj.recv(PIECE_BYTES)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)
