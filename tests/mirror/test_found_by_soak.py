"""What `make soak` found, each told again in the fewest words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dropbox_simulator import faults
from dropbox_simulator.wire import Request, Response
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.files.store import put
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running.due_links import LEASE_SECONDS, DueMirrors
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of
from tests.mirror.test_faults import edit


def test_what_the_user_put_into_a_folder_a_moment_ago_survives_its_removal(
    world: MirrorWorld, anna: User
) -> None:
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    top = f"/Studies/{study.name}/v1"
    world.control.write_file(ANNA, f"{top}/notes.txt", b"the user's notes")
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert set(world.files(ANNA)) == {f"{top}/notes.txt"}
    assert status(anna)["state"] == "proven"


def test_who_connects_again_still_waits_as_long_as_dropbox_asked(world: MirrorWorld, anna: User) -> None:
    study_of(anna, 1)
    world.connect(anna, ANNA)
    world.control.add_fault(faults.plain_throttle(240), route="files/upload", times=1)
    world.run()
    wait = Link.objects.get(user=anna).not_before
    assert wait is not None
    world.connect(anna, ANNA)
    assert Link.objects.get(user=anna).not_before == wait
    world.settle()
    inside = {one.route for one in world.simulator.recorder.calls_inside_retry_after()}
    assert inside <= {"users/get_current_account", "users/get_space_usage"}, "only what connecting takes"
    assert status(anna)["state"] == "proven"


def test_a_child_deleted_in_dropbox_before_its_folder_is_renamed_here_is_missed_and_put_back(
    world: MirrorWorld, anna: User
) -> None:
    """Dropbox tells of a moved folder anew, and the removal of what was in it goes down in that of its old place."""
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    world.settle()
    world.control.delete(ANNA, f"/Studies/{study.name}/v1/folder 0")
    studies.rename_study(study=study, name="Renamed", by=anna)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"


def test_a_study_purged_while_nobody_looked_leaves_the_dropbox_too(world: MirrorWorld, anna: User) -> None:
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    world.settle()
    studies.delete_study(study=study, by=anna)
    world.time.advance(31 * 24 * 3600)
    assert studies.purge_deleted() == 1
    assert status(anna)["state"] != "proven"
    world.settle()
    assert not [path for path in world.files(ANNA) if path.startswith("/Studies/")]
    assert status(anna)["state"] == "proven"


def test_what_lies_in_the_folder_that_a_new_study_of_the_same_name_takes_over_goes(
    world: MirrorWorld, anna: User
) -> None:
    study = study_of(anna, 4, name="Same")
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    studies.delete_study(study=study, by=anna)
    studies.create_study(owner=anna, name="Same")
    world.settle()
    assert world.files(ANNA) == expected(anna) == {}
    assert status(anna)["state"] == "proven"


def test_bytes_of_ours_damaged_in_a_call_without_an_answer_are_replaced_and_not_put_aside(
    world: MirrorWorld, anna: User
) -> None:
    study_of(anna, 60)
    world.connect(anna, ANNA)
    world.control.add_fault(faults.corrupt_stored_byte(), route="files/upload_session/append_batch", times=1)
    world.control.add_fault(faults.reset(when="after"), route="files/upload_session/finish_batch_v2", times=1)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"


def test_files_that_move_and_change_at_once_are_sent_once(world: MirrorWorld, anna: User) -> None:
    """Dropbox gives what moves another revision, and takes contents only in place of the one it has."""
    study = study_of(anna, 4)
    tree = study.versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    world.control.clear_records()
    files.rename(node=Node.objects.get(tree=tree, name="0.js"), name="renamed.js", by=anna)
    for name in ("renamed.js", "1.js"):
        files.write_file(
            tree=tree, path=f"folder 0/{name}", source=put(b"new"), expected_blob=files.ANYTHING, by=anna
        )
    studies.rename_study(study=study, name="Renamed", by=anna)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert [route for route in world.calls() if "upload" in route] == ["files/upload"] * 2


def test_a_call_that_a_worker_makes_after_it_lost_its_lease_is_looked_for(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropbox cannot refuse the call of a worker that slept; the worker says so, and the proof counts no more."""
    tree = study_of(anna, 4).versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    one, other = Node.objects.filter(tree=tree, blob__isnull=False).order_by("pk")[:2]
    first, second = one.name, other.name
    for node, name in ((one, "between.js"), (other, first), (one, second)):
        files.rename(node=node, name=name, by=anna)
    handle, slept = world.simulator.handle, []

    def sleep_before_a_move(request: Request) -> Response:
        if request.path.endswith("files/move_v2") and not slept:
            slept.append(True)
            world.time.advance(LEASE_SECONDS + 1)
            world.run()
            assert world.files(ANNA) == expected(anna)
            assert status(anna)["state"] == "proven"
        return handle(request)

    monkeypatch.setattr(world.simulator, "handle", sleep_before_a_move)
    work = DueMirrors().claim_next("test:2:bb")
    assert work is not None
    work()
    assert world.files(ANNA) != expected(anna)
    assert status(anna)["state"] == "pending"
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"


def test_what_the_user_renames_before_we_know_that_it_is_there_is_ours_and_goes_back(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(anna, 1)
    world.connect(anna, ANNA)
    path = f"/Studies/{study.name}/v1/folder 0/0.js"
    handle, renamed = world.simulator.handle, []

    def rename_and_lose_the_answer(request: Request) -> Response:
        answer = handle(request)
        if path not in world.files(ANNA) or renamed:
            return answer
        renamed.append(world.control.rename(ANNA, path, f"{path}.renamed"))
        return replace(answer, ending="reset")

    monkeypatch.setattr(world.simulator, "handle", rename_and_lose_the_answer)
    world.settle()
    assert renamed
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"


def test_an_edit_just_before_a_study_was_deleted_arrives_when_it_comes_back(
    world: MirrorWorld, anna: User
) -> None:
    """What a plan holds back is planned again: the inside of a folder that comes back is in no other plan."""
    study = study_of(anna, 4)
    other = studies.create_study(owner=anna, name="Other")
    world.connect(anna, ANNA)
    files.write_file(
        tree=other.versions.get().tree, path="a.js", source=b"a", expected_blob=files.ANYTHING, by=anna
    )
    world.settle()
    edit(study, anna)
    studies.delete_study(study=study, by=anna)
    world.settle()
    studies.bring_back_study(study=study, by=anna)
    files.delete(nodes=list(Node.objects.filter(tree=other.versions.get().tree)), by=anna)
    world.settle()
    there = world.files(ANNA)
    assert {path: there.get(path) for path in expected(anna)} == expected(anna)
    assert status(anna)["state"] == "proven"
