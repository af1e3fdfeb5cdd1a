"""Injected faults surface as the network and Dropbox would show them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from dropbox import files
from dropbox.exceptions import ApiError, AuthError, InternalServerError, RateLimitError

from dropbox_simulator import Simulator, faults
from dropbox_simulator.catalogue import TITLES, Failures

from .conftest import ALICE, BOB, Connect

UPLOAD = "files/upload"


@pytest.mark.parametrize("over_http", [False, True], ids=["in process", "over HTTP"])
@pytest.mark.parametrize(("when", "applied"), [("before", False), ("after", True)])
def test_a_reset_comes_before_or_after_the_commit(
    request: pytest.FixtureRequest, simulator: Simulator, over_http: bool, when: Any, applied: bool
) -> None:
    """The client sees the same; only the tree tells."""
    client = request.getfixturevalue("web_client" if over_http else "client")
    simulator.control.add_fault(faults.reset(when=when), route=UPLOAD, times=1)
    with pytest.raises(requests.ConnectionError):
        client.files_upload(b"x", "/a")
    assert ("/a" in simulator.control.tree(ALICE)) is applied
    assert client.files_upload(b"x", "/a").size == 1


@pytest.mark.parametrize("over_http", [False, True], ids=["in process", "over HTTP"])
def test_a_truncated_answer_is_a_broken_body(
    request: pytest.FixtureRequest, simulator: Simulator, over_http: bool
) -> None:
    """The commit stands, the answer is half."""
    client = request.getfixturevalue("web_client" if over_http else "client")
    simulator.control.add_fault(faults.truncate(), route=UPLOAD, times=1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.files_upload(b"x", "/a")
    assert "/a" in simulator.control.tree(ALICE)


def test_a_hanging_call_times_out(connect: Connect, simulator: Simulator) -> None:
    """On the virtual clock the time-out passes at once."""
    client = connect(timeout=33)
    simulator.control.add_fault(faults.hang(when="after"), route=UPLOAD)
    before = simulator.clock.now()
    with pytest.raises(requests.ReadTimeout):
        client.files_upload(b"x", "/a")
    assert simulator.clock.now() == before + 33
    assert "/a" in simulator.control.tree(ALICE)


def test_rules_choose_by_route_number_account_and_chance(connect: Connect, simulator: Simulator) -> None:
    """nth counts matching calls; an account's rule leaves others alone; chances follow from the seed."""
    alice, bob = connect(ALICE), connect(BOB)
    simulator.control.add_fault(faults.status(503), route="files/list_folder", account=ALICE, nth=(2,))
    outcomes = []
    for client in (alice, bob, alice, bob, alice):
        try:
            client.files_list_folder("")
            outcomes.append("ok")
        except InternalServerError:
            outcomes.append("503")
    assert outcomes == ["ok", "ok", "503", "ok", "ok"]
    simulator.control.clear_faults()
    rule = simulator.control.add_fault(faults.status(500), route="check/user", probability=0.5, seed=1)
    for _ in range(40):
        try:
            alice.check_user("x")
        except InternalServerError:
            continue
    assert 10 < rule.hits < 30
    assert rule.seen == 40


def test_throttling_in_all_its_forms(client: Any, simulator: Simulator) -> None:
    """JSON with and without retry_after, plain text with a header."""
    control = simulator.control
    for effect in (
        faults.throttle("too_many_requests", 300),
        faults.throttle("too_many_write_operations", None),
    ):
        control.add_fault(effect, times=1)
        with pytest.raises(RateLimitError):
            client.files_upload(b"x", "/a")
    control.add_fault(faults.plain_throttle(300), times=1)
    with pytest.raises(RateLimitError):
        client.files_upload(b"x", "/a")
    first, second, third = simulator.recorder.calls(UPLOAD)
    assert (first.retry_after, second.retry_after, third.retry_after) == (300, None, 300)


def test_entries_of_batches_fail_alone(client: Any, simulator: Simulator) -> None:
    """The failed entry changes nothing and its session can be used again."""
    ids = [client.files_upload_session_start(b"abc", close=True).session_id for _ in range(3)]
    commits = [
        files.UploadSessionFinishArg(files.UploadSessionCursor(id, 3), files.CommitInfo(f"/{number}"))
        for number, id in enumerate(ids)
    ]
    failure = {".tag": "too_many_write_operations"}
    simulator.control.add_fault(faults.entry_failures(failure, 1), route=".*finish_batch_v2", times=1)
    entries = client.files_upload_session_finish_batch_v2(commits).entries
    assert [entry.is_success() for entry in entries] == [True, False, True]
    assert entries[1].get_failure().is_too_many_write_operations()
    assert client.files_upload_session_finish_batch_v2(commits[1:2]).entries[0].is_success()
    simulator.control.add_fault(
        faults.entry_failures({".tag": "a_tag_of_tomorrow"}), route="files/delete_batch", times=1
    )
    job = client.files_delete_batch([files.DeleteArg("/0")]).get_async_job_id()
    assert client.files_delete_batch_check(job).get_complete().entries[0].get_failure().is_other()
    assert set(simulator.control.tree(ALICE)) == {"/0", "/1", "/2"}


def test_a_corrupt_byte_shows_in_the_hash(client: Any, simulator: Simulator) -> None:
    """The body passes its own check; what is kept differs."""
    simulator.control.add_fault(faults.corrupt_stored_byte(), route=UPLOAD, times=1)
    kept = client.files_upload(b"good", "/a")
    assert kept.content_hash != client.files_upload(b"good", "/b").content_hash


def test_the_recorder_catches_impolite_clients(connect: Connect, simulator: Simulator) -> None:
    """Calls inside a Retry-After and autorename=true are found; sizes are counted."""
    client = connect()
    client.files_upload(b"12345", "/a")
    simulator.recorder.assert_polite()
    assert simulator.recorder.bytes_sent() == 5
    simulator.control.add_fault(faults.throttle(retry_after=15), times=1)
    with pytest.raises(RateLimitError):
        client.files_list_folder("")
    simulator.clock.advance(14)
    client.files_list_folder("")
    assert len(simulator.recorder.calls_inside_retry_after()) == 1
    with pytest.raises(AssertionError, match="Retry-After"):
        simulator.recorder.assert_polite()
    simulator.recorder.clear()
    client.files_upload(b"1", "/b", autorename=True)
    with pytest.raises(AssertionError, match="autorename"):
        simulator.recorder.assert_polite()
    assert simulator.recorder.export()[0]["route"] == UPLOAD


@pytest.mark.parametrize("row", sorted(TITLES))
def test_each_catalogued_failure_can_be_caused_and_healed(
    client: Any, simulator: Simulator, row: int
) -> None:
    """After healing, a linked client writes again."""
    client.files_upload(b"x", "/Study/a.txt")
    failures = Failures(simulator.control, ALICE)
    failures.cause(row, path="/Study" if row == 17 else "/Study/a.txt")
    failures.heal()
    client.files_upload(b"y", "/Study/new.txt")


def test_some_catalogued_failures_show_as_they_should(client: Any, simulator: Simulator) -> None:
    """Quota, revocation in the middle, lost answer."""
    failures = Failures(simulator.control, ALICE)
    failures.cause(8)
    with pytest.raises(ApiError, match="insufficient_space"):
        client.files_upload(b"x", "/a")
    failures.heal()
    failures.cause(27)
    with pytest.raises(requests.ConnectionError):
        client.files_upload(b"x", "/a")
    assert "/a" in simulator.control.tree(ALICE)
    failures.cause(2)
    with pytest.raises(AuthError):
        client.files_upload(b"y", "/b")
