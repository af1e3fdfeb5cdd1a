"""Consent, codes, tokens, and how they end."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import dropbox
import pytest
import requests
from dropbox.dropbox_client import create_session

from dropbox_simulator import Server, Simulator, mount
from dropbox_simulator.wire import Request, Response

from .conftest import ALICE, BOB, REDIRECT, Connect

ASKED = {
    "client_id": "appkey",
    "response_type": "code",
    "redirect_uri": REDIRECT,
    "state": "s t&te",
    "token_access_type": "offline",
}


def ask(simulator: Simulator, **changes: str | None) -> Response:
    """Open the consent page."""
    query = {name: value for name, value in (ASKED | changes).items() if value is not None}
    return simulator.handle(Request("GET", "web", "/oauth2/authorize", query))


def decide(simulator: Simulator, decision: str, account: str = ALICE, **changes: str) -> dict[str, str]:
    """Press a button; give the query of the address the browser is sent to."""
    form = ASKED | changes | {"decision": decision, "account": account}
    answer = simulator.handle(Request("POST", "web", "/oauth2/authorize", {}, {}, urlencode(form).encode()))
    assert answer.status == 302
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def token(simulator: Simulator, *, basic: bool = False, **fields: str) -> tuple[int, dict[str, Any]]:
    """Call the token endpoint."""
    headers = {}
    if basic:
        headers["authorization"] = "Basic " + base64.b64encode(b"appkey:appsecret").decode()
    elif "client_id" not in fields:
        fields |= {"client_id": "appkey", "client_secret": "appsecret"}
    answer = simulator.handle(
        Request("POST", "api", "/oauth2/token", {}, headers, urlencode(fields).encode())
    )
    decoded: dict[str, Any] = json.loads(answer.body)
    return answer.status, decoded


def exchange(simulator: Simulator, code: str, **fields: str) -> tuple[int, dict[str, Any]]:
    """Exchange a code."""
    asked: dict[str, Any] = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    return token(simulator, **(asked | fields))


def test_the_consent_page_shows_app_scopes_accounts_and_two_buttons(simulator: Simulator) -> None:
    """A person sees who asks for what."""
    page = ask(simulator).body.decode()
    for words in ("Minno", "files.content.write", ALICE, BOB, ">Allow</button>", ">Deny</button>"):
        assert words in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"redirect_uri": REDIRECT + "/"}, "Invalid redirect_uri"),
        ({"redirect_uri": "http://localhost:8000/dropbox/set"}, "Invalid redirect_uri"),
        ({"client_id": "other"}, "Invalid client_id"),
        ({"response_type": "token"}, "Invalid response_type"),
        ({"scope": ""}, "Invalid scope"),
        ({"scope": "sharing.write"}, "Invalid scope"),
        ({"state": "x" * 501}, "Invalid state"),
        ({"token_access_type": "forever"}, "Invalid token_access_type"),
        ({"client_id": None}, "Invalid client_id"),
    ],
)
def test_wrong_requests_never_come_back_to_the_app(
    simulator: Simulator, changes: dict[str, str | None], words: str
) -> None:
    """Dropbox shows its own 400 page."""
    page = ask(simulator, **changes)
    assert page.status == 400
    assert words in page.body.decode()


def test_allow_gives_a_code_that_buys_tokens_once(simulator: Simulator) -> None:
    """The whole dance, with the exact fields of the answer."""
    back = decide(simulator, "allow")
    assert back["state"] == "s t&te"
    status, answer = exchange(simulator, back["code"])
    assert status == 200
    assert set(answer) == {
        "access_token", "token_type", "expires_in", "refresh_token", "scope", "uid", "account_id",
    }  # fmt: skip
    assert (answer["token_type"], answer["expires_in"], len(answer["account_id"])) == ("bearer", 14400, 40)
    assert exchange(simulator, back["code"]) == (
        400,
        {"error": "invalid_grant", "error_description": "code has already been used"},
    )


def test_deny_gives_access_denied(simulator: Simulator) -> None:
    """The user's no comes back with the state."""
    back = decide(simulator, "deny")
    assert (back["error"], back["state"]) == ("access_denied", "s t&te")


def test_online_access_gets_no_refresh_token(simulator: Simulator) -> None:
    """Without token_access_type=offline there is nothing to refresh with."""
    _, answer = exchange(simulator, decide(simulator, "allow", token_access_type="online")["code"])
    assert "refresh_token" not in answer


def test_a_code_is_bound_to_its_redirect_uri_its_app_and_ten_minutes(simulator: Simulator) -> None:
    """Each mismatch has its own error."""
    code = decide(simulator, "allow")["code"]
    assert token(simulator, grant_type="authorization_code", code=code)[1]["error_description"] == (
        "redirect_uri mismatch"
    )
    wrong = exchange(simulator, code, client_id="appkey", client_secret="no")
    assert wrong == (400, {"error": "invalid_client: Invalid client_id or client_secret"})
    simulator.clock.advance(601)
    assert exchange(simulator, code)[1]["error_description"] == "code doesn't exist or has expired"


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_pkce_is_checked(simulator: Simulator, method: str) -> None:
    """The verifier must fit the challenge; then the secret is not needed."""
    verifier = "v" * 50
    challenge = verifier
    if method == "S256":
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = decide(simulator, "allow", code_challenge=challenge, code_challenge_method=method)["code"]
    _, refused = exchange(simulator, code, client_id="appkey", code_verifier="wrong")
    assert refused["error_description"] == "invalid code verifier"
    assert exchange(simulator, code, client_id="appkey", code_verifier=verifier)[0] == 200


