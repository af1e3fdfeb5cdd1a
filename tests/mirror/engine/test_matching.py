"""Who is who: what carries the identity, and what may be taken over."""

from __future__ import annotations

import pytest

from minno_dashboard.mirror.planner.model import DELETED, Desired, Remote
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.planner.tree import BrokenTree, DesiredTree, RemoteTree
from tests.mirror.engine.rig import FOR_GOOD, KEEP, content
from tests.mirror.engine.text_notation import have, steps_between, want

IN_THE_WAY = "a (changed in Dropbox 2026-11-23)"


def test_two_equal_trees_need_no_step() -> None:
    assert steps_between(want("s /S/", "n /S/a.js u"), have("s /S/", "n /S/a.js u")) == []


def test_nothing_desired_and_nothing_there_is_an_empty_plan() -> None:
    assert not plan([], [], KEEP)


def test_a_folder_of_the_users_where_ours_belongs_is_adopted_and_its_contents_stay_theirs() -> None:
    steps = steps_between(want("s /S/", "n /S/a.js u"), have("- /S/", "- /S/mine.txt x"))
    assert steps == ["adopt /S as s", "upload /S/a.js u"]


def test_a_file_of_the_users_with_equal_content_is_adopted() -> None:
    assert steps_between(want("n /a.js u"), have("- /a.js u")) == ["adopt /a.js as n"]


def test_an_adopted_file_takes_the_desired_case() -> None:
    steps = steps_between(want("n /a.js u"), have("- /A.JS u"))
    assert steps[0] == "adopt /A.JS as n"
    assert [step.split()[0] for step in steps[1:]] == ["move", "move"]


def test_a_file_of_the_users_with_other_content_steps_aside() -> None:
    steps = steps_between(want("n /a.js u"), have("- /a.js x"))
    assert steps == ["aside /a.js → /a (changed in Dropbox 2026-11-23).js", "upload /a.js u"]


def test_a_file_of_the_users_where_a_folder_belongs_steps_aside() -> None:
    steps = steps_between(want("s /a/", "n /a/b u"), have("- /a x"))
    assert steps == [f"aside /a → /{IN_THE_WAY}", "upload /a/b u"]


def test_a_folder_of_the_users_where_a_file_belongs_steps_aside_with_its_contents() -> None:
    steps = steps_between(want("n /a u"), have("- /a/", "- /a/b x"))
    assert steps == [f"aside /a → /{IN_THE_WAY}", "upload /a u"]


def test_a_file_the_user_changed_steps_aside_before_ours_is_written() -> None:
    steps = steps_between(want("n /a.js u"), have("n! /a.js x"))
    assert steps == ["aside /a.js → /a (changed in Dropbox 2026-11-23).js", "upload /a.js u"]


def test_a_file_that_stands_aside_already_stays_there_as_the_users() -> None:
    """Told by seed 32: the answer to a rename did not come, and each look renamed the file once more."""
    aside = "/a (changed in Dropbox 2026-11-23).js"
    assert steps_between(want("n /a.js u"), have(f"n! {aside} x")) == [f"disown {aside}", "upload /a.js u"]
    steps = steps_between(want(f"n {aside} u"), have(f"n! {aside} x"))
    assert [step.partition(" ")[0] for step in steps] == ["aside", "upload"], "ours has that very name"


def test_an_aside_name_that_is_taken_or_desired_is_counted_up() -> None:
    aside = "/a (changed in Dropbox 2026-11-23"
    steps = steps_between(want("n /a.js u", f"m {aside} 2).js v"), have("n! /a.js x", f"- {aside}).js y"))
    assert steps[0] == f"aside /a.js → {aside} 3).js"


def test_a_file_the_user_changed_to_what_is_desired_is_ours_again() -> None:
    assert steps_between(want("n /a.js u"), have("n! /a.js u")) == ["adopt /a.js as n"]


def test_a_changed_file_elsewhere_is_disowned_where_something_equal_lies_in_its_place() -> None:
    assert steps_between(want("n /a u"), have("- /a u", "n! /b x")) == ["disown /b", "adopt /a as n"]


