"""The token endpoint: exchanges codes and refresh tokens for access tokens; its errors are Dropbox's own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from dropbox_simulator.auth_header import basic_pair
from dropbox_simulator.registry import App, Code
from dropbox_simulator.state import State
from dropbox_simulator.wire import Request, Response, json_response


class TokenRefused(Exception):
    """An error of the token endpoint."""

    def __init__(self, error: str, description: str | None = None, *, status: int = 400) -> None:
        """Keep the error and its description."""
        super().__init__(error)
        self.status = status
        self.body = {"error": error}
        if description is not None:
            self.body["error_description"] = description


INVALID_CLIENT = "invalid_client: Invalid client_id or client_secret"


def token_endpoint(simulator: State, request: Request, form: Mapping[str, str]) -> Response:
    """Answer POST /oauth2/token."""
    with simulator.lock:
        try:
            kind = form.get("grant_type")
            if kind == "authorization_code":
                return json_response(_exchange(simulator, request, form))
            if kind == "refresh_token":
                return json_response(_refresh(simulator, request, form))
            raise TokenRefused(
                "unsupported_grant_type", "grant_type must be authorization_code or refresh_token"
            )
        except TokenRefused as refused:
            return json_response(refused.body, refused.status)


def _client(simulator: State, request: Request, form: Mapping[str, str], *, proven: bool) -> App:
    """Find the app of a request; `proven` means that PKCE replaces the secret."""
    pair = basic_pair(request)
    key = pair[0] if pair else form.get("client_id", "")
    secret = pair[1] if pair else form.get("client_secret")
    app = simulator.apps.get(key)
    if app is None or app.disabled:
        raise TokenRefused(INVALID_CLIENT)
    if secret is None and proven:
        return app
    if secret != app.secret:
        raise TokenRefused(INVALID_CLIENT)
    return app


def _exchange(simulator: State, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
    code = simulator.codes.get(form.get("code", ""))
    app = _client(simulator, request, form, proven=code is not None and code.challenge is not None)
    if code is None or code.app_key != app.key or simulator.clock.now() > code.expires_at:
        raise TokenRefused("invalid_grant", "code doesn't exist or has expired")
    if code.used:
        raise TokenRefused("invalid_grant", "code has already been used")
    if form.get("redirect_uri") != code.redirect_uri:
        raise TokenRefused("invalid_grant", "redirect_uri mismatch")
    _check_verifier(code, form.get("code_verifier"))
    code.used = True
    account = simulator.accounts[code.account_id]
    link = simulator.link(account, app)
    refresh = simulator.issue_refresh_token(link, code.scopes) if code.offline else None
    token = simulator.issue_access_token(link, code.scopes, refresh.text if refresh else None)
    answer: dict[str, Any] = {
        "access_token": token.text,
        "token_type": "bearer",
        "expires_in": simulator.behaviour.token_seconds,
        "scope": " ".join(code.scopes),
        "uid": str(account.uid),
        "account_id": account.account_id,
    }
    if refresh is not None:
        answer["refresh_token"] = refresh.text
    return answer


def _check_verifier(code: Code, verifier: str | None) -> None:
    if code.challenge is None:
        if verifier is not None:
            raise TokenRefused("invalid_grant", "code_verifier was not expected")
        return
    if verifier is None:
        raise TokenRefused("invalid_grant", "code_verifier is required")
    expected = verifier
    if code.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if expected != code.challenge:
        raise TokenRefused("invalid_grant", "invalid code verifier")


def _refresh(simulator: State, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
    text = form.get("refresh_token", "")
    found = simulator.refresh_tokens.get(text)
    app = _client(simulator, request, form, proven=False)
    if found is None and len(text) != 64:
        raise TokenRefused("invalid_grant", "refresh token is malformed")
    if found is None or found[1].revoked or found[0].app is not app:
        raise TokenRefused("invalid_grant", "refresh token is invalid or revoked")
    link, parent = found
    scopes = parent.scopes
    wanted = form.get("scope")
    if wanted:
        scopes = wanted.split()
        if not set(scopes) <= set(parent.scopes):
            raise TokenRefused("invalid_scope", "requested scopes were not granted")
    token = simulator.issue_access_token(link, scopes, parent.text)
    answer: dict[str, Any] = {
        "access_token": token.text,
        "token_type": "bearer",
        "expires_in": simulator.behaviour.token_seconds,
    }
    if wanted:
        answer["scope"] = " ".join(scopes)
    return answer
