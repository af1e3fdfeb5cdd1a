"""Conditions stay balanced and quotas hold, however many participants arrive at once and leave."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from django.db import connections

from minno_dashboard.collection import places, services
from minno_dashboard.collection.models import Session
from minno_dashboard.core import clock
from minno_dashboard.studies.models import Condition, Experiment, Study
from tests.collection.conftest import launched, make_experiment, with_conditions

QUOTA, PARALLEL, ARRIVALS = 30, 4, 60


@pytest.mark.django_db(transaction=True)
def test_parallel_arrivals_of_whom_a_third_leave_fill_each_condition_exactly(study: Study) -> None:
    experiment = make_experiment(study, place_minutes=30)
    with_conditions(experiment, "a", "b", "c", quota=QUOTA)
    failures: list[BaseException] = []
    reasons: set[str] = set()

    def arrive(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(ARRIVALS):
                token = launched(experiment)
                try:
                    services.start_session(token=token)
                except services.StartRefused as refused:
                    reasons.add(refused.reason)
                    continue
                if chance.random() < 0.3:  # left: silent for longer than a place is held
                    silent = clock.now() - timedelta(minutes=31)
                    Session.objects.filter(pk=token.session_id).update(last_post_at=silent)
                else:
                    services.finish_session(token=token)
        except BaseException as failure:
            failures.append(failure)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=arrive, args=(seed,)) for seed in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert reasons == {services.StartReason.FULL}
    finished = {
        name: Session.objects.filter(condition=name, state=Session.State.FINISHED).count() for name in "abc"
    }
    assert finished == dict.fromkeys("abc", QUOTA)
    taken = set(Condition.objects.values_list("taken", flat=True))
    assert taken == {QUOTA}
    assert Experiment.objects.get().taken == 3 * QUOTA


def test_ten_thousand_choices_never_differ_by_more_than_one() -> None:
    chance = random.Random(7)
    conditions = [Condition(name=name, position=0) for name in "abcd"]
    for _ in range(10_000):
        chosen = places.least_filled(conditions)
        assert chosen
        chosen.taken += 1
        counts = [one.taken for one in conditions]
        assert max(counts) - min(counts) <= 1
        if chance.random() < 0.3:
            fullest = max(conditions, key=lambda one: one.taken)
            fullest.taken -= 1  # somebody of the fullest leaves: the spread stays within one
