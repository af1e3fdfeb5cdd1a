"""How long deleted things stay in the Dropbox."""

from __future__ import annotations

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.files.services import ANYTHING, delete, write_file
from minno_dashboard.mirror.pages.mirror_status import badge, status
from minno_dashboard.studies.queries import newest_version
from minno_dashboard.studies.services import create_study, delete_study
from tests.mirror.conftest import ANNA, MirrorWorld

DAY = 24 * 3600


def deleted_things(world: MirrorWorld) -> list[str]:
    return sorted(path for path in world.control.files(ANNA) if path.startswith("/Deleted/"))


@pytest.mark.django_db
def test_a_deleted_study_stays_90_days_in_the_dropbox_and_then_goes_for_good(
    world: MirrorWorld, anna: User
) -> None:
    study = create_study(owner=anna, name="Gone")
    tree = newest_version(study).tree
    for number in range(3):
        write_file(tree=tree, path=f"in/{number}.js", source=b"x", expected_blob=ANYTHING, by=anna)
    create_study(owner=anna, name="Stays")
    world.connect(anna, ANNA)
    world.settle()
    delete_study(study=study, by=anna)
    world.settle()
    assert len(deleted_things(world)) == 3
    world.time.advance(89 * DAY)
    world.settle()
    assert len(deleted_things(world)) == 3
    top = deleted_things(world)[0].split("/")[2]
    world.control.write_file(ANNA, f"/Deleted/{top}/my note.txt", b"mine")
    world.settle()
    world.time.advance(3 * DAY)
    world.settle()
    assert deleted_things(world) == [f"/Deleted/{top}/my note.txt"]


@pytest.mark.django_db
def test_what_was_deleted_is_not_counted_among_the_files_of_the_studies(
    world: MirrorWorld, anna: User
) -> None:
    study = create_study(owner=anna, name="Counted")
    tree = newest_version(study).tree
    nodes = [
        write_file(tree=tree, path=f"in/{number}.js", source=b"four", expected_blob=ANYTHING, by=anna)
        for number in range(4)
    ]
    world.connect(anna, ANNA)
    world.settle()
    assert (status(anna)["files"], status(anna)["bytes"]) == (4, 16)
    delete(nodes=nodes[:1], by=anna)
    world.settle()
    assert (status(anna)["files"], status(anna)["bytes"]) == (3, 12)
    assert "3 files: identical" in badge(anna).full
