"""What the user writes in Dropbox while the Dashboard moves, deletes or brings back the same file: never lost, never hidden."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dropbox_simulator.wire import Request, Response
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of

WORDS = b"the user's own words"


def node(tree: Tree, name: str) -> Node:
    return Node.objects.get(tree=tree, name=name)


def rename_file(tree: Tree, by: User) -> None:
    files.rename(node=node(tree, "0.js"), name="renamed.js", by=by)


def rename_many(tree: Tree, by: User) -> None:
    for number in range(6):
        files.rename(node=node(tree, f"{number}.js"), name=f"renamed {number}.js", by=by)


def move_many(tree: Tree, by: User) -> None:
    other = files.make_folder(tree=tree, parent=None, name="other", by=by)
    files.move(nodes=[node(tree, f"{number}.js") for number in range(6)], to=other, by=by)


def rename_folder(tree: Tree, by: User) -> None:
    files.rename(node=node(tree, "folder 0"), name="renamed", by=by)


def rename_study(tree: Tree, by: User) -> None:
    studies.rename_study(study=tree.version.study, name="Renamed", by=by)


def swap(tree: Tree, by: User) -> None:
    one, other = node(tree, "0.js"), node(tree, "1.js")
    for each, name in ((one, "between.js"), (other, "0.js"), (one, "1.js")):
        files.rename(node=each, name=name, by=by)


MOVES = [rename_file, rename_many, move_many, rename_folder, rename_study, swap]
Change = Callable[[Tree, User], None]


def before_the_call(
    world: MirrorWorld, monkeypatch: pytest.MonkeyPatch, pattern: str, deed: Callable[[Request], object]
) -> list[bool]:
    """Run `deed` right before the first call whose path contains `pattern`; the list tells whether it ran."""
    handle, done = world.simulator.handle, list[bool]()

    def in_between(request: Request) -> Response:
        if not done and pattern in request.path and "check" not in request.path:
            done.append(True)
            deed(request)
        return handle(request)

    monkeypatch.setattr(world.simulator, "handle", in_between)
    return done


def aside(world: MirrorWorld) -> list[bytes]:
    return [data for path, data in world.control.files(ANNA).items() if "(changed in Dropbox" in path]


def ours(world: MirrorWorld) -> dict[str, bytes]:
    return {path: data for path, data in world.files(ANNA).items() if "(changed in Dropbox" not in path}


@pytest.fixture
def tree(world: MirrorWorld, anna: User) -> Tree:
    """The tree of a study of eight files that stands in the Dropbox."""
    study = study_of(anna, 8)
    world.connect(anna, ANNA)
    world.settle()
    return study.versions.get().tree


@pytest.mark.parametrize("does_move_change_rev", [True, False])
@pytest.mark.parametrize("change", MOVES)
def test_an_edit_before_our_move_steps_aside(
    world: MirrorWorld, anna: User, tree: Tree, change: Change, does_move_change_rev: bool
) -> None:
    world.simulator.behaviour.move_changes_rev = does_move_change_rev
    world.control.write_file(ANNA, f"/Studies/{tree.version.study.name}/v1/folder 0/0.js", WORDS)
    change(tree, anna)
    world.settle()
    assert status(anna)["state"] == "proven"
    assert ours(world) == expected(anna)
    assert aside(world) == [WORDS]


@pytest.mark.parametrize("change", MOVES)
def test_an_edit_in_the_instant_before_our_move_steps_aside(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    path = f"/Studies/{tree.version.study.name}/v1/folder 0/0.js"
    change(tree, anna)
    done = before_the_call(
        world, monkeypatch, "files/move", lambda request: world.control.write_file(ANNA, path, WORDS)
    )
    world.settle()
    assert done
    assert status(anna)["state"] == "proven"
    assert ours(world) == expected(anna)
    assert aside(world) == [WORDS]


def test_an_edit_before_our_move_survives_the_next_save(world: MirrorWorld, anna: User, tree: Tree) -> None:
    world.control.write_file(ANNA, f"/Studies/{tree.version.study.name}/v1/folder 0/0.js", WORDS)
    rename_file(tree, anna)
    files.write_file(
        tree=tree, path="folder 0/renamed.js", source=b"saved", expected_blob=files.ANYTHING, by=anna
    )
    world.settle()
    files.write_file(
        tree=tree, path="folder 0/renamed.js", source=b"saved again", expected_blob=files.ANYTHING, by=anna
    )
    world.settle()
    assert status(anna)["state"] == "proven"
    assert ours(world) == expected(anna)
    assert aside(world) == [WORDS]


@pytest.mark.parametrize("name", ["0.js", "folder 0"])
def test_an_edit_before_our_deletion_is_kept_and_steps_aside_when_the_file_comes_back(
    world: MirrorWorld, anna: User, tree: Tree, name: str
) -> None:
    world.control.write_file(ANNA, f"/Studies/{tree.version.study.name}/v1/folder 0/0.js", WORDS)
    gone = node(tree, name)
    files.delete(nodes=[gone], by=anna)
    world.settle()
    assert WORDS in world.control.files(ANNA).values()
    files.bring_back(node=Node.objects.get(pk=gone.pk), by=anna)
    world.settle()
    assert status(anna)["state"] == "proven"
    assert ours(world) == expected(anna)
    assert WORDS in world.control.files(ANNA).values()


def test_an_edit_before_a_new_version_is_copied_stays_and_the_copy_is_ours(
    world: MirrorWorld, anna: User, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tree.version.study
    path = f"/Studies/{study.name}/v1/folder 0/0.js"
    studies.publish(study=study, by=anna)
    studies.new_version(study=study, by=anna)
    done = before_the_call(
        world, monkeypatch, "files/copy", lambda request: world.control.write_file(ANNA, path, WORDS)
    )
    world.settle()
    assert done
    assert status(anna)["state"] == "proven"
    assert ours(world) == expected(anna)
    assert WORDS in aside(world)


def test_proving_by_hand_sees_what_a_move_carried_along(world: MirrorWorld, anna: User, tree: Tree) -> None:
    world.control.write_file(ANNA, f"/Studies/{tree.version.study.name}/v1/folder 0/0.js", WORDS)
    rename_file(tree, anna)
    world.settle()
    services.prove_now(user=anna)
    world.settle()
    assert ours(world) == expected(anna)
    assert aside(world) == [WORDS]
