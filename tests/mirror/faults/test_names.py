"""Names that Dropbox refuses, and files that it refuses: rows 20, 21, 22 and 40 of the failure catalogue."""

from __future__ import annotations

import unicodedata

import pytest

from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Refused
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Parked
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import ROOT, add, edit, is_whole, refuse_uploads, says, sent, spend
from tests.mirror.test_calls import study_of


def test_g20_two_names_that_dropbox_holds_equal_cannot_come_into_being(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    tree = study.versions.get().tree
    edit(study, anna, "Résumé.txt", b"one")
    node = Node.objects.get(tree=tree, name="0.js")
    files.move(nodes=[node], to=None, by=anna)
    for name in ("RÉSUMÉ.TXT", unicodedata.normalize("NFD", "Résumé.txt")):
        with pytest.raises(Refused):
            files.rename(node=node, name=name, by=anna)
    world.settle()
    assert is_whole(world, anna)


def test_g20_two_studies_whose_names_dropbox_holds_equal_cannot_come_into_being(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    with pytest.raises(Refused, match="Dropbox and many computers treat them as one name"):
        study_of(anna, 2, name="MANY")
    world.settle()
    assert is_whole(world, anna)


def test_g21_a_name_that_dropbox_refuses_is_named_and_the_rest_goes_on(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(21)
    add(study, anna, 8)
    edit(study, anna, "smile 😀.js", b"a face")
    world.settle()
    assert [one.path for one in Parked.objects.all()] == [f"{ROOT}/smile 😀.js"]
    assert set(expected(anna)) - set(world.files(ANNA)) == {f"{ROOT}/smile 😀.js"}
    says(anna, "pending", "smile 😀.js", "Dropbox does not accept this name")
    spend(world, hours=20)
    assert sent(world) == []
    files.rename(node=Node.objects.get(name="smile 😀.js", deleted_at=None), name="smile.js", by=anna)
    world.settle()
    assert is_whole(world, anna)
    assert not Parked.objects.exists()


def test_g21_a_refused_folder_or_study_name_parks_what_is_in_it_and_heals_by_itself(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(21)
    add(study, anna, 3, folder="folder 😀")
    studies.rename_study(study=study, name="Many 😀", by=anna)
    world.settle()
    assert Parked.objects.exists()
    assert len(spend(world, hours=20)) <= 20 * 3
    failures.heal()
    spend(world, hours=26)
    assert world.files(ANNA) == expected(anna)


def test_g22_a_path_that_is_too_long_is_named_and_heals_when_it_is_shorter(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(22)
    long = "/".join(["a folder of some length"] * 5) + "/a.js"
    edit(study, anna, long, b"deep")
    edit(study, anna)
    world.settle()
    assert [one.path for one in Parked.objects.all()] == [f"{ROOT}/{long}"]
    says(anna, "pending", "Dropbox does not accept this name or path. Rename it here.")
    assert world.files(ANNA)[f"{ROOT}/folder 0/0.js"] == b"edited"
    top = Node.objects.get(name="a folder of some length", parent=None, deleted_at=None)
    deepest = Node.objects.get(name="a.js", deleted_at=None)
    files.move(nodes=[deepest], to=top, by=anna)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert not Parked.objects.exists()


def test_g22_a_name_of_more_than_255_units_cannot_come_into_being(anna: User, study: Study) -> None:
    for name in ("x" * 256, "😀" * 128):
        with pytest.raises(Refused):
            edit(study, anna, f"{name}.js", b"too long")


@pytest.mark.parametrize("tag", ["locked", "restricted_content"])
def test_g40_a_locked_or_restricted_file_is_named_and_heals_by_itself(
    world: MirrorWorld, anna: User, study: Study, tag: str
) -> None:
    refuse_uploads(world, tag)
    edit(study, anna)
    edit(study, anna, "folder 0/2.js", b"edited too")
    world.settle()
    assert Parked.objects.filter(reason=tag).count() == 2
    sentence = {
        "locked": "Somebody locked this file in Dropbox. Unlock it there.",
        "restricted_content": "Dropbox refuses this content.",
    }[tag]
    says(anna, "pending", sentence)
    spend(world, hours=10)
    assert len(sent(world)) <= 22
    world.control.clear_faults()
    spend(world, hours=2.1)
    assert is_whole(world, anna)


def test_g40_prove_now_is_the_one_action_that_tries_again_at_once(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    refuse_uploads(world, "locked", times=1)
    edit(study, anna)
    world.settle()
    assert Parked.objects.count() == 1
    services.prove_now(user=anna)
    world.settle()
    assert is_whole(world, anna)
