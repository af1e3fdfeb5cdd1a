"""The calls before and after an account is connected: consent page, tokens, the app's key and secret, revoking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from dropbox import session as sdk_session

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api import answers, transport
from minno_dashboard.mirror.dropbox_api.answers import Answer
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.errors import NeedsAdmin, Retry

SCOPES = ("account_info.read", "files.content.write", "files.metadata.read")
"""The permissions that connecting asks for; reading file contents is asked for only by a restore (`READ_SCOPE`)."""


def authorize_url(
    *,
    app_key: str,
    redirect_uri: str,
    state: str,
    challenge: str,
    scopes: Sequence[str] = SCOPES,
    force_reapprove: bool = False,
) -> str:
    """Return the address of Dropbox's consent page for a PKCE S256 code challenge."""
    query = {
        "response_type": "code",
        "client_id": app_key,
        "redirect_uri": redirect_uri,
        "state": state,
        "token_access_type": "offline",
        "scope": " ".join(scopes),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if force_reapprove:
        query["force_reapprove"] = "true"
    return f"{_consent_page()}?{urlencode(query)}"


def _consent_page() -> str:
    host = sdk_session.WEB_HOST
    base = host if host.startswith(("http://", "https://")) else f"https://{host}"
    return f"{base.rstrip('/')}/oauth2/authorize"


def exchange_code(*, app_key: str, app_secret: str, code: str, redirect_uri: str, verifier: str) -> Grant:
    """Exchange the code of the consent page for tokens.

    Raises:
        NeedsUser("code"): the code is used, expired or not ours; the user starts again.
        NeedsAdmin("redirect_uri"), NeedsAdmin("app_refused"): the app's settings at Dropbox are other than ours.
        Retry: Dropbox could not be reached, or has troubles.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _ask_for_tokens(form, app_key, app_secret, is_refresh=False)


def refresh(*, app_key: str, app_secret: str, refresh_token: str) -> Grant:
    """Get a new access token.

    Raises:
        NeedsUser("reconnect"): the user removed our connection at Dropbox.
        NeedsAdmin("app_refused"): Dropbox refuses the app key or its secret.
        Retry: Dropbox could not be reached, or has troubles.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _ask_for_tokens(form, app_key, app_secret, is_refresh=True)


def _ask_for_tokens(form: dict[str, str], app_key: str, app_secret: str, *, is_refresh: bool) -> Grant:
    url = f"https://{sdk_session.API_HOST}/oauth2/token"
    asked_at = clock.now()
    response = _post(url, data={**form, "client_id": app_key, "client_secret": app_secret})
    answer = Answer(response.status_code, response.headers, response.text)
    given = answer.json()
    if response.status_code != 200:
        raise answers.meaning_of_token_refusal(answer, is_refresh=is_refresh)
    if not isinstance(given.get("access_token"), str):
        raise Retry("token_endpoint", 30.0)
    return Grant(
        access_token=given["access_token"],
        expires_at=asked_at + timedelta(seconds=int(given.get("expires_in", 14400))),
        refresh_token=str(given.get("refresh_token", "")),
        account_id=str(given.get("account_id", "")),
        scopes=str(given.get("scope", "")),
    )


def check_app(*, app_key: str, app_secret: str) -> None:
    """Check with Dropbox whether app key and secret belong together.

    Raises:
        NeedsAdmin("app_refused"): the key is unknown or the secret is wrong.
        Retry: Dropbox could not be reached, or has troubles.
    """
    url = f"https://{sdk_session.API_HOST}/2/check/app"
    response = _post(url, json={"query": "minno-dashboard"}, auth=(app_key, app_secret))
    if response.status_code == 200:
        return
    answer = Answer(response.status_code, response.headers, response.text)
    if response.status_code in (400, 401, 403):
        raise NeedsAdmin("app_refused")
    error = answers.meaning("check/app", answer)
    raise error if isinstance(error, Retry) else Retry(error.reason, 30.0)


def knows_app(*, app_key: str) -> bool:
    """Return whether Dropbox knows an app key: its consent page answers 400 for an unknown one.

    Raises:
        Retry: Dropbox could not be reached, or answered something else.
    """
    query = {"response_type": "code", "client_id": app_key}
    try:
        with transport.new_session() as session:
            response = session.get(
                _consent_page(),
                params=query,
                timeout=(transport.CONNECT_SECONDS, transport.READ_SECONDS),
                allow_redirects=False,
            )
    except requests.RequestException as error:
        raise Retry("unreachable", 30.0) from transport.without_secrets(error)
    if response.status_code != 400 and response.status_code >= 300 and not response.is_redirect:
        raise Retry(f"http_{response.status_code}", 30.0)
    return response.status_code != 400


def revoke(*, access_token: str) -> None:
    """Revoke the tokens at Dropbox; tokens that are revoked already are no error.

    Raises:
        Retry: Dropbox could not be reached, or has troubles.
    """
    url = f"https://{sdk_session.API_HOST}/2/auth/token/revoke"
    response = _post(url, headers={"Authorization": f"Bearer {access_token}"})
    if response.status_code >= 500 or response.status_code == 429:
        raise Retry(f"http_{response.status_code}", 30.0)


def _post(url: str, **arguments: Any) -> requests.Response:
    try:
        with transport.new_session() as session:
            return session.post(url, timeout=(transport.CONNECT_SECONDS, transport.READ_SECONDS), **arguments)
    except requests.RequestException as error:
        raise Retry("unreachable", 30.0) from transport.without_secrets(error)
