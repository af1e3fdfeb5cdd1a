"""Links that set a password: activation and reset."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from minno_dashboard.accounts import queries, schedule, services, throttle
from minno_dashboard.accounts.models import AccessCode, AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict
from minno_dashboard.core.ids import fingerprint
from tests.accounts.conftest import PASSWORD

NEW = {"password": "my very own words", "again": "my very own words"}


@pytest.fixture
def carol(db: None) -> User:
    """A user who has set no password yet."""
    return services.create_user(by=None, username="carol", email="carol@lab.example.org", full_name="כרמל 🦊")


def path_of(link: str) -> str:
    assert link.startswith("http://127.0.0.1:8000/")
    return link.removeprefix("http://127.0.0.1:8000")


def test_an_activation_link_sets_the_password_and_lets_in(carol: User, dana: User, client: Client) -> None:
    link = services.invite(by=dana, user=carol)
    opened = client.get(path_of(link))
    assert opened["Location"] == "/set-password/"
    page = client.get("/set-password/").content.decode()
    assert "Welcome" in page
    assert "כרמל 🦊" in page
    assert client.post("/set-password/", NEW)["Location"] == "/login/"
    assert 'value="carol"' in client.get("/login/").content.decode()
    assert client.post("/login/", {"name": "carol", "password": NEW["password"]}).status_code == 302
    assert AuditEntry.objects.filter(action="password.set_by_link", actor=carol).exists()


def test_the_link_is_built_from_the_public_address(carol: User, settings: Settings) -> None:
    settings.SERVER_URL = "https://lab.example.org"
    link = services.invite(by=None, user=carol)
    assert link.startswith("https://lab.example.org/activate/")
    assert link.endswith("/")


def test_only_the_fingerprint_of_a_code_is_kept(carol: User, client: Client) -> None:
    link = services.invite(by=None, user=carol)
    code = link.rstrip("/").rpartition("/")[2]
    assert len(code) == 43
    stored = AccessCode.objects.get()
    assert stored.fingerprint == fingerprint(code)
    client.get(path_of(link))
    assert code not in str(dict(client.session.items()))
    assert code not in str(AuditEntry.objects.values())


def test_the_code_leaves_the_address_bar_and_no_page_tells_it_on(carol: User, client: Client) -> None:
    link = services.invite(by=None, user=carol)
    opened = client.get(path_of(link))
    assert opened["Referrer-Policy"] == "no-referrer"
    assert "no-store" in opened["Cache-Control"]
    page = client.get(opened["Location"])
    assert link.rstrip("/").rpartition("/")[2] not in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_opening_a_link_uses_nothing_up(carol: User, client: Client) -> None:
    """Mail scanners open links before people do."""
    link = services.invite(by=None, user=carol)
    for _ in range(3):
        assert Client().get(path_of(link)).status_code == 302
    client.get(path_of(link))
    assert client.post("/set-password/", NEW).status_code == 302


def test_a_link_works_once(carol: User, client: Client) -> None:
    link = services.invite(by=None, user=carol)
    other = Client()
    other.get(path_of(link))
    client.get(path_of(link))
    client.post("/set-password/", NEW)
    again = Client().get(path_of(link))
    assert again.status_code == 410
    assert "This link has already been used" in again.content.decode()
    late = other.post(
        "/set-password/", {"password": "somebody else's words", "again": "somebody else's words"}
    )
    assert late.status_code == 410
    carol.refresh_from_db()
    assert carol.check_password(NEW["password"])


@pytest.mark.parametrize(("purpose", "days"), [("activate", 14), ("reset", 1)])
def test_a_link_expires_after_its_time(
    carol: User, alice: User, client: Client, purpose: str, days: int
) -> None:
    link = (
        services.invite(by=None, user=carol) if purpose == "activate" else services.reset(by=None, user=alice)
    )
    left = AccessCode.objects.get().expires_at - clock.now()
    assert timedelta(days=days) - timedelta(minutes=5) < left <= timedelta(days=days)
    client.get(path_of(link))
    AccessCode.objects.update(expires_at=clock.now())
    for answer in (client.post("/set-password/", NEW), Client().get(path_of(link))):
        assert answer.status_code == 410
        assert "This link expired on" in answer.content.decode()
    carol.refresh_from_db()
    assert not carol.is_activated


def test_an_unknown_link_is_refused_with_a_sentence(db: None, client: Client) -> None:
    answer = client.get("/activate/" + "x" * 43 + "/")
    assert answer.status_code == 404
    assert "This link is not valid" in answer.content.decode()
    assert client.get("/set-password/").status_code == 404
    assert client.post("/set-password/", NEW).status_code == 404


def test_a_link_counts_only_for_its_purpose(carol: User, alice: User, client: Client) -> None:
    activation = services.invite(by=None, user=carol)
    reset = services.reset(by=None, user=alice)
    assert client.get(path_of(activation).replace("activate", "reset")).status_code == 404
    assert client.get(path_of(reset).replace("reset", "activate")).status_code == 404


def test_a_newer_link_replaces_the_older(carol: User, client: Client) -> None:
    old = services.invite(by=None, user=carol)
    new = services.invite(by=None, user=carol)
    assert client.get(path_of(old)).status_code == 410
    assert client.get(path_of(new)).status_code == 302


def test_a_reset_link_replaces_the_password_and_ends_every_session(
    alice: User, dana: User, client: Client, as_user: Callable[[User], Client]
) -> None:
    inside = as_user(alice)
    link = services.reset(by=dana, user=alice)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD), "the old one works until the link is used"
    assert inside.get("/settings/").status_code == 200
    client.get(path_of(link))
    client.post("/set-password/", NEW)
    assert inside.get("/settings/").status_code == 302
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 422
    assert client.post("/login/", {"name": "alice", "password": NEW["password"]}).status_code == 302


def test_a_bad_password_leaves_the_link_usable(carol: User, client: Client) -> None:
    link = services.invite(by=None, user=carol)
    client.get(path_of(link))
    answer = client.post("/set-password/", {"password": "short", "again": "short"})
    assert answer.status_code == 422
    assert "too short" in answer.content.decode()
    assert client.post("/set-password/", NEW).status_code == 302


def test_a_link_of_a_deactivated_account_does_not_work(carol: User, dana: User, client: Client) -> None:
    link = services.invite(by=dana, user=carol)
    client.get(path_of(link))
    services.deactivate(by=dana, user=carol)
    assert client.post("/set-password/", NEW).status_code == 410
    with pytest.raises(Conflict, match="deactivated"):
        services.invite(by=dana, user=carol)
    AccessCode.objects.update(expires_at=clock.now() + timedelta(days=1))
    with pytest.raises(queries.LinkEnded, match="deactivated"):
        queries.open_code(purpose="activate", fingerprint=AccessCode.objects.get().fingerprint)


def test_changing_the_password_ends_an_open_reset_link(alice: User, client: Client) -> None:
    link = services.reset(by=None, user=alice)
    services.change_password(
        user=alice, old_password=PASSWORD, new_password="quite another one", address="127.0.0.1"
    )
    assert client.get(path_of(link)).status_code == 410


def test_each_kind_of_link_is_for_its_kind_of_user(alice: User, carol: User) -> None:
    with pytest.raises(Conflict, match="reset link"):
        services.invite(by=None, user=alice)
    with pytest.raises(Conflict, match="activation link"):
        services.reset(by=None, user=carol)


def test_who_is_logged_in_is_warned_and_logged_out(
    carol: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(dana)
    client.get(path_of(services.invite(by=dana, user=carol)))
    assert "will be logged out" in client.get("/set-password/").content.decode()
    client.post("/set-password/", NEW)
    assert client.get("/settings/").status_code == 302


def test_trying_codes_is_throttled_and_a_good_link_is_not(carol: User, client: Client) -> None:
    for number in range(throttle.MAX_FAILURES):
        assert client.get(f"/reset/guess{number}/").status_code == 404
    assert client.get("/reset/guess/").status_code == 429
    link = services.invite(by=None, user=carol)
    for _ in range(throttle.MAX_FAILURES + 2):
        assert client.get(path_of(link)).status_code == 302


def test_the_log_never_shows_a_code(carol: User, client: Client) -> None:
    link = services.invite(by=None, user=carol)
    code = link.rstrip("/").rpartition("/")[2]
    record = logging.LogRecord("django.request", 30, "", 0, "%s: %s", ("Gone", f"/activate/{code}/"), None)
    assert logged(record).endswith("Gone: /activate/…/")
    other = logging.LogRecord("x", 20, "", 0, "%d studies", (3,), None)
    assert logged(other).endswith("3 studies")


def logged(record: logging.LogRecord) -> str:
    """Return the line that the product writes of a record."""
    (handler,) = (one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    return handler.format(record)


def test_long_ended_links_are_tidied_away(carol: User) -> None:
    services.invite(by=None, user=carol)
    schedule.tidy()
    assert AccessCode.objects.count() == 1
    AccessCode.objects.update(expires_at=clock.now() - timedelta(days=91))
    schedule.tidy()
    assert AccessCode.objects.count() == 0


@pytest.mark.parametrize("way", ["activate", "reset", "confirm-email", "view"])
def test_no_kind_of_link_is_logged_with_its_code(way: str) -> None:
    record = logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", (f"/{way}/secretcode/x",), None)
    assert logged(record).endswith(f"Not Found: /{way}/…/x")
