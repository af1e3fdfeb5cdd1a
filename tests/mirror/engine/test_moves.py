"""Everything to its place, by as few moves as there can be."""

from __future__ import annotations

from minno_dashboard.mirror.planner.model import Desired, Move, Remote
from minno_dashboard.mirror.planner.plan import plan
from tests.mirror.engine.rig import FOR_GOOD, KEEP, Rig, content
from tests.mirror.engine.text_notation import have, steps_between, want


def places(steps: list[str]) -> list[str]:
    """Name temporary names alike."""
    words = (word for step in steps for word in step.split())
    temporary = {w.rsplit("/", 1)[-1] for w in words if w.endswith(".minno")}
    for name in temporary:
        steps = [step.replace(name, "TEMPORARY") for step in steps]
    return steps


def test_a_renamed_folder_is_one_move_however_much_it_holds() -> None:
    remote = have("s /A/", *(f"n{i} /A/{i}.js u" for i in range(500)))
    desired = want("s /B/", *(f"n{i} /B/{i}.js u" for i in range(500)))
    assert steps_between(desired, remote) == ["move /A → /B"]


def test_what_the_user_moved_in_dropbox_moves_back() -> None:
    remote = have("s /S/", "- /mine/", "n /mine/b.js u")
    assert steps_between(want("s /S/", "n /S/a.js u"), remote) == ["move /mine/b.js → /S/a.js"]


def test_a_swap_of_two_names_takes_three_moves() -> None:
    steps = steps_between(want("n /a u", "m /b v"), have("n /b u", "m /a v"))
    assert places(steps) == ["move /b → /TEMPORARY", "move /a → /b", "move /TEMPORARY → /a"] or places(
        steps
    ) == ["move /a → /TEMPORARY", "move /b → /a", "move /TEMPORARY → /b"]


def test_a_circle_of_three_names_takes_four_moves() -> None:
    steps = steps_between(want("n /a u", "m /b v", "o /c w"), have("n /b u", "m /c v", "o /a w"))
    assert len(steps) == 4


def test_a_row_of_names_that_all_move_up_by_one_needs_no_temporary_name() -> None:
    steps = steps_between(want("n /b u", "m /c v", "o /d w"), have("n /a u", "m /b v", "o /c w"))
    assert steps == ["move /c → /d", "move /b → /c", "move /a → /b"]


def test_a_thousand_swaps_take_three_batches() -> None:
    desired = want(*(f"n{i} /{i} u" for i in range(2000)))
    remote = have(*(f"n{i} /{i ^ 1} u" for i in range(2000)))
    steps = plan(desired, remote, KEEP)
    assert len(steps.steps) == 3000
    assert [len(batch) for batch in steps.batches] == [1000, 1000, 1000]


def test_a_hundred_pages_that_move_up_by_one_take_few_batches() -> None:
    desired = want(*(f"n{i} /{i + 1:03} u" for i in range(100)))
    remote = have(*(f"n{i} /{i:03} u" for i in range(100)))
    steps = plan(desired, remote, KEEP)
    assert len(steps.batches) <= 10
    assert len(steps.steps) <= 115
    rig = Rig(desired, remote)
    rig.run()
    rig.check_the_end()


def test_a_folder_and_the_folder_in_it_can_change_roles() -> None:
    remote = have("a /a/", "b /a/b/", "n /a/b/x u", "m /a/y v")
    steps = steps_between(want("b /b/", "a /b/a/", "n /b/x u", "m /b/a/y v"), remote)
    assert steps == ["move /a/b → /b", "move /a → /b/a"]


def test_a_folder_takes_the_name_of_the_one_it_lay_in() -> None:
    remote = have("a /a/", "b /a/b/", "n /a/b/x u")
    steps = steps_between(want("b /a/", "a /a/b/", "n /a/x u"), remote)
    assert len(steps) == 3


def test_a_change_of_case_alone_goes_through_a_temporary_name() -> None:
    steps = steps_between(want("s /Images/", "n /Images/a u"), have("s /images/", "n /images/a u"))
    assert places(steps) == ["move /images → /TEMPORARY", "move /TEMPORARY → /Images"]


