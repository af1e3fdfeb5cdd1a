"""Random stories about the whole mirror: whatever happens, it comes right in the end and never says what is not so."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.mirror.soak import minimise, story
from tests.mirror.soak.play import StoryOutcome, play
from tests.mirror.soak.stage import SoakInstallation

SEEDS = int(os.environ.get("MINNO_SOAK_SEEDS", "500"))
FIRST = int(os.environ.get("MINNO_SOAK_FROM", "0"))
PORTIONS = 10

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="the database is put back by copying SQLite's pages"
    ),
]


@pytest.fixture
def installation(transactional_db: None) -> Iterator[SoakInstallation]:
    """A database that is put back before each story, and a folder for bytes that no disk slows down."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    with tempfile.TemporaryDirectory(prefix="minno-soak-", dir=memory if memory.is_dir() else None) as folder:
        yield SoakInstallation(Path(folder))


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_after_any_faults_the_dropbox_equals_the_dashboard(
    installation: SoakInstallation, portion: int
) -> None:
    failures = []
    for seed in range(FIRST + portion, FIRST + SEEDS, PORTIONS):
        outcome = play(story.tell(seed), installation)
        if outcome.failure:
            failures.append(f"make soak SEED={seed}    {outcome.failure.splitlines()[0]}")
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("seed", [3, 11])
def test_a_seed_tells_and_plays_the_same_story_each_time(installation: SoakInstallation, seed: int) -> None:
    first, second = (play(story.tell(seed), installation) for _ in range(2))
    assert first.log == second.log
    assert first.happened


def test_of_what_lanes_meet_at_once_the_longest_wait_counts(installation: SoakInstallation) -> None:
    troubles = (
        story.Beat(1, 0, 0, "fault", "5xx_before", 377977),
        story.Beat(1, 1, 1, "fault", "throttle", 469070),
    )
    behaviour = {"disabled_routes": frozenset({"files/upload_session/append_batch"})}
    told = story.Story(400110, 2, troubles, behaviour, {"uploads.MAX_SINGLE_UPLOADS": 0}, users=1, patience=0)
    assert play(told, installation).failure == ""


def test_a_failing_story_is_made_as_short_as_it_can_be() -> None:
    told = next(one for one in map(story.tell, range(1000)) if len(one.beats) > 12)
    needed = {told.beats[3], told.beats[-2]}

    def fails_with_both(one: story.Story) -> StoryOutcome:
        return StoryOutcome(one.seed, "Violation: something is lost" if needed <= set(one.beats) else "")

    shortest, outcome = minimise.minimise(told, fails_with_both)
    assert set(shortest.beats) == needed
    assert (shortest.behaviour, shortest.sizes) == ({}, {})
    assert "something is lost" in minimise.tell(shortest, outcome)
