"""The web pages for people: consent, signing in, connected apps."""

from __future__ import annotations

import contextlib
import http.cookies
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from dropbox_simulator.registry import ALL_SCOPES, SCOPE_WORDS, App, AppLink, Code, DropboxAccount
from dropbox_simulator.state import State
from dropbox_simulator.wire import Request, Response, html_response, redirect_response

COOKIE = "simulated_dropbox_account"

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1e1919;background:#f7f5f2;margin:0}
header{background:#fff;border-bottom:1px solid #e5e1dc;padding:14px 24px;font-weight:600}
header small{font-weight:400;color:#6b645d;margin-left:12px}
main{max-width:560px;margin:48px auto;background:#fff;border:1px solid #e5e1dc;border-radius:8px;padding:32px}
h1{font-size:22px;margin:0 0 16px} ul{padding-left:20px}
button{font:inherit;padding:10px 22px;border-radius:6px;border:1px solid #736c64;background:#fff;cursor:pointer}
button.primary{background:#0061fe;border-color:#0061fe;color:#fff}
select{font:inherit;padding:6px} .row{display:flex;gap:12px;margin-top:24px} .muted{color:#6b645d}
"""


class ConsentRefused(Exception):
    """An invalid request for which the user is not redirected back: Dropbox's own 400 page."""


def page(title: str, body: str) -> str:
    """Render a whole page."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - Dropbox</title>'
        f"<style>{STYLE}</style></head><body><header>Dropbox<small>simulated on this computer</small></header>"
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _bad_page(text: str) -> Response:
    return html_response(
        400,
        page(
            "Error (400)",
            f"<p>It seems the app you were using submitted a bad request.</p><p>{escape(text)}</p>",
        ),
    )


def _signed_in(simulator: State, request: Request) -> DropboxAccount | None:
    """Return who is signed in: whom the cookie names, or the only account there is."""
    cookies = http.cookies.SimpleCookie()
    with contextlib.suppress(http.cookies.CookieError):
        cookies.load(request.headers.get("cookie", ""))
    if COOKIE in cookies:
        account = simulator.accounts.get(cookies[COOKIE].value)
        if account is not None:
            return account
    accounts = list(simulator.accounts.values())
    return accounts[0] if len(accounts) == 1 else None


def _with_cookie(response: Response, account: DropboxAccount) -> Response:
    response.headers["Set-Cookie"] = f"{COOKIE}={account.account_id}; Path=/; HttpOnly; SameSite=Lax"
    return response


def _checked(simulator: State, values: Mapping[str, str]) -> tuple[App, list[str]]:
    """Check what an app sent along; return the app and the scopes it asks for."""
    app = simulator.apps.get(values.get("client_id", ""))
    if app is None:
        raise ConsentRefused('Invalid client_id: "No app with this key was found."')
    if app.disabled:
        raise ConsentRefused("This app is currently disabled.")
    redirect_uri = values.get("redirect_uri")
    if redirect_uri is not None and redirect_uri not in app.redirect_uris:
        raise ConsentRefused(
            f'Invalid redirect_uri: "{redirect_uri}": It must exactly match one of the redirect URIs you\'ve '
            "pre-configured for your app (including the path)."
        )
    if values.get("response_type") != "code":
        raise ConsentRefused('Invalid response_type: Expected "code".')
    if values.get("token_access_type", "online") not in ("offline", "online", "legacy"):
        raise ConsentRefused("Invalid token_access_type: Expected offline, online or legacy.")
    if values.get("code_challenge_method", "S256") not in ("S256", "plain"):
        raise ConsentRefused("Invalid code_challenge_method: Expected S256 or plain.")
    if len(values.get("state", "").encode()) > 500:
        raise ConsentRefused("Invalid state: At most 500 bytes are allowed.")
    return app, _scopes(app, values)


def _scopes(app: App, values: Mapping[str, str]) -> list[str]:
    if "scope" not in values:
        return [scope for scope in ALL_SCOPES if scope in app.scopes]
    scopes = values["scope"].split()
    if not scopes:
        raise ConsentRefused("Invalid scope: Must not be empty.")
    unknown = [scope for scope in scopes if scope not in app.scopes]
    if unknown:
        raise ConsentRefused(f"Invalid scope: {unknown[0]} is not enabled for this app.")
    return scopes


def ask(simulator: State, request: Request) -> Response:
    """Show the consent page, or send a user who approved before straight back."""
    try:
        app, scopes = _checked(simulator, request.query)
    except ConsentRefused as refused:
        return _bad_page(str(refused))
    account = _signed_in(simulator, request)
    again = request.query.get("force_reapprove") == "true"
    link = simulator.links.get((account.account_id, app.key)) if account else None
    approved = link.approved if link else None
    if account is not None and approved is not None and set(scopes) <= set(approved) and not again:
        return _granted(simulator, app, account, scopes, request.query)
    return html_response(200, _consent_page(simulator, app, account, scopes, request.query))


def _consent_page(
    simulator: State, app: App, account: DropboxAccount | None, scopes: list[str], values: Mapping[str, str]
) -> str:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
    )
    words = "".join(
        f"<li>{escape(SCOPE_WORDS.get(scope, scope))} <span class=muted>({escape(scope)})</span></li>"
        for scope in scopes
    )
    return page(
        f"{app.name} would like access to the Apps/{app.name} folder in your Dropbox",
        f'<form method="post" action="/oauth2/authorize">{fields}'
        f"<p>{_account_choice(simulator, account)}</p><p>This app will be able to:</p><ul>{words}</ul>"
        '<div class="row"><button class="primary" type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Deny</button></div></form>',
    )


def _account_choice(simulator: State, account: DropboxAccount | None) -> str:
    accounts = list(simulator.accounts.values())
    if len(accounts) == 1:
        only = accounts[0]
        return (
            f"Signed in as <strong>{escape(only.name)}</strong> ({escape(only.email)})"
            f'<input type="hidden" name="account" value="{escape(only.account_id)}">'
        )
    options = "".join(
        f'<option value="{escape(each.account_id)}"{" selected" if each is account else ""}>'
        f"{escape(each.name)} ({escape(each.email)})</option>"
        for each in accounts
    )
    return f'<label>Sign in as <select name="account">{options}</select></label>'


def decide(simulator: State, request: Request, form: Mapping[str, str]) -> Response:
    """Take the user's decision and send the browser back to the app."""
    values = {name: value for name, value in form.items() if name not in ("account", "decision")}
    try:
        app, scopes = _checked(simulator, values)
    except ConsentRefused as refused:
        return _bad_page(str(refused))
    account = find_account(simulator, form.get("account", "")) or _signed_in(simulator, request)
    if account is None:
        return _bad_page("Nobody is signed in.")
    if form.get("decision") == "allow":
        return _with_cookie(_granted(simulator, app, account, scopes, values), account)
    back = values.get("redirect_uri")
    if back is None:
        return _with_cookie(
            html_response(200, page("You denied access", "<p>You may close this page.</p>")), account
        )
    answer = {
        "error": "access_denied",
        "error_description": "The user chose not to give your app access to their Dropbox account.",
    }
    return _with_cookie(redirect_response(_address(back, answer, values)), account)


def find_account(simulator: State, name: str) -> DropboxAccount | None:
    """Find an account by its id or its email address."""
    for account in simulator.accounts.values():
        if name in (account.account_id, account.email):
            return account
    return None


def _address(back: str, answer: Mapping[str, str], values: Mapping[str, str]) -> str:
    fields = dict(answer)
    if "state" in values:
        fields["state"] = values["state"]
    parts = urlsplit(back)
    query = "&".join(piece for piece in (parts.query, urlencode(fields)) if piece)
    return urlunsplit(parts._replace(query=query))


def _granted(
    simulator: State, app: App, account: DropboxAccount, scopes: list[str], values: Mapping[str, str]
) -> Response:
    with simulator.lock:
        link = simulator.link(account, app)
        if values.get("include_granted_scopes") == "user" and link.approved:
            scopes = [scope for scope in ALL_SCOPES if scope in {*scopes, *link.approved}]
        link.approved = [scope for scope in ALL_SCOPES if scope in {*scopes, *(link.approved or [])}]
        code = Code(
            text=simulator.serials.code(),
            app_key=app.key,
            account_id=account.account_id,
            redirect_uri=values.get("redirect_uri"),
            scopes=scopes,
            scopes_named="scope" in values,
            offline=values.get("token_access_type") == "offline",
            challenge=values.get("code_challenge"),
            challenge_method=values.get("code_challenge_method", "plain"),
            expires_at=simulator.clock.now() + simulator.behaviour.code_seconds,
        )
        simulator.codes[code.text] = code
    back = values.get("redirect_uri")
    if back is None:
        shown = f"<p>Enter this code into {escape(app.name)} to finish the process:</p><p><code>{code.text}</code></p>"
        return html_response(200, page("Access code generated", shown))
    return redirect_response(_address(back, {"code": code.text}, values))


def sign_in(simulator: State, form: Mapping[str, str]) -> Response:
    """Sign an account in, or offer the list of accounts."""
    account = find_account(simulator, form.get("account", ""))
    if account is not None:
        return _with_cookie(redirect_response("/account/connected_apps"), account)
    choice = _account_choice(simulator, None)
    body = (
        f'<form method="post" action="/login"><p>{choice}</p><button class="primary">Sign in</button></form>'
    )
    return html_response(200, page("Sign in", body))


def connected_apps(simulator: State, request: Request) -> Response:
    """Show which apps the signed-in account has approved, each with a button to disconnect it."""
    account = _signed_in(simulator, request)
    if account is None:
        return redirect_response("/login")
    links = [link for link in simulator.links_of_account(account) if link.approved is not None]
    rows = "".join(_connected_row(link) for link in links) or "<p>No apps are connected.</p>"
    return html_response(
        200, page("Connected apps", f"<p>{escape(account.name)} ({escape(account.email)})</p>{rows}")
    )


def _connected_row(link: AppLink) -> str:
    return (
        f'<form method="post" action="/account/connected_apps"><p><strong>{escape(link.app.name)}</strong> '
        f'<span class="muted">{escape(link.location)}</span> '
        f'<button type="submit" name="app" value="{escape(link.app.key)}">Disconnect</button></p></form>'
    )


def unlink(simulator: State, request: Request, form: Mapping[str, str]) -> Response:
    """Disconnect an app from the signed-in account."""
    account = _signed_in(simulator, request)
    if account is not None:
        link = simulator.links.get((account.account_id, form.get("app", "")))
        if link is not None:
            with simulator.lock:
                link.unlink()
    return redirect_response("/account/connected_apps")
