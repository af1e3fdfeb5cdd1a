"""Entries of a listing that come twice, late or in any order: our own text never steps aside, no edit is missed."""

from __future__ import annotations

from typing import Literal

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api.port import Entry
from minno_dashboard.mirror.known.entry_checks import contradictory, in_order
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of

WORDS = b"the user's own words"


def file(path: str, id: str, rev: str) -> Entry:
    return Entry("file", path.rpartition("/")[2], path, id, rev)


def test_deletions_come_first_and_folders_before_what_is_in_them() -> None:
    folder = Entry("folder", "new", "/new", "id:f")
    inside, gone = file("/new/a", "id:a", "1"), Entry("deleted", "old", "/old")
    assert in_order([inside, folder, gone, inside]) == [gone, folder, inside]


def test_entries_that_disagree_are_contradictory_and_doubled_ones_are_not() -> None:
    old, new, moved = file("/a", "id:a", "1"), file("/a", "id:a", "2"), file("/b", "id:a", "2")
    assert contradictory([old, old, file("/c", "id:c", "1")]) == set()
    assert contradictory([new, old]) == {"/a"}
    assert contradictory([new, Entry("deleted", "a", "/a")]) == {"/a"}
    assert contradictory([moved, new]) == {"/a", "/b"}


@pytest.mark.parametrize("repeated", ["page", "earlier"])
@pytest.mark.parametrize("page", [2000, 3])
def test_no_order_of_entries_leaves_a_copy_of_our_own_text(
    world: MirrorWorld, anna: User, repeated: Literal["page", "earlier"], page: int
) -> None:
    behaviour = world.simulator.behaviour
    behaviour.shuffled_entries, behaviour.repeated_entries, behaviour.page_limit = True, repeated, page
    study = study_of(anna, 8, folders=2)
    tree = study.versions.get().tree
    world.connect(anna, ANNA)
    world.settle()
    for number in range(4):
        studies.rename_study(study=study, name=f"Renamed {number}", by=anna)
        folder = Node.objects.get(tree=tree, parent=None, name__contains="folder 0")
        files.rename(node=folder, name=f"folder 0 {number}", by=anna)
        for name in ("2.js", f"{number} new.js"):
            files.write_file(
                tree=tree,
                path=f"folder 0 {number}/{name}",
                source=f"saved {number}".encode(),
                expected_blob=files.ANYTHING,
                by=anna,
            )
        world.settle()
        services.prove_now(user=anna)
        world.settle()
        assert world.files(ANNA) == expected(anna)
        assert status(anna)["state"] == "proven"


@pytest.mark.parametrize("repeated", ["page", "earlier"])
def test_no_order_of_entries_hides_an_edit_in_dropbox(
    world: MirrorWorld, anna: User, repeated: Literal["page", "earlier"]
) -> None:
    behaviour = world.simulator.behaviour
    behaviour.shuffled_entries, behaviour.repeated_entries = True, repeated
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    world.settle()
    for number in range(4):
        words = WORDS + str(number).encode()
        world.control.write_file(ANNA, f"/Studies/{study.name}/v1/folder 0/{number}.js", words)
        services.prove_now(user=anna)
        world.settle()
        assert words in world.files(ANNA).values()
        assert expected(anna).items() <= world.files(ANNA).items()
        assert len(world.files(ANNA)) == 4 + number + 1
        assert status(anna)["state"] == "proven"
