"""Upload sessions and changing sources: rows 23, 29, 30 and 31 of the failure catalogue."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api import transport
from minno_dashboard.mirror.sending import upload_lanes, uploads
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld
from tests.mirror.faults.conftest import ROOT, add, edit, is_whole, kept, says, spend

MIB = 1024 * 1024
LARGE = bytes(range(256)) * (4096 * 24)


def at_each_answer(
    monkeypatch: pytest.MonkeyPatch, route: str, act: Callable[[], None], times: int = 1
) -> None:
    """Do something whenever an answer of a route arrives, so many times."""
    open_session, left = transport.new_session, [times]

    def watched() -> requests.Session:
        session = open_session()

        def heard(answer: requests.Response, *args: object, **options: object) -> None:
            if str(answer.url).endswith(route) and left[0] > 0:
                left[0] -= 1
                act()

        session.hooks["response"].append(heard)
        return session

    monkeypatch.setattr(transport, "new_session", watched)


def test_g23_a_file_that_is_saved_while_it_is_sent_ends_as_the_last_save(
    world: MirrorWorld, anna: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves = iter(range(100))
    at_each_answer(
        monkeypatch,
        "files/upload",
        lambda: edit(study, anna, data=f"save {next(saves)}".encode()),
        times=10,
    )
    edit(study, anna, data=b"the first save")
    world.settle()
    assert is_whole(world, anna)
    assert world.files(ANNA)[f"{ROOT}/folder 0/0.js"] == b"save 9"


class _AtOnce(ThreadPoolExecutor):
    """Lanes in the test's own thread, which alone sees the test's transaction."""

    def submit(self, job: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Do a job."""
        future: Future[Any] = Future()
        future.set_result(job(*args, **options))
        return future


def test_g23_a_batch_whose_files_are_saved_while_it_is_committed_ends_as_the_last_save(
    world: MirrorWorld, anna: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_lanes, "ThreadPoolExecutor", _AtOnce)
    route = "files/upload_session/finish_batch_v2"
    at_each_answer(monkeypatch, route, lambda: edit(study, anna, "new/3.js", b"saved meanwhile"))
    add(study, anna, 20)
    world.settle()
    assert is_whole(world, anna)
    assert world.files(ANNA)[f"{ROOT}/new/3.js"] == b"saved meanwhile"


def test_g29_sessions_that_expired_are_begun_anew(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    route = "files/upload_session/finish_batch_v2"
    world.control.add_fault(faults.throttle("too_many_requests", 60), route=route, times=1)
    add(study, anna, 20)
    edit(study, anna, "large.bin", LARGE)
    world.run()
    assert kept(anna)["sessions"]
    failures.cause(29)
    world.settle()
    assert is_whole(world, anna)
    assert kept(anna)["sessions"] == []


@pytest.mark.parametrize("correct", [0, 4 * MIB, 8 * MIB, 16 * MIB, 999 * MIB])
def test_g30_a_wrong_offset_is_mended_or_the_file_begun_anew(
    world: MirrorWorld, anna: User, study: Study, correct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PIECE_BYTES", 8 * MIB)
    error = {".tag": "incorrect_offset", "correct_offset": correct}
    world.control.add_fault(faults.json_error(409, error), route="files/upload_session/append_v2", times=1)
    edit(study, anna, "large.bin", LARGE)
    world.settle()
    assert is_whole(world, anna)


def test_g31_bytes_that_were_damaged_on_the_way_are_sent_again(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(31)
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count("files/upload") == 2


@pytest.mark.parametrize("count", [1, 12])
def test_g31_a_way_that_damages_everything_is_given_up_after_three_times(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, count: int
) -> None:
    failures.cause(31, times=10**6)
    add(study, anna, count)
    began = clock.now()
    world.run()
    sent = [route for route in world.calls() if "upload" in route]
    assert len(sent) <= 7
    says(anna, "waiting", "What arrived in Dropbox is not what was sent.")
    assert clock.now() - began < timedelta(minutes=1)
    assert len([route for route in spend(world, hours=1) if "upload" in route]) <= 7 * 60
    failures.heal()
    world.settle()
    assert is_whole(world, anna)
