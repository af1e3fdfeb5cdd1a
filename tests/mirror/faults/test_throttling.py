"""Throttling and outages: rows 9, 10, 19, 32 and 33 of the failure catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld
from tests.mirror.faults.conftest import add, edit, is_whole, kept, link_of, says, spend


def test_g09_a_storm_of_429_pauses_the_account_for_as_long_as_dropbox_says(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(9)
    add(study, anna, 12)
    began = clock.now()
    world.run()
    link = link_of(anna)
    assert link.not_before is not None
    assert link.not_before >= began + timedelta(seconds=300)
    says(anna, "waiting", "Dropbox asked us to wait until", "13 changes are safe here and will be sent then")
    assert len(spend(world, hours=1)) <= 12
    failures.heal()
    world.settle()
    assert is_whole(world, anna)


def test_g09_lanes_stay_away_once_one_of_them_was_told_to_wait(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    Link.objects.update(learned={"header": 2048})
    route = "files/upload_session/append_batch"
    world.control.add_fault(faults.throttle("too_many_requests", 300), route=route, nth=(2,))
    add(study, anna, 260)
    world.run()
    assert world.calls().count(route) <= 8
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count(route) > 15
    assert len(world.simulator.recorder.calls_inside_retry_after()) < 8  # those that were under way
    world.control.clear_records()


def test_g09_header_and_body_disagree_and_the_longer_wait_counts(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.add_fault(faults.plain_throttle(240), route="files/upload", times=1)
    edit(study, anna)
    began = clock.now()
    world.run()
    link = link_of(anna)
    assert link.not_before is not None
    assert timedelta(seconds=240) <= link.not_before - began <= timedelta(seconds=600)
    world.settle()
    assert is_whole(world, anna)


def test_g10_too_many_writes_keep_the_sessions_and_make_smaller_batches(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    lock = {".tag": "path", "path": {".tag": "too_many_write_operations"}}
    world.control.add_fault(
        faults.entry_failures({".tag": "too_many_write_operations"}),
        route="files/upload_session/finish_batch_v2",
        times=2,
    )
    world.control.add_fault(faults.json_error(409, lock), route="files/(move|copy)_v2", times=1)
    add(study, anna, 40)
    before = link_of(anna).learned["commits"]
    world.run()
    assert len(kept(anna)["sessions"]) == 40
    assert link_of(anna).learned["commits"] < before
    says(anna, "waiting", "changes are safe here")
    world.settle()
    assert is_whole(world, anna)
    assert world.calls().count("files/upload_session/append_batch") == 1


@pytest.mark.parametrize("seconds", [None, 2])
def test_g10_a_429_for_the_write_lock_is_waited_out(
    world: MirrorWorld, anna: User, study: Study, seconds: int | None
) -> None:
    world.control.add_fault(
        faults.throttle("too_many_write_operations", seconds), route="files/upload.*", times=3
    )
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)


def test_g19_a_listing_that_is_too_heavy_is_asked_for_in_smaller_pages(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(19)
    Link.objects.update(needs_listing=True)
    world.run()
    says(anna, "waiting", "Dropbox is having problems. Everything is safe here;")
    assert 1 <= spend(world, hours=1).count("files/list_folder") <= 60
    smaller = link_of(anna).learned["page"]
    assert smaller <= 250
    failures.heal()
    world.control.clear_records()
    world.settle()
    asked = [one for one in world.control.records() if one["route"] == "files/list_folder"]
    assert [one["arg"]["limit"] for one in asked] == [smaller]
    assert is_whole(world, anna)


def test_g32_an_hour_of_5xx_is_backed_off_from_and_heals_by_itself(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(32)
    edit(study, anna)
    before = kept(anna)
    calls = spend(world, hours=1)
    assert 5 <= len(calls) <= 60
    says(anna, "waiting", "Dropbox is having problems", "1 change is safe here")
    assert kept(anna)["rows"] == before["rows"]
    failures.heal()
    world.settle()
    assert is_whole(world, anna)
    assert link_of(anna).failures == 0


def test_g33_a_captive_portal_is_no_answer_of_dropbox(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(33)
    edit(study, anna)
    before = kept(anna)
    assert len(spend(world, hours=1)) <= 60
    says(anna, "waiting", "Dropbox cannot be reached", "1 change is safe here")
    assert (kept(anna)["rows"], kept(anna)["tokens"]) == (before["rows"], before["tokens"])
    failures.heal()
    world.settle()
    assert is_whole(world, anna)


def test_g33_a_portal_before_the_token_endpoint_disconnects_nobody(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    world.control.expire_tokens(ANNA)
    failures.cause(33)
    edit(study, anna)
    assert len(spend(world, hours=1)) <= 60
    assert link_of(anna).state == "active"
    failures.heal()
    world.settle()
    assert is_whole(world, anna)
