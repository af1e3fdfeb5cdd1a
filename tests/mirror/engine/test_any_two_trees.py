"""The planner leads from any state of the Dropbox to the desired one, interrupted anywhere, and loses nothing."""

from __future__ import annotations

import collections
import os
import random
import secrets

import pytest

from minno_dashboard.mirror.planner.plan import plan
from tests.mirror.engine.random_trees import Case, random_case
from tests.mirror.engine.rig import Rig

SEED = os.environ.get("MINNO_PLANNER_SEED", secrets.token_hex(4))
PAIRS = int(os.environ.get("MINNO_PLANNER_PAIRS", "2500"))


def _check(case: Case, chance: random.Random, *, is_stopped: bool) -> int:
    steps = plan(case.desired, case.remote, case.policy)
    shuffled = plan(chance.sample(case.desired, len(case.desired)), reversed(case.remote), case.policy)
    assert steps == shuffled, "the plan depends on the order of what it is given"
    rig = Rig(case.desired, case.remote, case.policy)
    rig.run(chance=chance, may_stop=is_stopped)
    rig.check_the_end()
    return rig.rounds


@pytest.mark.parametrize("part", range(4))
def test_any_dropbox_becomes_the_desired_one_and_nothing_of_the_users_is_lost(part: int) -> None:
    rounds: collections.Counter[int] = collections.Counter()
    for number in range(PAIRS):
        seed = f"{SEED}/{part}/{number}"
        chance = random.Random(seed)
        case = random_case(chance)
        is_stopped = number % 2 == 1
        try:
            taken = _check(case, chance, is_stopped=is_stopped)
        except Exception as error:
            error.add_note(f"replay: MINNO_PLANNER_SEED={SEED}, pair {seed}\n{case}")
            raise
        if not is_stopped:
            rounds[taken] += 1
    assert max(rounds) <= 4, rounds
    assert sum(n for taken, n in rounds.items() if taken > 2) <= rounds.total() / 50, rounds
