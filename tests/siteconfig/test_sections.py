"""What an admin configures: values, sealed secrets."""

from __future__ import annotations

import json
import logging

import pytest
from django.core import serializers
from pytest_django import Settings

from minno_dashboard.core import clock
from minno_dashboard.siteconfig import queries
from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal
from minno_dashboard.siteconfig.services import save_section

pytestmark = pytest.mark.django_db
SECRET = "s3cr3t-of-the-app"


def save(key: str = "key1", secret: str | None = SECRET, is_enabled: bool = True) -> None:
    save_section("dropbox", {"is_enabled": is_enabled, "app_key": key}, {"app_secret": secret})


def test_nothing_saved_means_switched_off() -> None:
    found = queries.dropbox()
    assert (found.is_enabled, found.app_key, found.has_secret, found.app_secret()) == (False, "", False, "")
    assert found.secret_set_at is None
    assert found.changed_at is None


def test_what_is_saved_is_read() -> None:
    before = clock.now()
    save()
    found = queries.dropbox()
    assert (found.is_enabled, found.app_key, found.has_secret) == (True, "key1", True)
    assert found.app_secret() == SECRET
    assert found.secret_set_at is not None
    assert found.changed_at is not None
    assert before <= found.secret_set_at <= clock.now()


def test_a_secret_left_empty_keeps_the_old_one_and_its_date() -> None:
    save()
    set_at = queries.dropbox().secret_set_at
    save("key2", secret="")
    found = queries.dropbox()
    assert (found.app_key, found.app_secret(), found.secret_set_at) == ("key2", SECRET, set_at)
    save_section("dropbox", {"is_enabled": False}, {})
    assert queries.dropbox().app_secret() == SECRET


def test_a_secret_can_be_replaced_and_forgotten() -> None:
    save()
    save(secret="another")
    assert queries.dropbox().app_secret() == "another"
    save(secret=None)
    assert not queries.dropbox().has_secret


def test_sections_do_not_touch_each_other() -> None:
    save()
    save_section("mail", {"host": "mail.example.org"}, {"password": "p"})
    assert Section.objects.count() == 2
    assert queries.dropbox().app_secret() == SECRET


def test_the_database_and_a_printed_section_do_not_hold_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        save()
        printed = repr(queries.dropbox()) + str(queries.dropbox())
    stored = serializers.serialize("json", Section.objects.all())
    assert SECRET not in stored + printed + caplog.text
    assert json.loads(stored)[0]["fields"]["sealed"]["app_secret"]["sealed"] not in printed


def test_a_seal_opens_only_with_its_key(settings: Settings) -> None:
    sealed = seal("hello שלום")
    assert unseal(sealed) == "hello שלום"
    assert seal("hello שלום") != sealed, "the same secret looks different each time"
    with pytest.raises(SealBroken):
        unseal(sealed[:-3] + "abc")
    settings.SECRET_KEY = "another key another key another key!"
    with pytest.raises(SealBroken, match="cannot be decrypted"):
        unseal(sealed)
