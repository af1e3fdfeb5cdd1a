"""What belongs to a plan although it did not change: the inside of what is copied, and of what comes back."""

from __future__ import annotations

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, World, expected


def test_a_copied_version_brings_nothing_that_was_deleted_in_it_before_it_was_mirrored(
    world: World, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Two versions")
    first = study.versions.get().tree
    for name in ("a.js", "b.js", "c.js"):
        files.write_file(
            tree=first, path=f"x/{name}", source=name.encode(), expected_blob=files.ANYTHING, by=anna
        )
    world.connect(anna, ANNA)
    world.settle()
    studies.publish(study=study, by=anna)
    version = studies.new_version(study=study, by=anna)
    files.delete(nodes=[Node.objects.get(tree=version.tree, name="b.js")], by=anna)
    world.settle()
    assert "/Studies/Two versions/v2/x/b.js" not in world.files(ANNA)
    assert world.files(ANNA) == expected(anna)


def test_what_was_deleted_in_a_study_stays_deleted_when_the_study_comes_back(
    world: World, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Back")
    studies.create_study(owner=anna, name="Other")
    tree = study.versions.get().tree
    for name in ("a.js", "b.js"):
        files.write_file(
            tree=tree, path=f"x/{name}", source=name.encode(), expected_blob=files.ANYTHING, by=anna
        )
    world.connect(anna, ANNA)
    world.settle()
    files.delete(nodes=[Node.objects.get(tree=tree, name="b.js")], by=anna)
    studies.delete_study(study=study, by=anna)
    world.settle()
    studies.bring_back_study(study=study, by=anna)
    world.settle()
    assert world.files(ANNA) == expected(anna)
