"""Folders and files as a whole: made, renamed, moved, copied, deleted, brought back, frozen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.files import queries, services, store
from minno_dashboard.files.models import FileVersion, Node, Tree
from tests.files.conftest import at, revision, shown

Put = Callable[..., Node]


def test_a_folder_is_made_once(tree: Tree) -> None:
    folder = services.make_folder(tree=tree, parent=None, name="Images", by=None)
    services.make_folder(tree=tree, parent=folder, name="Images", by=None)
    with pytest.raises(Invalid, match="upper and lower case"):
        services.make_folder(tree=tree, parent=None, name="images", by=None)
    assert list(shown(tree)) == ["Images", "Images/Images"]
    assert revision(tree) == 2


def test_renaming_keeps_the_node_and_raises_only_its_own_revision(tree: Tree, put: Put) -> None:
    inside = put("a/b.js")
    folder = services.rename(node=at(tree, "a"), name="e\u0301", by=None)
    assert list(shown(tree)) == ["é", "é/b.js"]
    assert folder.revision == revision(tree) == 2
    assert Node.objects.get(pk=inside.pk).revision == 1


def test_a_name_may_change_in_case_only_and_the_same_name_changes_nothing(tree: Tree, put: Put) -> None:
    node = put("readme.txt")
    services.rename(node=node, name="README.txt", by=None)
    services.rename(node=node, name="README.txt", by=None)
    assert list(shown(tree)) == ["README.txt"]
    assert revision(tree) == 2


def test_renaming_to_a_name_that_is_taken_or_bad_is_refused(tree: Tree, put: Put) -> None:
    node = put("a.js")
    put("b.js")
    with pytest.raises(Invalid, match=r"“B\.js” and “b\.js”"):
        services.rename(node=node, name="B.js", by=None)
    with pytest.raises(Invalid, match="device"):
        services.rename(node=node, name="con", by=None)
    assert revision(tree) == 2


def test_many_are_moved_as_one_change(tree: Tree, put: Put) -> None:
    for path in ("a/1", "a/2", "b/3", "c/d/4"):
        put(path)
    before = revision(tree)
    moving = [at(tree, path) for path in ("a/1", "a/2", "c", "c/d/4")]
    services.move(nodes=moving, to=at(tree, "b"), by=None)
    assert list(shown(tree)) == ["a", "b", "b/c", "b/c/d", "b/c/d/4", "b/1", "b/2", "b/3"]
    assert revision(tree) == before + 1
    services.move(nodes=[at(tree, "b/1")], to=at(tree, "b"), by=None)
    assert revision(tree) == before + 1, "it lies there already"
    services.move(nodes=[at(tree, "b/c/d")], to=None, by=None)
    assert "d/4" in shown(tree)


def test_a_folder_cannot_go_into_itself(tree: Tree, put: Put) -> None:
    put("a/b/c/d")
    for target in ("a", "a/b/c"):
        with pytest.raises(Invalid, match="“a” cannot be put into itself"):
            services.move(nodes=[at(tree, "a")], to=at(tree, target), by=None)
        with pytest.raises(Invalid, match="“a” cannot be put into itself"):
            services.copy(nodes=[at(tree, "a")], to_tree=tree, to=at(tree, target), by=None)


def test_moving_onto_a_name_that_is_taken_moves_nothing(tree: Tree, put: Put) -> None:
    for path in ("a/x", "b/X", "c/x", "a/y"):
        put(path)
    before = shown(tree)
    with pytest.raises(Invalid, match="“x” and “X”"):
        services.move(nodes=[at(tree, "a/y"), at(tree, "a/x")], to=at(tree, "b"), by=None)
    with pytest.raises(Invalid, match="“x” here already"):
        services.move(nodes=[at(tree, "a/x"), at(tree, "c/x")], to=None, by=None)
    assert shown(tree) == before


def test_a_move_may_not_make_a_path_too_deep_or_too_long(tree: Tree, put: Put) -> None:
    put("/".join(["a"] * 40))
    put("/".join(["b"] * 40))
    with pytest.raises(Invalid, match="folders deep"):
        services.move(nodes=[at(tree, "a")], to=at(tree, "/".join(["b"] * 30)), by=None)
    put("/".join(["c" * 200] * 4))
    services.rename(node=at(tree, "c" * 200), name="d" * 255, by=None)
    with pytest.raises(Invalid, match="too long for other computers"):
        services.move(nodes=[at(tree, "d" * 255)], to=at(tree, "/".join(["a"] * 39)), by=None)


def test_copies_share_bytes_and_remember_their_origin(tree: Tree, put: Put) -> None:
    origin = put("a/b/c.js", b"one")
    put("a/d.js", b"two")
    services.make_folder(tree=tree, parent=at(tree, "a"), name="empty", by=None)
    other = services.create_tree()
    made = services.copy(nodes=[at(tree, "a"), at(tree, "a/b/c.js")], to_tree=other, to=None, by=None)
    assert shown(other) == {"a": None, "a/b": None, "a/b/c.js": b"one", "a/empty": None, "a/d.js": b"two"}
    assert [node.name for node in made] == ["a"]
    copied = at(other, "a/b/c.js")
    assert copied.copied_from == origin.pk
    assert copied.blob_id == origin.blob_id
    assert [version.how for version in queries.history(copied)] == ["copied"]
    assert revision(other) == 1
    with pytest.raises(Invalid, match="“a” here already"):
        services.copy(nodes=[at(tree, "a")], to_tree=other, to=None, by=None)


def test_a_copy_within_a_tree_copies_what_was_there_before(tree: Tree, put: Put) -> None:
    put("a/b/c")
    put("x/y")
    services.copy(nodes=[at(tree, "a")], to_tree=tree, to=at(tree, "x"), by=None)
    services.duplicate(node=at(tree, "x"), by=None)
    assert {path for path in shown(tree) if path.startswith("x (2)")} == {
        "x (2)", "x (2)/a", "x (2)/a/b", "x (2)/a/b/c", "x (2)/y"
    }  # fmt: skip
    assert FileVersion.objects.filter(node__tree=tree, how="copied").count() == 3


def test_duplicates_are_numbered(tree: Tree, put: Put) -> None:
    node = put("a.js")
    put("A (3).JS")
    assert [services.duplicate(node=node, by=None).name for _ in range(3)] == [
        "a (2).js",
        "a (4).js",
        "a (5).js",
    ]


def test_what_was_deleted_together_comes_back_together_and_nothing_else(tree: Tree, put: Put) -> None:
    put("a/old.js")
    put("a/b/c.js", b"three")
    services.delete(nodes=[at(tree, "a/old.js")], by=None)
    folder = at(tree, "a")
    services.delete(nodes=[folder], by=None)
    assert shown(tree) == {}
    assert [node.name for node in queries.deleted(tree)] == ["a", "old.js"]
    assert queries.count_with(folder) == 3
    inside = Node.objects.get(tree=tree, name="c.js")
    assert inside.revision == revision(tree)
    with pytest.raises(Invalid, match="bring the folder back"):
        services.bring_back(node=inside, by=None)
    services.bring_back(node=folder, by=None)
    assert shown(tree) == {"a": None, "a/b": None, "a/b/c.js": b"three"}
    assert Node.objects.get(tree=tree, name="c.js").pk == inside.pk
    with pytest.raises(Invalid, match="is not deleted"):
        services.bring_back(node=folder, by=None)


def test_what_comes_back_takes_a_free_name_and_the_nearest_folder_that_lives(tree: Tree, put: Put) -> None:
    first = put("a/b/x.js", b"one")
    services.delete(nodes=[first], by=None)
    services.delete(nodes=[at(tree, "a/b")], by=None)
    put("a/X.js", b"two")
    back = services.bring_back(node=first, by=None)
    assert back.name == "x (2).js"
    assert shown(tree) == {"a": None, "a/x (2).js": b"one", "a/X.js": b"two"}


def test_deleting_what_is_deleted_changes_nothing(tree: Tree, put: Put) -> None:
    node = put("a/b")
    services.delete(nodes=[at(tree, "a"), node], by=None)
    before = revision(tree)
    services.delete(nodes=[node], by=None)
    assert revision(tree) == before
    assert [gone.name for gone in queries.deleted(tree)] == ["a"]


def test_nodes_of_another_tree_are_not_there(tree: Tree, put: Put) -> None:
    put("a/b")
    other = services.create_tree()
    with pytest.raises(NotFound):
        services.make_folder(tree=other, parent=at(tree, "a"), name="c", by=None)
    with pytest.raises(NotFound):
        queries.get_node(tree=other, node_id=at(tree, "a").pk)
    with pytest.raises(NotFound):
        queries.get_nodes(tree=other, node_ids=[at(tree, "a").pk])


def test_a_frozen_tree_cannot_change_by_any_path(tree: Tree, put: Put) -> None:
    node, gone = put("a/b.js", b"one"), put("gone.js")
    put("a/b.js", b"two")
    services.delete(nodes=[gone], by=None)
    upload = services.begin_upload(tree=tree, by=None, parent=None, path="u", size=0)
    version = queries.history(node).last()
    assert version
    folder, before, content = at(tree, "a"), revision(tree), shown(tree)
    services.freeze(tree=tree)
    attempts: list[Callable[[], object]] = [
        lambda: put("new.js"),
        lambda: put("a/b.js", b"three"),
        lambda: services.save_file(node=node, by=None, source=b"3", expected_blob=services.ANYTHING),
        lambda: services.make_folder(tree=tree, parent=None, name="x", by=None),
        lambda: services.rename(node=node, name="x", by=None),
        lambda: services.move(nodes=[node], to=None, by=None),
        lambda: services.copy(nodes=[node], to_tree=tree, to=None, by=None),
        lambda: services.duplicate(node=folder, by=None),
        lambda: services.delete(nodes=[folder], by=None),
        lambda: services.bring_back(node=gone, by=None),
        lambda: services.restore_version(version=version, by=None),
        lambda: services.finish_upload(upload=upload, by=None, if_there=services.IfThere.OVERWRITE),
        lambda: services.begin_upload(tree=tree, by=None, parent=None, path="v", size=0),
        lambda: services.fill_tree(tree=tree, files={("x",): store.put(b"")}, by=None),
    ]
    for attempt in attempts:
        with pytest.raises(services.Frozen):
            attempt()
    assert revision(tree) == before
    assert shown(tree) == content
    copy = services.copy_tree(source=tree, by=None)
    assert shown(copy) == content
    assert not copy.is_frozen


@pytest.fixture
def large(tree: Tree) -> Tree:
    """A tree of 10,000 files and 101 folders in one folder."""
    blob = store.put(b"same")
    services.fill_tree(
        tree=tree, files={("all", f"f{i // 100}", f"{i}.txt"): blob for i in range(10_000)}, by=None
    )
    return tree


def test_ten_thousand_files_are_listed_moved_copied_deleted_and_brought_back_in_a_few_statements(
    large: Tree, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(1):
        assert len(queries.listing(large)) == 10_101
    folder = at(large, "all")
    target = services.make_folder(tree=large, parent=None, name="target", by=None)
    with django_assert_max_num_queries(14):
        services.move(nodes=[folder], to=target, by=None)
    with django_assert_max_num_queries(14):
        services.rename(node=folder, name="renamed", by=None)
    with django_assert_max_num_queries(25):
        copy = services.copy_tree(source=large, by=None)
    assert [entry.path for entry in queries.listing(copy)] == [entry.path for entry in queries.listing(large)]
    with django_assert_max_num_queries(25):
        services.duplicate(node=folder, by=None)
    with django_assert_max_num_queries(12):
        services.delete(nodes=[target], by=None)
    assert queries.listing(large) == []
    with django_assert_max_num_queries(14):
        services.bring_back(node=target, by=None)
    assert len(queries.listing(large)) == 20_203
