"""How contents travel: pieces that go on after a crash, batches one after the other, newer changes first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Tree
from minno_dashboard.mirror.models import UploadSession
from minno_dashboard.mirror.running import due_links
from minno_dashboard.mirror.sending import upload_lanes, uploads
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, MirrorWorld
from tests.mirror.test_calls import is_equal, study_of

MIB = 1024 * 1024
FINISH = "files/upload_session/finish_batch_v2"
CARRYING = ("files/upload_session/start", "files/upload_session/append_v2")


class ProcessKilled(BaseException):
    """The process is no more."""


class AtOnce(ThreadPoolExecutor):
    """Lanes in the test's own thread; before a job is done, the test may do something."""

    before: Callable[[str], None] = staticmethod(lambda name: None)

    def submit(self, job: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Do a job."""
        type(self).before(job.__qualname__)
        future: Future[Any] = Future()
        future.set_result(job(*args, **options))
        return future


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> type[AtOnce]:
    """Lanes that the test can watch."""

    class Watched(AtOnce):
        pass

    monkeypatch.setattr(upload_lanes, "ThreadPoolExecutor", Watched)
    monkeypatch.setattr(uploads, "PIECE_BYTES", 4 * MIB)
    monkeypatch.setattr(uploads, "BUDGET_BYTES", 4 * MIB)
    return Watched


@pytest.fixture
def empty(world: MirrorWorld, anna: User) -> Tree:
    """The tree of an empty study that stands in the Dropbox."""
    study = studies.create_study(owner=anna, name="Large")
    world.connect(anna, ANNA)
    world.settle()
    world.control.clear_records()
    return study.versions.get().tree


def put(tree: Tree, user: User, path: str, size: int) -> None:
    data = (path.encode() * 64 + bytes(range(256))) * (size // 256 + 1)
    files.write_file(tree=tree, path=path, source=data[:size], expected_blob=files.ANYTHING, by=user)


def sent(world: MirrorWorld) -> int:
    return sum(one["body_size"] for one in world.control.records() if one["route"] in CARRYING)


def test_a_large_file_goes_on_where_it_was_when_the_process_was_killed(
    world: MirrorWorld, anna: User, empty: Tree, lanes: type[AtOnce]
) -> None:
    put(empty, anna, "large.bin", 18 * MIB)
    pieces = iter(range(100))

    def before(name: str) -> None:
        if "piece" in name and next(pieces) == 3:
            raise ProcessKilled

    lanes.before = staticmethod(before)
    with pytest.raises(ProcessKilled):
        world.run()
    assert UploadSession.objects.get().offset == 12 * MIB
    lanes.before = staticmethod(lambda name: None)
    world.time.advance(due_links.LEASE_SECONDS + 1)
    world.settle()
    assert is_equal(world, anna)
    assert sent(world) == 18 * MIB
    assert not UploadSession.objects.exists()


def test_files_of_several_pieces_are_committed_together(
    world: MirrorWorld, anna: User, empty: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PIECE_BYTES", MIB)
    for number in range(8):
        put(empty, anna, f"{number}.bin", 2 * MIB - number)
    world.settle()
    calls = world.calls()
    assert len([route for route in calls if route in CARRYING]) == 16
    assert calls.count(FINISH) == 1
    assert len(calls) == 18
    assert is_equal(world, anna)


def test_a_save_overtakes_a_large_file_and_no_piece_is_sent_again(
    world: MirrorWorld, anna: User, empty: Tree, lanes: type[AtOnce]
) -> None:
    put(empty, anna, "large.bin", 40 * MIB)
    pieces = iter(range(100))

    def before(name: str) -> None:
        if "piece" in name and next(pieces) == 2:
            put(empty, anna, "small.js", 100)
            due_links.note_changes()

    lanes.before = staticmethod(before)
    world.settle()
    calls = world.calls()
    assert calls.index("files/upload") < calls.index(FINISH)
    assert len(calls[: calls.index("files/upload")]) <= 5
    assert sent(world) == 40 * MIB
    assert is_equal(world, anna)


def test_commits_follow_one_another_while_the_next_files_are_sent(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FIRST_COMMITS", 20)
    monkeypatch.setattr(uploads, "MAX_SESSIONS", 60)
    study_of(anna, 300, folders=12)
    world.connect(anna, ANNA)
    world.control.clear_records()
    world.settle()
    assert is_equal(world, anna)
    records = world.control.records()
    assert len([one for one in records if one["route"] == FINISH]) >= 3
    assert not [one for one in records if one["overlapped_writers"]]


def test_a_batch_that_is_refused_as_a_whole_leaves_no_promise_of_another_behind(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FIRST_COMMITS", 20)
    study_of(anna, 120, folders=3)
    link = world.connect(anna, ANNA)
    world.control.add_fault(faults.throttle("too_many_requests", 60), route=FINISH, times=1)
    world.run()
    assert link.intents.count() <= 1
    world.settle()
    assert is_equal(world, anna)
    assert not link.intents.exists()
