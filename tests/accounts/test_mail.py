"""Mail, against a real mail server: configured by an admin, sent by jobs, refused in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from minno_dashboard.accounts import emails, mail, services, throttle
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.jobs.models import Job
from minno_dashboard.jobs.services import DueJobs
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.models import Section
from tests.accounts.post_office import PASSWORD, USER, PostOffice, make_certificate

NEW = {"password": "my very own words", "again": "my very own words"}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that only these tests trust."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def office(db: None, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    """A mail server that is open and trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    office = PostOffice(certificate)
    with office.open():
        yield office


def form(office: PostOffice, **more: object) -> dict[str, object]:
    return {
        "provider": "smtp",
        "host": "localhost",
        "port": office.port,
        "security": "starttls",
        "sender": USER,
        "username": USER,
        "password": PASSWORD,
        **more,
    }


@pytest.fixture
def admin(dana: User, office: PostOffice, as_user: Callable[[User], Client]) -> Client:
    """An admin who has configured the mail server."""
    client = as_user(dana)
    assert client.post("/admin/configuration/mail/", form(office)).status_code == 302
    return client


def work() -> None:
    """Do what is due, as the worker does."""
    while do := DueJobs().claim_next("test"):
        do()


def link_in(body: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", body)
    assert found
    return found[1]


def test_a_test_mail_arrives(admin: Client, office: PostOffice) -> None:
    page = admin.post("/admin/configuration/mail/test/", follow=True).content.decode()
    assert "The mail server accepted the test email for dana@lab.example.org" in page
    (sent,) = office.mails
    assert (sent["To"], sent["From"]) == ("dana@lab.example.org", f"Minno <{USER}>")
    assert "Email works." in sent.get_content()


def test_the_password_is_sealed_and_never_shown(admin: Client) -> None:
    assert PASSWORD not in str(Section.objects.values())
    assert PASSWORD not in admin.get("/admin/configuration/").content.decode()
    assert PASSWORD not in str(AuditEntry.objects.values())
    assert PASSWORD not in repr(siteconfig.mail())
    assert siteconfig.mail().password() == PASSWORD


def test_gmail_needs_only_an_address_and_an_app_password(
    dana: User, as_user: Callable[[User], Client]
) -> None:
    given = {"provider": "gmail", "sender": "lab@gmail.com", "password": "abcd efgh ijkl mnop"}
    assert as_user(dana).post("/admin/configuration/mail/", given).status_code == 302
    stored = siteconfig.mail()
    assert (stored.host, stored.port, stored.security) == ("smtp.gmail.com", 587, "starttls")
    assert (stored.username, stored.sender, stored.password()) == (
        "lab@gmail.com",
        "lab@gmail.com",
        "abcdefghijklmnop",
    )


def test_an_empty_password_is_kept_only_for_the_same_server(admin: Client, office: PostOffice) -> None:
    assert admin.post("/admin/configuration/mail/", form(office, password="")).status_code == 302
    assert siteconfig.mail().password() == PASSWORD
    answer = admin.post("/admin/configuration/mail/", form(office, password="", host="mail.example.com"))
    assert answer.status_code == 422
    assert "is for a different user name or mail server" in answer.content.decode()
    assert siteconfig.mail().host == "localhost"


def test_what_is_missing_is_said_beside_its_field(dana: User, as_user: Callable[[User], Client]) -> None:
    answer = as_user(dana).post("/admin/configuration/mail/", {"provider": "smtp", "username": "x"})
    page = answer.content.decode()
    assert answer.status_code == 422
    for sentence in (
        "This is not a valid email address",
        "Enter the name of the mail server",
        "Enter the port",
        "Enter the password.",
    ):
        assert sentence in page
    assert not siteconfig.mail().is_enabled


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "wrong"}, "rejected the user name or the password"),
        ({"security": "tls"}, "No encrypted connection"),
        ({"host": "127.0.0.1"}, "is not trusted"),
        ({"port": 9}, "cannot be reached"),
    ],
)
def test_a_test_mail_says_what_is_wrong(
    admin: Client, office: PostOffice, change: dict[str, object], sentence: str
) -> None:
    assert admin.post("/admin/configuration/mail/", form(office, **change)).status_code == 302
    page = admin.post("/admin/configuration/mail/test/", follow=True).content.decode()
    assert "No test email was sent." in page
    assert sentence in page
    assert office.mails == []


def test_a_new_user_gets_the_link_by_mail(admin: Client, office: PostOffice) -> None:
    given = {"username": "carol", "email": "carol@lab.example.org", "full_name": "כרמל", "role": "researcher"}
    page = admin.post("/admin/users/new/", given).content.decode()
    assert "This link is being sent to" in page
    assert office.mails == [], "nothing waits for the mail server"
    work()
    (sent,) = office.mails
    body = sent.get_content()
    assert "Hello כרמל" in body
    browser = Client()
    assert browser.get(link_in(body)).status_code == 302
    assert browser.post("/set-password/", NEW).status_code == 302
    assert User.objects.get(username="carol").check_password(NEW["password"])


def test_the_database_holds_no_link_in_clear(admin: Client, alice: User) -> None:
    link = services.reset(by=None, user=alice)
    emails.send_reset(user=alice, link=link)
    assert link.rstrip("/").rpartition("/")[2] not in str(list(Job.objects.values()))


