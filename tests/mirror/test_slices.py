"""What belongs to a plan although it did not change: the inside of what is copied, and of what comes back."""

from __future__ import annotations

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected


def test_a_copied_version_brings_nothing_that_was_deleted_in_it_before_it_was_mirrored(
    world: MirrorWorld, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Two versions")
    first = study.versions.get().tree
    for name in ("a.js", "b.js", "c.js"):
        files.write_file(
            tree=first, path=f"x/{name}", source=name.encode(), expected_blob=files.ANYTHING, by=anna
        )
    world.connect(anna, ANNA)
    world.settle()
    studies.publish(study=study, by=anna)
    version = studies.new_version(study=study, by=anna)
    files.delete(nodes=[Node.objects.get(tree=version.tree, name="b.js")], by=anna)
    world.settle()
    assert "/Studies/Two versions/v2/x/b.js" not in world.files(ANNA)
    assert world.files(ANNA) == expected(anna)


def test_what_was_deleted_in_a_study_stays_deleted_when_the_study_comes_back(
    world: MirrorWorld, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Back")
    studies.create_study(owner=anna, name="Other")
    tree = study.versions.get().tree
    for name in ("a.js", "b.js"):
        files.write_file(
            tree=tree, path=f"x/{name}", source=name.encode(), expected_blob=files.ANYTHING, by=anna
        )
    world.connect(anna, ANNA)
    world.settle()
    files.delete(nodes=[Node.objects.get(tree=tree, name="b.js")], by=anna)
    studies.delete_study(study=study, by=anna)
    world.settle()
    studies.bring_back_study(study=study, by=anna)
    world.settle()
    assert world.files(ANNA) == expected(anna)


def test_a_file_changed_and_moved_by_the_user_steps_aside_to_a_name_that_is_free_there(
    world: MirrorWorld, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Crowded")
    tree = study.versions.get().tree
    taken = f"a (changed in Dropbox {world.time.now():%Y-%m-%d}).js"
    for path in ("x/a.js", f"y/{taken}", "y/b.js"):
        files.write_file(tree=tree, path=path, source=path.encode(), expected_blob=files.ANYTHING, by=anna)
    world.connect(anna, ANNA)
    world.settle()
    top = "/Studies/Crowded/v1"
    world.control.rename(ANNA, f"{top}/x/a.js", f"{top}/y/a.js")
    world.control.write_file(ANNA, f"{top}/y/a.js", b"the user's work")
    files.write_file(tree=tree, path="x/c.js", source=b"new", expected_blob=files.ANYTHING, by=anna)
    world.control.clear_records()
    world.settle()
    aside = f"{top}/y/{taken.replace(').js', ' 2).js')}"
    assert world.files(ANNA) == {**expected(anna), aside: b"the user's work"}
    assert world.calls().count("files/move_v2") + world.calls().count("files/move_batch_v2") == 1


def test_what_blocks_the_folder_of_deleted_things_may_do_so_twice_on_one_day(
    world: MirrorWorld, anna: User
) -> None:
    for name in ("One", "Two"):
        study = studies.create_study(owner=anna, name=name)
        tree = study.versions.get().tree
        files.write_file(tree=tree, path="a.js", source=b"a", expected_blob=files.ANYTHING, by=anna)
    world.connect(anna, ANNA)
    world.settle()
    today = f"{world.time.now():%Y-%m-%d}"
    for study in Study.objects.filter(owner=anna).order_by("pk"):
        world.control.write_file(ANNA, "/Deleted", study.name.encode())
        studies.delete_study(study=study, by=anna)
        world.settle()
        assert f"/Deleted/{today} {study.name}/v1/a.js" in world.control.files(ANNA)
        world.control.rename(ANNA, "/Deleted", f"/Kept {study.name}")
    beside = f"/Deleted (changed in Dropbox {today}"
    assert world.control.files(ANNA)[f"{beside})"] == b"One"
    assert world.control.files(ANNA)[f"{beside} 2)"] == b"Two"


def test_a_study_deleted_twice_on_one_day_finds_a_free_name_also_where_the_top_is_crowded(
    world: MirrorWorld, anna: User
) -> None:
    world.connect(anna, ANNA)
    for is_crowded in (False, True):
        study = studies.create_study(owner=anna, name="One")
        tree = study.versions.get().tree
        files.write_file(tree=tree, path="a.js", source=b"a", expected_blob=files.ANYTHING, by=anna)
        world.settle()
        if is_crowded:
            world.control.rename(ANNA, "/Studies", "/Elsewhere")
            world.control.write_file(ANNA, "/Studies", b"the user's")
        studies.delete_study(study=study, by=anna)
        world.control.clear_records()
        world.settle()
    deleted = {path for path in world.control.files(ANNA) if path.startswith("/Deleted/")}
    today = f"{world.time.now():%Y-%m-%d}"
    assert deleted == {f"/Deleted/{today} One/v1/a.js", f"/Deleted/{today} One (2)/v1/a.js"}
    assert not Link.objects.get(user=anna).wants_everything, "it was found at once"


def test_a_mirror_that_does_not_settle_is_planned_whole(world: MirrorWorld, anna: User) -> None:
    study = studies.create_study(owner=anna, name="Before")
    files.write_file(
        tree=study.versions.get().tree, path="a.js", source=b"a", expected_blob=files.ANYTHING, by=anna
    )
    world.connect(anna, ANNA)
    world.settle()
    conflict = faults.json_error(
        409, {".tag": "to", "to": {".tag": "conflict", "conflict": {".tag": "file"}}}
    )
    world.control.add_fault(conflict, route="files/move_v2")
    studies.rename_study(study=study, name="After", by=anna)
    world.run()
    assert Link.objects.get(user=anna).wants_everything
    world.control.clear_faults()
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"
    assert not Link.objects.get(user=anna).wants_everything
