"""Passkeys: added, used, removed; and every answer of a device that must not let anybody in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from minno_dashboard.accounts import passkeys, second_factor
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.accounts.passkey_models import Passkey
from minno_dashboard.accounts.throttle import MAX_FAILURES
from minno_dashboard.core import clock
from tests.accounts.conftest import PASSWORD
from tests.accounts.device import DOMAIN, ORIGIN, PRESENT, Device, raw

Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    """The Dashboard is reached by https, under a name."""
    settings.SERVER_URL = ORIGIN


def post(client: Client, path: str, **body: Any) -> Any:
    headers = {"X-Requested-With": "fetch"}
    return client.post(path, body, content_type="application/json", headers=headers)


def add(client: Client, device: Device, name: str = "My laptop") -> Any:
    """Add a device's passkey as the page does."""
    options = post(client, "/settings/passkeys/begin/", password=PASSWORD).json()["options"]
    return post(client, "/settings/passkeys/finish/", name=name, credential=device.make(options))


def asked(client: Client) -> dict[str, Any]:
    options: dict[str, Any] = post(client, "/login/passkey/begin/").json()["options"]
    return options


def log_in(device: Device, client: Client | None = None, **more: Any) -> Any:
    """Log in as the page does."""
    client = client or Client()
    return post(client, "/login/passkey/", credential=device.sign(asked(client)), **more)


@pytest.fixture
def device(alice: User, as_user: Browser) -> Device:
    """A device with a passkey of alice's."""
    device = Device()
    assert add(as_user(alice), device).status_code == 200
    return device


def refused(answer: Any, why: str = passkeys.WRONG) -> None:
    assert answer.status_code == 422, answer.content
    assert answer.json() == {"error": why}
    assert "_auth_user_id" not in answer.client.session


def test_a_passkey_is_added_lets_in_is_listed_and_removed(
    alice: User, device: Device, as_user: Browser
) -> None:
    client = Client()
    answer = log_in(device, client, next="/tags/")
    assert answer.json() == {"next": "/tags/"}
    assert client.get("/settings/").context["user"] == alice
    page = client.get("/settings/").content.decode()
    assert "My laptop" in page
    assert log_in(device, next="https://elsewhere.example/").json() == {"next": "/studies/"}
    kept = Passkey.objects.get()
    assert kept.last_used_at is not None
    assert kept.sign_count == 2
    removed = client.post(f"/settings/passkeys/{kept.pk}/remove/")
    assert removed.status_code == 302
    refused(log_in(device))
    verbs = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert [verb for verb in verbs if "passkey" in verb] == ["passkey.add", "passkey.remove"]
    assert AuditEntry.objects.filter(action="session.log_in", details__passkey="My laptop").count() == 2


def test_it_stands_in_for_the_code_of_two_step_log_in(alice: User, device: Device) -> None:
    secret = second_factor.begin(user=alice).secret
    second_factor.confirm(user=alice, code=pyotp.TOTP(secret).now())
    client = Client()
    half = client.post("/login/", {"name": "alice", "password": PASSWORD})
    assert half["Location"] == "/login/code/"
    assert b"data-passkey" in client.get("/login/code/").content
    options = asked(client)
    assert [raw(one["id"]) for one in options["allowCredentials"]] == [device.id]
    assert post(client, "/login/passkey/", credential=device.sign(options)).status_code == 200
    assert client.get("/settings/").status_code == 200


def test_after_somebody_elses_password_one_is_not_let_in_by_ones_own_passkey(
    alice: User, bob: User, device: Device, as_user: Browser
) -> None:
    secret = second_factor.begin(user=bob).secret
    second_factor.confirm(user=bob, code=pyotp.TOTP(secret).now())
    client = Client()
    client.post("/login/", {"name": "bob", "password": PASSWORD})
    refused(log_in(device, client))


def wrong_origin(device: Device) -> None:
    device.origin = "https://dashboard.example.org.evil.example"


def wrong_domain(device: Device) -> None:
    device.domain = "evil.example"


def unverified(device: Device) -> None:
    device.flags = PRESENT


def other_key(device: Device) -> None:
    device.key = Device().key


def counter_back(device: Device) -> None:
    device.count -= 2


def other_id(device: Device) -> None:
    device.id = b"unknown"


def other_person(device: Device) -> None:
    device.handle = b"somebody else"


@pytest.mark.parametrize(
    "spoil", [wrong_origin, wrong_domain, unverified, other_key, counter_back, other_id, other_person]
)
def test_a_wrong_answer_lets_nobody_in(device: Device, spoil: Callable[[Device], None]) -> None:
    assert log_in(device).status_code == 200
    before = Passkey.objects.values().get()
    spoil(device)
    refused(log_in(device))
    assert Passkey.objects.values().get() == before


