"""A Dropbox whose listings come late: what they show may be older than our own last write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import ROOT, add, edit, is_whole
from tests.mirror.test_calls import study_of


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A study of 12 files in 2 folders that stands in the Dropbox."""
    made = study_of(anna, 12, folders=2)
    world.connect(anna, ANNA)
    world.settle()
    return made


@pytest.fixture(params=[3, 8])
def lag(world: MirrorWorld, request: pytest.FixtureRequest) -> float:
    """How many seconds listings come late."""
    world.control.set_behaviour(listing_lag_seconds=request.param, cursor_lag_seconds=request.param)
    return float(request.param)


def rename(study: Study, user: User, old: str, new: str) -> None:
    tree = study.versions.get().tree
    node = Node.objects.get(tree=tree, name=old, deleted_at=None)
    files.rename(node=node, name=new, by=user)


def settle_within(world: MirrorWorld, seconds: float) -> None:
    """Settle, and check that it took no longer than that on the clock."""
    before = clock.now()
    world.settle()
    assert clock.now() - before <= timedelta(seconds=seconds)


def test_ordinary_edits_leave_no_copies_of_our_own_text(
    world: MirrorWorld, anna: User, study: Study, lag: float
) -> None:
    for second in range(14):
        edit(study, anna, "folder 0/0.js", f"text {second}".encode())
        if second % 3 == 0:
            edit(study, anna, f"folder 1/new {second}.js", f"new {second}".encode())
        world.run()
        assert world.files(ANNA) == expected(anna), "a saved edit waited"
        world.time.advance(1)
    assert status(anna)["state"] != "proven", "the journal has not told of it"
    settle_within(world, 3 * lag + 10)
    assert is_whole(world, anna)


def test_a_folder_renamed_twice_within_seconds_is_where_it_belongs(
    world: MirrorWorld, anna: User, study: Study, lag: float
) -> None:
    for old, new in (("folder 0", "one"), ("one", "two"), ("two", "three")):
        rename(study, anna, old, new)
        world.run()
        assert world.files(ANNA) == expected(anna)
        world.time.advance(2)
    settle_within(world, 3 * lag + 10)
    assert is_whole(world, anna)


@pytest.mark.parametrize(
    "route",
    ["files/upload", "files/move_v2", "files/copy_v2", "files/delete_v2", "files/create_folder_v2"],
)
def test_one_lost_answer_costs_seconds(
    world: MirrorWorld, anna: User, study: Study, lag: float, route: str
) -> None:
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    world.control.clear_records()
    world.control.add_fault(faults.reset(when="after"), route=route, times=1)
    tree = study.versions.get().tree
    if route == "files/upload":
        edit(study, anna)
    elif route == "files/move_v2":
        rename(study, anna, "folder 0", "renamed")
    elif route == "files/copy_v2":
        studies.publish(study=study, by=anna)
        studies.new_version(study=study, by=anna)
    elif route == "files/delete_v2":
        files.delete(nodes=[Node.objects.get(tree=tree, name="0.js", deleted_at=None)], by=anna)
    else:
        files.make_folder(tree=tree, parent=None, name="empty", by=anna)
    world.run()
    assert route in world.calls()
    if route == "files/move_v2":
        rename(study, anna, "renamed", "renamed again")
    else:
        edit(study, anna, "folder 1/1.js", b"saved while nobody knows")
    settle_within(world, 3 * lag + 40)
    assert is_whole(world, anna)


def test_two_cursor_resets_within_an_hour_stop_no_edit(world: MirrorWorld, anna: User, study: Study) -> None:
    for number in range(4):
        world.control.reset_cursors(ANNA)
        edit(study, anna, data=f"edit {number}".encode())
        world.run()
        assert world.files(ANNA) == expected(anna), "a saved edit waited"
        settle_within(world, 120)
        assert is_whole(world, anna)


def test_a_cursor_refused_for_good_stops_no_edit(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.add_fault(
        faults.status(400, 'Error in call to API function "files/list_folder/continue": Invalid "cursor"'),
        route="files/list_folder/continue",
    )
    for number in range(4):
        edit(study, anna, data=f"edit {number}".encode())
        world.run()
        assert world.files(ANNA) == expected(anna), "a saved edit waited"
        settle_within(world, 700)
        assert is_whole(world, anna)


def test_a_listing_refused_for_days_stops_no_edit(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.add_fault(
        faults.status(400, 'Error in call to API function "files/list_folder": Invalid "path"'),
        route="files/list_folder",
    )
    link = Link.objects.get()
    link.learned["look"] = {"reason": "relisting", "tries": 5000, "until": clock.now().isoformat()}
    link.needs_listing = True
    link.save()
    edit(study, anna, data=b"saved after days")
    world.run()
    assert world.files(ANNA) == expected(anna), "a saved edit waited"
    link.refresh_from_db()
    assert (link.last_error, link.failures) == ("relisting", 0)


def test_what_the_user_changes_right_after_us_is_the_users(
    world: MirrorWorld, anna: User, study: Study, lag: float
) -> None:
    edit(study, anna, data=b"ours")
    world.run()
    world.control.write_file(ANNA, f"{ROOT}/folder 0/0.js", b"the user's words")
    world.time.advance(1)
    edit(study, anna, "folder 1/1.js", b"ours too")
    edit(study, anna, data=b"ours again")
    world.run()
    settle_within(world, 3 * lag + 60)
    found = world.files(ANNA)
    own = [path for path, data in found.items() if data == b"the user's words"]
    assert len(own) == 1
    assert "changed in Dropbox" in own[0]
    assert {path: data for path, data in found.items() if path not in own} == expected(anna)
    assert status(anna)["state"] == "proven"


def test_what_the_user_deletes_right_after_us_comes_back(
    world: MirrorWorld, anna: User, study: Study, lag: float
) -> None:
    edit(study, anna, data=b"ours")
    world.run()
    world.control.delete(ANNA, f"{ROOT}/folder 0")
    services.prove_now(user=anna)
    settle_within(world, 4 * lag + 60)
    assert is_whole(world, anna)


def test_a_first_mirror_is_proven_when_the_journal_has_told_of_it(
    world: MirrorWorld, anna: User, lag: float
) -> None:
    made = study_of(anna, 700, folders=5)
    world.connect(anna, ANNA)
    world.run()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] != "proven"
    add(made, anna, 2)
    settle_within(world, 3 * lag + 20)
    assert is_whole(world, anna)
    sent = [route for route in world.calls() if route == "files/upload_session/finish_batch_v2"]
    assert len(sent) <= 3, "nothing is sent twice"


def test_a_link_waits_only_for_a_look(world: MirrorWorld, anna: User, study: Study, lag: float) -> None:
    """What is saved while the mirror waits for the journal goes at once."""
    edit(study, anna, data=b"one")
    world.run()
    link = Link.objects.get(user=anna)
    assert link.not_before is not None
    assert link.not_before - clock.now() <= timedelta(seconds=30)
    edit(study, anna, data=b"two")
    world.run()
    assert world.files(ANNA) == expected(anna)
