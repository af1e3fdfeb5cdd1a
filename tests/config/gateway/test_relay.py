"""The gateway passes requests and answers on unchanged, and says who the client is."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress

import requests

from tests.config.gateway.conftest import RunningGateway
from tests.config.gateway.raw_http import answers, connect, everything
from tests.waiting import PATIENCE_SECONDS, until

Begin = Callable[..., RunningGateway]


def test_a_request_and_its_answer_arrive_as_they_are(gateway: Begin) -> None:
    running = gateway()
    url = f"http://127.0.0.1:{running.port}"
    with requests.Session() as session:
        for size in (0, 1, 70_000, 3_000_000):
            body = bytes(range(256)) * (size // 256 + 1)
            answer = session.post(f"{url}/a/b?c=d%20e", data=body[:size], timeout=PATIENCE_SECONDS)
            told = answer.json()
            assert (told["path"], told["query"], told["client"]) == ("/a/b", "c=d%20e", "127.0.0.1")
            assert told["size"] == size
            assert told["sum"] == sum(body[:size]) % 65521
        chunked = session.put(f"{url}/x", data=iter([b"one", b"two" * 50_000]), timeout=PATIENCE_SECONDS)
        assert chunked.json()["size"] == 150_003
        streamed = session.get(f"{url}/streamed", timeout=PATIENCE_SECONDS)
        assert streamed.headers["X-Kind"] == "streamed"
        assert streamed.json()["path"] == "/streamed"
        head = session.head(f"{url}/x", timeout=PATIENCE_SECONDS)
        assert head.status_code == 200
        assert int(head.headers["Content-Length"]) > 100
        assert head.content == b""
        assert session.get(f"{url}/empty", timeout=PATIENCE_SECONDS).status_code == 204


def test_a_client_cannot_pretend_to_be_the_gateway_or_somebody_else(gateway: Begin) -> None:
    running = gateway()
    forged = {
        "X-Minno-Client-Address": "8.8.8.8",
        "X_Minno_Client_Address": "8.8.8.8",
        "X-Minno-Gateway": "guess",
        "X-Forwarded-For": "9.9.9.9",
        "X_Forwarded_For": "8.8.8.8",
    }
    told = requests.get(f"http://127.0.0.1:{running.port}/", headers=forged, timeout=PATIENCE_SECONDS).json()
    assert told["client"] == "127.0.0.1"
    assert told["headers"]["HTTP_X_FORWARDED_FOR"] == "9.9.9.9"
    assert "8.8.8.8" not in json.dumps(told)
    assert not any("MINNO" in name for name in told["headers"])
    direct = requests.get(f"http://127.0.0.1:{running.web_port}/", headers=forged, timeout=PATIENCE_SECONDS)
    assert direct.status_code == 403


def test_requests_sent_at_once_are_answered_in_order(gateway: Begin) -> None:
    running = gateway()
    with connect(running.port) as sock:
        first = b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        second = b"GET /streamed HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        sock.sendall(first + second + first + last)
        found = answers(everything(sock))
    assert [json.loads(body)["path"] for _, _, body in found] == ["/1", "/streamed", "/1", "/3"]


def test_damaged_and_ambiguous_requests_are_refused_and_never_passed_on(gateway: Begin) -> None:
    running = gateway()
    hostile = [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nName : c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"a" * 200_000 + b"\r\n\r\n",
    ]
    for request in hostile:
        with connect(running.port) as sock:
            with suppress(OSError):  # refused and closed before all of it was sent
                sock.sendall(request)
                sock.shutdown(socket.SHUT_WR)
            statuses = [status for status, _, _ in answers(everything(sock))]
        assert statuses in ([], [400], [431], [503]), request[:60]
    assert running.application.calls == 0


def test_a_client_that_leaves_ends_the_work_on_its_answer(gateway: Begin) -> None:
    running = gateway()
    with connect(running.port) as sock:
        sock.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    assert running.application.closed.wait(PATIENCE_SECONDS)


def test_a_web_process_that_is_away_is_said_in_a_sentence_and_found_again(gateway: Begin) -> None:
    running = gateway()
    with requests.Session() as session:
        address = f"http://127.0.0.1:{running.port}/"
        assert session.get(address, timeout=PATIENCE_SECONDS).ok
        running.stop_web()
        until(lambda: session.get(address, timeout=PATIENCE_SECONDS).status_code == 503, "503")
        away = session.post(address, data=b"x", timeout=PATIENCE_SECONDS)
        assert away.status_code == 503
        assert away.headers["Retry-After"]
        assert "Nothing that was stored is lost" in away.text
