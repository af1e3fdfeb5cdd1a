"""A Dropbox behind a thin, far or lossy line: what is sent arrives, once, and a saved edit does not wait for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dropbox_simulator import LatencyModel, Server, Simulator
from minno_dashboard.core import clock
from minno_dashboard.mirror import dropbox, transport
from minno_dashboard.mirror.errors import Retry
from minno_dashboard.mirror.port import Grant
from minno_dashboard.mirror.tokens import Tokens
from tests.mirror.conftest import ANNA, APP_KEY, APP_SECRET, point_at

MIB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[Server]:
    """A Dropbox on the computer's own clock; each test gives it a line."""
    simulator = Simulator(seed=1)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", ANNA)
    with Server(simulator) as server:
        yield server


def port_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> dropbox.DropboxPort:
    point_at(server, monkeypatch)
    given = server.simulator.control.authorise(ANNA)
    grant = Grant(
        access_token=given["access_token"],
        expires_at=clock.now() + timedelta(hours=4),
        refresh_token=given["refresh_token"],
        account_id=given["account_id"],
        scopes=" ".join(dropbox.SCOPES),
    )

    def renew() -> Grant:
        raise AssertionError("the token is good for hours")

    return dropbox.DropboxPort(Tokens(renew, grant))


def carrying(server: Server) -> list[dict[str, Any]]:
    """Return the recorded calls that carried content."""
    return [one for one in server.simulator.control.records() if one["body_size"]]


def test_a_body_that_takes_longer_than_the_time_out_for_connecting_arrives_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.simulator.model = LatencyModel(client_rate=1.0 * MIB, round_trip=0.05)
    port = port_to(server, monkeypatch)
    port.account()  # connected: from here on the time-out would only concern the body
    port._client._timeout = (1.0, dropbox.READ_SECONDS)
    server.simulator.control.clear_records()
    session = port.start(b"x" * 4 * MIB, close=True)
    assert session
    assert [one["body_size"] for one in carrying(server)] == [4 * MIB]
    assert server.line.carried_up < 4.3 * MIB  # nothing was begun and given up


def test_a_line_on_which_nothing_moves_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.simulator.model = LatencyModel(client_rate=1.0 * MIB)
    port = port_to(server, monkeypatch)
    port.account()
    monkeypatch.setattr(transport, "PROGRESS_SECONDS", 0.5)
    server.simulator.model = LatencyModel(client_rate=1.0)
    with pytest.raises(Retry) as caught:
        port.start(b"x" * 4 * MIB, close=True)
    assert caught.value.reason == "no_answer"


def test_who_watches_is_told_while_bytes_move_and_can_end_the_call(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.simulator.model = LatencyModel(client_rate=4.0 * MIB)
    port = port_to(server, monkeypatch)
    told: list[int] = []
    port.watch(lambda: told.append(1))
    port.start(b"x" * MIB, close=True)
    assert len(told) >= MIB // transport.PORTION_BYTES

    def stop() -> None:
        raise ConnectionAbortedError

    port.watch(stop)
    with pytest.raises(Retry):
        port.start(b"x" * MIB, close=True)
    assert len(carrying(server)) == 1


def test_downloads_and_answers_cross_the_line_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 4096
    server.simulator.control.write_file(ANNA, "/a.bin", data)
    server.simulator.model = LatencyModel(client_rate=2.0 * MIB, round_trip=0.02, loss=0.005)
    port = port_to(server, monkeypatch)
    entry = port.get_metadata("/a.bin")
    assert entry is not None
    began = time.monotonic()
    assert b"".join(port.download(entry.rev)) == data
    assert time.monotonic() - began > 0.4  # the line's own time, which no computer can shorten
