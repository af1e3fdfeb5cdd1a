"""Writing files: new, saved, in conflict, restored."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.files import queries, services, store
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree
from tests.files.conftest import at, revision, shown

Put = Callable[..., Node]


def write(tree: Tree, path: str, content: bytes, expected: Blob | str | None) -> Node:
    return services.write_file(tree=tree, by=None, path=path, source=content, expected_blob=expected)


def test_a_new_file_makes_the_folders_it_lies_in(tree: Tree) -> None:
    node = write(tree, "images/cats/שלום 🎉.txt", b"one", None)
    assert shown(tree) == {"images": None, "images/cats": None, "images/cats/שלום 🎉.txt": b"one"}
    assert revision(tree) == 1
    assert set(Node.objects.filter(tree=tree).values_list("revision", flat=True)) == {1}
    assert [version.how for version in queries.history(node)] == ["saved"]


def test_saving_over_what_one_started_from_raises_the_revision_once(tree: Tree) -> None:
    first = write(tree, "a.js", b"one", None)
    second = write(tree, "a.js", b"two", first.blob)
    assert second.pk == first.pk
    assert second.revision == revision(tree) == 2
    assert shown(tree) == {"a.js": b"two"}
    assert [store.read_verified(version.blob) for version in queries.history(second)] == [b"two", b"one"]


def test_writing_what_is_there_already_changes_nothing_whatever_was_expected(tree: Tree) -> None:
    write(tree, "a.js", b"one", None)
    for expected in (None, "0" * 64, services.ANYTHING):
        services.write_file(tree=tree, by=None, path="a.js", source=b"one", expected_blob=expected)
    assert revision(tree) == 1
    assert FileVersion.objects.filter(node__tree=tree).count() == 1


def test_a_concurrent_edit_is_a_conflict_that_carries_both_texts(tree: Tree) -> None:
    started_from = write(tree, "a.js", b"one", None).blob
    assert started_from
    write(tree, "a.js", b"theirs", started_from)
    with pytest.raises(services.WriteConflict, match="changed by somebody else") as conflict:
        write(tree, "a.js", b"mine", started_from.sha256)
    assert conflict.value.theirs
    assert store.read_verified(conflict.value.mine) == b"mine"
    assert store.read_verified(conflict.value.theirs) == b"theirs"
    assert shown(tree) == {"a.js": b"theirs"}
    assert revision(tree) == 2


def test_a_file_that_must_be_new_and_is_not_is_a_conflict_and_leaves_no_folders(tree: Tree, put: Put) -> None:
    put("a/b.js")
    before = shown(tree)
    with pytest.raises(services.WriteConflict, match=r"“b\.js” here already"):
        write(tree, "A/B.JS", b"mine", None)
    with pytest.raises(services.WriteConflict, match="deleted or moved"):
        write(tree, "new/folder/b.js", b"mine", "0" * 64)
    assert shown(tree) == before


def test_an_open_file_is_saved_wherever_it_was_moved_to(tree: Tree, put: Put) -> None:
    node = put("a/b.js", b"one")
    services.rename(node=at(tree, "a/b.js"), name="c.js", by=None)
    services.rename(node=at(tree, "a"), name="z", by=None)
    services.save_file(node=node, by=None, source=b"two", expected_blob=node.blob)
    assert shown(tree) == {"z": None, "z/c.js": b"two"}


def test_saving_an_open_file_that_was_deleted_is_a_conflict_without_their_text(tree: Tree, put: Put) -> None:
    node = put("a.js", b"one")
    services.delete(nodes=[node], by=None)
    with pytest.raises(services.WriteConflict, match="Your text is kept") as conflict:
        services.save_file(node=node, by=None, source=b"two", expected_blob=node.blob)
    assert conflict.value.theirs is None
    assert conflict.value.node == node


def test_names_that_dropbox_holds_for_one_are_one_file(tree: Tree, put: Put) -> None:
    put("e\u0301.txt", b"one")
    put("É.TXT", b"two")
    assert shown(tree) == {"é.txt": b"two"}


@pytest.mark.parametrize("path", ["a:b", "con/a.js", "a//b", "../a", "a/", "", "a/.."])
def test_a_path_with_a_bad_name_is_refused(tree: Tree, path: str) -> None:
    with pytest.raises(Invalid):
        write(tree, path, b"", None)
    assert shown(tree) == {}


def test_a_file_cannot_take_the_place_of_a_folder_nor_hold_files(tree: Tree, put: Put) -> None:
    put("a/b.js")
    with pytest.raises(Invalid, match="a folder called “a” here"):
        put("A")
    with pytest.raises(Invalid, match=r"“b\.js” is a file"):
        put("a/b.js/c.js")
    with pytest.raises(Invalid, match="is a folder"):
        services.save_file(node=at(tree, "a"), by=None, source=b"", expected_blob=services.ANYTHING)


def test_a_file_can_be_written_into_a_folder_by_its_node(tree: Tree, put: Put) -> None:
    put("a/b.js")
    services.write_file(
        tree=tree, by=None, parent=at(tree, "a"), name="c.js", source=io.BytesIO(b"3"), expected_blob=None
    )
    assert shown(tree)["a/c.js"] == b"3"
    with pytest.raises(Invalid, match="only a folder"):
        services.write_file(
            tree=tree, by=None, parent=at(tree, "a/b.js"), name="c", source=b"", expected_blob=None
        )


def test_an_earlier_state_is_restored_and_nothing_of_the_history_is_lost(tree: Tree, put: Put) -> None:
    node = put("a.js", b"one")
    put("a.js", b"two")
    first = queries.history(node).last()
    assert first
    restored = services.restore_version(version=first, by=None)
    assert shown(tree) == {"a.js": b"one"}
    assert restored.revision == revision(tree) == 3
    assert [version.how for version in queries.history(node)] == ["restored", "saved", "saved"]
    services.delete(nodes=[node], by=None)
    with pytest.raises(NotFound):
        services.restore_version(version=first, by=None)


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        (services.IfThere.OVERWRITE, {"a.txt": b"new"}),
        (services.IfThere.KEEP_BOTH, {"a.txt": b"old", "a (2).txt": b"new"}),
        (services.IfThere.SKIP, {"a.txt": b"old"}),
    ],
)
def test_an_upload_follows_the_policy_for_a_name_that_is_taken(
    tree: Tree, put: Put, policy: services.IfThere, left: dict[str, bytes]
) -> None:
    put("a.txt", b"old")
    node = services.put_upload(
        tree=tree, by=None, blob=store.put(b"new"), parent=None, path="a.txt", if_there=policy
    )
    assert shown(tree) == left
    assert (node is None) == (policy is services.IfThere.SKIP)


def test_a_path_may_not_become_too_deep_by_writing_into_a_deep_folder(tree: Tree, put: Put) -> None:
    put("/".join(["a"] * 60))
    deepest = at(tree, "/".join(["a"] * 59))
    with pytest.raises(Invalid, match="61 folders deep"):
        services.write_file(
            tree=tree, by=None, parent=deepest, name="b/c", path="b/c", source=b"", expected_blob=None
        )
    with pytest.raises(Invalid, match="61 folders deep"):
        services.make_folder(
            tree=tree,
            parent=services.make_folder(tree=tree, parent=deepest, name="b", by=None),
            name="c",
            by=None,
        )
