"""The first mirror of an account."""

from __future__ import annotations

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.files.services import ANYTHING, write_file
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies.queries import newest_version
from minno_dashboard.studies.services import create_study
from tests.mirror.conftest import ANNA, MirrorWorld, expected


@pytest.mark.django_db
def test_everything_stands_in_the_dropbox_and_is_proven(world: MirrorWorld, anna: User) -> None:
    study = create_study(owner=anna, name="Étude שלום")
    tree = newest_version(study).tree
    for number in range(7):
        write_file(
            tree=tree,
            path=f"folder/deep/file {number}.js",
            source=b"x" * number,
            expected_blob=ANYTHING,
            by=anna,
        )
    link = world.connect(anna, ANNA)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert len(expected(anna)) >= 7
    assert "/README.txt" in world.control.files(ANNA)
    link = Link.objects.get(pk=link.pk)
    assert link.last_error == ""
    assert link.proven_at is not None
