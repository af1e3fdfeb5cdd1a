"""Studies that others share: they come, they stay when access is lost, and nobody sees more."""

from __future__ import annotations

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user, deactivate
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Collaboration, Study
from tests.mirror.conftest import ANNA, BEN, MirrorWorld, expected, person


@pytest.fixture
def shared(world: MirrorWorld, anna: User, ben: User) -> Study:
    """A study of Anna's that Ben may edit; both are connected."""
    study = studies.create_study(owner=anna, name="Ours")
    write(study, "a.js", b"1", anna)
    studies.create_study(owner=ben, name="Ben's own")
    share(study, ben, Collaboration.Status.ACCEPTED)
    world.connect(anna, ANNA)
    world.connect(ben, BEN)
    world.settle()
    return study


def share(study: Study, user: User, state: str, access: str = Collaboration.Files.EDIT) -> None:
    """Act as the app `studies` does when members change."""
    Collaboration.objects.update_or_create(
        study=study,
        user=user,
        defaults={"status": state, "file_access": access, "invited_at": clock.now()},
    )
    Study.objects.filter(pk=study.pk).update(revision=Study.objects.get(pk=study.pk).revision + 1)


def write(study: Study, path: str, data: bytes, user: User) -> None:
    files.write_file(
        tree=study.versions.get().tree, path=path, source=data, expected_blob=files.ANYTHING, by=user
    )


def test_a_shared_study_stands_in_both(world: MirrorWorld, anna: User, ben: User, shared: Study) -> None:
    assert world.files(ANNA) == expected(anna)
    assert world.files(BEN)["/Shared with me/anna/Ours/v1/a.js"] == b"1"
    write(shared, "a.js", b"2", ben)
    world.settle()
    assert world.files(ANNA)["/Studies/Ours/v1/a.js"] == b"2"
    assert world.files(BEN)["/Shared with me/anna/Ours/v1/a.js"] == b"2"


def test_what_is_deleted_in_a_shared_study_goes_in_both(
    world: MirrorWorld, anna: User, ben: User, shared: Study
) -> None:
    files.delete(nodes=[Node.objects.get(name="a.js")], by=ben)
    world.settle()
    assert "/Studies/Ours/v1/a.js" not in world.files(ANNA)
    assert "/Shared with me/anna/Ours/v1/a.js" not in world.files(BEN)


@pytest.mark.parametrize("how", ["data only", "declined", "deleted"])
def test_a_copy_stays_when_access_is_lost_and_is_no_longer_updated(
    world: MirrorWorld, anna: User, ben: User, shared: Study, how: str
) -> None:
    if how == "data only":
        share(shared, ben, Collaboration.Status.ACCEPTED, Collaboration.Files.NONE)
    elif how == "declined":
        share(shared, ben, Collaboration.Status.DECLINED)
    else:
        studies.delete_study(study=shared, by=anna)
    if how != "deleted":
        write(shared, "a.js", b"secret", anna)
        write(shared, "b.js", b"secret", anna)
    world.settle()
    kept = {path: data for path, data in world.files(BEN).items() if path.startswith("/Shared")}
    assert kept == {"/Shared with me/anna/Ours/v1/a.js": b"1"}
    assert status(ben)["state"] == "proven"


def test_access_that_comes_back_brings_the_copy_up_to_date(
    world: MirrorWorld, anna: User, ben: User, shared: Study
) -> None:
    share(shared, ben, Collaboration.Status.DECLINED)
    world.settle()
    write(shared, "a.js", b"later", anna)
    world.settle()
    share(shared, ben, Collaboration.Status.ACCEPTED)
    world.settle()
    assert world.files(BEN)["/Shared with me/anna/Ours/v1/a.js"] == b"later"
    assert status(ben)["state"] == "proven"


def test_an_invitation_not_yet_accepted_mirrors_nothing(
    world: MirrorWorld, anna: User, ben: User, shared: Study
) -> None:
    other = studies.create_study(owner=anna, name="Private")
    write(other, "a.js", b"private", anna)
    share(other, ben, Collaboration.Status.PENDING)
    world.settle()
    assert b"private" not in world.control.files(BEN).values()


def test_a_deactivated_user_receives_nothing_more_and_frees_the_dropbox(
    world: MirrorWorld,
    anna: User,
    ben: User,
    shared: Study,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = world.control.files(BEN)
    admin = create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)
    with django_capture_on_commit_callbacks(execute=True):
        deactivate(by=admin, user=ben)
    assert "auth/token/revoke" in world.calls()
    write(shared, "later.js", b"later", anna)
    world.settle()
    assert world.control.files(BEN) == before
    link = Link.objects.get(user=ben)
    assert (link.state, link.sealed_refresh_token) == (Link.State.OFF, "")
    world.connect(person("carol"), BEN)


def test_a_dropbox_that_another_user_connects_holds_both_users_files_and_one_mirror_writes(
    world: MirrorWorld, anna: User, ben: User, shared: Study
) -> None:
    before = world.files(BEN)
    carol = person("carol")
    own = studies.create_study(owner=carol, name="Ben's own")
    write(own, "a.js", b"carol's", carol)
    world.connect(carol, BEN)
    write(shared, "a.js", b"later", anna)
    services.prove_now(user=ben)
    world.settle()
    assert (status(carol)["state"], status(ben)["state"]) == ("proven", "needs_user")
    found = world.files(BEN)
    assert found.items() >= before.items() | expected(carol).items()
    assert not [path for path in found if "changed in Dropbox" in path]
    assert b"later" not in found.values()


def test_a_dead_link_does_not_keep_a_dropbox_from_whoever_consents(
    world: MirrorWorld, anna: User, ben: User, shared: Study
) -> None:
    Link.objects.filter(user=ben).update(state=Link.State.NEEDS_USER, reason="reconnect")
    carol = person("carol")
    world.connect(carol, BEN)
    world.settle()
    assert status(carol)["state"] == "proven"
    assert Link.objects.get(user=ben).state == Link.State.OFF
