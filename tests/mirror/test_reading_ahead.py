"""What Dropbox tells is read while commits go on, a full page at a time, so that little is left to read for the proof."""

from __future__ import annotations

import pytest

from dropbox_simulator.faults import Effect, FaultRule
from dropbox_simulator.wire import Response
from minno_dashboard.accounts.models import User
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.sending import uploads
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of

MORE, COMMIT = "files/list_folder/continue", "files/upload_session/finish_batch_v2"
FILES, PAGE = 400, 100


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch, world: MirrorWorld) -> None:
    """Pages and batches so short that some hundred files have many."""
    world.control.set_behaviour(page_limit=PAGE)
    monkeypatch.setattr(uploads, "FULL_PAGE", PAGE)
    monkeypatch.setattr(uploads, "FIRST_COMMITS", PAGE // 2)
    monkeypatch.setattr("minno_dashboard.mirror.sending.commits.MAX_COMMITS", PAGE // 2)


def first_mirror(world: MirrorWorld, anna: User) -> list[str]:
    study_of(anna, FILES, folders=5)
    world.connect(anna, ANNA)
    world.settle()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"
    return [one for one in world.calls() if one in (MORE, COMMIT)]


@pytest.mark.usefixtures("short_pages")
def test_pages_are_read_between_the_commits(world: MirrorWorld, anna: User) -> None:
    calls = first_mirror(world, anna)
    last_commit = max(place for place, one in enumerate(calls) if one == COMMIT)
    assert calls[:last_commit].count(MORE) >= FILES // PAGE - 1
    assert calls[last_commit:].count(MORE) <= 2


@pytest.mark.usefixtures("short_pages")
def test_reading_ahead_costs_no_call_more(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FULL_PAGE", 10**9)
    calls = first_mirror(world, anna)
    last_commit = max(place for place, one in enumerate(calls) if one == COMMIT)
    assert MORE not in calls[:last_commit]
    assert calls.count(MORE) == -(
        -(FILES + 5 + 3 + 3) // PAGE
    )  # the files, their folders, what tells of the copy


@pytest.mark.usefixtures("short_pages")
def test_a_trouble_while_reading_ahead_is_met_again_by_the_proof(world: MirrorWorld, anna: User) -> None:
    broken = Effect(response=Response(500, {}, b"Internal Server Error"))
    world.simulator.faults.add(FaultRule(broken, route=MORE, times=1, name="broken"))
    calls = first_mirror(world, anna)
    last_commit = max(place for place, one in enumerate(calls) if one == COMMIT)
    assert calls[:last_commit].count(MORE) == 1
    assert calls[last_commit:].count(MORE) >= FILES // PAGE
