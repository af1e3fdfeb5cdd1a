"""Connecting a Dropbox: each way it can end, with its own sentence."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from dropbox_simulator import Simulator, faults
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link, OAuthState
from tests.mirror.web.conftest import (
    APP_SECRET,
    begin,
    browser_of,
    changed,
    configure,
    connect,
    consent,
    said,
)

ANNA, BEN = "anna@dropbox.example", "ben@dropbox.example"


def active_links() -> int:
    return Link.objects.exclude(state=Link.State.OFF).count()


def test_connecting_asks_dropbox_for_the_least_and_for_a_lasting_permission(
    configured: Simulator, alice: User
) -> None:
    query = parse_qs(urlsplit(begin(browser_of(alice))).query)
    assert query["token_access_type"] == ["offline"]
    assert query["scope"] == ["account_info.read files.content.write files.metadata.read"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/dropbox/set"]
    assert len(query["state"][0]) >= 43
    assert "force_reapprove" not in query


def test_a_connection_ends_on_settings_with_neither_code_nor_state_in_the_address(
    configured: Simulator, alice: User
) -> None:
    response = connect(browser_of(alice), configured, ANNA)
    assert response.status_code == 303
    assert response["Location"] == "/settings/#dropbox"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert said(response) == "Connected to the Dropbox of anna@dropbox.example."
    link = Link.objects.get(user=alice)
    assert (link.account_name, link.account_email, link.state) == ("Anna A", ANNA, "active")
    assert AuditEntry.objects.filter(actor=alice, action="dropbox.connect", target="").exists()


def test_cancelling_at_dropbox_changes_nothing(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    response = client.get(consent(configured, begin(client), ANNA, decision="deny"))
    assert response["Location"] == "/settings/#dropbox"
    assert said(response) == "You chose not to connect; nothing was changed."
    assert active_links() == 0


def test_an_answer_works_only_once(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    client.get(back)
    again = client.get(back)
    assert said(again).endswith(
        "This answer from Dropbox was used before, and works only once; nothing was changed."
    )
    assert active_links() == 1


def test_a_forged_state_is_refused(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = changed(consent(configured, begin(client), ANNA), state="x" * 43)
    assert said(client.get(back)).startswith("This answer does not belong to a connection started here")
    assert active_links() == 0


@pytest.mark.parametrize("missing", ["state", "code"])
def test_an_incomplete_answer_is_refused(configured: Simulator, alice: User, missing: str) -> None:
    client = browser_of(alice)
    back = changed(consent(configured, begin(client), ANNA), **{missing: ""})
    assert "nothing was connected" in said(client.get(back))
    assert active_links() == 0


def test_an_answer_with_both_a_code_and_an_error_connects_nothing(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = changed(consent(configured, begin(client), ANNA), error="server_error")
    assert (
        said(client.get(back)) == "Dropbox ended the connection with “server_error”; nothing was connected."
    )
    assert active_links() == 0


def test_an_answer_after_ten_minutes_is_refused(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    state = OAuthState.objects.get()
    assert timedelta(minutes=9) < state.expires_at - clock.now() <= timedelta(minutes=10)
    OAuthState.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert said(client.get(back)).startswith("Dropbox answered after more than 10 minutes")
    assert active_links() == 0


def test_the_answer_for_another_user_is_refused_and_used_up(
    configured: Simulator, alice: User, bob: User
) -> None:
    hers = browser_of(alice)
    back = consent(configured, begin(hers), ANNA)
    assert said(browser_of(bob).get(back)).startswith(
        "This connection was started by another user of this Dashboard; nothing was connected."
    )
    assert "works only once" in said(hers.get(back))
    assert active_links() == 0


def test_the_answer_in_another_browser_of_the_same_user_is_refused(
    configured: Simulator, alice: User
) -> None:
    back = consent(configured, begin(browser_of(alice)), ANNA)
    assert said(browser_of(alice).get(back)).startswith("This connection was started in another browser")
    assert active_links() == 0


def test_who_was_logged_out_meanwhile_is_told_and_the_answer_is_used_up(
    configured: Simulator, alice: User
) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    client.post("/logout/")
    response = client.get(back)
    assert response.status_code == 303
    assert response["Location"] == "/login/?next=/settings/"
    assert "You were logged out before Dropbox answered; nothing was connected." in said(response)
    assert OAuthState.objects.get().used_at is not None
    client.force_login(alice)
    assert "works only once" in said(client.get(back))
    assert active_links() == 0


def test_dropbox_being_down_is_said_and_nothing_is_connected(configured: Simulator, alice: User) -> None:
    for effect in (faults.reset(), faults.status(503, "upstream"), faults.status(500, "{}")):
        client = browser_of(alice)
        back = consent(configured, begin(client), ANNA)
        configured.control.clear_faults()
        configured.control.add_fault(effect, route="oauth2/token")
        assert said(client.get(back)) == (
            "Dropbox cannot be reached at the moment; nothing was connected. Try again in a few minutes."
        )
        configured.control.clear_faults()
    assert active_links() == 0


def test_dropbox_going_down_after_the_tokens_connects_nothing_or_everything(
    configured: Simulator, alice: User
) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    configured.control.add_fault(faults.reset(), route="users/.*")
    client.get(back)
    link = Link.objects.filter(user=alice).first()
    assert link is None or link.state == "off" or link.sealed_refresh_token


def test_another_return_address_than_dropbox_knows_is_the_admins_to_mend(
    configured: Simulator, alice: User, settings: Settings
) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    settings.SERVER_URL = "http://localhost:8000"
    sentence = said(client.get(back))
    assert sentence.startswith("Dropbox refuses this Dashboard's return address; nothing was connected.")
    assert "http://localhost:8000/dropbox/set" in sentence
    assert active_links() == 0


def test_a_wrong_app_secret_is_the_admins_to_mend(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    configure(app_secret="another-secret")
    sentence = said(client.get(back))
    assert sentence.startswith(
        "Dropbox refuses this Dashboard's app key or app secret; nothing was connected."
    )
    assert "another-secret" not in sentence
    assert APP_SECRET not in sentence
    assert active_links() == 0


def test_a_code_that_dropbox_forgot_begins_again(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    configured.control.advance(11 * 60)
    assert said(client.get(back)).startswith("Dropbox no longer accepts the answer it gave")
    assert active_links() == 0


def test_permissions_that_were_not_granted_are_named(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    tokens = configured.control.authorise(ANNA, scopes=["account_info.read"])
    body = json.dumps({**tokens, "token_type": "bearer", "expires_in": 14400, "scope": "account_info.read"})
    configured.control.add_fault(
        faults.status(200, body, content_type="application/json"), route="oauth2/token"
    )
    assert said(client.get(back)).startswith(
        "Dropbox did not grant everything the mirror needs (files.content.write, files.metadata.read)"
    )
    assert active_links() == 0


def test_who_has_just_consented_owns_the_account_and_the_other_user_is_told(
    configured: Simulator, alice: User, bob: User
) -> None:
    connect(browser_of(alice), configured, ANNA)
    response = connect(browser_of(bob), configured, ANNA)
    assert "Another user of this Dashboard used this account; their files stay in it" in said(response)
    assert "alice" not in said(response)
    assert Link.objects.get(user=bob).state == "active"
    ended = Link.objects.get(user=alice)
    assert (ended.state, ended.reason, ended.sealed_refresh_token) == ("needs_user", "taken_over", "")
    page = browser_of(alice).get("/settings/").content.decode()
    assert "Another user of this Dashboard has connected the Dropbox account that you used" in page

    connect(browser_of(alice), configured, ANNA)
    states = dict(Link.objects.values_list("user__username", "state"))
    assert states == {"alice": "active", "bob": "needs_user"}


def test_connecting_again_with_the_same_account_goes_on_where_it_was(
    configured: Simulator, alice: User
) -> None:
    client = browser_of(alice)
    connect(client, configured, ANNA)
    before = Link.objects.get(user=alice)
    client.post("/dropbox/stop")
    address = begin(client)
    assert "force_reapprove=true" in address
    client.get(consent(configured, address, ANNA))
    after = Link.objects.get(user=alice)
    assert (after.pk, after.epoch, after.state) == (before.pk, before.epoch, "active")


def test_connecting_with_another_account_begins_anew_there(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    connect(client, configured, ANNA)
    before = Link.objects.get(user=alice)
    connect(client, configured, BEN)
    after = Link.objects.get(user=alice)
    assert after.account_email == BEN
    assert after.epoch > before.epoch
    assert not after.nodes.exists()


def test_the_feature_being_off_is_said(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    back = consent(configured, begin(client), ANNA)
    configure(is_enabled=False)
    assert "The administrator of this Dashboard has not enabled" in said(client.get(back))
    response = client.post("/dropbox/connect")
    assert response["Location"] == "/settings/#dropbox"
    assert active_links() == 0


def test_connecting_from_another_address_than_dropbox_returns_to_is_explained(
    configured: Simulator, alice: User
) -> None:
    response = browser_of(alice).post("/dropbox/connect", headers={"origin": "http://localhost:8000"})
    assert response["Location"] == "/settings/#dropbox"
    assert "Open http://127.0.0.1:8000/settings/ and connect there." in said(response)


def test_a_page_elsewhere_cannot_begin_a_connection(configured: Simulator, alice: User) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"})
    client.force_login(alice)
    assert client.post("/dropbox/connect").status_code == 403
    assert client.get("/dropbox/connect").status_code == 405
    assert OAuthState.objects.count() == 0


def test_stopping_revokes_and_forgets_the_tokens_and_leaves_the_files(
    configured: Simulator, alice: User
) -> None:
    client = browser_of(alice)
    connect(client, configured, ANNA)
    configured.control.write_file(ANNA, "/kept.txt", b"kept")
    response = client.post("/dropbox/stop")
    assert said(response).endswith("The files that are in your Dropbox stay there.")
    link = Link.objects.get(user=alice)
    assert (link.state, link.sealed_refresh_token, link.sealed_access_token) == ("off", "", "")
    assert any(record["route"] == "auth/token/revoke" for record in configured.control.records())
    assert configured.control.read_file(ANNA, "/kept.txt") == b"kept"


def test_stopping_works_while_dropbox_is_down(configured: Simulator, alice: User) -> None:
    client = browser_of(alice)
    connect(client, configured, ANNA)
    configured.control.add_fault(faults.reset())
    client.post("/dropbox/stop")
    link = Link.objects.get(user=alice)
    assert (link.state, link.sealed_refresh_token) == ("off", "")
