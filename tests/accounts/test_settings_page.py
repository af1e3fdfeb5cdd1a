"""Settings: profile, password, email, contributed sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.http import HttpRequest
from django.test import Client

from minno_dashboard.accounts import throttle
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.ui import slots
from tests.accounts.conftest import PASSWORD

NEW = "quite another one"


@pytest.fixture
def inside(alice: User, as_user: Callable[[User], Client]) -> Client:
    """Alice's browser."""
    return as_user(alice)


@pytest.fixture
def slot() -> Iterator[Callable[..., None]]:
    """Contribute to slots for the time of a test."""
    before = {name: dict(pieces) for name, pieces in slots._slots.items()}
    yield slots.contribute
    slots._slots.clear()
    slots._slots.update(before)


def test_the_page_has_an_index_of_its_sections(inside: Client, slot: Callable[..., None]) -> None:
    slot("settings.sections", name="extra", title="Extra & more", order=900, render=lambda _: "<p>hello</p>")
    slot("settings.sections", name="hidden", title="Hidden", order=901, render=lambda _: "")
    page = inside.get("/settings/").content.decode()
    for name, title in (
        ("profile", "Profile"),
        ("password", "Password"),
        ("email", "Email"),
        ("extra", "Extra &amp; more"),
    ):
        assert f'<a href="#{name}">{title}</a>' in page
        assert f'id="{name}"' in page
    assert "<p>hello</p>" in page
    assert "Hidden" not in page


def test_a_contributed_section_knows_who_asks(inside: Client, slot: Callable[..., None]) -> None:
    def render(request: HttpRequest) -> str:
        return f"<p>section of {request.user.get_username()}</p>"

    slot("settings.sections", name="extra", title="Extra", order=900, render=render)
    assert "section of alice" in inside.get("/settings/").content.decode()


@pytest.mark.parametrize("name", ["Ñandú O'Brien", "李", "אלכס בן־דוד", "👩🏽‍🔬 Zoë", "a" * 200, ""])
def test_any_name_is_accepted_as_it_is(inside: Client, alice: User, name: str) -> None:
    assert inside.post("/settings/profile/", {"full_name": name})["Location"] == "/settings/#profile"
    alice.refresh_from_db()
    assert alice.full_name == name
    assert "Your name is saved." in inside.get("/settings/").content.decode()


@pytest.mark.parametrize("name", ["a" * 201, "two\x1blines", "a\x00b"])
def test_a_name_that_cannot_be_shown_is_refused_and_kept_in_the_form(
    inside: Client, alice: User, name: str
) -> None:
    answer = inside.post("/settings/profile/", {"full_name": name})
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.full_name == "Alice Ábel"


def test_a_name_is_text_and_never_code(inside: Client) -> None:
    inside.post("/settings/profile/", {"full_name": "<script>alert(1)</script>\"'><img src=x>"})
    page = inside.get("/settings/").content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)" in page


def change(client: Client, old: str, new: str = NEW, again: str | None = None) -> tuple[int, str]:
    answer = client.post(
        "/settings/password/",
        {"old_password": old, "password": new, "again": new if again is None else again},
    )
    return answer.status_code, answer.content.decode()


def test_a_new_password_ends_other_sessions_and_keeps_this_one(
    inside: Client, alice: User, as_user: Callable[[User], Client]
) -> None:
    elsewhere = as_user(alice)
    assert elsewhere.get("/settings/").status_code == 200
    assert change(inside, PASSWORD)[0] == 302
    assert inside.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert AuditEntry.objects.filter(action="password.change").count() == 1


def test_the_old_password_is_asked_for(inside: Client, alice: User) -> None:
    status, page = change(inside, "not it")
    assert status == 422
    assert "Wrong password" in page
    field = page.partition('name="old_password"')[2].partition(">")[0]
    assert "autofocus" in field, "the browser scrolls to what is wrong"
    assert change(inside, "")[0] == 422
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_old_password_cannot_be_guessed_in_a_stolen_session(inside: Client, alice: User) -> None:
    for number in range(throttle.MAX_FAILURES):
        assert change(inside, f"guess {number}")[0] == 422
    status, page = change(inside, PASSWORD)
    assert status == 429
    assert "Try again in 15 minutes" in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("new", "again", "sentence"),
    [
        (NEW, "other", "The two passwords do not match"),
        ("short", None, "too short"),
        (PASSWORD, None, "This is your current password"),
        ("Alice Ábel", None, "too similar"),
    ],
)
def test_a_bad_new_password_is_refused_and_nothing_typed_comes_back(
    inside: Client, alice: User, new: str, again: str | None, sentence: str
) -> None:
    status, page = change(inside, PASSWORD, new, again)
    assert status == 422
    assert sentence in page
    assert PASSWORD not in page
    assert NEW not in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_email_address_is_folded_and_lets_in(inside: Client, alice: User, client: Client) -> None:
    assert inside.post("/settings/email/", {"email": " Alice.New@Lab.Example.ORG "}).status_code == 302
    alice.refresh_from_db()
    assert alice.email == "alice.new@lab.example.org"
    entered = client.post("/login/", {"name": "ALICE.new@lab.example.org", "password": PASSWORD})
    assert entered.status_code == 302


@pytest.mark.parametrize("email", ["nonsense", "a@b", "", "a@b.c\nBcc: x@y.z", "BOB@lab.example.org"])
def test_no_address_or_another_users_is_refused(inside: Client, alice: User, bob: User, email: str) -> None:
    assert inside.post("/settings/email/", {"email": email}).status_code == 422
    alice.refresh_from_db()
    assert alice.email == "alice@lab.example.org"


def test_ones_own_address_again_is_fine(inside: Client) -> None:
    assert inside.post("/settings/email/", {"email": "ALICE@lab.example.org"}).status_code == 302


@pytest.mark.parametrize("path", ["profile", "password", "email"])
def test_a_form_from_elsewhere_is_refused(alice: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(f"/settings/{path}/", {"full_name": "x", "email": "x@y.example"}).status_code == 403


def test_one_cannot_set_what_the_form_does_not_ask(inside: Client, alice: User) -> None:
    inside.post(
        "/settings/profile/", {"full_name": "x", "role": "admin", "username": "root", "is_active": ""}
    )
    alice.refresh_from_db()
    assert (alice.role, alice.username, alice.is_active) == ("researcher", "alice", True)


def test_what_was_saved_is_said_in_its_section_once(inside: Client) -> None:
    inside.post("/settings/profile/", {"full_name": "Alice A."})
    page = inside.get("/settings/").content.decode()
    section = page[page.index('<section id="profile"') : page.index('<section id="password"')]
    assert "Your name is saved." in section
    assert page.count("Your name is saved.") == 1
    assert "Your name is saved." not in inside.get("/settings/").content.decode()
