"""What the mirror costs in calls: the fewest that Dropbox allows."""

from __future__ import annotations

from collections import Counter

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.files.store import put
from minno_dashboard.mirror.connecting.services import choose_policy, confirm_removal
from minno_dashboard.mirror.models import Link, RemoteNode
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected


def study_of(user: User, count: int, *, folders: int = 1, name: str = "Many") -> Study:
    """Make a study of small files in one go."""

    def fill(tree: Tree) -> None:
        for number in range(count):
            files.write_file(
                tree=tree,
                path=f"folder {number % folders}/{number}.js",
                source=put(f"file {number}".encode() * 5),
                expected_blob=None,
                by=user,
            )

    return studies.create_study(owner=user, name=name, fill=fill)


@pytest.fixture
def mirrored(world: MirrorWorld, anna: User) -> Study:
    """A study of 60 files in 3 folders that stands in the Dropbox."""
    study = study_of(anna, 60, folders=3)
    world.connect(anna, ANNA)
    world.settle()
    world.control.clear_records()
    return study


def is_equal(world: MirrorWorld, user: User) -> bool:
    return world.files(ANNA) == expected(user) and status(user)["state"] == "proven"


def test_a_first_mirror_goes_in_batches(world: MirrorWorld, anna: User) -> None:
    study_of(anna, 700, folders=5)
    world.connect(anna, ANNA)
    world.control.clear_records()
    world.settle()
    calls = Counter(world.calls())
    assert is_equal(world, anna)
    assert calls["files/upload_session/start_batch"] == 1
    assert calls["files/upload_session/append_batch"] <= 3
    assert calls["files/upload_session/finish_batch_v2"] <= 3
    assert sum(calls.values()) <= 10


def test_a_saved_edit_is_two_calls(world: MirrorWorld, anna: User, mirrored: Study) -> None:
    tree = mirrored.versions.get().tree
    files.write_file(tree=tree, path="folder 0/0.js", source=b"new", expected_blob=files.ANYTHING, by=anna)
    assert status(anna)["state"] == "pending"
    world.settle()
    assert world.calls() == ["files/upload", "files/list_folder/continue"]
    assert is_equal(world, anna)


def test_ten_saves_cost_one_run(world: MirrorWorld, anna: User, mirrored: Study) -> None:
    tree = mirrored.versions.get().tree
    for number in range(10):
        files.write_file(
            tree=tree, path="a.js", source=f"{number}".encode(), expected_blob=files.ANYTHING, by=anna
        )
    world.settle()
    assert len(world.calls()) == 2
    assert is_equal(world, anna)


def test_a_renamed_folder_and_a_renamed_study_are_one_move_each(
    world: MirrorWorld, anna: User, mirrored: Study
) -> None:
    folder = Node.objects.get(tree=mirrored.versions.get().tree, name="folder 1")
    files.rename(node=folder, name="other", by=anna)
    world.settle()
    studies.rename_study(study=mirrored, name="Renamed", by=anna)
    world.settle()
    assert Counter(world.calls()) == {"files/move_v2": 2, "files/list_folder/continue": 2}
    assert is_equal(world, anna)


def test_a_file_in_a_renamed_folder_is_saved_at_the_revision_that_the_move_gave_it(
    world: MirrorWorld, anna: User, mirrored: Study
) -> None:
    tree = mirrored.versions.get().tree
    files.rename(node=Node.objects.get(tree=tree, name="folder 1"), name="other", by=anna)
    world.settle()
    there = {path: one["rev"] for path, one in world.control.tree(ANNA).items() if "rev" in one}
    known = RemoteNode.objects.filter(link__user=anna, is_folder=False)
    assert sorted(known.values_list("rev", flat=True)) == sorted(there.values())
    world.control.clear_records()
    files.write_file(tree=tree, path="other/1.js", source=b"new", expected_blob=files.ANYTHING, by=anna)
    world.settle()
    assert world.calls() == ["files/upload", "files/list_folder/continue"]
    assert is_equal(world, anna)


def test_a_deleted_folder_is_one_move_to_deleted(world: MirrorWorld, anna: User, mirrored: Study) -> None:
    folder = Node.objects.get(tree=mirrored.versions.get().tree, name="folder 1")
    files.delete(nodes=[folder], by=anna)
    world.settle()
    while Link.objects.get(user=anna).removal_question:
        confirm_removal(user=anna, accept=True)
        world.settle()
    assert Counter(world.calls())["files/move_v2"] == 1
    assert any(path.startswith("/Deleted/") and path.endswith("/1.js") for path in world.control.files(ANNA))
    assert is_equal(world, anna)


def test_a_folder_deleted_for_good_is_looked_at_before_each_step(
    world: MirrorWorld, anna: User, mirrored: Study
) -> None:
    choose_policy(user=anna, keep_deleted=False)
    folder = Node.objects.get(tree=mirrored.versions.get().tree, name="folder 1")
    files.delete(nodes=[folder], by=anna)
    world.settle()
    confirm_removal(user=anna, accept=True)
    world.settle()
    assert world.calls() == [
        "files/list_folder/continue",
        "files/move_v2",
        "files/list_folder/continue",
        "files/delete_batch",
        "files/delete_batch/check",
        "files/list_folder/continue",
        "files/delete_v2",
        "files/list_folder/continue",
    ]
    assert not [path for path in world.control.tree(ANNA) if path.startswith("/Deleted/")]
    assert is_equal(world, anna)


def test_a_new_version_and_a_duplicate_send_no_bytes(world: MirrorWorld, anna: User, mirrored: Study) -> None:
    studies.publish(study=mirrored, by=anna)
    studies.new_version(study=mirrored, by=anna)
    world.settle()
    assert not [route for route in world.calls() if "upload" in route]
    assert len(world.calls()) <= 6
    world.control.clear_records()
    studies.duplicate_study(study=mirrored, by=anna)
    world.settle()
    assert not [route for route in world.calls() if "upload" in route]
    assert len(world.calls()) <= 6
    assert is_equal(world, anna)


def test_nothing_changed_is_no_call_and_a_proof_is_one(
    world: MirrorWorld, anna: User, mirrored: Study
) -> None:
    world.settle()
    assert world.calls() == []
    world.time.advance(3601)
    world.settle()  # a quiet moment: the manifest is written with this proof
    world.control.clear_records()
    world.time.advance(3601)
    world.settle()
    assert world.calls() in (["files/list_folder/continue"], ["oauth2/token", "files/list_folder/continue"])


def test_a_large_file_goes_in_pieces_and_other_changes_overtake_it(world: MirrorWorld, anna: User) -> None:
    study = studies.create_study(owner=anna, name="Large")
    tree = study.versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    big = bytes(range(256)) * (9 * 4 * 1024) * 8
    files.write_file(tree=tree, path="big.bin", source=big, expected_blob=None, by=anna)
    world.settle()
    assert is_equal(world, anna)
    sizes = [record for record in world.control.records() if "append" in record["route"]]
    assert sizes
