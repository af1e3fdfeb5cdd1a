"""Invitations of people without an account: by a link, answered once, by whoever has it and is logged in."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pytest
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotAllowed, NotFound
from minno_dashboard.jobs.services import DueJobs
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import access, link_invitations, services, sharing
from minno_dashboard.studies.models import Collaboration, LinkInvitation, Study
from tests.accounts.post_office import PASSWORD, USER, PostOffice, make_certificate
from tests.files.test_races import together
from tests.studies.conftest import person, share

EMAIL = "new@elsewhere.example.org"


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def link(study: Study) -> str:
    """The path of the link by which somebody is invited to read alice's study."""
    invite(study)
    (offered,) = link_invitations.waiting(study)
    return "/" + offered.link.split("/", 3)[3]


def invite(study: Study, email: str = EMAIL, **changed: object) -> LinkInvitation:
    values = {"file_access": "read", "sees_data": False, "by": study.owner, **changed}
    made, is_mailed = link_invitations.invite(study=study, email=email, **values)  # type: ignore[arg-type]
    assert not is_mailed
    return made


def test_an_address_without_an_account_gets_a_link_to_hand_over(alice: User, study: Study) -> None:
    client = logged_in(alice)
    address = f"/studies/{study.public_id}/sharing/"
    answer = client.post(f"{address}invite/", {"who": " New@Elsewhere.example.org ", "files": "edit"})
    assert answer.status_code == 302
    page = client.get(address).content.decode()
    (offered,) = link_invitations.waiting(study)
    assert "No user has the address new@elsewhere.example.org yet." in page
    assert offered.link in page
    assert (offered.invitation.email, offered.invitation.file_access) == (EMAIL, "edit")
    assert not Collaboration.objects.exists()
    entry = AuditEntry.objects.get(action="study.invite")
    assert (entry.actor, entry.details["member"]) == (alice, EMAIL)
    code = offered.link.rstrip("/").rpartition("/")[2]
    assert code not in str(list(LinkInvitation.objects.values())) + str(list(AuditEntry.objects.values()))


def test_an_invitation_to_an_invalid_address_is_refused(alice: User, study: Study) -> None:
    for who in ("nobody", "no@body", "@", "a\r\nBcc: x@example.org"):
        answer = logged_in(alice).post(
            f"/studies/{study.public_id}/sharing/invite/", {"who": who, "files": "read"}
        )
        assert answer.status_code == 422
    assert not LinkInvitation.objects.exists()


def test_whoever_has_the_link_sees_what_is_offered_and_logs_in_to_answer(study: Study, link: str) -> None:
    page = Client().get(link)
    said = page.content.decode()
    assert "Faces" in said
    assert "Log in to answer" in said
    assert f"?next={link.replace('/', '%2F')}" in said
    assert "Accept" not in said
    assert page["Referrer-Policy"] == "same-origin"
    assert "no-store" in page["Cache-Control"]
    answer = Client().post(f"{link}answer/", {"answer": "accept"})
    assert answer["Location"].startswith("/login/")
    assert LinkInvitation.objects.count() == 1
    assert not Collaboration.objects.exists()


def test_it_gives_nothing_before_it_is_accepted_and_then_exactly_what_was_offered(
    alice: User, bob: User, study: Study, link: str
) -> None:
    client = logged_in(bob)
    assert "Accept" in client.get(link).content.decode()
    assert client.get(f"/studies/{study.public_id}/").status_code == 404
    answer = client.post(f"{link}answer/", {"answer": "accept"})
    assert answer["Location"] == f"/studies/{study.public_id}/"
    found = access.standing(bob, Study.objects.get(pk=study.pk))
    assert found.visitor == access.Visitor.READER
    assert not found.may("read_data")
    made = Collaboration.objects.get()
    assert (made.user, made.invited_by, made.status) == (bob, alice, "accepted")
    assert AuditEntry.objects.get(action="study.accept").actor == bob


