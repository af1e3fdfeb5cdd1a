"""Clients that send or read too slowly are dropped, and hold nothing that others need."""

from __future__ import annotations

from collections.abc import Callable

import requests

from tests.config.gateway.conftest import RunningGateway
from tests.config.gateway.raw_http import answers, connect, everything
from tests.waiting import PATIENCE_SECONDS, until

Begin = Callable[..., RunningGateway]
HALVES = [
    b"",
    b"GET / HT",
    b"GET / HTTP/1.1\r\nHost: x\r\nCook",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + b"a" * 300_000,
    b"PUT /data HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf of it",
]


def test_half_sent_requests_are_dropped_and_pages_are_answered_meanwhile(gateway: Begin) -> None:
    running = gateway(head_seconds=0.5, body_seconds=0.5, idle_seconds=0.5)
    socks = [connect(running.port) for _ in range(120)]
    for number, sock in enumerate(socks):
        sock.sendall(HALVES[number % len(HALVES)])
    answer = requests.get(f"http://127.0.0.1:{running.port}/page", timeout=PATIENCE_SECONDS)
    assert answer.json()["path"] == "/page"
    for sock in socks:
        assert everything(sock) == b""
        sock.close()
    assert running.application.calls == 1


def test_half_sent_requests_that_are_still_in_time_hold_no_thread(gateway: Begin) -> None:
    running = gateway()
    socks = [connect(running.port) for _ in range(120)]
    for number, sock in enumerate(socks):
        sock.sendall(HALVES[number % len(HALVES)])
    for _ in range(3):
        answer = requests.get(f"http://127.0.0.1:{running.port}/page", timeout=PATIENCE_SECONDS)
        assert answer.json()["path"] == "/page"
    late = socks[1]
    late.sendall(b"TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answers(everything(late))[0][0] == 200
    for sock in socks:
        sock.close()


def test_a_reader_without_progress_is_dropped_and_its_thread_is_free_again(gateway: Begin) -> None:
    running = gateway(reader_seconds=0.5)
    with connect(running.port, receive_buffer=4096) as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert running.application.closed.wait(PATIENCE_SECONDS)
        until(lambda: running.connection_count() == 0, "the connection to be dropped")


def test_a_slow_reader_with_progress_is_not_dropped(gateway: Begin) -> None:
    running = gateway(reader_seconds=0.3)
    with connect(running.port, receive_buffer=4096) as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        read = 0
        while read < 20_000_000:
            piece = sock.recv(100_000)
            assert piece, f"dropped after {read} bytes"
            read += len(piece)
        assert not running.application.closed.is_set()


def test_of_too_many_waiting_readers_the_slowest_go(gateway: Begin) -> None:
    running = gateway(max_waiting_readers=2)
    socks = [connect(running.port, receive_buffer=4096) for _ in range(4)]
    for sock in socks:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: running.application.calls == 4, "every reader's answer to begin")
    until(lambda: running.connection_count() == 2, "the surplus to be dropped")
    for sock in socks:
        sock.close()


def test_above_the_limit_of_connections_the_one_idle_longest_goes(gateway: Begin) -> None:
    running = gateway(max_connections=5)
    socks = [connect(running.port) for _ in range(8)]
    until(lambda: running.connection_count() == 5, "the limit to hold")
    assert everything(socks[0]) == b""
    answer = requests.get(f"http://127.0.0.1:{running.port}/page", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    for sock in socks:
        sock.close()
