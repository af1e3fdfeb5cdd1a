"""What each step leaves behind in the remote tree."""

from __future__ import annotations

from minno_dashboard.mirror.planner.apply import apply
from minno_dashboard.mirror.planner.model import Adopt, Copy, MakeFolder, Move, Remote, Remove, UploadFile
from minno_dashboard.mirror.planner.tree import RemoteTree
from tests.mirror.engine.rig import content
from tests.mirror.engine.text_notation import have, want


def paths(rows: tuple[Remote, ...]) -> dict[str, str | None]:
    tree = RemoteTree(rows)
    return {tree.path(key): row.identity for key, row in tree.nodes.items()}


def test_folders_made_on_the_way_are_ours_where_they_are_desired() -> None:
    desired = want("s /S/", "t /S/t/", "n /S/t/a u")
    rows = apply([], UploadFile("n", "/S/t/a", content("u")), desired, rev="7")
    assert paths(rows) == {"/S": "s", "/S/t": "t", "/S/t/a": "n"}
    assert rows[-1].rev == "7"


def test_folders_made_on_the_way_are_nobodys_where_the_desired_ones_lie_elsewhere() -> None:
    rows = apply(have("s /Old/", "n /a u"), Move("/a", "/a", "/S/a"), want("s /S/", "n /S/a u"))
    assert paths(rows) == {"/Old": "s", "/S": None, "/S/a": "n"}


def test_an_aside_move_leaves_the_node_to_the_user() -> None:
    rows = apply(have("n! /a u"), Move("/a", "/a", "/b", aside=True))
    assert paths(rows) == {"/b": None}
    assert not rows[0].is_changed


def test_below_a_copied_folder_everything_is_nobodys() -> None:
    rows = apply(have("s /a/", "t /a/t/", "n /a/t/x u"), Copy("/a", "c", "/a", "/b"), want("c /b/"))
    assert {path: who for path, who in paths(rows).items() if path.startswith("/b")} == {
        "/b": "c",
        "/b/t": None,
        "/b/t/x": None,
    }


def test_a_removed_folder_takes_everything_below_it_along() -> None:
    rows = apply(have("s /a/", "t /a/t/", "- /a/t/x u", "n /b v"), Remove("/a", "/a"))
    assert paths(rows) == {"/b": "n"}


def test_writing_a_file_in_place_makes_it_ours_as_written() -> None:
    (row,) = apply(have("n! /a u"), UploadFile("n", "/a", content("v"), "r"), rev="8")
    assert (row.content, row.rev, row.is_changed) == (content("v"), "8", False)


def test_adopting_and_making_need_no_desired_tree() -> None:
    assert paths(apply(have("- /a/"), Adopt("s", "/a"))) == {"/a": "s"}
    assert paths(apply([], MakeFolder("s", "/a"))) == {"/a": "s"}


def test_a_new_node_never_takes_a_key_that_is_in_use() -> None:
    rows = apply(apply([], MakeFolder("s", "/a")), Move("new:s", "/a", "/b", aside=True))
    rows = apply(rows, MakeFolder("s", "/a"))
    assert [row.key for row in rows] == ["new:s", "new:s+"]
