"""A slow, distant, lossy line between clients and the simulated Dropbox: bytes are delayed on the way.

Every byte of every connection crosses the line, TLS included: what a client sends waits in the client's own socket
until the line has carried what is before it, exactly as on a real line.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PACKET_BYTES = 1448
QUANTUM_SECONDS = 0.02
"""So much of the line's time one connection takes at once; then others have their turn."""
MAX_QUANTUM_BYTES = 128 * 1024
RECEIVE_BYTES, RECEIVE_SECONDS = 64 * 1024, 0.03
"""The least receive buffer of a connection, and what it holds of a fast line; what is beyond it waits at the sender."""
WAITED_SECONDS = 0.001
"""Bytes that are there so soon were waiting."""
MAX_LATE_SECONDS = 0.25
"""For no longer than so is a thread that woke late forgiven."""
RETRANSMISSION_SECONDS = 0.2
"""The least time after which a lost packet is sent again where no later packet tells of the loss."""
TIMEOUT_SHARE = 0.1
"""The share of losses that only such a time-out finds."""


@dataclass(frozen=True)
class LineModel:
    """A line: bytes per second each way (None: no limit), round trip in seconds, share of packets lost."""

    up: float | None = None
    down: float | None = None
    connection: float | None = None
    round_trip: float = 0.0
    loss: float = 0.0

    @property
    def is_there(self) -> bool:
        """Return whether the line delays anything."""
        return bool(self.up or self.down or self.connection or self.round_trip or self.loss)


@dataclass
class _Direction:
    """One direction of the line, shared by all connections: when it is free again, in monotonic seconds."""

    free_at: float = 0.0
    carried: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, size: int, rate: float | None, ready_at: float) -> float:
        """Reserve the line for bytes that wait since `ready_at`; return when the line has carried them."""
        with self.lock:
            self.carried += size
            self.free_at = max(self.free_at, ready_at) + (size / rate if rate else 0.0)
            return self.free_at


class Line:
    """The line of a server; its model may change while connections are open."""

    def __init__(self, model: Callable[[], LineModel], *, seed: int = 0) -> None:
        """Take a function that returns the model; it is called for each chunk."""
        self._model = model
        self._up, self._down = _Direction(), _Direction()
        self._dice = random.Random(seed)

    @property
    def model(self) -> LineModel:
        """Return the model in force."""
        return self._model()

    @property
    def carried_up(self) -> int:
        """Return how many bytes clients have sent over the line, TLS and headers included."""
        return self._up.carried

    def join(self, client: socket.socket, stopping: threading.Event) -> socket.socket:
        """Insert the line between a client's connection and the returned socket."""
        held = max(RECEIVE_BYTES, int((self.model.up or 0.0) * RECEIVE_SECONDS))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, held)
        ours, theirs = socket.socketpair()
        ends = _Ends(client, ours)
        for source, target, is_up in ((client, ours, True), (ours, client, False)):
            way = _Way(self, source, target, self._up if is_up else self._down, ends, is_up=is_up)
            for work in (way.read, way.deliver):
                threading.Thread(target=work, args=(stopping,), daemon=True).start()
        return theirs

    def lost_seconds(self, size: int) -> float:
        """Draw whether a packet of so many bytes is lost; return for how many seconds the connection then stalls."""
        model = self.model
        packets = max(1, -(-size // PACKET_BYTES))
        if not model.loss or self._dice.random() >= 1 - (1 - model.loss) ** packets:
            return 0.0
        if self._dice.random() < TIMEOUT_SHARE:
            return max(RETRANSMISSION_SECONDS, model.round_trip) + model.round_trip
        return model.round_trip / 2  # half the window for one round trip


class _Ends:
    """The two sockets that a line connects; closed when both directions have ended."""

    def __init__(self, *ends: socket.socket) -> None:
        self._ends, self._open, self._lock = ends, len(ends), threading.Lock()

    def way_ended(self) -> None:
        """Count a direction that has ended."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                for end in self._ends:
                    end.close()

    def hang_up(self) -> None:
        """End both directions: a peer has disconnected."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Way:
    """One direction of one connection: reads at the speed of the line, delivers half a round trip later."""

    def __init__(
        self,
        line: Line,
        source: socket.socket,
        target: socket.socket,
        shared: _Direction,
        ends: _Ends,
        *,
        is_up: bool,
    ) -> None:
        self._line, self._source, self._target = line, source, target
        self._shared, self._ends, self._is_up = shared, ends, is_up
        self._travelling: deque[tuple[float, bytes]] = deque()
        self._arrived = threading.Condition()

    def read(self, stopping: threading.Event) -> None:
        """Read bytes from the sender as fast as the line carries them."""
        data, carried = b"-", time.monotonic()
        while data and not stopping.is_set():
            model = self._line.model
            rate = model.up if self._is_up else model.down
            at_once = min(MAX_QUANTUM_BYTES, max(PACKET_BYTES, int((rate or 1e9) * QUANTUM_SECONDS)))
            asked = time.monotonic()
            try:
                data = self._source.recv(at_once)
            except OSError:
                data = b""
            started = time.monotonic()
            if started - asked < WAITED_SECONDS:
                # They stood in the sender's socket: that we woke late is not the line's time.
                started = max(carried, started - MAX_LATE_SECONDS)
            carried = self._shared.carry(len(data), rate, started)
            if model.connection:
                carried = max(carried, started + len(data) / model.connection)
            carried += self._line.lost_seconds(len(data)) if data else 0.0
            with self._arrived:
                self._travelling.append((carried + model.round_trip / 2, data))
                self._arrived.notify()
            if (left := carried - time.monotonic()) > 0:
                stopping.wait(left)

    def deliver(self, stopping: threading.Event) -> None:
        """Deliver what has arrived; an empty piece is the end of the connection."""
        try:
            while data := self._next(stopping):
                self._target.sendall(data)
            self._target.shutdown(socket.SHUT_WR)
        except OSError:
            self._ends.hang_up()
        finally:
            self._ends.way_ended()

    def _next(self, stopping: threading.Event) -> bytes:
        """Wait for the next bytes that arrive; b"" at the end."""
        with self._arrived:
            while not self._travelling:
                if stopping.is_set():
                    return b""
                self._arrived.wait(1.0)
            moment, data = self._travelling.popleft()
        if (left := moment - time.monotonic()) > 0:
            stopping.wait(left)
        return data
