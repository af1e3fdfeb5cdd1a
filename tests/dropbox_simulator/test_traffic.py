"""Latency, the write lock and rate limits, on a virtual clock."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import dropbox
import pytest
from dropbox import files
from dropbox.dropbox_client import create_session
from dropbox.exceptions import RateLimitError

from dropbox_simulator import FAST, LatencyModel, Server, Simulator, VirtualClock, mount

from .conftest import ALICE


def made(model: LatencyModel) -> tuple[Simulator, Any]:
    """A simulator with a model, and Alice's client."""
    simulator = Simulator(VirtualClock(), seed=5, model=model)
    simulator.control.create_app()
    simulator.control.create_account("Alice Demo", ALICE)
    tokens = simulator.control.authorise(ALICE)
    client = dropbox.Dropbox(
        tokens["access_token"],
        session=mount(create_session(), simulator),
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )
    return simulator, client


def test_the_fast_model_costs_what_it_says() -> None:
    """60 ms there and back, 40 ms a commit and 2 ms an entry."""
    simulator, client = made(FAST)
    start = simulator.clock.now()
    client.files_upload(b"x", "/a")
    assert simulator.clock.now() - start == pytest.approx(0.100)
    ids = client.files_upload_session_start_batch(10).session_ids
    cursors = [files.UploadSessionCursor(id, 0) for id in ids]
    entries = [files.UploadSessionAppendBatchArgEntry(cursor, 0, close=True) for cursor in cursors]
    client.files_upload_session_append_batch(b"", entries)
    start = simulator.clock.now()
    commits = [
        files.UploadSessionFinishArg(cursor, files.CommitInfo(f"/{number}"))
        for number, cursor in enumerate(cursors)
    ]
    client.files_upload_session_finish_batch_v2(commits)
    assert simulator.clock.now() - start == pytest.approx(0.060 + 0.040 + 10 * 0.002)


def test_bodies_take_the_time_of_the_bandwidth() -> None:
    """One megabyte at one megabyte a second."""
    simulator, client = made(LatencyModel(client_rate=1_000_000.0))
    start = simulator.clock.now()
    client.files_upload(bytes(1_000_000), "/a")
    assert simulator.clock.now() - start == pytest.approx(1.0, rel=0.01)


def test_too_many_calls_are_told_to_wait() -> None:
    """15 seconds first, 300 when it goes on; waiting helps."""
    simulator, client = made(LatencyModel(burst=3, per_second=1))
    for _ in range(3):
        client.files_list_folder("")
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimitError) as caught:
            client.files_list_folder("")
        waits.append(caught.value.backoff)
    assert waits == [15, 300]
    simulator.clock.advance(300)
    client.files_list_folder("")


def test_overlapping_writers_are_seen_and_wait_for_the_lock() -> None:
    """Parallel uploads overlap; those that wait too long are refused."""
    simulator, client = made(LatencyModel(commit=1.0, lock_patience=1.5))
    start = threading.Barrier(6)
    refused: list[str] = []

    def work(number: int) -> None:
        own = client.clone(session=mount(create_session(), simulator))
        own._max_retries_on_rate_limit = 0
        start.wait(10)
        try:
            own.files_upload(b"x", f"/{number}")
        except RateLimitError as error:
            refused.append(error.error.reason._tag)

    simulator.clock.sleep_until(0)
    lane = simulator.lane(simulator.control.link(ALICE))
    lane.free_at = simulator.clock.now() + 1.0
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    uploads = simulator.recorder.calls("files/upload")
    assert len(uploads) == 6
    assert len(simulator.control.tree(ALICE)) + len(refused) == 6
    assert set(refused) <= {"too_many_write_operations"}
    assert any(record.lock_wait > 0 for record in uploads)


def test_a_lock_held_for_long_refuses() -> None:
    """A waiter gives up after its patience and is told so."""
    simulator, client = made(LatencyModel(commit=0.1, lock_patience=1.5))
    simulator.lane(simulator.control.link(ALICE)).free_at = simulator.clock.now() + 10
    start = simulator.clock.now()
    with pytest.raises(RateLimitError) as caught:
        client.files_upload(b"x", "/a")
    assert caught.value.error.reason.is_too_many_write_operations()
    assert simulator.clock.now() - start == pytest.approx(1.5)
    assert simulator.control.tree(ALICE) == {}


def test_jobs_are_done_when_their_time_has_come() -> None:
    """in_progress until the model's cost has passed."""
    simulator, client = made(LatencyModel(relocate=5.0))
    client.files_upload(b"x", "/a")
    job = client.files_delete_batch([files.DeleteArg("/a")]).get_async_job_id()
    assert client.files_delete_batch_check(job).is_in_progress()
    simulator.clock.advance(10)
    assert client.files_delete_batch_check(job).is_complete()


def test_the_same_seed_gives_the_same_run() -> None:
    """Ids, revs and tokens follow from the seed."""
    trees = []
    for _ in range(2):
        simulator, client = made(FAST)
        client.files_upload(b"x", "/dir/a")
        trees.append(simulator.control.tree(ALICE))
    assert trees[0] == trees[1]


def test_a_thin_line_holds_the_sender_back_while_it_writes() -> None:
    """What the line has not carried waits in the sender's own socket; two connections share one line."""
    simulator = Simulator(seed=5, model=LatencyModel(client_rate=1_000_000.0))
    body = b"x" * 500_000
    head = f"POST /2/files/upload HTTP/1.1\r\nHost: content.dropboxapi.com\r\nContent-Length: {len(body)}\r\n\r\n"
    with Server(simulator) as server:
        began = time.monotonic()
        senders = []
        for _ in range(2):
            sender = socket.create_connection(("127.0.0.1", server.port))
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
            senders.append(sender)

        def send(sender: socket.socket) -> None:
            sender.sendall(head.encode() + body)

        threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began > 0.6  # of the 1.0 s that the line needs, all but what buffers hold
        assert [sender.recv(12) for sender in senders] == [b"HTTP/1.1 400"] * 2
        for sender in senders:
            sender.close()
