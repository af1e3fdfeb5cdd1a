"""Mass removals wait for a confirmation, whoever removes."""

from __future__ import annotations

import pytest

from minno_dashboard.mirror.planner.guard import (
    Verdict,
    planned_removal,
    right_after_look,
    seen_removal,
    without_blind_steps,
)
from minno_dashboard.mirror.planner.model import Policy
from minno_dashboard.mirror.planner.plan import plan
from tests.mirror.engine.rig import FOR_GOOD, KEEP
from tests.mirror.engine.text_notation import have, told, want

FILES = [f"n{i} /S/{i} u" for i in range(40)]


@pytest.mark.parametrize(
    ("removed", "total", "must_wait"),
    [
        (0, 0, False),
        (3, 3, False),
        (10, 10, False),
        (11, 11, True),
        (12, 40, False),
        (13, 40, True),
        (200, 10_000, False),
        (201, 10_000, True),
    ],
)
def test_more_than_thirty_percent_or_two_hundred_files_wait_unless_they_are_few(
    removed: int, total: int, must_wait: bool
) -> None:
    assert Verdict(removed, total).must_wait is must_wait


@pytest.mark.parametrize("policy", [KEEP, FOR_GOOD])
def test_a_plan_counts_the_files_it_removes_with_their_folder(policy: Policy) -> None:
    remote = have("s /S/", *FILES, "- /S/mine x")
    verdict = planned_removal(plan([], remote, policy), remote)
    assert (verdict.removed, verdict.total, verdict.must_wait) == (40, 40, True)


def test_written_files_do_not_count_as_removals() -> None:
    remote = have("s /S/", *FILES)
    desired = want("s /S/", *(line.replace(" u", " v") for line in FILES), "m /S/new w", "e /S/e/")
    assert planned_removal(plan(desired, remote, KEEP), remote) == Verdict(0, 40)


def test_moved_files_do_not_count_as_removals() -> None:
    remote = have("s /S/", *FILES)
    desired = want("t /T/", *(line.replace("/S/", "/T/") for line in FILES))
    assert planned_removal(plan(desired, remote, KEEP), remote).removed == 0


def test_a_slice_is_judged_by_the_files_of_the_whole_dropbox() -> None:
    remote = have("s /S/", *FILES)
    assert not planned_removal(plan([], remote, KEEP), remote, total=1000).must_wait


def test_what_was_among_the_deleted_things_already_does_not_count() -> None:
    remote = have("- /Deleted/", *(line.replace("/S/", "/Deleted/") for line in FILES))
    assert planned_removal(plan([], remote, KEEP), remote) == Verdict(0, 0)


def test_what_vanished_from_the_dropbox_is_counted() -> None:
    before = have("s /S/", *FILES, "- /mine x")
    assert seen_removal(before, have("s /S/", *FILES[:30])) == Verdict(10, 40)
    assert seen_removal(before, [], total=50).must_wait


def test_what_moves_gets_its_new_content_by_the_next_plan() -> None:
    remote = have("s /A/", "n /A/n u", "m /A/m u", "d /A/D/", "i /A/D/i u", "o /o u")
    desired = want("s /A/", "n /A/new v", "m /A/m v", "d /A/E/", "i /A/E/i v", "o /o v", "x /A/E/x w")
    steps = without_blind_steps(plan(desired, remote, KEEP))
    assert told(steps) == [
        "move /A/D → /A/E",
        "move /A/n → /A/new",
        "replace /o v",
        "replace /A/m v",
        "upload /A/E/x w",
    ]


def test_a_folder_goes_for_good_with_a_look_before_its_move_its_files_and_itself() -> None:
    desired, remote = want("o /o v"), have("o /o u", "s /S/", "n /S/n u")
    steps, moved = plan(desired, remote, FOR_GOOD), "/Deleted/Emptied 2026-11-23 S"
    assert told(without_blind_steps(steps)) == ["replace /o v"]
    steps = plan(want("o /o u"), remote, FOR_GOOD)
    assert told(without_blind_steps(steps)) == []
    assert told(right_after_look(steps)) == [f"move /S → {moved}"]
    steps = plan([], have("- /Deleted/", f"s {moved}/", f"n {moved}/n u"), FOR_GOOD)
    assert told(without_blind_steps(steps)) == [f"remove {moved}/n"]
    assert told(right_after_look(steps)) == [f"remove {moved}/n"]
    steps = plan([], have("- /Deleted/", f"s {moved}/"), FOR_GOOD)
    assert told(without_blind_steps(steps)) == []
    assert told(right_after_look(steps)) == [f"remove {moved}"]