def test_a_challenge_works_once_for_its_purpose_in_its_session_and_for_five_minutes(
    alice: User, device: Device, as_user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, late = Client(), "This took too long"
    answer = device.sign(asked(client))
    assert post(client, "/login/passkey/", credential=answer).status_code == 200
    for other in (client, Client()):
        replayed = post(other, "/login/passkey/", credential=answer)
        assert replayed.status_code == 422
        assert late in replayed.json()["error"]
    other = Client()
    options = asked(other)
    stolen = Client()
    asked(stolen)
    refused(post(stolen, "/login/passkey/", credential=device.sign(options)))
    mine = as_user(alice)
    made = post(mine, "/settings/passkeys/begin/", password=PASSWORD).json()["options"]
    assert late in post(mine, "/login/passkey/", credential=device.sign(made)).json()["error"]
    slow = Client()
    options = asked(slow)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=6))
    assert late in post(slow, "/login/passkey/", credential=device.sign(options)).json()["error"]


def test_the_passkey_of_a_deactivated_account_opens_nothing(alice: User, device: Device) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    refused(log_in(device))


def test_a_passkey_made_elsewhere_or_without_verification_is_not_kept(alice: User, as_user: Browser) -> None:
    for spoil in (wrong_origin, wrong_domain, unverified):
        device = Device()
        spoil(device)
        answer = add(as_user(alice), device)
        assert (answer.status_code, answer.json()["error"]) == (422, passkeys.NOT_ADDED)
    assert not Passkey.objects.exists()


def test_nobody_takes_over_a_passkey_that_is_known(
    alice: User, bob: User, device: Device, as_user: Browser
) -> None:
    assert add(as_user(bob), device).status_code == 422
    assert Passkey.objects.get().user == alice


def test_adding_takes_the_password_and_a_name(alice: User, as_user: Browser) -> None:
    client = as_user(alice)
    assert (
        post(client, "/settings/passkeys/begin/", password="wrong").json()["error"]
        == "Wrong password. Nothing was changed."
    )
    assert "took too long" in post(client, "/settings/passkeys/finish/", name="x").json()["error"]
    assert "name" in add(client, Device(), name=" ").json()["error"]
    assert not Passkey.objects.exists()


def test_nobody_removes_somebody_elses_passkey(bob: User, device: Device, as_user: Browser) -> None:
    assert as_user(bob).post(f"/settings/passkeys/{Passkey.objects.get().pk}/remove/").status_code == 404
    assert Passkey.objects.exists()


@pytest.mark.parametrize(
    "credential",
    [
        None,
        [],
        "text",
        {},
        {"id": 7},
        {"id": "é"},
        {"id": "a"},
        {"id": "KNOWN"},
        {"id": "KNOWN", "response": 3},
    ],
)
def test_nonsense_is_refused_in_a_sentence(device: Device, credential: Any) -> None:
    client = Client()
    honest = device.sign(asked(client))
    if isinstance(credential, dict) and credential.get("id") == "KNOWN":
        credential = {**credential, "id": honest["id"]}
    refused(post(client, "/login/passkey/", credential=credential))
    assert post(client, "/login/passkey/", credential=honest).status_code == 422
    assert client.post("/login/passkey/", b"[", content_type="application/json").status_code == 422


def test_wrong_answers_are_slowed_down(device: Device) -> None:
    other_key(device)
    for _ in range(MAX_FAILURES):
        refused(log_in(device))
    assert log_in(device).status_code == 429


@pytest.mark.parametrize(
    ("server", "is_offered"),
    [
        ("https://dashboard.example.org", True),
        ("http://localhost:8000", True),
        ("http://dashboard.example.org", False),
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.7", False),
        ("https://[2001:db8::1]", False),
    ],
)
def test_passkeys_are_offered_where_browsers_keep_them(
    alice: User, as_user: Browser, settings: Settings, server: str, is_offered: bool
) -> None:
    settings.SERVER_URL = server
    client = as_user(alice)
    page = client.get("/settings/").content.decode()
    assert ("Add a passkey" in page) == is_offered
    assert ("Passkeys need a" in page) != is_offered
    assert (b"data-passkey" in Client().get("/login/").content) == is_offered
    assert client.get("/settings/passkeys/new/").status_code == (200 if is_offered else 302)
    assert post(client, "/settings/passkeys/begin/", password=PASSWORD).status_code == (
        200 if is_offered else 422
    )


def test_the_options_name_our_domain_and_ask_for_verification(alice: User, as_user: Browser) -> None:
    options = post(as_user(alice), "/settings/passkeys/begin/", password=PASSWORD).json()["options"]
    assert options["rp"]["id"] == DOMAIN
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert "alice" not in str(raw(options["user"]["id"]))
    assert asked(Client())["userVerification"] == "required"