def test_a_mail_is_tried_again_while_the_server_is_away(
    alice: User, admin: Client, office: PostOffice
) -> None:
    office.refusal = "451 come back later"
    emails.send_reset(user=alice, link=services.reset(by=None, user=alice))
    work()
    waits = mail.waiting()
    assert (waits.count, waits.given_up) == (1, 0)
    assert "451" in waits.last_error or "come back later" in waits.last_error
    page = admin.get("/admin/configuration/").content.decode()
    assert "1 email" in page
    assert "come back later" in page
    office.refusal = ""
    admin.post("/admin/configuration/mail/try-again/")
    work()
    assert len(office.mails) == 1
    assert mail.waiting().count == 0


def test_an_unknown_mailbox_is_not_tried_again(alice: User, admin: Client, office: PostOffice) -> None:
    office.refusal = "550 no such user here"
    emails.send_reset(user=alice, link=services.reset(by=None, user=alice))
    work()
    assert mail.waiting().count == 0
    assert "no such user" in AuditEntry.objects.get(action="mail.refuse").details["why"]


def test_a_link_that_ended_is_not_sent(alice: User, admin: Client, office: PostOffice) -> None:
    emails.send_reset(user=alice, link=services.reset(by=None, user=alice))
    services.reset(by=None, user=alice)
    work()
    assert office.mails == []


def test_another_address_counts_once_it_is_confirmed(
    admin: Client, alice: User, bob: User, office: PostOffice, as_user: Callable[[User], Client]
) -> None:
    before = alice.email
    client = as_user(alice)
    thief = Client()
    page = client.post("/settings/email/", {"email": "New@Lab.example.org"}, follow=True).content.decode()
    assert "The address changes once you open it" in page
    alice.refresh_from_db()
    assert alice.email == before
    work()
    (sent,) = office.mails
    assert sent["To"] == "new@lab.example.org"
    path = link_in(sent.get_content())
    assert thief.post(path)["Location"].startswith("/login/"), "a link alone takes no address"
    assert as_user(bob).post(path).status_code == 403
    assert client.get(path).status_code == 200
    alice.refresh_from_db()
    assert alice.email == before, "opening is not enough: mail scanners open links"
    assert client.post(path)["Location"] == "/settings/"
    alice.refresh_from_db()
    assert alice.email == "new@lab.example.org"
    work()
    assert office.mails[1]["To"] == before
    assert client.post(path).status_code == 410


def test_a_confirmation_cannot_set_a_password(admin: Client, alice: User, office: PostOffice) -> None:
    link = services.email_link(user=alice, email="new@lab.example.org").removeprefix("http://127.0.0.1:8000")
    assert Client().get(link.replace("confirm-email", "reset")).status_code == 404
    assert Client().get(link.replace("confirm-email", "activate")).status_code == 404


def test_an_address_taken_meanwhile_is_refused(
    admin: Client, alice: User, bob: User, as_user: Callable[[User], Client]
) -> None:
    link = services.email_link(user=alice, email="new@lab.example.org").removeprefix("http://127.0.0.1:8000")
    services.change_email(user=bob, email="new@lab.example.org")
    answer = as_user(alice).post(link)
    assert answer.status_code == 422
    assert "belongs to another user" in answer.content.decode()


def test_a_lost_password_is_mailed(admin: Client, alice: User, office: PostOffice) -> None:
    for name in ("ALICE", "nobody@lab.example.org"):
        page = Client().post("/lost-password/", {"name": name}).content.decode()
        assert "is being sent to its email address" in page
    work()
    (sent,) = office.mails
    assert sent["To"] == alice.email
    browser = Client()
    browser.get(link_in(sent.get_content()))
    browser.post("/set-password/", NEW)
    alice.refresh_from_db()
    assert alice.check_password(NEW["password"])


def test_people_are_told_what_happens_to_their_account(
    admin: Client, alice: User, dana: User, office: PostOffice, as_user: Callable[[User], Client]
) -> None:
    pair = {"name": "alice", "password": "correct horse battery"}
    browser = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    browser.post("/login/", pair)
    browser.post("/logout/")
    browser.post("/login/", pair)  # it is known now
    browser.post("/settings/password/", {"old_password": pair["password"], **NEW})
    token = {"name": "My script", "scopes": ["studies:read"], "days": "30", "password": NEW["password"]}
    browser.post("/settings/tokens/new/", token)
    admin.post(f"/admin/users/{alice.pk}/second-step-off/")
    admin.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "She asked me to"})
    work()
    told = [sent.get_content() for sent in office.mails if sent["To"] == alice.email]
    wanted = (
        "Firefox on Linux, from 127.0.0.1",
        "The password was",
        "My script",
        "turned off",
        "She asked me to",
    )
    assert len(told) == len(wanted)
    for one in wanted:
        assert sum(one in body for body in told) == 1, one
    assert all("Security notice" in str(sent["Subject"]) for sent in office.mails)


def test_nobody_has_mails_sent_to_strangers_without_limit(
    admin: Client, alice: User, office: PostOffice, as_user: Callable[[User], Client]
) -> None:
    client, statuses = as_user(alice), set()
    for number in range(throttle.MAX_MAILS + 1):
        answer = client.post("/settings/email/", {"email": f"stranger{number}@lab.example.org"})
        statuses.add((number < throttle.MAX_MAILS, answer.status_code))
    assert statuses == {(True, 302), (False, 429)}
