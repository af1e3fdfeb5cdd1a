"""Making a failing story short: what happens is left out, piece by piece, as long as it still fails the same way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from tests.mirror.soak.play import StoryOutcome
from tests.mirror.soak.story import Beat, Story

Player = Callable[[Story], StoryOutcome]


def kind_of(failure: str) -> str:
    """Return what two failures of the same kind have in common: the first words, without names and numbers."""
    return re.sub(r"[^a-zA-Z ]+.*", "", failure.partition(": ")[2])[:40] or failure[:20]


def minimise(story: Story, play: Player, *, most_plays: int = 400) -> tuple[Story, StoryOutcome]:
    """Return the shortest story found that fails like this one, and its outcome."""
    shortest, outcome = story, play(story)
    kind, plays = kind_of(outcome.failure), 0
    for candidate in _simpler_circumstances(shortest):
        tried = play(candidate)
        if kind_of(tried.failure) == kind:
            shortest, outcome = candidate, tried
    size = max(1, len(shortest.beats) // 2)
    while size and plays < most_plays:
        is_shorter = False
        for candidate in _without(shortest, size):
            plays += 1
            tried = play(candidate)
            if kind_of(tried.failure) == kind:
                shortest, outcome, is_shorter = candidate, tried, True
                break
        if not is_shorter:
            size //= 2
    return shortest, outcome


def _simpler_circumstances(story: Story) -> list[Story]:
    return [dataclasses.replace(story, sizes={}), dataclasses.replace(story, behaviour={}), dataclasses.replace(story, sizes={}, behaviour={})]  # fmt: skip


def _without(story: Story, size: int) -> list[Story]:
    beats: Sequence[Beat] = story.beats
    starts = range(0, len(beats), size)
    return [dataclasses.replace(story, beats=(*beats[:at], *beats[at + size :])) for at in starts]


def tell(story: Story, outcome: StoryOutcome) -> str:
    """Write a story down, with what happened in it and how it failed."""
    lines = [
        f"seed {story.seed}: {len(story.beats)} things happen, users: {story.users}, patience: {story.patience}",
        *(f"  {name} = {value}" for name, value in {**story.behaviour, **story.sizes}.items()),
        *(f"  {beat}" for beat in sorted(story.beats)),
        "what happened:",
        *(f"  {line}" for line in outcome.log),
        outcome.failure or "all is well",
    ]
    return "\n".join(lines)
