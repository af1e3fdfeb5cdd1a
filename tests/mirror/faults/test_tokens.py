"""Tokens: rows 1, 2, 3, 34, 38 and 45 of the failure catalogue."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.mirror.connecting import app_settings
from minno_dashboard.mirror.connecting.services import link as store_link
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, APP_KEY, APP_SECRET, MirrorWorld
from tests.mirror.faults.conftest import (
    add,
    edit,
    is_whole,
    kept,
    link_of,
    says,
    shown_to_admin,
    spend,
)


def test_g01_a_token_that_expires_in_the_middle_of_a_batch_is_renewed_once(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(1)
    add(study, anna, 20)
    world.run()
    assert is_whole(world, anna)
    assert world.calls().count("oauth2/token") == 1
    assert world.calls().count("files/upload_session/append_batch") == 1


def test_g01_lanes_that_meet_an_expired_token_at_once_ask_for_one_new_token(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    Link.objects.update(learned={"header": 2048})
    world.control.expire_tokens(ANNA)
    add(study, anna, 120)
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count("oauth2/token") == 1


def test_g02_a_connection_removed_at_dropbox_stops_at_once_and_keeps_everything(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    before = kept(anna)
    failures.cause(2)
    add(study, anna, 20)
    world.run()
    assert (link_of(anna).state, link_of(anna).reason) == ("needs_user", "reconnect")
    says(
        anna,
        "needs_user",
        "Dropbox no longer accepts our connection, probably because it was removed there",
        "Everything is safe here.",
        buttons=["Reconnect"],
    )
    after = kept(anna)
    assert (after["rows"], after["tokens"], after["cursor"]) == (
        before["rows"],
        before["tokens"],
        before["cursor"],
    )
    assert spend(world, hours=48) == []
    world.connect(anna, ANNA)
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("trouble", ["500", "429", "hang", "reset"])
def test_g03_a_token_endpoint_in_trouble_disconnects_nobody(
    world: MirrorWorld, anna: User, study: Study, trouble: str
) -> None:
    effects = {
        "500": faults.status(500, '{"error": "The server has either erred"}'),
        "429": faults.plain_throttle(300),
        "hang": faults.hang(),
        "reset": faults.reset(),
    }
    world.control.expire_tokens(ANNA)
    world.control.add_fault(effects[trouble], route="oauth2/token")
    edit(study, anna)
    before = kept(anna)
    world.run()
    says(anna, "waiting", "Dropbox", "1 change is safe here")
    assert len(spend(world, hours=2)) < 160
    assert link_of(anna).state == "active"
    assert kept(anna)["tokens"] == before["tokens"]
    world.control.clear_faults()
    world.settle()
    assert is_whole(world, anna)


@pytest.mark.parametrize("hours", [-3.0, 3.0, 5.0])
def test_g34_clocks_that_differ_cost_one_token_and_nothing_else(
    world: MirrorWorld, anna: User, study: Study, hours: float
) -> None:
    if hours > 0:
        world.control.advance(hours * 3600)
    else:
        world.time.offset += timedelta(hours=-hours)
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count("oauth2/token") <= 1
    assert world.files(ANNA)["/Studies/Many/v1/folder 0/0.js"] == b"edited"


def test_g38_a_lost_secret_key_asks_the_admin_for_the_secret_and_the_user_to_reconnect(
    world: MirrorWorld, anna: User, study: Study, admin: User, settings: Settings
) -> None:
    before = kept(anna)
    settings.SECRET_KEY = "another key than before, long enough for anything"
    edit(study, anna)
    world.run()
    assert (link_of(anna).state, link_of(anna).reason) == ("needs_admin", "seal_broken")
    says(anna, "needs_admin", "This Dashboard cannot decrypt its app secret.", "Everything is safe here.")
    assert "secret key" in shown_to_admin(admin)
    assert spend(world, hours=24) == []

    with pytest.raises(Refused, match="Enter the App secret again"):
        app_settings.save(actor=admin, is_enabled=True, app_key=APP_KEY, app_secret="")
    app_settings.save(actor=admin, is_enabled=True, app_key=APP_KEY, app_secret=APP_SECRET)
    world.run()
    assert (link_of(anna).state, link_of(anna).reason) == ("needs_user", "seal_broken")
    says(anna, "needs_user", "This Dashboard's secret key was changed", buttons=["Reconnect"])
    assert kept(anna)["rows"] == before["rows"]
    world.control.clear_records()
    world.connect(anna, ANNA)
    world.settle()
    assert is_whole(world, anna)
    # The marker, which whoever has just consented takes over, and the edit.
    assert [route for route in world.calls() if "upload" in route] == ["files/upload"] * 2


def test_g45_no_secret_is_in_a_log_a_page_an_error_or_a_column(
    world: MirrorWorld,
    anna: User,
    study: Study,
    admin: User,
    failures: Failures,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = world.control.authorise(ANNA)
    caplog.set_level(logging.DEBUG)
    for logger in ("dropbox", "urllib3", "minno_dashboard"):
        logging.getLogger(logger).setLevel(logging.DEBUG)
    store_link(
        user=anna,
        app_key=APP_KEY,
        grant=Grant(given["access_token"], clock.now(), given["refresh_token"], given["account_id"]),
    )
    secrets = {given["access_token"], given["refresh_token"], APP_SECRET}
    pages = []
    for row in (27, 33, 32, 3, 4):
        failures.cause(row)
        world.control.expire_tokens(ANNA)
        edit(study, anna, data=f"row {row}, a line that nobody should log".encode())
        world.run()
        pages += [shown_to_admin(admin), str(link_of(anna).last_error)]
        failures.heal()
        Link.objects.update(state="active", not_before=None, probe_at=None)
        world.settle()
    with connection.cursor() as cursor:
        cursor.execute("select * from mirror_link")
        stored = str(cursor.fetchall())
    tokens = world.simulator.control.link(ANNA).access_tokens
    secrets |= set(tokens)
    for text in (caplog.text, stored, *pages):
        assert [secret for secret in secrets if secret in text] == []
    assert "a line that nobody should log" not in caplog.text
    assert is_whole(world, anna)