def test_a_file_whose_identity_became_a_folder_elsewhere_can_be_taken_over() -> None:
    steps = steps_between(want("m /a u", "n /b/", "o /b/c v"), have("n /a u"))
    assert steps == ["disown /a", "adopt /a as m", "upload /b/c v"]


def test_a_file_created_again_under_the_same_name_takes_the_old_one_over_when_equal() -> None:
    assert steps_between(want("new /a u"), have("old /a u")) == ["adopt /a as new"]


def test_a_folder_created_again_is_not_merged_with_the_deleted_one_where_deleted_things_are_kept() -> None:
    steps = steps_between(want("new /a/", "n /a/x u"), have("old /a/", "m /a/x u"))
    assert steps == ["move /a → /Deleted/2026-11-23 a", "copy /Deleted/2026-11-23 a/x → /a/x"]


def test_a_folder_created_again_takes_the_old_one_over_where_they_are_not_kept() -> None:
    steps = steps_between(want("new /a/", "n /a/x v"), have("old /a/", "m /a/x u", "o /a/y u"), FOR_GOOD)
    assert steps == ["adopt /a as new", "adopt /a/x as n", "replace /a/x v", "remove /a/y"]


def test_a_file_that_became_a_folder_makes_room_and_keeps_what_it_held() -> None:
    steps = steps_between(want("n /a/", "m /a/b v"), have("n /a u"))
    assert steps == ["aside /a → /Deleted/2026-11-23 a", "upload /a/b v"]


def test_a_folder_that_became_a_file_is_kept_also_where_deleted_things_are_not() -> None:
    steps = steps_between(want("n /a v"), have("n /a/", "m /a/b u"), FOR_GOOD)
    assert steps == ["aside /a → /Deleted/2026-11-23 a", "upload /a v"]


def test_what_is_desired_again_comes_back_from_the_deleted_things() -> None:
    remote = have("- /Deleted/", "s /Deleted/2026-11-20 A/", "n /Deleted/2026-11-20 A/x u")
    assert steps_between(want("s /A/", "n /A/x u"), remote) == ["move /Deleted/2026-11-20 A → /A"]


def test_a_file_the_user_changed_among_the_deleted_things_stays_there_as_theirs() -> None:
    steps = steps_between(want("n /a u"), have("- /Deleted/", "n! /Deleted/2026-11-20 a x"))
    assert steps == ["disown /Deleted/2026-11-20 a", "upload /a u"]


def test_names_that_differ_only_by_composition_are_one() -> None:
    assert steps_between(want("n /e\u0301 u"), have("n /\u00e9 u")) == []


@pytest.mark.parametrize(
    "nodes",
    [
        [Desired("a", None, "x"), Desired("a", None, "y")],
        [Desired("a", None, "x"), Desired("b", None, "X")],
        [Desired("a", "gone", "x")],
        [Desired("a", None, "x", content("u")), Desired("b", "a", "y")],
        [Desired("a", "b", "x"), Desired("b", "a", "y")],
        [Desired("a", None, "x/y")],
        [Desired("a", None, "")],
        [Desired("a", None, DELETED, content("u"))],
        [Desired("a", None, DELETED), Desired("b", "a", "x")],
    ],
)
def test_nodes_that_form_no_tree_are_refused(nodes: list[Desired]) -> None:
    with pytest.raises(BrokenTree):
        DesiredTree(nodes)


def test_one_identity_in_two_places_is_refused() -> None:
    rows = [Remote("k", None, "x", identity="n"), Remote("l", None, "y", identity="n")]
    with pytest.raises(BrokenTree):
        RemoteTree(rows)


def test_a_remote_tree_never_gives_one_identity_to_two_nodes() -> None:
    tree = RemoteTree([Remote("k", None, "x", identity="n"), Remote("l", None, "y")])
    with pytest.raises(BrokenTree):
        tree.own("l", "n")


def test_a_node_is_found_by_its_path_as_dropbox_compares_names() -> None:
    tree = RemoteTree(have("s /Å/", "n /Å/Σ u"))
    found = tree.at("/å/ς")
    assert found is None
    found = tree.at("/å/σ")
    assert found is not None
    assert found.identity == "n"
