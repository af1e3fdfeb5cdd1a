"""Settings → Dropbox → Restore a study from Dropbox, in a browser without scripts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from minno_dashboard.accounts import services as accounts
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed
from minno_dashboard.mirror.models import READ_SCOPE, Link, Restore
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.restoring import restore
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld
from tests.mirror.restore.test_restoring import NAME, PATH, allow_reading, study, work
from tests.mirror.web.conftest import browser_of, consent, text_of

__all__ = ["study"]
pytestmark = pytest.mark.django_db
PAGE = "/dropbox/restore"


@pytest.fixture
def anna_s_browser(world: MirrorWorld, anna: User, study: Study) -> Client:
    """Anna's browser; her study stands in the Dropbox, and nobody allowed reading yet."""
    world.control.set_redirect_uris([f"{settings.SERVER_URL}/dropbox/set"])
    return browser_of(anna)


def words(client: Client) -> str:
    return text_of(client.get(PAGE).content.decode())


def set_password(link: str) -> None:
    """Follow a link, as whoever has it can."""
    client, password = Client(), "some words to remember"
    client.get(urlsplit(link).path)
    assert client.post("/set-password/", {"password": password, "again": password})["Location"] == "/login/"


def test_reading_is_allowed_at_dropbox_and_the_study_comes_back(
    world: MirrorWorld, anna: User, anna_s_browser: Client
) -> None:
    client = anna_s_browser
    assert "Restore a study from Dropbox" in text_of(client.get("/settings/").content.decode())
    shown = words(client)
    assert "the Dashboard must read its files in your Dropbox" in shown
    assert f"{NAME} · 3 versions" in shown
    away = client.post(f"{PAGE}/allow")
    assert away.status_code == 303
    assert "files.content.read" in away["Location"]
    back = client.get(consent(world.simulator, away["Location"], ANNA))
    assert (back.status_code, back["Location"]) == (303, PAGE)
    assert READ_SCOPE in Link.objects.get().scopes
    shown = words(client)
    assert "The Dashboard may now read its folder in your Dropbox. Choose a study to restore." in shown
    assert "must read its files" not in shown
    asked = client.post(PAGE, {"path": PATH})
    assert (asked.status_code, asked["Location"]) == (303, PAGE)
    assert f"Restoring {PATH}" in words(client)
    assert 'hx-trigger="every 2s"' in client.get(f"{PAGE}/progress").content.decode()
    work(world)
    assert f"Restored as “{NAME} (restored)”. Open it" in words(client)
    assert "hx-trigger" not in client.get(f"{PAGE}/progress").content.decode()


def test_whoever_resets_a_password_by_a_link_reads_nothing_until_dropbox_has_asked_whose_it_is(
    world: MirrorWorld, anna: User, anna_s_browser: Client
) -> None:
    """An administrator can make such a link and log in by it; the user's Dropbox is not theirs."""
    allow_reading()
    set_password(accounts.invite(by=None, user=anna))
    anna.refresh_from_db()
    assert Link.objects.get().may_read
    set_password(accounts.reset(by=None, user=anna))
    client = browser_of(User.objects.get(pk=anna.pk))
    assert "the Dashboard must read its files in your Dropbox" in words(client)
    with pytest.raises(NotAllowed, match="Dropbox asks you for this permission"):
        restore.ask(user=anna, path=PATH)
    world.settle()
    assert status(anna)["state"] == "proven"
    away = client.post(f"{PAGE}/allow")
    client.get(consent(world.simulator, away["Location"], ANNA))
    assert "The Dashboard may now read its folder in your Dropbox." in words(client)
    assert restore.ask(user=anna, path=PATH).state == Restore.State.OPEN


def test_connecting_anew_asks_for_no_reading(world: MirrorWorld, anna_s_browser: Client) -> None:
    away = anna_s_browser.post("/dropbox/connect")
    assert "files.content.read" not in away["Location"]


def test_what_is_not_there_or_not_allowed_is_refused_in_a_sentence(
    world: MirrorWorld, anna_s_browser: Client
) -> None:
    anna_s_browser.post(PAGE, {"path": PATH})
    assert "Dropbox asks you for this permission once." in words(anna_s_browser)
    allow_reading()
    anna_s_browser.post(PAGE, {"path": "/Studies/../x"})
    assert "This study is not in your Dropbox any more." in words(anna_s_browser)
    assert not Restore.objects.exists()


def test_nobody_sees_or_restores_from_another_s_dropbox(
    world: MirrorWorld, ben: User, anna: User, anna_s_browser: Client
) -> None:
    allow_reading()
    anna_s_browser.post(PAGE, {"path": PATH})
    client = browser_of(ben)
    assert NAME not in words(client)
    assert NAME not in client.get(f"{PAGE}/progress").content.decode()
    client.post(PAGE, {"path": PATH})
    assert Restore.objects.get().link.user == anna
    for address in (PAGE, f"{PAGE}/progress"):
        assert Client().get(address).status_code == 302
    assert Client().post(f"{PAGE}/allow").status_code in (302, 403)
    assert client.get(f"{PAGE}/allow").status_code == 405
