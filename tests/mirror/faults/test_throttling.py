"""Throttling and outages: rows 9, 10, 19, 32 and 33 of the failure catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, World
from tests.mirror.faults.conftest import edit, is_whole, link_of, spend


def test_g09_header_and_body_disagree_and_the_longer_wait_counts(
    world: World, anna: User, study: Study
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


@pytest.mark.parametrize("seconds", [None, 2])
def test_g10_a_429_for_the_write_lock_is_waited_out(
    world: World, anna: User, study: Study, seconds: int | None
) -> None:
    world.control.add_fault(
        faults.throttle("too_many_write_operations", seconds), route="files/upload.*", times=3
    )
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)


def test_g33_a_portal_before_the_token_endpoint_disconnects_nobody(
    world: World, anna: User, study: Study, failures: Failures
) -> None:
    world.control.expire_tokens(ANNA)
    failures.cause(33)
    edit(study, anna)
    assert len(spend(world, hours=1)) <= 60
    assert link_of(anna).state == "active"
    failures.heal()
    world.settle()
    assert is_whole(world, anna)
