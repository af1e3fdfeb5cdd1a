"""The names the mirror gives."""

from __future__ import annotations

from itertools import permutations

import pytest

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner import naming
from tests.mirror.engine.rig import TODAY


def free(name: str) -> bool:
    return False


def test_studies_of_one_name_are_numbered_by_their_id() -> None:
    names = naming.unique_study_names([(9, "Stroop"), (2, "stroop"), (5, "Other"), (7, "STROOP")])
    assert names == {2: "stroop", 5: "Other", 7: "STROOP (2)", 9: "Stroop (3)"}


def test_a_number_never_takes_the_name_that_is_another_studys_own() -> None:
    names = naming.unique_study_names([(1, "A"), (2, "A"), (3, "A (2)")])
    assert names == {1: "A", 2: "A (3)", 3: "A (2)"}


def test_study_names_do_not_depend_on_the_order_given_and_never_clash() -> None:
    studies = [(1, "e\u0301"), (2, "É"), (3, "é (2)"), (4, "x"), (5, "X")]
    results = [naming.unique_study_names(order) for order in permutations(studies)]
    assert all(result == results[0] for result in results)
    assert len({fold(name) for name in results[0].values()}) == len(studies)


@pytest.mark.parametrize(
    ("name", "is_folder", "expected"),
    [
        ("a.js", False, f"a (changed in Dropbox {TODAY}).js"),
        ("a.js", True, f"a.js (changed in Dropbox {TODAY})"),
        ("c.min.js", False, f"c.min (changed in Dropbox {TODAY}).js"),
        (".hidden", False, f".hidden (changed in Dropbox {TODAY})"),
        ("a.", False, f"a (changed in Dropbox {TODAY})."),
        ("Dr. Smith said it is so", False, f"Dr. Smith said it is so (changed in Dropbox {TODAY})"),
    ],
)
def test_an_aside_name_keeps_the_suffix_of_a_file(name: str, is_folder: bool, expected: str) -> None:
    assert naming.aside(name, is_folder=is_folder, today=TODAY, is_taken=free) == expected


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_a_long_name_is_cut_between_characters_to_what_can_be_stored(letter: str) -> None:
    name = letter * (250 // len(letter.encode())) + ".js"
    for given in (
        naming.aside(name, is_folder=False, today=TODAY, is_taken=free),
        naming.deleted(name, is_folder=False, today=TODAY, is_taken=free),
    ):
        assert 245 <= len(given.encode()) <= 255
        assert given.endswith(".js")
        assert "\ufffd" not in given


def test_temporary_names_differ_by_node_and_say_whose_they_are() -> None:
    assert naming.temporary("1", is_taken=free) != naming.temporary("2", is_taken=free)
    assert naming.temporary("1", is_taken=free).endswith(".minno")


def test_a_deleted_thing_carries_the_day_in_front() -> None:
    assert naming.deleted("A", is_folder=True, today=TODAY, is_taken=free) == f"{TODAY} A"
    assert (
        naming.deleted("A", is_folder=True, today=TODAY, is_taken={fold(f"{TODAY} A")}.__contains__)
        == f"{TODAY} A (2)"
    )
