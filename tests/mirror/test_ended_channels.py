"""Every way in which somebody's access ends, and every channel that must end with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from minno_dashboard.accounts import services as accounts
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.administration.services import deactivate
from minno_dashboard.api.models import ApiToken
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound
from minno_dashboard.files import services as files
from minno_dashboard.mirror.models import link_of
from minno_dashboard.studies import link_invitations, playing, sharing
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Collaboration, LinkInvitation, ReadOnlyLink, Study
from tests.mirror.conftest import BEN, MirrorWorld, person

OFFERED = {"read-only link", "invitation", "invitation by link"}
EVERYTHING = OFFERED | {"preview", "token", "mirror", "files in the Dropbox"}
ENDS = {
    "deactivated": EVERYTHING,
    "deactivated, studies handed over": EVERYTHING,
    "owner who transfers": OFFERED,
    "member removed": OFFERED | {"preview", "files in the Dropbox"},
    "member who leaves": OFFERED | {"preview", "files in the Dropbox"},
    "member who may only read now": OFFERED,
}
"""What ends for whom; everything else of EVERYTHING goes on."""


def make(ben: User, carol: User, *, is_owner: bool) -> Study:
    """Make a study that Ben owns, with Carol in it, or the other way round."""
    owner, member = (ben, carol) if is_owner else (carol, ben)
    study = studies.create_study(owner=owner, name="Ours")
    save(study, b"1", owner)
    share = sharing.invite(study=study, who=member.username, file_access="edit", sees_data=False, by=owner)
    sharing.answer(share=share, accept=True, by=member)
    return study


def save(study: Study, text: bytes, by: User) -> None:
    tree = study.versions.get().tree
    files.write_file(tree=tree, path="a.js", source=text, expected_blob=files.ANYTHING, by=by)


def end(how: str, study: Study, ben: User, carol: User) -> None:
    admin = create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)
    match how:
        case "deactivated":
            deactivate(user=ben, to=None, by=admin)
        case "deactivated, studies handed over":
            deactivate(user=ben, to=carol, by=admin)
        case "owner who transfers":
            share = Collaboration.objects.get(study=study, user=carol)
            sharing.transfer(study=study, share_id=share.pk, by=ben)
        case "member removed":
            sharing.remove_member(share=Collaboration.objects.get(study=study, user=ben), by=carol)
        case "member who leaves":
            sharing.leave(study=study, by=ben)
        case "member who may only read now":
            share = Collaboration.objects.get(study=study, user=ben)
            sharing.change_share(share=share, file_access="read", sees_data=False, by=carol)


@pytest.mark.parametrize("how", ENDS)
def test_whoever_loses_access_loses_each_channel(
    world: MirrorWorld,
    ben: User,
    how: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    carol, dora = person("carol"), person("dora")
    study = make(ben, carol, is_owner="member" not in how)
    world.connect(ben, BEN)
    world.settle()
    sharing.make_link(study=study, by=ben)
    waiting = sharing.invite(study=study, who=dora.username, file_access="edit", sees_data=False, by=ben)
    link_invitations.invite(study=study, email="new@lab.example", file_access="read", sees_data=False, by=ben)
    key = playing.make_key(user=ben, version=study.versions.get())
    ApiToken.objects.create(
        user=ben,
        name="mine",
        fingerprint="1",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=9),
    )

    with django_capture_on_commit_callbacks(execute=True):
        end(how, study, ben, carol)
    study = Study.objects.get(pk=study.pk)
    save(study, b"2", carol)
    world.settle()

    ended = set()
    if not ReadOnlyLink.objects.filter(study=study).exists():
        ended.add("read-only link")
    if not LinkInvitation.objects.filter(study=study).exists():
        ended.add("invitation by link")
    try:
        sharing.answer(share=waiting, accept=True, by=dora)
    except NotFound:
        ended.add("invitation")
    try:
        playing.open_key(key)
    except NotFound:
        ended.add("preview")
    if not ApiToken.objects.filter(user=ben).exists():
        ended.add("token")
    if link_of(ben) is None:
        ended.add("mirror")
    if b"2" not in world.files(BEN).values():
        ended.add("files in the Dropbox")
    assert ended == ENDS[how]


def test_what_ended_with_an_account_does_not_come_back_with_it(ben: User) -> None:
    carol = person("carol")
    study = make(ben, carol, is_owner=True)
    sharing.make_link(study=study, by=ben)
    admin = create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)
    accounts.deactivate(by=admin, user=ben)
    accounts.reactivate(by=admin, user=ben)
    assert not ReadOnlyLink.objects.filter(study=study).exists()
