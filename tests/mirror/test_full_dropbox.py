"""A Dropbox without room for everything: what fits is sent, what does not is named, and nothing else waits for it."""

from __future__ import annotations

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link, Parked
from minno_dashboard.mirror.pages.mirror_status import badge, status
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import ROOT, edit, is_whole
from tests.mirror.test_calls import study_of

BIG = 50_000


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A study of 12 small files and one of 40 kB in a Dropbox that has room for 30 kB more."""
    made = study_of(anna, 12, folders=2)
    edit(made, anna, "old.bin", b"o" * 40_000)
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    used = world.simulator.used_bytes(world.control.account(ANNA))
    world.control.set_quota(ANNA, used + 30_000)
    return made


def node(study: Study, name: str) -> Node:
    return Node.objects.get(tree=study.versions.get().tree, name=name, deleted_at=None)


def test_one_file_that_does_not_fit_stops_nothing_else(world: MirrorWorld, anna: User, study: Study) -> None:
    edit(study, anna, "big.bin", b"b" * BIG)
    edit(study, anna, "folder 0/0.js", b"a small edit")
    files.rename(node=node(study, "folder 1"), name="other", by=anna)
    world.settle()
    missing = {f"{ROOT}/big.bin"}
    assert set(expected(anna)) - set(world.files(ANNA)) == missing
    told = status(anna)
    assert told["state"] == "needs_user"
    assert {one["path"] for one in told["parked"]} == missing
    assert "does not fit" in told["parked"][0]["reason"]
    assert "Your Dropbox is full" in badge(anna).full
    for number in range(3):
        edit(study, anna, "folder 0/2.js", f"later edit {number}".encode())
        world.run()
        assert set(expected(anna)) - set(world.files(ANNA)) == missing
        assert world.files(ANNA)[f"{ROOT}/folder 0/2.js"] == f"later edit {number}".encode()


def test_the_deletion_that_makes_room_lets_the_file_in(world: MirrorWorld, anna: User, study: Study) -> None:
    edit(study, anna, "big.bin", b"b" * BIG)
    world.settle()
    files.delete(nodes=[node(study, "old.bin")], by=anna)
    world.settle()
    assert is_whole(world, anna)


def test_the_deletion_in_the_same_moment_makes_room_too(world: MirrorWorld, anna: User, study: Study) -> None:
    edit(study, anna, "big.bin", b"b" * BIG)
    files.delete(nodes=[node(study, "old.bin")], by=anna)
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("deed", ["deleted here", "made smaller", "room made, proven now", "room made, time"])
def test_a_full_dropbox_recovers_by_each_way_of_making_space(
    world: MirrorWorld, anna: User, study: Study, deed: str
) -> None:
    edit(study, anna, "big.bin", b"b" * BIG)
    world.settle()
    assert Link.objects.get(user=anna).reason == "full"
    if deed == "deleted here":
        files.delete(nodes=[node(study, "big.bin")], by=anna)
    elif deed == "made smaller":
        edit(study, anna, "big.bin", b"b" * 20_000)
    else:
        world.control.set_quota(ANNA, 10**9)
        if deed == "room made, time":
            world.time.advance(3700)
        else:
            services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)


def test_of_many_files_those_that_fit_are_sent_and_no_byte_twice(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    for number in range(30):
        edit(study, anna, f"many/{number}.bin", bytes([number]) * 3_000)
    world.control.clear_records()
    world.settle()
    there = [path for path in world.files(ANNA) if path.startswith(f"{ROOT}/many/")]
    assert 8 <= len(there) <= 10
    assert Parked.objects.count() == 30 - len(there)
    for _ in range(6):
        services.prove_now(user=anna)
        world.settle()
        world.time.advance(3700)
        world.settle()
    assert world.simulator.recorder.bytes_sent() <= 30 * 3_000 * 1.3 + 20_000
    world.control.set_quota(ANNA, 10**9)
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)


def test_a_limit_that_the_space_does_not_show_is_not_run_into_again_and_again(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    error = {".tag": "path", "reason": {".tag": "upload_traffic_limit_reached"}}
    world.control.set_quota(ANNA, 10**9)
    world.control.add_fault(faults.json_error(409, error), route="files/upload")
    edit(study, anna)
    world.settle()
    world.control.clear_records()
    for _ in range(20):
        world.time.advance(3700)
        world.settle()
    assert world.calls().count("files/upload") <= 2
    world.control.clear_faults()
    world.time.advance(24 * 3600)
    world.settle()
    assert is_whole(world, anna)
