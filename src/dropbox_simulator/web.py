"""Everything that is not an API function: tokens, the consent page, the page of connected apps."""

from __future__ import annotations

from urllib.parse import parse_qsl

from dropbox_simulator import consent
from dropbox_simulator.oauth import token_endpoint
from dropbox_simulator.state import State
from dropbox_simulator.wire import HostKind, Request, Response, html_response, text_response

PAGES: dict[str, HostKind] = {
    "/oauth2/token": "api",
    "/oauth2/authorize": "web",
    "/account/connected_apps": "web",
    "/login": "web",
}
"""The addresses outside of /2/ and the host each belongs to."""


def form_of(request: Request) -> dict[str, str]:
    """Read the fields of a form."""
    try:
        return dict(parse_qsl(request.read().decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        return {}


def answer_web(simulator: State, request: Request) -> Response:
    """Answer a request outside of /2/."""
    expected = PAGES.get(request.path)
    wrong_host = simulator.behaviour.strict_hosts and request.host not in (None, expected)
    if expected is None or wrong_host:
        return html_response(
            404, consent.page("Error (404)", "<p>We can’t find the page you’re looking for.</p>")
        )
    if request.path == "/oauth2/token":
        if request.method != "POST":
            return text_response(405, "Method Not Allowed")
        return token_endpoint(simulator, request, form_of(request))
    if request.path == "/oauth2/authorize":
        if request.method == "POST":
            return consent.decide(simulator, request, form_of(request))
        return consent.ask(simulator, request)
    if request.path == "/login":
        return consent.sign_in(
            simulator, form_of(request) if request.method == "POST" else dict(request.query)
        )
    if request.method == "POST":
        return consent.unlink(simulator, request, form_of(request))
    return consent.connected_apps(simulator, request)
