"""Coming in and leaving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.fixtures import Settings

from minno_dashboard.accounts import services, throttle
from minno_dashboard.accounts.models import AuditEntry, LoginFailure, User
from minno_dashboard.config import env
from minno_dashboard.core import clock
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from tests.accounts.conftest import PASSWORD, make

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

WRONG = services.WRONG_PAIR


def enter(client: Client, name: str, password: str = PASSWORD, **more: str) -> _MonkeyPatchedWSGIResponse:
    return client.post("/login/", {"name": name, "password": password, **more})


@pytest.mark.parametrize("written", ["alice", " ALICE ", "alice@lab.example.org", "Alice@Lab.Example.ORG"])
def test_a_person_comes_in_by_user_name_or_email_however_written(
    alice: User, client: Client, written: str
) -> None:
    answer = enter(client, written)
    assert (answer.status_code, answer["Location"]) == (302, "/studies/")
    assert client.get("/settings/").status_code == 200
    assert AuditEntry.objects.filter(actor=alice, action="session.log_in").count() == 1


def test_a_name_in_another_script_comes_in_whatever_its_normal_form(db: None, client: Client) -> None:
    make("ångström", email="angstrom@lab.example.org")
    assert enter(client, "A\u030angstro\u0308m").status_code == 302


def refusals() -> list[tuple[str, str]]:
    return [
        ("alice", "wrong password"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("invited", ""),
        ("invited", PASSWORD),
    ]


def test_everybody_refused_gets_the_same_answer(alice: User, dana: User, client: Client) -> None:
    gone = make("gone")
    services.deactivate(by=dana, user=gone)
    services.create_user(by=None, username="invited", email="invited@lab.example.org")
    pages = set()
    for name, password in refusals():
        answer = enter(client, name, password or "x")
        assert answer.status_code == 422
        page = answer.content.decode()
        assert WRONG in page
        assert PASSWORD not in page
        assert f'value="{name}"' in page, "what was typed stays"
        pages.add(
            page.replace(f'value="{name}"', "")
            .replace(str(answer.context["csrf_token"]), "")
            .split("<main")[1]
        )
    assert len(pages) == 1


def test_the_log_in_page_keeps_the_name_and_never_the_password(alice: User, client: Client) -> None:
    page = enter(client, "alice", "my secret guess").content.decode()
    assert 'value="alice"' in page
    assert "my secret guess" not in page


def test_the_log_in_page_says_what_this_is_and_offers_dropbox_only_where_it_is_enabled(
    db: None, client: Client
) -> None:
    for is_enabled in (False, True):
        save_section(siteconfig.DROPBOX, {"is_enabled": is_enabled, "app_key": "key"}, {})
        page = client.get("/login/").content.decode()
        assert "Create and run behavioural studies on the web." in page
        assert ("in your own Dropbox" in page) == is_enabled


def test_an_empty_form_says_what_is_missing(db: None, client: Client) -> None:
    answer = client.post("/login/", {})
    assert answer.status_code == 422
    assert not LoginFailure.objects.exists()


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example.org/",
        "//evil.example.org/",
        "/\\evil.example.org",
        "javascript:alert(1)",
        "http:///evil.example.org",
        "\t//evil.example.org",
    ],
)
def test_an_address_elsewhere_is_not_gone_on_to(alice: User, client: Client, evil: str) -> None:
    page = client.get("/login/", {"next": evil})
    assert "evil" not in page.content.decode()
    assert "alert(1)" not in page.content.decode()
    assert enter(client, "alice", next=evil)["Location"] == "/studies/"
    assert client.get("/login/", {"next": evil})["Location"] == "/studies/"


def test_a_page_asked_for_before_is_gone_on_to(alice: User, client: Client) -> None:
    sent = client.get("/settings/?from=mail&x=1")
    assert sent["Location"] == "/login/?next=%2Fsettings%2F%3Ffrom%3Dmail%26x%3D1"
    assert 'value="/settings/?from=mail&amp;x=1"' in client.get(sent["Location"]).content.decode()
    assert enter(client, "alice", "wrong", next="/settings/").context["next"] == "/settings/"
    assert enter(client, "alice", next="/settings/?from=mail&x=1")["Location"] == "/settings/?from=mail&x=1"


def test_a_form_posted_after_the_log_in_expired_leads_back_to_its_page(db: None, client: Client) -> None:
    answer = client.post("/settings/profile/", {}, headers={"Referer": "http://testserver/settings/?a=1"})
    assert answer["Location"] == "/login/?next=%2Fsettings%2F%3Fa%3D1"
    assert (
        client.post("/settings/profile/", {}, headers={"Referer": "https://evil.example.org/"})["Location"]
        == "/login/"
    )


@pytest.mark.parametrize(
    "headers", [{"Accept": "application/json"}, {"HX-Request": "true"}, {"X-Requested-With": "fetch"}]
)
def test_a_script_is_told_that_the_log_in_expired(db: None, client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/settings/profile/", {}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["login"] == "/login/"
    assert "Nothing was saved" in answer.json()["error"]
    assert "What you typed is still here" in answer.json()["error"]
    asked = client.get("/settings/", headers=headers)
    assert (asked.status_code, asked.json()["error"]) == (
        401,
        "You are logged out. Log in again to continue.",
    )


def test_logging_in_gives_the_session_another_key(alice: User, client: Client) -> None:
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    enter(client, "alice")
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_logging_in_as_somebody_else_drops_what_the_session_held(
    alice: User, bob: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(alice)
    session = client.session
    session["of alice"] = 1
    session.save()
    enter(client, "bob")
    assert "of alice" not in client.session


def test_logging_out_ends_the_session_and_takes_a_post(
    alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(alice)
    key = client.session.session_key
    assert client.get("/logout/").status_code == 405
    assert client.get("/settings/").status_code == 200
    answer = client.post("/logout/")
    assert answer["Location"] == "/login/"
    assert not Session.objects.filter(session_key=key).exists()
    assert client.get("/settings/").status_code == 302
    assert client.post("/logout/").status_code == 302, "twice is no error"


def test_every_page_has_the_button_to_log_out_and_the_gear_right_of_it(
    alice: User, as_user: Callable[[User], Client]
) -> None:
    page = as_user(alice).get("/settings/").content.decode()
    assert page.index(">Logout</button>") < page.index("<span>Settings</span>")


def test_the_log_in_page_is_not_shown_to_who_is_in(alice: User, as_user: Callable[[User], Client]) -> None:
    assert as_user(alice).get("/login/", {"next": "/settings/"})["Location"] == "/settings/"


@pytest.mark.parametrize("path", ["/login/", "/logout/", "/set-password/"])
def test_a_form_from_elsewhere_is_refused_with_a_sentence(db: None, path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {"name": "alice", "password": PASSWORD})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()


def test_a_script_from_elsewhere_is_refused_with_json(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/logout/", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("Nothing was changed")


def test_a_name_is_refused_without_being_checked_after_ten_failures(alice: User, client: Client) -> None:
    for _ in range(throttle.MAX_FAILURES):
        assert enter(client, "alice", "wrong").status_code == 422
    answer = enter(client, "alice", PASSWORD)
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 15 * 60 + 1
    assert 'value="alice"' in answer.content.decode()
    assert LoginFailure.objects.count() == throttle.MAX_FAILURES, "what was not checked does not prolong it"


def test_an_unknown_name_is_throttled_just_as_a_known_one(db: None, client: Client) -> None:
    for _ in range(throttle.MAX_FAILURES):
        enter(client, "nobody", "wrong")
    assert enter(client, "NoBody ", "wrong").status_code == 429


def test_after_the_throttle_a_correct_password_logs_in(alice: User, client: Client) -> None:
    for _ in range(throttle.MAX_FAILURES):
        enter(client, "alice", "wrong")
    LoginFailure.objects.update(at=clock.now() - timedelta(minutes=14, seconds=30))
    assert "Try again in 1 minute." in enter(client, "alice").content.decode()
    LoginFailure.objects.update(at=clock.now() - throttle.WINDOW)
    assert enter(client, "alice").status_code == 302


def test_one_name_throttled_leaves_the_others_alone(alice: User, bob: User, client: Client) -> None:
    for _ in range(throttle.MAX_FAILURES):
        enter(client, "alice", "wrong")
    assert enter(client, "bob").status_code == 302


def test_many_failures_of_an_address_lock_nobody_out_there(alice: User, client: Client) -> None:
    LoginFailure.objects.bulk_create(
        LoginFailure(name=throttle.name_key(f"n{number}"), address="127.0.0.1")
        for number in range(throttle.MANY_FAILURES)
    )
    assert enter(client, "alice").status_code == 302
    for _ in range(throttle.MAX_WHEN_MANY):
        assert enter(Client(), "nobody", "wrong").status_code == 422
    assert enter(Client(), "nobody", "wrong").status_code == 429, "but guessing there is slower"


def test_guesses_from_elsewhere_lock_nobody_out(alice: User, client: Client) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(throttle.MAX_FAILURES):
        enter(stranger, "alice", "wrong")
    assert enter(stranger, "alice").status_code == 429
    assert enter(client, "alice").status_code == 302


def test_a_known_browser_is_let_through_where_its_address_is_used_up(alice: User, bob: User) -> None:
    known = Client()
    assert enter(known, "alice").status_code == 302
    known.post("/logout/")
    for _ in range(throttle.MAX_FAILURES):
        enter(Client(), "alice", "wrong")
        enter(Client(), "bob", "wrong")
    assert enter(Client(), "alice").status_code == 429
    assert enter(known, "bob").status_code == 429, "it is known for alice alone"
    assert enter(known, "alice").status_code == 302
    forged = Client()
    forged.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = "forged"
    assert enter(forged, "alice").status_code == 429


def test_a_failure_is_logged_with_name_and_address(
    alice: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    enter(client, "Alice", "wrong")
    enter(client, "secret in the wrong box", "wrong")
    entry = AuditEntry.objects.get(action="session.refuse")
    assert (entry.target, entry.details) == ("alice", {"address": "127.0.0.1"})
    assert "failed login of alice from 127.0.0.1" in caplog.text
    assert "failed login of an unknown name from 127.0.0.1" in caplog.text
    assert "secret" not in caplog.text


def test_coming_in_forgets_the_failures_of_that_name_only(alice: User, client: Client) -> None:
    enter(client, "alice", "wrong")
    enter(client, "bob", "wrong")
    enter(client, "alice")
    assert [one.name for one in LoginFailure.objects.all()] == [throttle.name_key("bob")]


def test_a_typed_name_is_not_kept_in_clear(db: None, client: Client) -> None:
    enter(client, "my password typed in the wrong box", "x")
    assert "password" not in LoginFailure.objects.get().name


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("::1", "2001:db8::7", "2001:db8::/64"),
    ],
)
def test_the_address_comes_from_trusted_proxies_only(
    db: None, settings: Settings, peer: str, forwarded: str, counted: str
) -> None:
    settings.TRUSTED_PROXIES = tuple(map(ip_network, ("127.0.0.0/8", "::1", "10.0.0.0/8")))
    enter(Client(REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded}), "x", "y")
    assert LoginFailure.objects.get().address == counted


def test_without_a_proxy_nobody_gets_new_attempts_by_naming_addresses(db: None) -> None:
    for number in range(throttle.MAX_FAILURES):
        enter(Client(headers={"X-Forwarded-For": f"198.51.100.{number}"}), "x", "y")
    assert enter(Client(headers={"X-Forwarded-For": "198.51.100.99"}), "x", "y").status_code == 429


def test_old_failures_are_forgotten(db: None, client: Client) -> None:
    enter(client, "x", "y")
    enter(client, "z", "y")
    LoginFailure.objects.filter(name=throttle.name_key("x")).update(at=clock.now() - throttle.KEPT_FOR)
    throttle.forget_old()
    assert [one.name for one in LoginFailure.objects.all()] == [throttle.name_key("z")]


def test_being_here_is_remembered_at_most_once_a_minute(
    alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(alice)
    client.get("/settings/")
    alice.refresh_from_db()
    first = alice.last_seen_at
    assert first is not None
    client.get("/settings/")
    alice.refresh_from_db()
    assert alice.last_seen_at == first
    User.objects.update(last_seen_at=first - timedelta(minutes=2))
    client.get("/settings/")
    alice.refresh_from_db()
    assert alice.last_seen_at is not None
    assert alice.last_seen_at >= first


def test_a_log_in_is_renewed_by_coming_daily(alice: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(alice)
    session = Session.objects.get()
    Session.objects.update(expire_date=clock.now() + timedelta(days=1))
    User.objects.update(last_seen_at=clock.now() - timedelta(days=1, hours=1))
    client.get("/settings/")
    session.refresh_from_db()
    assert session.expire_date > clock.now() + timedelta(days=13)


def test_a_monitor_may_ask_for_the_head_of_the_page(db: None, client: Client) -> None:
    assert client.head("/login/").status_code == 200


@pytest.mark.parametrize(
    ("url", "host", "names"),
    [
        ("https://lab.example.org", "0.0.0.0", ["lab.example.org"]),  # noqa: S104 - only compared
        ("http://127.0.0.1:8000", "127.0.0.1", []),
        ("http://[2001:db8::1]:8000", "::", ["[2001:db8::1]"]),
        ("https://LAB.example.org:8443", "192.0.2.5", ["192.0.2.5", "lab.example.org"]),
        ("http://127.0.0.1:8000", "2001:db8::2", ["[2001:db8::2]"]),
    ],
)
def test_the_site_answers_to_its_own_names_only(url: str, host: str, names: list[str]) -> None:
    own = ["127.0.0.1", "localhost", "[::1]"]
    assert sorted(env.allowed_hosts(url, host)) == sorted(own + names)


def test_another_host_name_is_refused(db: None) -> None:
    assert Client(headers={"Host": "evil.example.org"}).get("/login/").status_code == 400
    for own in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
        assert Client(headers={"Host": own}).get("/login/").status_code == 200
