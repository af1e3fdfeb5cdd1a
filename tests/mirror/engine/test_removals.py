"""What is no longer wanted goes, and never with anything of the user's for good."""

from __future__ import annotations

from tests.mirror.engine.rig import FOR_GOOD
from tests.mirror.engine.text_notation import have, steps_between, want

STUDY = ("r /Studies/", "s /Studies/A/", "v /Studies/A/v1/", "n /Studies/A/v1/a.js u")


def test_a_deleted_study_moves_to_the_deleted_things_in_one_step() -> None:
    assert steps_between(want("r /Studies/"), have(*STUDY)) == ["move /Studies/A → /Deleted/2026-11-23 A"]


def test_what_has_the_same_name_is_counted_up_among_the_deleted_things() -> None:
    remote = have("- /Deleted/", "x /Deleted/2026-11-23 a.js v", "n /a.js u")
    assert steps_between([], remote) == ["move /a.js → /Deleted/2026-11-23 a (2).js"]


def test_two_things_of_one_name_deleted_at_once_get_two_names() -> None:
    steps = steps_between(want("d /d/", "e /e/"), have("d /d/", "e /e/", "n /d/a u", "m /e/A v"))
    assert steps == ["move /d/a → /Deleted/2026-11-23 a", "move /e/A → /Deleted/2026-11-23 A (2)"]


def test_what_is_still_desired_moves_out_of_a_deleted_folder_first() -> None:
    desired = want("r /Studies/", "n /Studies/a.js u")
    assert steps_between(desired, have(*STUDY)) == [
        "move /Studies/A/v1/a.js → /Studies/a.js",
        "move /Studies/A → /Deleted/2026-11-23 A",
    ]


def test_what_the_user_added_to_a_deleted_folder_goes_along_and_stays_theirs() -> None:
    remote = have(*STUDY, "- /Studies/A/v1/mine x", "m! /Studies/A/v1/b.js y")
    assert steps_between(want("r /Studies/"), remote) == ["move /Studies/A → /Deleted/2026-11-23 A"]


def test_what_lies_among_the_deleted_things_counts_as_removed() -> None:
    remote = have("- /deleted/", "s /deleted/2026-11-20 A/", "n /deleted/2026-11-20 A/x u")
    assert steps_between([], remote) == []
    assert steps_between([], remote, FOR_GOOD) == []


def test_the_folder_of_deleted_things_is_never_removed() -> None:
    assert steps_between([], have("d /Deleted/", "- /Deleted/x y"), FOR_GOOD) == []


def test_a_folder_of_ours_moves_away_and_is_emptied_file_by_file_before_it_goes_for_good() -> None:
    assert steps_between(want("r /Studies/"), have(*STUDY), FOR_GOOD) == [
        "move /Studies/A → /Deleted/Emptied 2026-11-23 A",
        "remove /Deleted/Emptied 2026-11-23 A/v1/a.js",
        "remove /Deleted/Emptied 2026-11-23 A",
    ]


def test_what_the_user_put_into_a_folder_that_is_being_emptied_stays() -> None:
    top = "/Deleted/Emptied 2026-11-23 A"
    remote = have(
        "- /Deleted/", f"s {top}/", f"n {top}/a.js u", f"m! {top}/b.js v", f"- {top}/mine x", f"d {top}/d/"
    )
    assert steps_between([], remote) == [
        f"remove {top}/a.js",
        f"remove {top}/d",
        f"disown {top}",
        f"disown {top}/b.js",
    ]


def test_a_deleted_study_called_emptied_is_kept_as_long_as_others() -> None:
    remote = have(
        "- /Deleted/",
        "s /Deleted/2026-11-20 Emptied 2026-11-20 A/",
        "n /Deleted/2026-11-20 Emptied 2026-11-20 A/x u",
    )
    assert steps_between([], remote) == []


def test_a_folder_with_something_of_the_users_loses_only_what_is_ours() -> None:
    remote = have(*STUDY, "d /Studies/A/v1/d/", "m /Studies/A/v1/d/b v", "- /Studies/A/v1/mine x")
    assert steps_between(want("r /Studies/"), remote, FOR_GOOD) == [
        "move /Studies/A/v1/d → /Deleted/Emptied 2026-11-23 d",
        "remove /Studies/A/v1/a.js",
        "remove /Deleted/Emptied 2026-11-23 d/b",
        "remove /Deleted/Emptied 2026-11-23 d",
        "disown /Studies/A",
        "disown /Studies/A/v1",
    ]


def test_a_file_the_user_changed_is_never_removed_for_good() -> None:
    assert steps_between([], have("n! /a x"), FOR_GOOD) == ["disown /a"]


def test_what_is_ours_in_a_folder_of_the_users_is_removed_and_their_folder_stays() -> None:
    assert steps_between([], have("- /mine/", "n /mine/a u"), FOR_GOOD) == ["remove /mine/a"]


def test_content_is_copied_before_its_last_source_is_removed_for_good() -> None:
    assert steps_between(want("m /b/", "n /b/c u"), have("o /a/", "p /a/c u"), FOR_GOOD) == [
        "copy /a/c → /b/c",
        "move /a → /Deleted/Emptied 2026-11-23 a",
        "remove /Deleted/Emptied 2026-11-23 a/c",
        "remove /Deleted/Emptied 2026-11-23 a",
    ]


def test_removals_come_after_everything_else() -> None:
    steps = steps_between(want("n /a v", "d /d/", "m /c u"), have("n /a u", "o /b w"))
    assert [step.split()[0] for step in steps] == ["copy", "replace", "make", "move"]


def test_what_was_deleted_more_than_90_days_ago_goes_for_good() -> None:
    remote = have(
        "- /Deleted/",
        "s /Deleted/2026-08-24 Old/", "n /Deleted/2026-08-24 Old/x u",
        "m /Deleted/2026-08-25 kept.js v",
    )  # fmt: skip
    assert steps_between([], remote) == ["remove /Deleted/2026-08-24 Old/x", "remove /Deleted/2026-08-24 Old"]


def test_what_the_user_put_among_the_deleted_things_stays_however_old_its_name() -> None:
    remote = have(
        "- /Deleted/",
        "- /Deleted/2020-01-01 mine.txt u",
        "s /Deleted/2020-01-01 Old/", "n /Deleted/2020-01-01 Old/x u", "- /Deleted/2020-01-01 Old/mine v",
    )  # fmt: skip
    steps = steps_between([], remote)
    assert "remove /Deleted/2020-01-01 Old/x" in steps
    assert not [step for step in steps if "mine" in step]
    assert "remove /Deleted/2020-01-01 Old" not in steps


def test_what_is_wanted_again_comes_back_however_long_it_was_deleted() -> None:
    remote = have("- /Deleted/", "n /Deleted/2020-01-01 a.js u")
    assert steps_between(want("n /a.js u"), remote) == ["move /Deleted/2020-01-01 a.js → /a.js"]


def test_what_is_ours_goes_even_where_the_folder_above_is_the_users_by_now() -> None:
    remote = have(
        "- /Deleted/", "- /Deleted/2020-01-01 Old/", "- /Deleted/2020-01-01 Old/mine v",
        "n /Deleted/2020-01-01 Old/x u",
    )  # fmt: skip
    assert steps_between([], remote) == ["remove /Deleted/2020-01-01 Old/x"]
