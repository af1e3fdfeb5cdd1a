"""The only file that calls Dropbox: the official SDK, its own retries switched off, behind a narrow port.

The SDK checks and encodes each argument and makes the call; the answers are read from the raw JSON, because the
SDK turns union members that it does not know into `other`. Every error is translated once, by `answers`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from dropbox import create_session
from dropbox import session as sdk_session

from minno_dashboard.core import clock
from minno_dashboard.mirror import answers
from minno_dashboard.mirror.answers import Answer
from minno_dashboard.mirror.errors import NeedsAdmin, Retry

log = logging.getLogger(__name__)

SCOPES = ("account_info.read", "files.content.write", "files.metadata.read")
CONNECT_SECONDS = 10.0
READ_SECONDS = 100.0
COMMIT_READ_SECONDS = 150.0
LIST_LIMIT = 2000
LANES = 6
_SAFE_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave; `refresh_token` and `account_id` are "" where it gave none."""

    access_token: str
    expires_at: datetime
    refresh_token: str = ""
    account_id: str = ""
    scopes: str = ""

    def __repr__(self) -> str:
        return f"Grant(account_id={self.account_id!r}, scopes={self.scopes!r})"


# --- OAuth and the app -----------------------------------------------------------------------------------------


def new_session() -> requests.Session:
    """Return the HTTP session for one Dropbox; tests replace this to mount a simulator."""
    session: requests.Session = create_session(max_connections=LANES + 2)
    return session


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
    host = sdk_session.WEB_HOST
    base = host if host.startswith(("http://", "https://")) else f"https://{host}"
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
    return f"{base.rstrip('/')}/oauth2/authorize?{urlencode(query)}"


def exchange_code(*, app_key: str, app_secret: str, code: str, redirect_uri: str, verifier: str) -> Grant:
    """Turn the code of the consent page into tokens.

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
    """Ask Dropbox whether the pair of app key and secret works.

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


def revoke(*, access_token: str) -> None:
    """Give the connection back at Dropbox; one that is gone already is fine.

    Raises:
        Retry: Dropbox could not be reached, or has troubles.
    """
    url = f"https://{sdk_session.API_HOST}/2/auth/token/revoke"
    response = _post(url, headers={"Authorization": f"Bearer {access_token}"})
    if response.status_code >= 500 or response.status_code == 429:
        raise Retry(f"http_{response.status_code}", 30.0)


def _post(url: str, **arguments: Any) -> requests.Response:
    try:
        with new_session() as session:
            return session.post(url, timeout=(CONNECT_SECONDS, READ_SECONDS), **arguments)
    except requests.RequestException as error:
        raise Retry("unreachable", 30.0) from _without_secrets(error)


def _without_secrets(error: Exception) -> Exception:
    """Return an error that names the kind of trouble and carries no request, header or body."""
    return ConnectionError(type(error).__name__)
