"""One worker at a time: claims, fencing, what happens to a worker that was paused too long."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from minno_dashboard.core import clock
from minno_dashboard.jobs import registry, services
from minno_dashboard.jobs.lease import Lease, LeaseLost, claim
from minno_dashboard.jobs.models import Job, Periodic
from minno_dashboard.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def make_job(key: str = "a") -> Job:
    return Job.objects.create(kind="test", key=key)


def reread(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_claimed_row_cannot_be_claimed_again() -> None:
    job = make_job()
    seen_by_both = reread(job)
    assert claim(job, owner="one", seconds=60)
    assert claim(seen_by_both, owner="two", seconds=60) is None
    assert claim(reread(job), owner="two", seconds=60) is None


def test_a_released_row_can_be_claimed_again_and_gets_a_higher_token() -> None:
    job = make_job()
    first = claim(job, owner="one", seconds=60)
    assert first
    assert first.release()
    second = claim(reread(job), owner="two", seconds=60)
    assert second
    assert second.token > first.token


def test_a_worker_paused_past_its_lease_can_write_nothing() -> None:
    job = make_job()
    paused = claim(job, owner="paused", seconds=60)
    assert paused
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    successor = claim(reread(job), owner="successor", seconds=60)
    assert successor
    with pytest.raises(LeaseLost), paused.fenced():
        Job.objects.filter(pk=job.pk).update(last_error="written by the paused one")
    with pytest.raises(LeaseLost):
        paused.renew()
    assert not paused.release(last_error="also by the paused one")
    assert reread(job).last_error == ""
    assert successor.release(last_error="by the successor")
    assert reread(job).last_error == "by the successor"


def test_what_is_written_under_the_fence_is_undone_when_it_fails() -> None:
    job = make_job()
    lease = claim(job, owner="one", seconds=60)
    assert lease
    with pytest.raises(ZeroDivisionError), lease.fenced():
        Job.objects.filter(pk=job.pk).update(last_error="half")
        raise ZeroDivisionError
    assert reread(job).last_error == ""


def test_of_many_threads_exactly_one_claims() -> None:
    job = make_job()
    claims: list[Lease] = []
    start = threading.Barrier(8)

    def race(number: int) -> None:
        seen = reread(job)
        start.wait()
        if lease := claim(seen, owner=str(number), seconds=60):
            claims.append(lease)
        connections.close_all()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 1


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A handler that notes what it did."""
    notes: list[str] = []

    def handle(args: dict[str, Any]) -> None:
        if args.get("fails"):
            raise ValueError("no good")
        notes.append(str(args["n"]))

    monkeypatch.setitem(registry.handlers, "test", handle)
    return notes


def test_a_second_job_for_the_same_target_is_not_enqueued_while_the_first_is_open(done: list[str]) -> None:
    services.enqueue("test", key="x", args={"n": 1})
    services.enqueue("test", key="x", args={"n": 2})
    source = services.DueJobs()
    work = source.claim_next("w")
    assert work
    assert source.claim_next("w") is None
    work()
    assert done == ["1"]
    services.enqueue("test", key="x", args={"n": 3})
    assert source.claim_next("w")


def test_a_failing_job_is_tried_later_and_parked_in_the_end(done: list[str]) -> None:
    services.enqueue("test", key="x", args={"fails": True})
    source = services.DueJobs()
    for attempt in range(1, services.MAX_ATTEMPTS + 1):
        Job.objects.update(not_before=None)
        work = source.claim_next("w")
        assert work, f"not due at attempt {attempt}"
        work()
        job = Job.objects.get()
        assert job.attempt == attempt
        assert job.last_error == "ValueError: no good"
        assert job.not_before is not None
        assert job.not_before > clock.now()
    Job.objects.update(not_before=None)
    assert source.claim_next("w") is None
    assert Job.objects.get().parked_at is not None


def test_an_unknown_kind_of_job_is_refused_at_once() -> None:
    with pytest.raises(KeyError):
        services.enqueue("nobody does this", key="x", args={})


def test_periodic_work_is_due_once_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(registry, "periodic", {"p": (timedelta(hours=1), lambda: runs.append(1))})
    source = services.DuePeriodic()
    work = source.claim_next("w")
    assert work
    work()
    assert source.claim_next("w") is None
    Periodic.objects.update(not_before=clock.now() - timedelta(seconds=1))
    again = source.claim_next("w")
    assert again
    again()
    assert runs == [1, 1]


def test_a_lease_taken_while_the_clock_was_wrong_does_not_hold_for_ever() -> None:
    job = make_job()
    first = claim(job, owner="one", seconds=60)
    assert first
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() + timedelta(hours=23))
    assert claim(reread(job), owner="two", seconds=60) is None, "this long a lease may be"
    Job.objects.filter(pk=job.pk).update(lease_until=clock.now() + timedelta(days=400))
    assert claim(reread(job), owner="two", seconds=60)
    with pytest.raises(LeaseLost):
        first.renew()


def test_periodic_work_put_off_by_a_wrong_clock_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(registry, "periodic", {"p": (timedelta(hours=1), lambda: runs.append(1))})
    Periodic.objects.create(name="p", not_before=clock.now() + timedelta(days=400))
    work = services.DuePeriodic().claim_next("w")
    assert work
    work()
    assert runs == [1]
    assert services.DuePeriodic().claim_next("w") is None


def test_the_worker_does_what_is_due_and_stops_when_told(done: list[str]) -> None:
    for number in range(20):
        services.enqueue("test", key=str(number), args={"n": number})
    worker = Worker([services.DueJobs()], lanes=3)
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = clock.monotonic_seconds() + 60
    unfinished = Job.objects.filter(finished_at=None)
    while unfinished.exists() and clock.monotonic_seconds() < deadline:
        thread.join(0.05)
    worker.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert {int(key) for key in done} == set(range(20))
    assert not unfinished.exists()


def test_the_worker_outlives_a_source_and_a_work_that_fail(done: list[str]) -> None:
    class Broken:
        asked = 0

        def claim_next(self, owner: str) -> Any:
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("the source is broken")
            if self.asked == 2:
                return self.fail
            return None

        def fail(self) -> None:
            raise RuntimeError("the work is broken")

    services.enqueue("test", key="x", args={"n": 7})
    worker = Worker([Broken(), services.DueJobs()], lanes=2)
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = clock.monotonic_seconds() + 60
    while not done and clock.monotonic_seconds() < deadline:
        thread.join(0.05)
    worker.stop()
    thread.join(60)
    assert done == ["7"]