@pytest.mark.parametrize("given", ["accept", "decline"])
def test_the_link_works_once(bob: User, study: Study, link: str, given: str) -> None:
    logged_in(bob).post(f"{link}answer/", {"answer": given})
    carol = logged_in(person("carol"))
    assert carol.get(link).status_code == 404
    assert carol.post(f"{link}answer/", {"answer": "accept"}).status_code == 404
    assert "Faces" not in carol.get(link).content.decode()
    members = [bob] if given == "accept" else []
    assert [one.user for one in Collaboration.objects.all()] == members


def test_an_unknown_answer_to_an_invitation_changes_nothing(bob: User, link: str) -> None:
    answer = logged_in(bob).post(f"{link}answer/", {"answer": "perhaps"})
    assert answer.status_code == 422
    assert "Accept the invitation, or decline it." in answer.content.decode()
    assert LinkInvitation.objects.count() == 1


def test_the_owner_and_a_member_do_not_use_somebody_elses_link_up(
    alice: User, bob: User, study: Study, link: str
) -> None:
    share(study, bob, status="accepted", file_access="edit")
    for user in (alice, bob):
        answer = logged_in(user).post(f"{link}answer/", {"answer": "accept"})
        assert answer.status_code == 422
    assert LinkInvitation.objects.count() == 1
    assert Collaboration.objects.get().file_access == "edit"


def test_who_declined_before_comes_in_by_the_link(bob: User, study: Study, link: str) -> None:
    share(study, bob, status="declined", file_access="edit", sees_data=True)
    logged_in(bob).post(f"{link}answer/", {"answer": "accept"})
    made = Collaboration.objects.get()
    assert (made.status, made.file_access, made.sees_data) == ("accepted", "read", False)


@pytest.mark.parametrize("end", ["taken back", "too old", "study deleted"])
def test_a_link_that_ended_opens_nothing(alice: User, bob: User, study: Study, link: str, end: str) -> None:
    invitation = LinkInvitation.objects.get()
    if end == "taken back":
        address = f"/studies/{study.public_id}/sharing/links/{invitation.pk}/take-back/"
        assert logged_in(alice).post(address).status_code == 302
        assert AuditEntry.objects.filter(action="study.remove_member", details__member=EMAIL).exists()
    elif end == "too old":
        LinkInvitation.objects.update(invited_at=clock.now() - link_invitations.LIFE)
        assert link_invitations.waiting(study) == []
    else:
        services.delete_study(study=study, by=alice)
    client = logged_in(bob)
    for answer in (client.get(link), client.post(f"{link}answer/", {"answer": "accept"})):
        assert answer.status_code == 404
        assert "Faces" not in answer.content.decode()
    assert not Collaboration.objects.exists()
    if end == "too old":
        assert link_invitations.forget_old() == 1


@pytest.mark.parametrize("end", ["removed", "left", "reads only", "sees no data", "deactivated"])
def test_who_may_not_invite_any_more_does_not_come_back_by_a_link_of_their_own(
    alice: User, bob: User, study: Study, end: str
) -> None:
    own = share(study, bob, status="accepted", file_access="edit", sees_data=True)
    invite(study, by=bob, sees_data=True)
    (offered,) = link_invitations.waiting(study)
    code = offered.link.rstrip("/").rpartition("/")[2]
    assert link_invitations.find(code)
    match end:
        case "removed":
            sharing.remove_member(share=own, by=alice)
        case "left":
            sharing.leave(study=study, by=bob)
        case "reads only":
            sharing.change_share(share=own, file_access="read", sees_data=True, by=alice)
        case "sees no data":
            sharing.change_share(share=own, file_access="edit", sees_data=False, by=alice)
        case _:
            User.objects.filter(pk=bob.pk).update(is_active=False)
    study = Study.objects.get(pk=study.pk)
    assert link_invitations.waiting(study) == []
    for user in (bob, person("carol")):
        with pytest.raises(NotFound):
            link_invitations.answer(code=code, accept=True, by=user)
    assert Collaboration.objects.exclude(user=bob).count() == 0


