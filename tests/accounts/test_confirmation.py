"""What a stolen session cannot do: sensitive actions ask for the password once more."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from minno_dashboard.accounts import confirmation
from minno_dashboard.accounts.models import SecondFactor, SignIn, User
from minno_dashboard.accounts.session_store import PROVED_AT, stored_key
from minno_dashboard.api.models import ApiToken
from minno_dashboard.core import clock
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Collaboration
from tests.accounts.conftest import PASSWORD

ASKS = "Confirm that it is you"
ANYBODYS = {
    "save_email": {"email": "thief@evil.example.org"},
    "turn_second_step_on": {"code": "000000"},
    "remove_passkey": {},
    "dropbox_connect": {},
    "dropbox_stop": {},
    "dropbox_policy": {},
    "dropbox_confirm": {},
    "dropbox_restore_allow": {},
    "transfer_study": {"share": "1"},
}
ADMINS = {
    "new_user": {"username": "thief", "email": "thief@evil.example.org", "role": "admin"},
    "import_users": {},
    "new_user_link": {},
    "change_user_role": {"role": "admin"},
    "deactivate_user": {},
    "reactivate_user": {},
    "deactivate_and_hand_over": {},
    "turn_second_step_off_for": {},
    "act_as": {"reason": "just looking"},
    "save_mail": {"provider": "off"},
    "save_dropbox_configuration": {},
    "edit_home_page": {"above": "<p>Log in at evil.example.org</p>"},
}
WATCHED = ("username", "email", "role", "is_active", "password", "session_generation")


def grow_old(client: Client) -> None:
    """Let the login of a browser be longer ago than a confirmation lasts."""
    session = client.session
    session[PROVED_AT] = (clock.now() - confirmation.LASTS - timedelta(seconds=1)).timestamp()
    session.save()


def address(name: str, bob: User) -> str:
    values = {"remove_passkey": [1], "transfer_study": ["x"]}
    takes_user = name in ADMINS and (
        "user" in name or name.endswith("_for") or name in ("act_as", "deactivate_and_hand_over")
    )
    is_whole = name in ("new_user", "import_users")
    return reverse(name, args=values.get(name, [bob.pk] if takes_user and not is_whole else []))


@pytest.mark.parametrize("name", [*ANYBODYS, *ADMINS])
def test_a_session_alone_does_nothing_sensitive(
    bob: User, dana: User, as_user: Callable[[User], Client], name: str
) -> None:
    client = as_user(dana)
    before = list(User.objects.order_by("pk").values_list(*WATCHED))
    grow_old(client)
    answer = client.post(address(name, bob), {**ANYBODYS, **ADMINS}[name])
    assert answer.status_code == 403
    assert ASKS in answer.content.decode()
    assert list(User.objects.order_by("pk").values_list(*WATCHED)) == before
    assert not SecondFactor.objects.exists()
    script = client.post(address(name, bob), {}, headers={"X-Requested-With": "fetch"})
    assert "Confirm your password" in script.json()["error"]


def test_what_was_filled_in_goes_on_once_the_password_is_given(
    alice: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(alice)
    client.get("/settings/")
    grow_old(client)
    page = client.post("/settings/email/", {"email": "new@lab.example.org"}).content.decode()
    kept = dict(re.findall(r'type="hidden" name="(\w+)"\s+value="([^"]*)"', page))
    assert unescape(kept["email"]) == "new@lab.example.org"
    answer = client.post("/settings/email/", {**kept, "confirm_password": "wrong"})
    assert answer.status_code == 403
    assert "Wrong password" in answer.content.decode()
    stolen = client.cookies["sessionid_8000"].value if "sessionid_8000" in client.cookies else ""
    assert client.post("/settings/email/", {**kept, "confirm_password": PASSWORD}).status_code == 302
    alice.refresh_from_db()
    assert alice.email == "new@lab.example.org"
    assert stolen, "the tests run with a port in the public address"
    thief = Client()
    thief.cookies["sessionid_8000"] = stolen
    assert thief.get("/settings/").status_code == 302, "a confirmation gives the session a new key"
    assert client.post("/settings/email/", {"email": "newer@lab.example.org"}).status_code == 302


def test_a_page_that_shows_a_secret_asks_before(alice: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(alice)
    grow_old(client)
    page = client.get("/settings/security/two-step/")
    assert page.status_code == 403
    assert not SecondFactor.objects.exists()
    sent = {"confirm_then_show": "yes", "confirm_password": PASSWORD}
    assert client.post("/settings/security/two-step/", sent)["Location"] == "/settings/security/two-step/"
    assert "<svg" in client.get("/settings/security/two-step/").content.decode()


def test_the_database_holds_no_key_of_a_session(alice: User, as_user: Callable[[User], Client]) -> None:
    client = as_user(alice)
    page = client.get("/settings/").content.decode()
    assert "This browser" in page
    key = str(client.session.session_key)
    rows = f"{list(Session.objects.values())} {list(SignIn.objects.values())}"
    assert key not in rows
    assert stored_key(key) in rows
    thief = Client()
    thief.cookies["sessionid_8000"] = stored_key(key)
    assert thief.get("/settings/").status_code == 302
    client.post("/logout/")
    assert not Session.objects.filter(session_key=stored_key(key)).exists()


@pytest.mark.parametrize("way", ["reset", "password", "everywhere"])
def test_tokens_end_with_a_reset_and_on_request(
    alice: User, as_user: Callable[[User], Client], way: str
) -> None:
    from minno_dashboard.accounts import services

    def token() -> ApiToken:
        return ApiToken.objects.create(
            user=alice,
            name=way,
            fingerprint=way,
            scopes=[],
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=1),
        )

    token()
    client, new = as_user(alice), {"password": "my very own words", "again": "my very own words"}
    if way == "reset":
        link = services.reset(by=None, user=alice).removeprefix("http://127.0.0.1:8000")
        client.get(link)
        client.post("/set-password/", new)
    elif way == "password":
        client.post("/settings/password/", {"old_password": PASSWORD, **new})
        assert ApiToken.objects.exists(), "only on request"
        changed = {"password": "other very own words", "again": "other very own words"}
        client.post("/settings/password/", {"old_password": new["password"], **changed, "end_tokens": "on"})
    else:
        client.post("/settings/security/log-out-everywhere/")
        assert ApiToken.objects.exists(), "only on request"
        client.post("/settings/security/log-out-everywhere/", {"end_tokens": "on"})
    assert not ApiToken.objects.exists()


def test_an_acting_admin_gives_nobody_a_way_in(
    alice: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    study = studies.create_study(owner=alice, name="Mood")
    client = as_user(dana)
    client.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "She asked me to"})
    base = f"/studies/{study.public_id}"
    for path in (
        "sharing/invite/", "sharing/1/change/", "sharing/1/remove/", "sharing/public/", "sharing/link/",
        "sharing/link/revoke/", "sharing/transfer/", "sharing/links/1/take-back/", "experiments/add/", "experiments/x/",
    ):  # fmt: skip
        answer = client.post(f"{base}/{path}", {"who": "dana", "files": "edit", "public": "yes"})
        assert answer.status_code == 403, path
        assert "you cannot decide who works on a study" in answer.content.decode()
    assert client.get(f"{base}/v1/download").status_code == 403
    study.refresh_from_db()
    assert not study.is_public
    assert not Collaboration.objects.exists()
    owner = as_user(alice)
    page = owner.get("/settings/").content.decode()
    assert "started acting as someone" in page
    assert "She asked me to" in page