def test_a_move_may_make_the_folders_on_its_way() -> None:
    remote = have("n /a.js u")
    steps = steps_between(want("s /x/", "t /x/y/", "n /x/y/a.js u"), remote)
    assert steps == ["move /a.js → /x/y/a.js"]


def test_a_swap_that_was_cut_short_is_finished() -> None:
    remote = have("m /a v", "n /moving-0123456789ab.minno u")
    steps = steps_between(want("n /a u", "m /b v"), remote)
    assert steps == ["move /a → /b", "move /moving-0123456789ab.minno → /a"]


def test_what_stands_in_the_way_of_a_move_and_is_the_users_steps_aside() -> None:
    steps = steps_between(want("n /b u"), have("n /a u", "- /b x"))
    assert steps == ["aside /b → /b (changed in Dropbox 2026-11-23)", "move /a → /b"]


def test_what_is_deleted_gives_its_place_away_first() -> None:
    steps = steps_between(want("n /b u"), have("n /a u", "m /b v"))
    assert steps == ["move /b → /Deleted/2026-11-23 b", "move /a → /b"]


def test_what_is_removed_for_good_gives_its_place_away_first() -> None:
    steps = steps_between(want("n /b u"), have("n /a u", "m /b v"), FOR_GOOD)
    assert places(steps) == ["move /b → /TEMPORARY", "move /a → /b", "remove /TEMPORARY"]


def test_a_folder_in_the_way_that_holds_the_users_work_steps_aside_and_is_theirs() -> None:
    steps = steps_between(want("n /b u"), have("n /a u", "m /b/", "o /b/c v", "- /b/d x"), FOR_GOOD)
    aside = "/b (changed in Dropbox 2026-11-23)"
    assert steps == [f"aside /b → {aside}", "move /a → /b", f"remove {aside}/c"]


def test_a_file_of_the_users_called_deleted_makes_room() -> None:
    steps = steps_between([], have("- /deleted x", "n /a u"))
    assert steps == [
        "aside /deleted → /deleted (changed in Dropbox 2026-11-23)",
        "move /a → /Deleted/2026-11-23 a",
    ]


def test_our_folder_that_the_user_called_deleted_moves_back_before_anything_goes_there() -> None:
    desired = want("s /Studies/", "n /Studies/a u", "r /README.txt v")
    remote = have("s /Deleted/", "n /Deleted/a u", "o /README.txt w")
    rig = Rig(desired, remote)
    rig.run()
    rig.check_the_end()
    assert rig.tree() == [
        "/Deleted/",
        "/Deleted/2026-11-23 README.txt w",
        "/README.txt v",
        "/Studies/",
        "/Studies/a u",
    ]


def test_the_folder_of_deleted_things_moves_back_with_what_it_holds() -> None:
    remote = have("d /Trash/", "n /Trash/2026-11-01 a u")
    assert steps_between(want("d /Deleted/"), remote) == ["move /Trash → /Deleted"]


def test_a_batch_never_holds_a_path_twice_or_one_above_another() -> None:
    desired = want("a /x/", "b /x/b/", "c /c/")
    remote = have("c /x/", "a /c/", "b /b/")
    for batch in plan(desired, remote, KEEP).batches:
        paths = [path.lower() + "/" for step in batch for path in step.paths]
        assert not any(p != q and q.startswith(p) for p in paths for q in paths)
        assert len(set(paths)) == len(paths)


def test_a_chain_as_deep_as_dropbox_allows_is_no_deeper_than_the_planner() -> None:
    desired, remote = [], []
    for i in range(300):
        desired.append(Desired(f"n{i}", f"n{i - 1}" if i else None, "a"))
        remote.append(Remote(f"n{i}", f"n{i - 1}" if i else None, "b", identity=f"n{i}"))
    desired.append(Desired("f", "n299", "f", content("u")))
    assert sum(isinstance(step, Move) for step in plan(desired, remote, KEEP).steps) == 300


def test_a_folder_takes_the_identity_of_a_file_before_a_copy_of_it_is_made() -> None:
    remote = have("f /old u", "n /a v", "m /b w")
    desired = want("f /F/", "n /F/a v", "m /F/b w", "g<f /G/", "x<n /G/a v", "y<m /G/b w")
    steps_between(desired, remote, FOR_GOOD)
    steps_between(desired, remote, KEEP)
