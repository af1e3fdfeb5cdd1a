"""Limits on what a client may send and leave unread before its connection is dropped."""

from __future__ import annotations

from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class GatewayLimits:
    """Limits of one gateway.

    A connection is dropped when its request head is not complete after `head_seconds`, when less than
    `min_bytes_per_second` arrived of a body during `body_seconds`, when a client read less than that of an answer
    during `reader_seconds`, or when it was idle for `idle_seconds`. Of more than `max_waiting_readers` clients that
    answers wait for, the slowest are dropped. Above `max_connections` the one that is idle longest is dropped.
    """

    head_seconds: float = 20
    body_seconds: float = 30
    reader_seconds: float = 60
    idle_seconds: float = 75
    min_bytes_per_second: int = 100
    max_waiting_readers: int = 64
    max_connections: int = 4000
    unread_body_seconds: float = 10
    sweep_seconds: float = 1
