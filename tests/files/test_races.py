"""Two at once: one wins, the other is told; nothing is lost and nothing is there twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connections

from minno_dashboard.core.errors import Refused
from minno_dashboard.files import queries, services, store
from minno_dashboard.files.models import Blob, FileVersion, Node, Tree
from tests.files.conftest import at, revision, shown

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], object]) -> list[object]:
    """Do all works at the same moment, each in a thread; return results, refusals included."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        try:
            start.wait(timeout=60)
            results[number] = works[number]()
        except Refused as refusal:
            results[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return results


@pytest.fixture
def shared() -> Tree:
    """A tree with one file."""
    tree = services.create_tree()
    services.write_file(tree=tree, by=None, path="a.js", source=b"start", expected_blob=None)
    return tree


@pytest.mark.parametrize("attempt", range(5))
def test_of_two_who_save_one_file_one_is_told_of_the_conflict(shared: Tree, attempt: int) -> None:
    start = at(shared, "a.js")
    save = partial(services.save_file, node=start, by=None, expected_blob=start.blob)
    results = together(partial(save, source=b"one"), partial(save, source=b"two"))
    conflicts = [result for result in results if isinstance(result, services.WriteConflict)]
    assert len(conflicts) == 1
    assert conflicts[0].theirs
    assert shown(shared)["a.js"] == store.read_verified(conflicts[0].theirs)
    assert {store.read_verified(conflicts[0].mine), shown(shared)["a.js"]} == {b"one", b"two"}
    assert revision(shared) == 2


def test_of_two_who_make_one_file_one_is_told_and_there_is_one_file(shared: Tree) -> None:
    results = together(
        *(
            lambda content=content: services.write_file(  # type: ignore[misc]
                tree=shared, by=None, path="new/b.js", source=content, expected_blob=None
            )
            for content in (b"1", b"2", b"3")
        )
    )
    assert sum(isinstance(result, Node) for result in results) == 1
    assert [entry.path for entry in queries.listing(shared)] == ["new", "new/b.js", "a.js"]


def test_many_changes_at_once_each_get_a_revision_of_their_own(shared: Tree) -> None:
    together(
        *(
            lambda n=n: services.write_file(  # type: ignore[misc]
                tree=shared, by=None, path=f"f{n}", source=b"same", expected_blob=None
            )
            for n in range(8)
        )
    )
    assert revision(shared) == 9
    nodes = Node.objects.filter(tree=shared)
    assert sorted(nodes.values_list("revision", flat=True)) == list(range(1, 10))
    assert Blob.objects.filter(size=4).count() == 1
    assert FileVersion.objects.filter(node__tree=shared).count() == 9


@pytest.mark.parametrize("attempt", range(3))
def test_two_folders_moved_into_each_other_at_once_do_not_vanish(shared: Tree, attempt: int) -> None:
    one = services.make_folder(tree=shared, parent=None, name="one", by=None)
    two = services.make_folder(tree=shared, parent=None, name="two", by=None)
    results = together(
        lambda: services.move(nodes=[one], to=two, by=None),
        lambda: services.move(nodes=[two], to=one, by=None),
    )
    assert sum(isinstance(result, Refused) for result in results) == 1
    assert {entry.id for entry in queries.listing(shared)} >= {one.pk, two.pk}


def test_a_file_deleted_while_it_is_saved_is_either_saved_first_or_a_conflict(shared: Tree) -> None:
    node = at(shared, "a.js")
    saved, _ = together(
        lambda: services.save_file(node=node, by=None, source=b"mine", expected_blob=node.blob),
        lambda: services.delete(nodes=[node], by=None),
    )
    assert isinstance(saved, Node | services.WriteConflict)
    assert shown(shared) == {}
    services.bring_back(node=node, by=None)
    assert shown(shared) == {"a.js": b"mine" if isinstance(saved, Node) else b"start"}


def test_copies_between_two_trees_in_both_directions_do_not_wait_for_each_other(shared: Tree) -> None:
    other = services.create_tree()
    services.write_file(tree=other, by=None, path="b.js", source=b"b", expected_blob=None)
    together(
        lambda: services.copy(nodes=[at(shared, "a.js")], to_tree=other, to=None, by=None),
        lambda: services.copy(nodes=[at(other, "b.js")], to_tree=shared, to=None, by=None),
    )
    assert set(shown(shared)) == set(shown(other)) == {"a.js", "b.js"}


def test_two_who_append_to_one_upload_do_not_both_succeed(shared: Tree) -> None:
    upload = services.begin_upload(tree=shared, by=None, parent=None, path="u", size=4)
    results = together(
        *(
            lambda piece=piece: services.append_upload(upload=upload, offset=0, piece=piece)  # type: ignore[misc]
            for piece in (b"aaaa", b"bbbb")
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["UploadOffset", "int"]
    services.finish_upload(upload=upload, by=None, if_there=services.IfThere.SKIP)
    assert shown(shared)["u"] in (b"aaaa", b"bbbb")


def test_of_two_who_finish_one_upload_one_puts_the_file_there(shared: Tree) -> None:
    upload = services.begin_upload(tree=shared, by=None, parent=None, path="a.js", size=3)
    services.append_upload(upload=upload, offset=0, piece=b"abc")
    finish = partial(services.finish_upload, upload=upload, by=None, if_there=services.IfThere.KEEP_BOTH)
    results = together(finish, finish, finish)
    assert sum(isinstance(result, Node) for result in results) == 1
    assert shown(shared) == {"a.js": b"start", "a (2).js": b"abc"}
