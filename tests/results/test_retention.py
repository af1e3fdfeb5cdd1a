"""Keeping data for some months: what is older is deleted by itself, once it is turned on, and not a day before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import DataDeletion, Session
from minno_dashboard.core.errors import Conflict
from minno_dashboard.results import deleting, schedule
from minno_dashboard.results.retention import months_before
from minno_dashboard.studies.activity import activity_of
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import make_experiment
from tests.results.conftest import NOON, session_of


@pytest.mark.parametrize(
    ("moment", "months", "expected"),
    [
        ((2026, 11, 20), 1, (2026, 10, 20)),
        ((2026, 3, 31), 1, (2026, 2, 28)),
        ((2024, 3, 31), 1, (2024, 2, 29)),
        ((2026, 1, 15), 1, (2025, 12, 15)),
        ((2026, 12, 31), 12, (2025, 12, 31)),
        ((2026, 5, 31), 240, (2006, 5, 31)),
    ],
)
def test_months_are_those_of_the_calendar(
    moment: tuple[int, int, int], months: int, expected: tuple[int, int, int]
) -> None:
    assert months_before(datetime(*moment, 12, tzinfo=UTC), months) == datetime(*expected, 12, tzinfo=UTC)


def present() -> set[int]:
    return set(Session.present.values_list("pk", flat=True))


def test_data_go_so_many_months_after_a_session_ended_and_come_back_when_it_is_turned_off(
    client: Client, study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    client.force_login(alice)
    other = Study.objects.get(pk=study.pk)
    limit = datetime(2026, 10, 20, 12, tzinfo=UTC)
    early = limit - timedelta(days=30)
    second = timedelta(seconds=1)
    old = session_of(experiment, at=early, finished_at=limit - second, state="finished", is_test=True)
    quiet = session_of(make_experiment(study, name="other"), at=early, last_post_at=limit - second)
    long = session_of(experiment, at=early, finished_at=limit + second, last_post_at=early, state="finished")
    running = session_of(experiment, at=early, last_post_at=limit + second)
    everything = {old.pk, quiet.pk, long.pk, running.pk}
    schedule.delete_old_data()
    assert present() == everything, "it is off"

    address = f"/studies/{study.public_id}/data/retention/"
    assert client.get(address, {"months": 1}).context["count"] == 2
    assert client.get(address, {"months": 241}).status_code == 422
    assert client.post(address, {"months": "1", "study_name": "faces"}).status_code == 422
    schedule.delete_old_data()
    assert present() == everything, "it was not confirmed"
    assert client.post(address, {"months": "1", "study_name": "Faces"}).status_code == 302
    shown = client.get(f"/studies/{study.public_id}/data/").content.decode()
    assert "Data are deleted 1 month after a session ended" in shown
    schedule.delete_old_data()
    schedule.delete_old_data()
    assert present() == {long.pk, running.pk}
    deletion = DataDeletion.objects.get()
    assert (deletion.sessions, deletion.by, deletion.is_automatic) == (2, None, True)
    assert "Automatic deletion" in client.get(f"/studies/{study.public_id}/data/delete/").content.decode()
    with pytest.raises(Conflict, match="Turn automatic deletion off first"):
        deleting.undo(deletion=deletion, by=alice)
    assert client.post(address, {"off": "1"}).status_code == 302
    assert deleting.undo(deletion=deletion, by=alice) == 2
    schedule.delete_old_data()
    assert present() == everything
    now.append(NOON + timedelta(days=31))
    schedule.purge_deleted_data()
    assert present() == everything
    said = [one.what for one in activity_of(other)[:4]]
    assert said == [
        "brought deleted data back",
        "turned automatic deletion of data off",
        "deleted data that are older than the study keeps them",
        "set automatic deletion (months after a session ended: 1)",
    ]
