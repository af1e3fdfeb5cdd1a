"""Admin → Edit configuration → Dropbox."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from dropbox_simulator import Simulator, faults
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.models import Section
from tests.mirror.web.conftest import APP_KEY, APP_SECRET, browser_of, connect, said, text_of

PAGE = "/admin/configuration/"
ANNA = "anna@dropbox.example"


def save(client: Client, **values: str) -> HttpResponse:
    given = {"synchronization": "on", "app_key": APP_KEY, "app_secret": APP_SECRET} | values
    return client.post("/admin/configuration/dropbox", given)  # type: ignore[return-value]


def test_the_section_has_the_labels_of_the_manual_and_the_steps_at_dropbox(
    simulator: Simulator, admin: User
) -> None:
    html = browser_of(admin).get(PAGE).content.decode()
    words = text_of(html)
    for label in ("Enable Dropbox Synchronization", "App key", "App secret", "Save changes"):
        assert f">{label}</" in html
    for step in ("App console", "Create apps", "Dropbox API", "App folder", "Create app"):
        assert step in words
    for permission in ("account_info.read", "files.metadata.read", "files.content.write"):
        assert permission in words
    assert ">http://127.0.0.1:8000/dropbox/set</textarea>" in html
    assert "https://www.dropbox.com/developers/apps" in html


def test_a_pair_that_works_is_saved_and_said_to_work(simulator: Simulator, admin: User) -> None:
    client = browser_of(admin)
    response = save(client, app_name="Minno lab")
    assert (response.status_code, response["Location"]) == (303, "/admin/configuration/#dropbox")
    assert said(response) == "Saved."
    page = client.get(PAGE).content.decode()
    assert "Checked with Dropbox just now: this pair works." in text_of(page)
    assert siteconfig.dropbox().is_enabled
    assert siteconfig.dropbox().app_name == "Minno lab"
    assert 'value="Minno lab"' in page
    refused = save(client, app_name="Apps/Minno lab").content.decode()
    assert "The name of an app contains neither / nor \\." in text_of(refused)
    assert siteconfig.dropbox().app_secret() == APP_SECRET
    entry = AuditEntry.objects.get(target="Dropbox")
    assert (entry.actor, entry.action) == (admin, "configuration.change")
    assert APP_SECRET not in str(entry.details)


def test_an_unknown_app_key_is_refused_by_name(simulator: Simulator, admin: User) -> None:
    response = save(browser_of(admin), app_key="nosuchkey000000")
    assert response.status_code == 422
    assert "Dropbox does not know this app key. Nothing was saved." in text_of(response.content.decode())
    assert not siteconfig.dropbox().has_secret


def test_a_wrong_secret_is_refused_by_name_and_never_shown_again(simulator: Simulator, admin: User) -> None:
    response = save(browser_of(admin), app_secret="not-the-secret")
    html = response.content.decode()
    assert response.status_code == 422
    assert "Dropbox knows this app key, and the app secret is wrong. Nothing was saved." in text_of(html)
    assert f'value="{APP_KEY}"' in html
    assert "not-the-secret" not in html


def test_a_pair_is_saved_unchecked_while_dropbox_cannot_be_reached(simulator: Simulator, admin: User) -> None:
    simulator.control.add_fault(faults.reset())
    client = browser_of(admin)
    assert said(save(client)) == "Saved, but not checked."
    words = text_of(client.get(PAGE).content.decode())
    assert "Saved, but not checked: Dropbox could not be reached." in words
    assert siteconfig.dropbox().app_key == APP_KEY


def test_the_secret_is_write_only(
    simulator: Simulator, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = browser_of(admin)
    save(client)
    html = client.get(PAGE).content.decode()
    assert APP_SECRET not in html
    assert "Set on " in text_of(html)
    assert "Leave empty to keep it." in text_of(html)
    assert APP_SECRET not in str(Section.objects.get(name="dropbox").__dict__)
    assert APP_SECRET not in caplog.text


def test_an_empty_secret_keeps_the_stored_one(simulator: Simulator, admin: User) -> None:
    client = browser_of(admin)
    save(client)
    assert save(client, app_secret="").status_code == 303
    assert siteconfig.dropbox().app_secret() == APP_SECRET


def test_another_app_key_takes_its_own_secret(simulator: Simulator, admin: User) -> None:
    client = browser_of(admin)
    save(client)
    response = save(client, app_key="anotherkey00000", app_secret="")
    assert response.status_code == 422
    assert "The stored secret belongs to the previous app key." in text_of(response.content.decode())
    assert siteconfig.dropbox().app_key == APP_KEY


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"app_key": ""}, "Enter the App key of your app at Dropbox."),
        ({"app_secret": ""}, "Enter the App secret of your app at Dropbox."),
        ({"app_key": "a key"}, "An app key contains only letters and digits."),
        ({"app_secret": "a secret"}, "An app secret contains no spaces and no accented letters."),
        ({"synchronization": ""}, "Choose whether to enable or disable Dropbox synchronization."),
    ],
)
def test_what_is_missing_or_mistyped_is_said_at_its_field(
    simulator: Simulator, admin: User, values: dict[str, str], sentence: str
) -> None:
    response = save(browser_of(admin), **values)
    assert response.status_code == 422
    assert sentence in text_of(response.content.decode())
    assert not siteconfig.dropbox().is_enabled


def test_pasted_blanks_around_key_and_secret_do_no_harm(simulator: Simulator, admin: User) -> None:
    save(browser_of(admin), app_key=f" {APP_KEY}\n", app_secret=f"\t{APP_SECRET} ")
    assert siteconfig.dropbox().app_key == APP_KEY
    assert siteconfig.dropbox().app_secret() == APP_SECRET


def test_disabling_keeps_the_connections(configured: Simulator, admin: User, alice: User) -> None:
    connect(browser_of(alice), configured, ANNA)
    assert save(browser_of(admin), synchronization="off", app_secret="").status_code == 303
    link = Link.objects.get(user=alice)
    assert link.state == Link.State.ACTIVE
    assert link.sealed_refresh_token
    assert not siteconfig.dropbox().is_enabled


def test_disabling_needs_neither_key_nor_secret(simulator: Simulator, admin: User) -> None:
    assert save(browser_of(admin), synchronization="off", app_key="", app_secret="").status_code == 303


def test_another_app_key_asks_everybody_to_connect_again(
    configured: Simulator, admin: User, alice: User
) -> None:
    hers = browser_of(alice)
    connect(hers, configured, ANNA)
    other = configured.control.create_app(
        "Other", key="otherkey0000000", redirect_uris=["http://127.0.0.1:8000/dropbox/set"]
    )
    assert save(browser_of(admin), app_key=other.key, app_secret=other.secret).status_code == 303
    assert Link.objects.get(user=alice).state == Link.State.NEEDS_USER
    words = text_of(hers.get("/settings/").content.decode())
    assert "Reconnect" in words
    connect(hers, configured, ANNA)
    assert Link.objects.get(user=alice).state == Link.State.ACTIVE


def test_http_on_a_public_host_is_warned_about(simulator: Simulator, admin: User, settings: Settings) -> None:
    client = browser_of(admin)
    warning = "Dropbox accepts http only for addresses on this computer"
    settings.ALLOWED_HOSTS = ["*"]
    for url, is_warned in (
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("http://[::1]:8000", False),
        ("https://lab.example.org", False),
        ("http://lab.example.org", True),
        ("http://192.168.1.20:8000", True),
        ("http://localhost.example.org", True),
    ):
        settings.SERVER_URL = url
        html = client.get(PAGE).content.decode()
        assert (warning in text_of(html)) is is_warned, url
        assert f">{url}/dropbox/set</textarea>" in html


def test_only_admins_reach_it(simulator: Simulator, alice: User) -> None:
    assert save(browser_of(alice)).status_code == 403
    assert not Section.objects.exists()
    anonymous = Client(headers={"host": "127.0.0.1:8000"})
    assert save(anonymous).status_code == 302
    assert browser_of(alice).get("/admin/configuration/dropbox").status_code in (403, 405)
