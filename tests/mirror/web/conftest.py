"""A Dropbox in this process, an app in it, and three people who use the Dashboard."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import dropbox as sdk
import pytest
import requests
from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from dropbox_simulator import Simulator, VirtualClock, mount
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.mirror.dropbox_api import transport
from minno_dashboard.mirror.pages import notices
from minno_dashboard.siteconfig.services import save_section

APP_KEY, APP_SECRET = "key0of0the0app0", "the-very-secret-secret-of-the-app"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """A Dropbox with two accounts, Anna's and Ben's, reached without a socket."""
    simulator = Simulator(VirtualClock(), seed=1)
    simulator.control.create_app(
        "Minno", key=APP_KEY, secret=APP_SECRET, redirect_uris=[f"{settings.SERVER_URL}/dropbox/set"]
    )
    simulator.control.create_account("Anna A", "anna@dropbox.example")
    simulator.control.create_account("Ben B", "ben@dropbox.example")
    monkeypatch.setattr(transport, "new_session", lambda: mount(sdk.create_session(), simulator))
    return simulator


@pytest.fixture
def configured(db: None, simulator: Simulator) -> Simulator:
    """The Dashboard knows the app."""
    configure()
    return simulator


def configure(
    *, is_enabled: bool = True, app_key: str = APP_KEY, app_secret: str = APP_SECRET, app_name: str = ""
) -> None:
    """Store the section Dropbox without asking Dropbox."""
    values = {"is_enabled": is_enabled, "app_key": app_key, "app_name": app_name}
    save_section("dropbox", values, {"app_secret": app_secret})


def _person(name: str, role: str = User.Role.RESEARCHER) -> User:
    return create_user(by=None, username=name, email=f"{name}@lab.example", role=role)


@pytest.fixture
def alice(db: None) -> User:
    """A researcher."""
    return _person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Another researcher."""
    return _person("bob")


@pytest.fixture
def admin(db: None) -> User:
    """An admin."""
    return _person("root", User.Role.ADMIN)


def browser_of(user: User) -> Client:
    """A browser in which somebody is logged in at the Dashboard's own address."""
    client = Client(headers={"host": urlsplit(settings.SERVER_URL).netloc})
    client.force_login(user)
    return client


def begin(client: Client) -> str:
    """Press "Synchronize with your Dropbox Account"; return the address of the consent page."""
    response = client.post("/dropbox/connect")
    assert response.status_code == 303, response.content
    return str(response["Location"])


def consent(simulator: Simulator, address: str, account: str, *, decision: str = "allow") -> str:
    """Answer Dropbox's consent page as one account; return the path and query that the browser is sent back to."""
    browser = mount(requests.Session(), simulator)
    page = browser.get(address, allow_redirects=False)
    if page.is_redirect:
        return without_host(page.headers["Location"])
    assert page.status_code == 200, page.text
    fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    account_id = simulator.control.account(account).account_id
    answer = browser.post(
        "https://www.dropbox.com/oauth2/authorize",
        data={**fields, "account": account_id, "decision": decision},
        allow_redirects=False,
    )
    return without_host(answer.headers["Location"])


def without_host(address: str) -> str:
    """Return the path and query of an address."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def connect(client: Client, simulator: Simulator, account: str) -> HttpResponse:
    """Go the whole way of connecting; return the answer to the redirect back."""
    return client.get(consent(simulator, begin(client), account))  # type: ignore[return-value]


def said(response: Any) -> str:
    """Return what the answer left to be said on the next page: the section's notices and the messages."""
    request = response.wsgi_request
    kept = [str(one["sentence"]) for one in request.session.get(notices.KEY, [])]
    return " ".join([*kept, *(str(message) for message in get_messages(request))])


def changed(address: str, **values: str) -> str:
    """Return an address with other query values; "" removes one."""
    parts = urlsplit(address)
    query = {name: found[0] for name, found in parse_qs(parts.query).items()} | values
    return f"{parts.path}?{urlencode({name: value for name, value in query.items() if value})}"


def text_of(html: str) -> str:
    """Return the words of a page, as a reader sees them."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))
