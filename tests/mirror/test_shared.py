"""A shared study in the Dropboxes of those who work on it: it comes, changes, moves, stays, and is left alone."""

from __future__ import annotations

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.files.services import ANYTHING, write_file
from minno_dashboard.mirror.pages.panel import panel_of
from minno_dashboard.studies import services, sharing
from minno_dashboard.studies.models import Collaboration, Study
from minno_dashboard.studies.queries import newest_version
from tests.mirror.conftest import ABOUT_THE_COPY, ANNA, BEN, MirrorWorld

pytestmark = pytest.mark.django_db
THERE = "/Shared with me/anna/Étude שלום/v1/task.js"
OWN = "/Studies/Étude שלום/v1/task.js"


def save(study: Study, text: bytes, path: str = "task.js") -> None:
    tree = newest_version(Study.objects.get(pk=study.pk)).tree
    write_file(tree=tree, path=path, source=text, expected_blob=ANYTHING, by=study.owner)


def files(world: MirrorWorld, email: str) -> dict[str, bytes]:
    return {path: data for path, data in world.files(email).items() if path not in ABOUT_THE_COPY}


@pytest.fixture
def study(anna: User) -> Study:
    """A study of anna's with one file."""
    study = services.create_study(owner=anna, name="Étude שלום")
    save(study, b"one")
    return study


def shared(study: Study, user: User, access: str = "read", *, sees_data: bool = False) -> Collaboration:
    offered = sharing.invite(
        study=study, who=user.username, file_access=access, sees_data=sees_data, by=study.owner
    )
    return sharing.answer(share=offered, accept=True, by=user)


def test_an_accepted_study_stands_under_its_owners_name(
    world: MirrorWorld, anna: User, ben: User, study: Study
) -> None:
    world.connect(anna, ANNA)
    world.connect(ben, BEN)
    offered = sharing.invite(study=study, who="ben", file_access="edit", sees_data=False, by=anna)
    world.settle()
    assert files(world, BEN) == {}, "an invitation shows nowhere"
    sharing.answer(share=offered, accept=True, by=ben)
    world.settle()
    assert files(world, BEN) == {THERE: b"one"}
    save(study, b"two")
    services.publish(study=study, by=anna)
    services.new_version(study=study, by=anna)
    world.settle()
    both = {THERE: b"two", THERE.replace("/v1/", "/v2/"): b"two"}
    assert files(world, BEN) == both
    services.rename_study(study=study, name="Renamed", by=anna)
    world.settle()
    assert files(world, BEN) == {path.replace("Étude שלום", "Renamed"): data for path, data in both.items()}


def test_whoever_declines_or_sees_only_the_data_gets_no_copy(
    world: MirrorWorld, anna: User, ben: User, study: Study
) -> None:
    world.connect(ben, BEN)
    share = shared(study, ben, "none", sees_data=True)
    world.settle()
    assert files(world, BEN) == {}
    sharing.change_share(share=share, file_access="read", sees_data=True, by=anna)
    world.settle()
    assert files(world, BEN) == {THERE: b"one"}


@pytest.mark.parametrize("end", ["removed", "left", "no files"])
def test_after_the_share_the_copy_stays_and_is_no_longer_updated(
    world: MirrorWorld, anna: User, ben: User, study: Study, end: str
) -> None:
    world.connect(ben, BEN)
    share = shared(study, ben)
    world.settle()
    if end == "removed":
        sharing.remove_member(share=share, by=anna)
    elif end == "left":
        sharing.leave(study=study, by=ben)
    else:
        sharing.change_share(share=share, file_access="none", sees_data=True, by=anna)
    save(study, b"not for ben")
    save(study, b"nor this", "more.js")
    world.settle()
    assert files(world, BEN) == {THERE: b"one"}
    assert panel_of(ben).no_longer_updated == ["Shared with me/anna/Étude שלום"]
    if end == "removed":
        shared(study, ben)
    elif end == "left":
        shared(study, ben, "edit")
    else:
        sharing.change_share(share=share, file_access="edit", sees_data=True, by=anna)
    world.settle()
    assert files(world, BEN)[THERE] == b"not for ben", "shared again, the copy is taken up again"
    assert files(world, BEN)[THERE.replace("task", "more")] == b"nor this"
    assert panel_of(ben).no_longer_updated == []


def test_a_study_given_away_moves_in_both_dropboxes_and_is_not_sent_again(
    world: MirrorWorld, anna: User, ben: User, study: Study
) -> None:
    world.connect(anna, ANNA)
    world.connect(ben, BEN)
    share = shared(study, ben)
    world.settle()
    assert (files(world, ANNA), files(world, BEN)) == ({OWN: b"one"}, {THERE: b"one"})
    sharing.transfer(study=study, share_id=share.pk, by=anna)
    world.settle()
    assert files(world, BEN) == {OWN: b"one"}
    assert files(world, ANNA) == {THERE.replace("anna", "ben"): b"one"}
    save(Study.objects.get(pk=study.pk), b"two")
    world.settle()
    assert files(world, BEN) == {OWN: b"two"}
    assert files(world, ANNA) == {THERE.replace("anna", "ben"): b"two"}
