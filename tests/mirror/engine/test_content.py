"""What files hold: nothing is sent that this Dropbox has already."""

from __future__ import annotations

from minno_dashboard.mirror.planner.content import MAX_COPY
from minno_dashboard.mirror.planner.model import Copy, UploadFile
from minno_dashboard.mirror.planner.plan import plan
from tests.mirror.engine.rig import KEEP, Rig
from tests.mirror.engine.text_notation import have, steps_between, told, want

V1 = ("s /S/", "v1 /S/v1/", "a /S/v1/a.js u", "d /S/v1/img/", "b /S/v1/img/b.js v", "c /S/v1/img/c.js w")


def test_a_new_file_is_uploaded_and_brings_its_folders_with_it() -> None:
    assert steps_between(want("s /S/", "t /S/t/", "n /S/t/a u"), []) == ["upload /S/t/a u"]


def test_a_changed_file_is_written_in_place_at_the_revision_we_know() -> None:
    remote = have("n /a u")
    steps = plan(want("n /a v"), remote, KEEP).steps
    assert [step.replaces_rev for step in steps if isinstance(step, UploadFile)] == [remote[0].rev]


def test_a_file_is_moved_first_and_then_written() -> None:
    assert steps_between(want("n /b v"), have("n /a u")) == ["move /a → /b", "replace /b v"]


def test_a_new_file_with_known_content_is_copied() -> None:
    assert steps_between(want("n /a u", "m /b u"), have("n /a u")) == ["copy /a → /b"]


def test_nothing_is_copied_from_a_file_of_the_users_or_one_they_changed() -> None:
    steps = steps_between(want("n /a u", "m /b u"), have("- /mine u", "n! /a u"))
    assert steps == ["adopt /a as n", "copy /a → /b"]
    steps = steps_between(want("m /b u"), have("- /mine u"))
    assert steps == ["upload /b u"]


def test_a_copy_is_taken_before_its_source_is_written() -> None:
    steps = steps_between(want("n /a v", "m /b u"), have("n /a u"))
    assert steps == ["copy /a → /b", "replace /a v"]


def test_content_that_moves_between_files_that_stay_is_written_in_place() -> None:
    steps = steps_between(want("n /a v", "m /b u"), have("n /a u", "m /b v"))
    assert steps == ["replace /a v", "replace /b u"]


def test_copies_of_one_content_take_turns_among_the_files_that_have_it() -> None:
    desired = want("n /a u", "m /b u", *(f"c{i} /c{i} u" for i in range(6)))
    steps = plan(desired, have("n /a u", "m /b u"), KEEP)
    assert [len(batch) for batch in steps.batches] == [2, 2, 2]


def test_a_new_version_is_one_copy_which_the_next_plan_adopts() -> None:
    lines = [
        "v2<v1 /S/v2/",
        "a2<a /S/v2/a.js u",
        "d2<d /S/v2/img/",
        "b2<b /S/v2/img/b.js v",
        "c2<c /S/v2/img/c.js w",
    ]
    rig = Rig(want(*V1, *lines), have(*V1))
    first = rig.plan()
    assert told(first) == ["copy /S/v1 → /S/v2"]
    rig.carry_out(first.batches)
    assert [step.split()[0] for step in told(rig.plan())] == ["adopt"] * 4
    rig.run()
    rig.check_the_end()


def test_a_new_version_that_was_edited_at_once_copies_what_is_equal() -> None:
    lines = [
        "v2<v1 /S/v2/",
        "a2<a /S/v2/a.js x",
        "d2<d /S/v2/img/",
        "b2<b /S/v2/img/b.js v",
        "c2<c /S/v2/img/c.js w",
    ]
    steps = steps_between(want(*V1, *lines), have(*V1))
    assert steps == ["copy /S/v1/img → /S/v2/img", "upload /S/v2/a.js x"]


def test_a_file_added_to_a_new_version_at_once_is_uploaded_into_the_copy() -> None:
    lines = ["v2<v1 /S/v2/", "a2<a /S/v2/a.js u", "e2 /S/v2/e.js z"]
    v1 = ("s /S/", "v1 /S/v1/", "a /S/v1/a.js u", "b /S/v1/b.js v")
    steps = steps_between(want(*v1, *lines, "b2<b /S/v2/b.js v"), have(*v1))
    assert steps == ["copy /S/v1 → /S/v2", "upload /S/v2/e.js z"]


def test_a_folder_with_a_file_of_the_users_is_not_copied_whole() -> None:
    lines = ["v2<v1 /S/v2/", "a2<a /S/v2/a.js u", "b2<b /S/v2/b.js v"]
    v1 = ("s /S/", "v1 /S/v1/", "a /S/v1/a.js u", "b /S/v1/b.js v")
    steps = steps_between(want(*v1, *lines), have(*v1, "- /S/v1/mine x"))
    assert steps == ["copy /S/v1/a.js → /S/v2/a.js", "copy /S/v1/b.js → /S/v2/b.js"]


def test_a_folder_is_not_copied_into_itself() -> None:
    v1 = ("v1 /v1/", "a /v1/a u", "b /v1/b v")
    desired = want(*v1, "w<v1 /v1/w/", "c<a /v1/w/a u", "d<b /v1/w/b v")
    assert steps_between(desired, have(*v1)) == ["copy /v1/a → /v1/w/a", "copy /v1/b → /v1/w/b"]


def test_what_is_added_to_a_folder_does_not_come_with_its_copy() -> None:
    v1 = ("v1 /v1/", "a /v1/a u", "b /v1/b v")
    desired = want(*v1, "c /v1/c u", "w<v1 /w/", "a2<a /w/a u", "b2<b /w/b v", "c2<c /w/c u")
    steps = steps_between(desired, have(*v1))
    assert steps[0] == "copy /v1 → /w"
    assert sorted(steps[1:]) == ["copy /v1/a → /v1/c", "copy /v1/a → /w/c"]


def test_a_folder_of_more_than_dropbox_copies_at_once_is_copied_in_parts() -> None:
    def version(mark: str, origin: bool) -> list[str]:
        lines = [f"{mark}{'<v' if origin else ''} /{mark}/"]
        for folder in range(3):
            lines.append(f"{mark}d{folder}{f'<vd{folder}' if origin else ''} /{mark}/{folder}/")
            for i in range(MAX_COPY // 3):
                from_node = f"<vf{folder}.{i}" if origin else ""
                lines.append(f"{mark}f{folder}.{i}{from_node} /{mark}/{folder}/{i} u")
        return lines

    steps = plan(want(*version("v", False), *version("w", True)), have(*version("v", False)), KEEP).steps
    assert [step.to_path for step in steps if isinstance(step, Copy)] == ["/w/0", "/w/1", "/w/2"]


def test_an_empty_folder_is_made_and_brings_the_folders_above_it() -> None:
    assert steps_between(want("a /a/", "b /a/b/", "c /a/c/", "n /a/c/x u"), []) == [
        "upload /a/c/x u",
        "make /a/b",
    ]


def test_the_folder_of_deleted_things_is_made_where_it_is_desired() -> None:
    assert steps_between(want("d /Deleted/"), []) == ["make /Deleted"]
