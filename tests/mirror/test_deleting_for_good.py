"""Where the user chose that deleted things go from Dropbox too: only what is ours goes, whatever happens meanwhile."""

from __future__ import annotations

import pytest

from dropbox_simulator.wire import Request
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.pages.mirror_status import status
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.soak.dropbox_edits import named_paths
from tests.mirror.test_calls import study_of
from tests.mirror.test_edits_in_dropbox import WORDS, before_the_call


@pytest.fixture
def tree(world: MirrorWorld, anna: User) -> Tree:
    """The tree of a study of eight files in two folders that stands in the Dropbox."""
    study = study_of(anna, 8, folders=2)
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    return study.versions.get().tree


def delete(tree: Tree, name: str, by: User) -> None:
    files.delete(nodes=[Node.objects.get(tree=tree, name=name)], by=by)


@pytest.mark.parametrize(
    "call", ["files/move", "files/delete_batch", "files/delete_v2", "list_folder/continue"]
)
def test_a_file_the_user_adds_in_the_instant_before_we_delete_its_folder_stays(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    top = f"/Studies/{tree.version.study.name}/v1/folder 0"
    delete(tree, "folder 0", anna)
    done = before_the_call(
        world, monkeypatch, call, lambda request: world.control.write_file(ANNA, f"{top}/mine.txt", WORDS)
    )
    world.settle()
    assert done
    assert WORDS in world.control.files(ANNA).values()
    assert expected(anna).items() <= world.files(ANNA).items()
    assert not [path for path in world.control.files(ANNA) if path.endswith("/0.js")]
    assert status(anna)["state"] == "proven"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("files/delete", "0.js"),
        ("files/move", "folder 0"),
        ("files/delete", "folder 0"),
        ("list_folder/continue", "folder 0"),
    ],
)
def test_an_edit_in_the_instant_before_we_delete_the_file_stays(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch, call: str, name: str
) -> None:
    world.simulator.behaviour.parent_rev_mismatch = "not_found" if call == "files/delete" else "conflict"
    delete(tree, name, anna)

    def edit(request: Request) -> None:
        path = next(path for path in world.control.files(ANNA) if path.endswith("/0.js"))
        world.control.write_file(ANNA, path, WORDS)

    before_the_call(world, monkeypatch, call, edit)
    world.settle()
    services.prove_now(user=anna)
    world.settle()
    assert WORDS in world.control.files(ANNA).values()
    assert expected(anna).items() <= world.files(ANNA).items()
    assert status(anna)["state"] == "proven"


def test_a_file_added_to_the_folder_that_is_being_emptied_stays_in_it(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(tree, "folder 0", anna)

    def add(request: Request) -> None:
        folder = named_paths(request.body)[0].rpartition("/")[0]
        assert folder.startswith("/Deleted/Emptied ")
        world.control.write_file(ANNA, f"{folder}/mine.txt", WORDS)

    assert before_the_call(world, monkeypatch, "files/delete_batch", add) == []
    world.settle()
    assert [path for path, data in world.control.files(ANNA).items() if data == WORDS]
    assert not [path for path in world.control.files(ANNA) if path.endswith("/0.js")]
    assert status(anna)["state"] == "proven"


def test_what_the_user_removes_from_the_folder_meanwhile_holds_nothing_up(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(tree, "folder 0", anna)
    before_the_call(
        world,
        monkeypatch,
        "files/delete_batch",
        lambda request: world.control.delete(ANNA, named_paths(request.body)[0]),
    )
    world.settle()
    assert not [path for path in world.control.tree(ANNA) if path.startswith("/Deleted/")]
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"