def test_the_invitation_of_another_study_cannot_be_taken_back(bob: User, study: Study, link: str) -> None:
    own = services.create_study(owner=bob, name="Own")
    with pytest.raises(NotFound):
        link_invitations.take_back(study=own, invitation_id=LinkInvitation.objects.get().pk, by=bob)
    assert LinkInvitation.objects.count() == 1


def test_an_address_is_invited_once_and_nobody_invites_everybody(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_invitations, "MAX_WAITING", 2)
    invite(study)
    with pytest.raises(Invalid, match="already invited"):
        invite(study, EMAIL.upper())
    invite(study, "second@example.org")
    with pytest.raises(Invalid, match="waiting for an answer"):
        invite(study, "third@example.org")
    LinkInvitation.objects.filter(email=EMAIL).update(invited_at=clock.now() - link_invitations.LIFE)
    invite(study, "third@example.org")


def test_nobody_offers_data_they_do_not_see_or_nothing_at_all(bob: User, study: Study) -> None:
    share(study, bob, status="accepted", file_access="edit")
    with pytest.raises(NotAllowed):
        invite(study, sees_data=True, by=bob)
    with pytest.raises(Invalid):
        invite(study, file_access="none")
    with pytest.raises(Invalid):
        invite(study, file_access="owner")
    assert not LinkInvitation.objects.exists()


def test_only_who_may_share_sees_the_links(bob: User, study: Study, link: str) -> None:
    share(study, bob, status="accepted", file_access="read")
    page = logged_in(bob).get(f"/studies/{study.public_id}/sharing/").content.decode()
    assert EMAIL not in page
    assert link not in page
    sharing.set_public(study=study, is_public=True, by=study.owner)
    assert logged_in(person("carol")).get(f"/studies/{study.public_id}/sharing/").status_code == 403


def test_the_code_of_a_link_is_not_in_the_log(bob: User, link: str, caplog: pytest.LogCaptureFixture) -> None:
    LinkInvitation.objects.all().delete()
    with caplog.at_level(logging.DEBUG):
        logged_in(bob).get(link)
    handlers = logging.getLogger("django").handlers + logging.getLogger().handlers
    written = [one for one in handlers if type(one) is logging.StreamHandler]
    assert written
    lines = [one.format(record) for one in written for record in caplog.records if one.filter(record)]
    assert "/invitations/…/" in "".join(lines)
    assert link.split("/")[2] not in "".join(lines)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_comes_in() -> None:
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    study = services.create_study(owner=alice, name="Faces")
    invite(study)
    code = link_invitations.waiting(study)[0].link.rstrip("/").rpartition("/")[2]
    accept = partial(link_invitations.answer, code=code, accept=True)
    results = together(partial(accept, by=bob), partial(accept, by=carol))
    assert sorted(type(result).__name__ for result in results) == ["LinkInvitation", "NotFound"]
    assert Collaboration.objects.count() == 1


def test_where_mail_is_configured_the_link_is_mailed(
    alice: User, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office = PostOffice(certificate)
    with office.open():
        chosen = {"provider": "smtp", "host": "localhost", "port": office.port, "security": "starttls"}
        save_section(
            siteconfig.MAIL,
            {**chosen, "sender": USER, "username": USER},
            {siteconfig.MAIL_PASSWORD: PASSWORD},
        )
        page = logged_in(alice).post(
            f"/studies/{study.public_id}/sharing/invite/", {"who": EMAIL, "files": "edit"}, follow=True
        )
        assert "An email with a link is being sent there" in page.content.decode()
        while do := DueJobs().claim_next("test"):
            do()
    (letter,) = office.mails
    assert letter["To"] == EMAIL
    assert letter["Subject"] == "alice invites you to “Faces”"
    assert link_invitations.waiting(study)[0].link in letter.get_content()
    assert "which only an administrator can create" in letter.get_content()
