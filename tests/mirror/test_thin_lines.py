"""A Dropbox behind a thin, far or lossy line: what is sent arrives, once, and a saved edit does not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dropbox as sdk
import pytest
import requests

from dropbox_simulator import LatencyModel, Server, Simulator, faults
from dropbox_simulator.inprocess import SimulatorAdapter
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api import client, oauth_calls, transport
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.dropbox_api.tokens import Tokens
from minno_dashboard.mirror.errors import Retry
from minno_dashboard.mirror.models import UploadSession
from minno_dashboard.mirror.running import due_links
from minno_dashboard.mirror.sending import bandwidth
from minno_dashboard.mirror.stored import Learned
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, APP_KEY, APP_SECRET, MirrorWorld, point_at
from tests.mirror.test_calls import is_equal
from tests.mirror.test_uploading import put, sent

MIB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[Server]:
    """A Dropbox on the computer's own clock; each test gives it a line."""
    simulator = Simulator(seed=1)
    simulator.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
    simulator.control.create_account("Anna A", ANNA)
    with Server(simulator) as server:
        yield server


def port_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> client.DropboxPort:
    point_at(server, monkeypatch)
    given = server.simulator.control.authorise(ANNA)
    grant = Grant(
        access_token=given["access_token"],
        expires_at=clock.now() + timedelta(hours=4),
        refresh_token=given["refresh_token"],
        account_id=given["account_id"],
        scopes=" ".join(oauth_calls.SCOPES),
    )

    def renew() -> Grant:
        raise AssertionError("the token is good for hours")

    return client.DropboxPort(Tokens(renew, grant))


def carrying(server: Server) -> list[dict[str, Any]]:
    """Return the recorded calls that carried content."""
    return [one for one in server.simulator.control.records() if one["body_size"]]


def test_a_body_that_takes_longer_than_the_time_out_for_connecting_arrives_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.simulator.model = LatencyModel(client_rate=1.0 * MIB, round_trip=0.05)
    port = port_to(server, monkeypatch)
    port.account()  # connected: from here on the time-out would only concern the body
    port._client._timeout = (1.0, transport.READ_SECONDS)
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


# --- what is sent at once, and what overtakes it ---


@pytest.mark.parametrize(
    ("rate", "lanes", "piece"),
    [
        (32_000, 1, 4 * MIB),  # 256 kbit/s
        (125_000, 1, 4 * MIB),
        (1_250_000, 2, 4 * MIB),
        (125_000_000, 4, 16 * MIB),
    ],
)
def test_pieces_and_lanes_follow_the_line(rate: int, lanes: int, piece: int) -> None:
    learned: Learned = {}
    for _ in range(8):
        size = bandwidth.piece_bytes(learned, 16 * MIB)
        busy = bandwidth.piece_lanes(learned, size)
        bandwidth.learn(learned, size=size, seconds=size * busy / rate, lanes=busy)
    assert bandwidth.piece_bytes(learned, 16 * MIB) == piece
    assert bandwidth.piece_lanes(learned, piece) == lanes
    assert bandwidth.body_bytes(learned, 8 * MIB) <= max(
        bandwidth.MIN_BODY_BYTES, rate * bandwidth.BODY_SECONDS
    )


def test_a_line_on_which_losses_slow_each_connection_gets_more_of_them() -> None:
    learned: Learned = {}
    for _ in range(8):
        lanes = bandwidth.piece_lanes(learned, bandwidth.piece_bytes(learned, 16 * MIB))
        bandwidth.learn(learned, size=4 * MIB, seconds=4.0, lanes=lanes)
    assert bandwidth.piece_lanes(learned, 4 * MIB) > bandwidth.FIRST_LANES


@pytest.mark.parametrize(
    ("lane_rate", "busy", "piece", "lanes"),
    [
        (1_300_000, 8, 8 * MIB, 8),  # 100 Mbit/s with losses, 300 ms away: the answer's way is 5 % of a piece
        (1_300_000, 2, 4 * MIB, 6),  # the same line, measured by two lanes: first there are more lanes
        (1_250_000, 1, 4 * MIB, 2),  # 10 Mbit/s measured by one lane alone: two fit
    ],
)
def test_a_piece_takes_its_lane_seconds_but_leaves_room_for_other_lanes(
    lane_rate: int, busy: int, piece: int, lanes: int
) -> None:
    learned: Learned = {"lane_rate": lane_rate, "line_rate": lane_rate * busy}
    assert bandwidth.piece_bytes(learned, 16 * MIB) == piece
    assert bandwidth.piece_lanes(learned, piece) == lanes


class Gated(SimulatorAdapter):
    """A transport whose large bodies wait until the test opens the gate."""

    reached, opened = threading.Event(), threading.Event()

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Carry a request over."""
        if len(request.body or b"") > MIB:
            self.reached.set()
            self.opened.wait(60)
        return super().send(request, *arguments, **options)


def test_a_saved_edit_does_not_wait_for_the_pieces_that_are_under_way(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gate(Gated):
        reached, opened = threading.Event(), threading.Event()

    def new_session() -> requests.Session:
        session = sdk.create_session()
        session.mount("https://", Gate(world.simulator))
        return session

    monkeypatch.setattr(transport, "new_session", new_session)
    tree = studies.create_study(owner=anna, name="Films").versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    put(tree, anna, "film.bin", 11 * MIB)
    world.control.clear_records()
    saved: list[str] = []

    def look() -> bool:
        if Gate.reached.is_set() and not saved:
            put(tree, anna, "edit.js", 100)
            due_links.note_changes()
            saved.append("edit.js")
        if "files/upload" in world.calls():
            Gate.opened.set()
        return False

    mirrors = due_links.DueMirrors(look)
    while work := mirrors.claim_next("test:1:aa"):
        work()
    calls = world.calls()
    assert saved
    assert calls.index("files/upload") < calls.index("files/upload_session/start")
    assert sent(world) == 11 * MIB
    assert is_equal(world, anna)


def test_after_a_lost_answer_not_a_byte_that_arrived_is_sent_again(world: MirrorWorld, anna: User) -> None:
    tree = studies.create_study(owner=anna, name="Films").versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    put(tree, anna, "film.bin", 11 * MIB)
    world.control.clear_records()
    world.control.add_fault(faults.reset(when="after"), route="files/upload_session/append_v2", times=1)
    world.settle()
    assert is_equal(world, anna)
    assert sent(world) == 11 * MIB
    assert not UploadSession.objects.exists()
