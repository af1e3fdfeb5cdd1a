"""The first start: a user `admin` whose password must be changed."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from minno_dashboard.accounts import services
from minno_dashboard.accounts.first_admin import ensure_first_admin
from minno_dashboard.accounts.middleware import CHANGE_FIRST
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core.errors import NotAllowed
from tests.accounts.conftest import PASSWORD, make


@pytest.fixture
def first(db: None, client: Client) -> Client:
    """A browser in which `admin` logged in with the one-time password."""
    password = ensure_first_admin()
    assert password
    assert client.post("/login/", {"name": "admin", "password": password}).status_code == 302
    return client


def test_the_first_start_makes_an_admin_with_a_password_nobody_can_guess(db: None) -> None:
    password = ensure_first_admin()
    assert password is not None
    assert len(password) >= 16
    admin = User.objects.get()
    assert (admin.username, admin.is_admin, admin.must_change_password) == ("admin", True, True)
    assert admin.check_password(password)
    assert AuditEntry.objects.get().actor_name == "system"
    assert password not in str(AuditEntry.objects.values())


def test_a_later_start_keeps_the_first_admin(db: None, settings: Settings) -> None:
    ensure_first_admin()
    before = User.objects.get().password
    settings.FIRST_ADMIN_PASSWORD = "another from the environment"
    assert ensure_first_admin() is None
    assert User.objects.get().password == before


def test_an_installation_with_users_gets_no_admin(db: None) -> None:
    make("alice")
    assert ensure_first_admin() is None
    assert User.objects.count() == 1


def test_a_password_from_the_environment_is_taken_and_not_given_back(db: None, settings: Settings) -> None:
    settings.FIRST_ADMIN_PASSWORD = PASSWORD
    assert ensure_first_admin() is None
    admin = User.objects.get()
    assert admin.check_password(PASSWORD)
    assert admin.must_change_password


@pytest.mark.parametrize(
    "path", ["/settings/", "/admin/users/", "/admin/configuration/", "/admin/users/new/"]
)
def test_every_page_leads_to_the_change_first(first: Client, path: str) -> None:
    assert first.get(path)["Location"] == "/new-password/"
    assert first.post(path)["Location"] == "/new-password/"


def test_the_change_page_says_why(first: Client) -> None:
    answer = first.get("/new-password/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert CHANGE_FIRST in page
    assert ">Logout</button>" in page
    assert "User management" not in page, "no menu of pages that cannot be reached"


def test_a_script_request_is_told_to_change_the_password_first(first: Client) -> None:
    answer = first.post("/settings/profile/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.json()) == (403, {"error": CHANGE_FIRST})


def test_logging_out_is_possible(first: Client) -> None:
    assert first.post("/logout/")["Location"] == "/login/"


def test_the_new_password_opens_the_dashboard(first: Client) -> None:
    answer = first.post("/new-password/", {"password": PASSWORD, "again": PASSWORD})
    assert answer["Location"] == "/studies/"
    assert first.get("/admin/users/").status_code == 200, "the session goes on"
    assert first.get("/new-password/")["Location"] == "/settings/"
    assert Client().post("/login/", {"name": "admin", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        (PASSWORD, PASSWORD + "r", "The two passwords do not match"),
        ("short", "short", "too short"),
        ("admin@localhost", "admin@localhost", "too similar"),
        ("1234567890", "1234567890", "too common"),
        ("", "", "required"),
        ("x" * 1001, "x" * 1001, "at most 1000"),
    ],
)
def test_a_bad_new_password_is_refused_with_a_sentence(
    first: Client, password: str, again: str, sentence: str
) -> None:
    answer = first.post("/new-password/", {"password": password, "again": again})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert User.objects.get().must_change_password


def test_the_one_time_password_itself_is_no_new_password(db: None, client: Client) -> None:
    password = ensure_first_admin() or ""
    client.post("/login/", {"name": "admin", "password": password})
    answer = client.post("/new-password/", {"password": password, "again": password})
    assert answer.status_code == 422
    assert "This is your current password" in answer.content.decode()
    assert password not in answer.content.decode()


def test_nobody_else_can_change_a_password_without_the_old_one(alice: User) -> None:
    with pytest.raises(NotAllowed):
        services.replace_one_time_password(user=alice, new_password="another good password")
    client = Client()
    client.force_login(alice)
    client.post("/new-password/", {"password": "another good password", "again": "another good password"})
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
