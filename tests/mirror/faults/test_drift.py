"""What the user and the admin do behind the mirror's back: rows 12 to 18, 36 and 37 of the failure catalogue."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.connecting.installation import MARKER
from minno_dashboard.mirror.models import Link, RemoteNode
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running.due_links import DueMirrors
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Collaboration, Study
from tests.mirror.conftest import ANNA, BEN, MirrorWorld, expected
from tests.mirror.faults.conftest import (
    ROOT,
    add,
    edit,
    is_whole,
    kept,
    link_of,
    says,
    sent,
    shown,
    spend,
)


@pytest.mark.parametrize("answer", ["not_found", "empty"])
def test_g12_a_deleted_app_folder_is_asked_about_once_and_comes_back(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, answer: str
) -> None:
    world.control.set_behaviour(app_folder_deleted=answer)
    failures.cause(12)
    services.prove_now(user=anna)
    world.settle()
    assert link_of(anna).reason == "mass_removal_in_dropbox"
    count = link_of(anna).removal_question["removed"]
    assert count >= 30
    says(
        anna,
        "needs_user",
        "Many files were deleted in your Dropbox. Everything is safe here.",
        f"{count} of {count} files were deleted in your Dropbox. They are safe in the Dashboard.",
        buttons=[f"Put {count} files back into your Dropbox", "Keep sync paused"],
    )
    assert spend(world, hours=48) == []
    services.prove_now(user=anna)  # neither this nor a new connection is an answer
    world.settle()
    world.connect(anna, ANNA)
    world.settle()
    assert world.files(ANNA) == {}
    assert link_of(anna).reason == "mass_removal_in_dropbox"
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert is_whole(world, anna)


def test_g13_a_moved_app_folder_changes_nothing(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(13)
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)
    assert len(world.calls()) <= 2


@pytest.mark.parametrize("is_ours_changed", [True, False])
def test_g14_a_file_that_the_user_edited_is_kept_beside_ours(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, is_ours_changed: bool
) -> None:
    path = f"{ROOT}/folder 0/0.js"
    failures.cause(14, path=path)
    if is_ours_changed:
        edit(study, anna)
    else:
        services.prove_now(user=anna)
    world.settle()
    found = world.files(ANNA)
    aside = [name for name, data in found.items() if data == b"changed by the user in Dropbox"]
    assert len(aside) == 1
    assert "changed in Dropbox" in aside[0]
    assert found[path] == expected(anna)[path]
    assert status(anna)["state"] == "proven"


def test_g15_a_file_that_the_user_deleted_comes_back(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(15, path=f"{ROOT}/folder 0/0.js")
    spend(world, hours=1.1)
    assert sent(world) == [f"{ROOT}/folder 0/0.js"]
    assert is_whole(world, anna)


def test_g16_the_users_own_files_are_left_alone(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(16, path=f"{ROOT}/folder 0/mine.txt")
    world.control.write_file(ANNA, "/Mine/notes.txt", b"the user's own")
    edit(study, anna)
    services.prove_now(user=anna)
    world.settle()
    found = world.files(ANNA)
    assert found.pop(f"{ROOT}/folder 0/mine.txt") == b"the user's own"
    assert found.pop("/Mine/notes.txt") == b"the user's own"
    assert found == expected(anna)
    assert status(anna)["state"] == "proven"


@pytest.mark.parametrize("kind", ["file where our file belongs", "file where our folder belongs", "folder"])
def test_g16_a_file_of_the_user_in_the_way_is_moved_aside(
    world: MirrorWorld, anna: User, study: Study, kind: str
) -> None:
    if kind == "folder":
        world.control.write_file(ANNA, f"{ROOT}/new/0.js/inside.txt", b"the user's own")
    elif kind == "file where our folder belongs":
        world.control.write_file(ANNA, f"{ROOT}/new", b"the user's own")
    else:
        world.control.write_file(ANNA, f"{ROOT}/new/0.js", b"the user's own")
    add(study, anna, 2)
    world.settle()
    found = world.files(ANNA)
    own = [path for path, data in found.items() if data == b"the user's own"]
    assert len(own) == 1
    assert {path: data for path, data in found.items() if path not in own} == expected(anna)


def test_g17_a_folder_that_the_user_renamed_goes_back_without_a_byte(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(17, path=f"{ROOT}/folder 0")
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)
    assert [route for route in world.calls() if "upload" in route] == []
    assert world.calls().count("files/move_v2") == 1


def test_g18_a_cursor_that_was_reset_is_answered_by_one_listing(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    before = kept(anna)["rows"]
    failures.cause(18)
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count("files/list_folder") == 1
    assert kept(anna)["rows"] == before
    assert [route for route in world.calls() if "upload" in route] == []


def test_g18_cursors_that_are_reset_for_ever_are_not_hammered(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.set_behaviour(cursor_seconds=0.0)
    edit(study, anna)
    assert spend(world, hours=3).count("files/list_folder") <= 60
    world.control.set_behaviour(cursor_seconds=None)
    world.settle()
    assert is_whole(world, anna)


def test_g36_a_deleted_study_waits_for_the_users_word_and_forgets_the_question_when_it_is_undone(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert link_of(anna).reason == "mass_removal_planned"
    says(
        anna,
        "needs_user",
        "Nothing is removed from your Dropbox until you have decided.",
        buttons=["Move 30 files to Deleted", "Keep sync paused"],
    )
    assert len(world.files(ANNA)) == 30
    Study._base_manager.filter(pk=study.pk).update(deleted_at=None, revision=study.revision + 5)
    spend(world, hours=0.6)
    assert is_whole(world, anna)
    assert link_of(anna).removal_question is None


@pytest.mark.parametrize("keeps_deleted", [True, False])
def test_g36_a_deleted_study_goes_as_the_user_chose(
    world: MirrorWorld, anna: User, study: Study, keeps_deleted: bool
) -> None:
    services.choose_policy(user=anna, keep_deleted=keeps_deleted)
    studies.delete_study(study=study, by=anna)
    world.settle()
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert world.files(ANNA) == {}
    deleted = [path for path in world.control.files(ANNA) if path.startswith("/Deleted/")]
    assert len(deleted) == (30 if keeps_deleted else 0)
    assert status(anna)["state"] == "proven"


def test_g36_a_shared_study_that_was_taken_away_keeps_its_copy_and_is_no_longer_updated(
    world: MirrorWorld, anna: User, ben: User, study: Study
) -> None:
    share = Collaboration.objects.create(
        study=study,
        user=ben,
        file_access=Collaboration.Files.READ,
        status=Collaboration.Status.ACCEPTED,
        invited_at=clock.now(),
    )
    Study._base_manager.filter(pk=study.pk).update(revision=study.revision + 1)
    world.connect(ben, BEN)
    world.settle()
    copy = world.files(BEN)
    assert len(copy) == 30
    share.delete()
    Study._base_manager.filter(pk=study.pk).update(revision=study.revision + 2)
    edit(study, anna)
    world.settle()
    assert world.files(BEN) == copy
    assert status(ben)["state"] == "proven"
    assert is_whole(world, anna)


class _OlderDatabase(Exception):
    """Takes the database back to where it was."""


def restored_after(world: MirrorWorld, changes: Callable[[], None]) -> None:
    """Make changes and mirror them; then restore the database of before, on a server that starts anew."""
    with pytest.raises(_OlderDatabase), transaction.atomic():
        changes()
        world.settle()
        assert Link.objects.filter(state="active").exists()
        raise _OlderDatabase
    world.control.clear_records()


def another_process(world: MirrorWorld) -> None:
    """Run as a worker that was started after the restore."""
    source = DueMirrors()
    while (work := source.claim_next("test:2:bb")) is not None:
        work()


def test_g37_an_older_database_behind_a_newer_dropbox_asks_before_it_writes(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    def changes() -> None:
        edit(study, anna, "folder 0/0.js", b"newer than the backup")
        edit(study, anna, "folder 0/2.js", b"also newer")
        edit(study, anna, "later.js", b"made after the backup")

    restored_after(world, changes)
    newer = world.control.files(ANNA)
    marker = newer.pop(f"/{MARKER}")
    edit(study, anna, "folder 0/0.js", b"saved after the restore")
    another_process(world)
    assert link_of(anna).reason == "newer_in_dropbox"
    says(
        anna,
        "needs_user",
        "Your Dropbox holds newer versions than this Dashboard",
        "3 files in your Dropbox are newer than in this Dashboard.",
        buttons=["Keep both and continue", "Keep sync paused"],
    )
    assert world.control.files(ANNA) == newer | {f"/{MARKER}": marker}
    assert set(world.calls()) <= {"files/list_folder/continue", "files/get_metadata", "oauth2/token"}
    assert spend(world, hours=48) == []
    services.prove_now(user=anna)
    another_process(world)
    assert world.control.files(ANNA) == newer | {f"/{MARKER}": marker}

    services.confirm_removal(user=anna, accept=True)
    another_process(world)
    world.settle()
    found = world.files(ANNA)
    assert set(newer.values()) <= set(world.control.files(ANNA).values()) | {b"x"}
    for data in (b"newer than the backup", b"also newer", b"made after the backup"):
        assert data in found.values()
    assert {path: found[path] for path in expected(anna)} == expected(anna)
    assert status(anna)["state"] == "proven"


def test_g37_a_folder_that_the_older_database_deletes_is_read_first(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    services.choose_policy(user=anna, keep_deleted=False)
    restored_after(world, lambda: edit(study, anna, "folder 1/1.js", b"newer than the backup"))
    folder = Node.objects.get(tree=study.versions.get().tree, name="folder 1")
    files.delete(nodes=[folder], by=anna)
    another_process(world)
    assert link_of(anna).reason == "newer_in_dropbox"
    assert world.files(ANNA)[f"{ROOT}/folder 1/1.js"] == b"newer than the backup"
    assert "1 file in your Dropbox is newer" in shown(anna)[0]


def test_g37_what_was_moved_or_deleted_since_the_backup_is_not_lost(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    def changes() -> None:
        tree = study.versions.get().tree
        files.rename(node=Node.objects.get(tree=tree, name="folder 1"), name="renamed", by=anna)
        files.delete(nodes=[Node.objects.get(tree=tree, name="0.js")], by=anna)

    restored_after(world, changes)
    services.prove_now(user=anna)
    another_process(world)
    world.settle()
    assert is_whole(world, anna)
    assert [route for route in world.calls() if "upload" in route] == []


def test_g37_an_edit_of_the_user_in_dropbox_is_no_sign_of_an_older_database(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    for number in range(0, 30, 2):
        world.control.write_file(ANNA, f"{ROOT}/folder 0/{number}.js", f"the user's {number}".encode())
    services.prove_now(user=anna)
    another_process(world)
    assert link_of(anna).reason == ""
    aside = RemoteNode.objects.filter(link=link_of(anna), identity=None, is_folder=False)
    assert aside.exclude(name=MARKER).count() == 15
