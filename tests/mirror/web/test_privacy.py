"""Two users with two Dropbox accounts never meet, and an admin finds no way to either."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.core import serializers
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from dropbox_simulator import Simulator, faults
from minno_dashboard.accounts.models import User
from minno_dashboard.api.scopes import Scope
from minno_dashboard.api.services import make_token
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link, OAuthState
from minno_dashboard.studies.services import create_study
from tests.mirror.web.conftest import APP_SECRET, begin, browser_of, configure, connect, consent

ANNA, BEN = "anna@dropbox.example", "ben@dropbox.example"
VALUES = {"int": "1", "str": "x", "slug": "x", "uuid": "00000000-0000-0000-0000-000000000000", "path": "x"}


def secrets_of(simulator: Simulator) -> list[str]:
    """Return everything that must be nowhere in clear."""
    found = [APP_SECRET]
    for account in (ANNA, BEN):
        link = simulator.control.link(account)
        assert link.refresh_tokens
        found += [*link.refresh_tokens, *link.access_tokens]
    return found


def addresses(resolver: URLResolver, real: Mapping[str, object], before: str = "") -> Iterator[str]:
    """Return one address for every pattern of the site, with `real` values for the parameters of these names."""
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, real, route)
        elif isinstance(entry, URLPattern):
            for name, converter in entry.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
                value = str(real.get(name, VALUES.get(kind, "1")))
                route = route.replace(f"<{kind}:{name}>", value).replace(f"<{name}>", value)
            yield f"/{route}"


@pytest.fixture
def two_connected(configured: Simulator, alice: User, bob: User) -> Simulator:
    """Alice is connected with Anna's Dropbox and Bob with Ben's."""
    connect(browser_of(alice), configured, ANNA)
    connect(browser_of(bob), configured, BEN)
    return configured


def test_each_sees_only_the_own_account(two_connected: Simulator, alice: User, bob: User) -> None:
    for user, own, other in ((alice, ANNA, BEN), (bob, BEN, ANNA)):
        client = browser_of(user)
        for page in ("/settings/", "/dropbox/panel", "/dropbox/badge"):
            html = client.get(page).content.decode()
            assert other not in html
            assert (own in html) is (page != "/dropbox/badge")


def test_what_one_user_does_never_touches_the_others_connection(
    two_connected: Simulator, alice: User, bob: User
) -> None:
    before = Link.objects.filter(user=bob).values().get()
    client = browser_of(alice)
    client.post("/dropbox/policy", {"deleted_files": "delete"})
    client.post("/dropbox/prove")
    client.post("/dropbox/stop")
    assert Link.objects.filter(user=bob).values().get() == before


Ask = Callable[[str, str], HttpResponseBase]


def in_the_browser(admin: User, alice: User) -> Ask:
    client = browser_of(admin)
    client.raise_request_exception = False
    return lambda method, address: client.generic(method, address, headers={"accept": "text/html"})


def acting_as_alice(admin: User, alice: User) -> Ask:
    client = browser_of(admin)
    client.raise_request_exception = False
    begun = client.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "She asked for help."})
    assert begun["Location"] == "/studies/"
    return lambda method, address: client.generic(method, address, headers={"accept": "text/html"})


def with_a_token_of_the_api(admin: User, alice: User) -> Ask:
    User.objects.filter(pk=admin.pk).update(password=make_password("long enough 1"))
    _, code = make_token(
        user=User.objects.get(pk=admin.pk),
        name="all",
        scopes=tuple(str(scope) for scope in Scope),
        days=7,
        password="long enough 1",
        address="127.0.0.1",
    )
    client = Client(
        headers={"host": "127.0.0.1:8000", "authorization": f"Bearer {code}"}, raise_request_exception=False
    )
    return lambda method, address: client.generic(method, address)


@pytest.mark.parametrize("way", [in_the_browser, acting_as_alice, with_a_token_of_the_api])
def test_no_address_shows_an_admin_a_token_or_anybodys_dropbox(
    two_connected: Simulator, admin: User, alice: User, way: Callable[[User, User], Ask]
) -> None:
    study = create_study(owner=alice, name="Stroop")
    real = {
        **dict.fromkeys(("public_id", "study_id", "study"), study.public_id),
        "user_id": alice.pk,
        "number": 1,
    }
    walked = sorted(set(addresses(get_resolver(), real)))
    assert sum(study.public_id in address for address in walked) > 20
    assert f"/admin/users/{alice.pk}/role/" in walked
    secrets = secrets_of(two_connected)
    ask = way(admin, alice)
    # What ends the walk comes last: the admin would be somebody else, or she could not be acted as.
    endings = ("/logout/", "/act-as/end/", "/login/", f"/admin/users/{alice.pk}/", "/settings/security/")
    reached = 0
    for address in sorted(walked, key=lambda one: (one.startswith(endings), one)):
        if address == "/logout/":
            continue
        for method in ("GET", "POST"):
            response = ask(method, address)
            reached += response.status_code == 200
            body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
            seen = body.decode(errors="replace") + str(response.headers)
            for secret in (*secrets, ANNA, BEN):
                assert secret not in seen, f"{address} shows what it must not"
    assert reached > 3, "the walk was refused everywhere"
    # Only deactivating somebody, which is on the way, ends a mirror: that person's.
    ended = Link.objects.exclude(state=Link.State.ACTIVE)
    assert [link.user_id for link in ended if link.user.is_active] == []
    assert Link.objects.count() == 2


def test_the_list_of_users_tells_an_admin_whether_backups_are_well_and_nothing_else(
    two_connected: Simulator, admin: User, alice: User, bob: User
) -> None:
    client = browser_of(admin)

    def told() -> dict[str, str]:
        html = client.get("/admin/users/").content.decode()
        assert ANNA not in html
        assert BEN not in html
        return {
            str(re.search(r"<bdi>(\w+)</bdi>", row)[1]): str(re.search(r"Backup: ([\w ]+)", row)[1])  # type: ignore[index]
            for row in html.split("<li")
            if "data-backup" in row
        }

    links = Link.objects.filter(user=alice)
    everybody_well = {"root": "off", "alice": "OK", "bob": "OK"}
    assert told() == everybody_well
    links.update(state=Link.State.NEEDS_USER, reason="revoked")
    assert told() == {**everybody_well, "alice": "needs attention"}
    links.update(state=Link.State.ACTIVE, reason="", proven_at=clock.now() - timedelta(hours=25))
    assert told() == {**everybody_well, "alice": "needs attention"}
    links.update(proven_at=clock.now() - timedelta(hours=2))
    assert told() == everybody_well
    browser_of(bob).post("/dropbox/stop")
    assert told() == {**everybody_well, "bob": "off"}
    configure(is_enabled=False)
    assert told()["alice"] == "needs attention"


def test_a_dump_of_the_database_holds_no_secret_in_clear(two_connected: Simulator, alice: User) -> None:
    begin(browser_of(alice))
    assert OAuthState.objects.filter(used_at=None).exists()
    dump = "".join(
        serializers.serialize("json", model._base_manager.all())
        for model in apps.get_models(include_auto_created=True)
    )
    assert "Anna A" in dump
    for secret in secrets_of(two_connected):
        assert secret not in dump


def test_the_state_and_the_verifier_of_a_connection_are_not_stored_in_clear(
    configured: Simulator, alice: User
) -> None:
    address = begin(browser_of(alice))
    state = address.split("state=")[1].split("&")[0]
    row = OAuthState.objects.get()
    assert state not in str(row.__dict__)
    assert row.verifier.startswith("gAAAA")


def test_logs_hold_no_secret_even_when_everything_goes_wrong(
    two_connected: Simulator, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of(two_connected)
    client = browser_of(alice)
    for route, effect in (
        ("oauth2/token", faults.reset()),
        ("oauth2/token", faults.status(500, "{}")),
        ("oauth2/token", faults.truncate()),
        ("users/.*", faults.reset()),
        ("users/.*", faults.status(401, "{}")),
        ("auth/token/revoke", faults.reset()),
    ):
        back = consent(two_connected, begin(client), ANNA)
        two_connected.control.add_fault(effect, route=route)
        client.get(back)
        client.post("/dropbox/stop")
        two_connected.control.clear_faults()
        secrets += [back.split("code=")[1].split("&")[0], back.split("state=")[1].split("&")[0]]
    for secret in [*secrets, *secrets_of(two_connected)]:
        assert secret not in caplog.text


def test_an_anonymous_visitor_learns_nothing(two_connected: Simulator) -> None:
    client = Client(headers={"host": "127.0.0.1:8000"})
    for page in ("/login/", "/dropbox/badge", "/dropbox/panel", "/dropbox/set"):
        html = client.get(page).content.decode()
        for word in (ANNA, BEN, "In your Dropbox"):
            assert word not in html