def test_who_approved_before_is_sent_straight_back(simulator: Simulator) -> None:
    """Unless force_reapprove asks again; another account is asked in any case."""
    form = urlencode(ASKED | {"decision": "allow", "account": ALICE}).encode()
    first = simulator.handle(Request("POST", "web", "/oauth2/authorize", {}, {}, form))
    cookie = {"cookie": first.headers["Set-Cookie"].partition(";")[0]}

    def again(**more: str) -> int:
        return simulator.handle(Request("GET", "web", "/oauth2/authorize", ASKED | more, cookie)).status

    assert again() == 302
    assert again(force_reapprove="true") == 200
    assert ask(simulator).status == 200


def test_refresh_tokens_do_not_rotate_and_may_be_narrowed(simulator: Simulator) -> None:
    """No new refresh token; a subset of scopes on demand; HTTP Basic does too."""
    given = simulator.control.authorise(ALICE)
    status, answer = token(
        simulator, basic=True, grant_type="refresh_token", refresh_token=given["refresh_token"]
    )
    assert (status, set(answer)) == (200, {"access_token", "token_type", "expires_in"})
    _, narrow = token(
        simulator, grant_type="refresh_token", refresh_token=given["refresh_token"], scope="account_info.read"
    )
    assert narrow["scope"] == "account_info.read"


def test_dead_refresh_tokens_are_named(simulator: Simulator) -> None:
    """Garbage is malformed, an unlinked one is revoked."""
    given = simulator.control.authorise(ALICE)
    _, garbage = token(simulator, grant_type="refresh_token", refresh_token="garbage")
    assert garbage == {"error": "invalid_grant", "error_description": "refresh token is malformed"}
    simulator.control.unlink(ALICE)
    _, revoked = token(simulator, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert revoked == {"error": "invalid_grant", "error_description": "refresh token is invalid or revoked"}


def test_the_sdk_refreshes_an_expired_token_by_itself(client: Any, simulator: Simulator) -> None:
    """401 expired_access_token, one refresh, one replay."""
    simulator.clock.advance(14_401)
    assert client.users_get_current_account().email == ALICE
    assert simulator.recorder.counts() == {"users/get_current_account": 2, "oauth2/token": 1}


def test_a_revoked_token_and_its_siblings_die(connect: Connect, simulator: Simulator) -> None:
    """Revoking one client leaves another link's alone."""
    alice, bob = connect(ALICE), connect(BOB)
    alice.auth_token_revoke()
    with pytest.raises(dropbox.exceptions.AuthError):
        alice.users_get_current_account()
    assert bob.users_get_current_account().email == BOB


def test_suspension_lost_scopes_and_disabled_apps_show(client: Any, simulator: Simulator) -> None:
    """What admins and users of Dropbox may change."""
    simulator.control.suspend(ALICE)
    with pytest.raises(dropbox.exceptions.AuthError, match="user_suspended"):
        client.files_list_folder("")
    simulator.control.suspend(ALICE, suspended=False)
    simulator.control.remove_scope("files.content.write")
    with pytest.raises(dropbox.exceptions.AuthError, match="missing_scope"):
        client.files_upload(b"x", "/a")
    simulator.control.disable_app()
    with pytest.raises(dropbox.exceptions.BadInputError):
        client.files_list_folder("")


def test_check_app_tells_a_wrong_pair(simulator: Simulator) -> None:
    """check/app with HTTP Basic, right and wrong."""
    for secret, ok in (("appsecret", True), ("wrong", False)):
        session = mount(create_session(), simulator)
        keyed = dropbox.Dropbox(
            app_key="appkey", app_secret=secret, session=session, oauth2_refresh_token="x"
        )
        keyed._oauth2_refresh_token = None
        if ok:
            assert keyed.check_app("hello").result == "hello"
        else:
            with pytest.raises(dropbox.exceptions.AuthError):
                keyed.check_app("hello")


def test_the_sdk_flow_runs_over_http(
    server: Server, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DropboxOAuth2Flow, with the form of the page sent as a browser would."""
    place = f"localhost:{server.port}"
    kept: dict[str, str] = {}
    flow = dropbox.DropboxOAuth2Flow(
        "appkey", REDIRECT, kept, "csrf", "appsecret", token_access_type="offline", ca_certs=str(server.ca)
    )
    # An environment that names another bundle would win over ca_certs.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca))
    original = flow.build_url
    monkeypatch.setattr(
        flow, "build_url", lambda target, params=None, host="": original(target, params, place)
    )
    page = requests.get(flow.start(), verify=str(server.ca), timeout=60)
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    sent = requests.post(
        f"https://{place}/oauth2/authorize",
        data=fields | {"account": BOB, "decision": "allow"},
        verify=str(server.ca),
        allow_redirects=False,
        timeout=60,
    )
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
    result = flow.finish(query)
    assert result.account_id == simulator.control.account(BOB).account_id
    assert result.refresh_token


def test_a_user_disconnects_the_app_on_the_page_of_connected_apps(client: Any, simulator: Simulator) -> None:
    """The page lists the app; its button kills every token."""
    account = simulator.control.account(ALICE)
    cookie = {"cookie": f"simulated_dropbox_account={account.account_id}"}
    page = simulator.handle(Request("GET", "web", "/account/connected_apps", {}, cookie))
    assert "Minno" in page.body.decode()
    simulator.handle(Request("POST", "web", "/account/connected_apps", {}, cookie, b"app=appkey"))
    with pytest.raises(dropbox.exceptions.AuthError):
        client.users_get_current_account()
