"""Two-step login, sessions, the theme."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django.fixtures import Settings

from minno_dashboard.accounts import schedule, second_factor, services, sessions, throttle
from minno_dashboard.accounts.models import AuditEntry, RecoveryCode, SecondFactor, SignIn, User
from minno_dashboard.core import clock
from minno_dashboard.siteconfig.sealing import unseal
from tests.accounts.conftest import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class SettableClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> SettableClock:
    """The time of the second factor, standing still."""
    own = SettableClock()
    monkeypatch.setattr(second_factor, "clock", own)
    return own


def code_of(user: User, time: SettableClock, steps: int = 0) -> str:
    secret = unseal(SecondFactor.objects.get(user=user).sealed)
    return pyotp.TOTP(secret).at(int(time.at.timestamp()) + 30 * steps)


@pytest.fixture
def codes(alice: User, time: SettableClock, as_user: Callable[[User], Client]) -> list[str]:
    """Two-step login turned on by alice in the browser; the recovery codes she was shown."""
    client = as_user(alice)
    page = client.get("/settings/security/two-step/").content.decode()
    assert "<svg" in page
    assert unseal(SecondFactor.objects.get(user=alice).sealed) in page
    page = client.post("/settings/security/two-step/", {"code": code_of(alice, time)}).content.decode()
    time.at += timedelta(minutes=5)
    return re.findall(r"\b[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}\b", unescape(page))


def with_password(client: Client, address: str = "/login/") -> str:
    answer = client.post(address, {"name": "alice", "password": PASSWORD})
    assert answer.status_code == 302
    return str(answer["Location"])


def is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def test_the_password_alone_lets_nobody_in(codes: list[str], alice: User, time: SettableClock) -> None:
    client = Client()
    assert with_password(client, "/login/?next=/settings/") == "/login/code/?next=%2Fsettings%2F"
    assert not is_in(client)
    assert not AuditEntry.objects.filter(action="session.log_in", actor=alice).exists()
    code = code_of(alice, time)
    answer = client.post("/login/code/", {"code": f"{code[:3]} {code[3:]}", "next": "/settings/"})
    assert answer["Location"] == "/settings/"
    assert is_in(client)
    assert AuditEntry.objects.filter(action="session.log_in", actor=alice).exists()


def test_a_wrong_first_code_turns_nothing_on(alice: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(alice)
    client.get("/settings/security/two-step/")
    assert client.post("/settings/security/two-step/", {"code": "000000"}).status_code == 422
    assert not second_factor.is_on(alice)


def test_a_code_works_once(codes: list[str], alice: User, time: SettableClock) -> None:
    for expected in (302, 422):
        client = Client()
        with_password(client)
        assert client.post("/login/code/", {"code": code_of(alice, time)}).status_code == expected


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 302), (0, 302), (1, 302), (2, 422)])
def test_clocks_may_differ_by_half_a_minute(
    codes: list[str], alice: User, time: SettableClock, steps: int, status: int
) -> None:
    client = Client()
    with_password(client)
    assert client.post("/login/code/", {"code": code_of(alice, time, steps)}).status_code == status


def test_each_recovery_code_lets_in_once(codes: list[str], alice: User) -> None:
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    for expected in (302, 422):
        client = Client()
        with_password(client)
        assert client.post("/login/code/", {"code": codes[0].upper()}).status_code == expected
    assert second_factor.codes_left(alice) == second_factor.RECOVERY_CODES - 1
    assert AuditEntry.objects.filter(action="second_step.use_recovery_code", target="alice").exists()


def test_after_the_key_of_the_installation_changed_a_recovery_code_lets_in(
    codes: list[str], alice: User, time: SettableClock, settings: Settings
) -> None:
    code = code_of(alice, time)
    settings.SECRET_KEY = "another key " * 4
    client = Client()
    with_password(client)
    refused = client.post("/login/code/", {"code": code})
    assert refused.status_code == 422
    assert "Use a recovery code" in unescape(refused.content.decode())
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 302
    assert is_in(client)


def test_what_was_begun_before_the_key_changed_is_begun_anew(
    alice: User, as_user: Callable[[User], Client], settings: Settings
) -> None:
    before = second_factor.begin(user=alice).secret
    settings.SECRET_KEY = "another key " * 4
    page = as_user(alice).get("/settings/security/two-step/").content.decode()
    after = unseal(SecondFactor.objects.get(user=alice).sealed)
    assert after in page
    assert after != before


def test_guessing_codes_is_slowed_down(codes: list[str], alice: User, time: SettableClock) -> None:
    client = Client()
    with_password(client)
    for _ in range(throttle.MAX_FAILURES):
        assert client.post("/login/code/", {"code": "000000"}).status_code == 422
    assert client.post("/login/code/", {"code": code_of(alice, time)}).status_code == 429


def test_the_second_step_needs_the_first(codes: list[str], alice: User, time: SettableClock) -> None:
    answer = Client().post("/login/code/", {"code": code_of(alice, time)})
    assert answer["Location"] == "/login/"


def test_a_password_changed_meanwhile_ends_the_second_step(
    codes: list[str], alice: User, time: SettableClock
) -> None:
    client = Client()
    with_password(client)
    alice.refresh_from_db()
    services.change_password(user=alice, old_password=PASSWORD, new_password="quite another one", address="x")
    assert client.post("/login/code/", {"code": code_of(alice, time)})["Location"] == "/login/"


def test_secrets_and_codes_are_not_stored_in_clear(codes: list[str], alice: User) -> None:
    secret = unseal(SecondFactor.objects.get().sealed)
    stored = str(list(SecondFactor.objects.values())) + str(list(RecoveryCode.objects.values()))
    assert secret not in stored
    assert not any(code.replace("-", "") in stored for code in codes)
    assert secret not in str(list(AuditEntry.objects.values()))


def test_turning_it_off_takes_the_password(
    codes: list[str], alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(User.objects.get(pk=alice.pk))
    assert client.post("/settings/security/two-step/off/", {"password": "wrong"}).status_code == 422
    assert second_factor.is_on(alice)
    client.post("/settings/security/two-step/off/", {"password": PASSWORD})
    assert not second_factor.is_on(alice)
    assert with_password(Client()) == "/studies/"


def test_new_recovery_codes_replace_the_old(
    codes: list[str], alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(User.objects.get(pk=alice.pk))
    page = client.post("/settings/security/recovery-codes/", {"password": PASSWORD}).content.decode()
    assert codes[0] not in page
    other = Client()
    with_password(other)
    assert other.post("/login/code/", {"code": codes[0]}).status_code == 422


def test_an_admin_helps_who_lost_the_telephone(
    codes: list[str], alice: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    admin = as_user(dana)
    assert "Turn off two-step login" in admin.get("/admin/users/").content.decode()
    admin.post(f"/admin/users/{alice.pk}/second-step-off/")
    assert with_password(Client()) == "/studies/"
    assert AuditEntry.objects.filter(action="second_step.turn_off", actor=dana, target="alice").exists()


def log_in(**headers: str) -> Client:
    client = Client(headers=headers)
    assert client.post("/login/", {"name": "alice", "password": PASSWORD}).status_code == 302
    return client


def test_sessions_are_listed_and_ended_one_by_one(alice: User) -> None:
    here, there = log_in(), log_in(**{"user-agent": FIREFOX})
    page = here.get("/settings/").content.decode()
    assert "Firefox on Linux" in page
    assert "This browser" in page
    other = SignIn.objects.get(browser="Firefox on Linux")
    here.post(f"/settings/security/sessions/{other.pk}/end/")
    assert is_in(here)
    assert not is_in(there)
    assert len(sessions.of(alice)) == 1


def test_nobody_ends_the_sessions_of_another(
    alice: User, bob: User, as_user: Callable[[User], Client]
) -> None:
    client = log_in()
    own = SignIn.objects.get(user=alice)
    assert as_user(bob).post(f"/settings/security/sessions/{own.pk}/end/").status_code == 404
    assert is_in(client)


def test_logging_out_everywhere_keeps_this_browser(alice: User) -> None:
    here, there = log_in(), log_in()
    here.post("/settings/security/log-out-everywhere/")
    assert is_in(here)
    assert not is_in(there)
    alice.refresh_from_db()
    assert len(sessions.of(alice)) == 1


def test_a_changed_password_leaves_one_session_in_the_list(alice: User) -> None:
    here, _ = log_in(), log_in()
    new = {"old_password": PASSWORD, "password": "quite another one", "again": "quite another one"}
    assert here.post("/settings/password/", new).status_code == 302
    assert is_in(here)
    alice.refresh_from_db()
    assert len(sessions.of(alice)) == 1


def test_expired_sessions_leave_the_list_and_are_deleted(alice: User) -> None:
    log_in()
    Session.objects.update(expire_date=clock.now() - timedelta(days=1))
    assert sessions.of(alice) == []
    schedule.tidy()
    assert not SignIn.objects.exists()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("", "A browser"),
    ],
)
def test_browsers_are_called_by_their_names(agent: str, name: str) -> None:
    assert sessions.browser_name(agent) == name


def test_the_theme_is_kept_and_comes_along(alice: User) -> None:
    client = log_in()
    answer = client.post("/settings/appearance/", {"theme": "dark"})
    assert answer.cookies["theme"].value == "dark"
    other = Client()
    answer = other.post("/login/", {"name": "alice", "password": PASSWORD})
    assert answer.cookies["theme"].value == "dark"
    answer = other.post("/settings/appearance/", {"theme": "system"})
    assert answer.cookies["theme"].value == ""
    other.post("/settings/appearance/", {"theme": "pink"})
    alice.refresh_from_db()
    assert alice.theme == ""
