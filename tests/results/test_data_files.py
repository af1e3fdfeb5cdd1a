"""The files of a data folder: what they hold, when they are made anew, and what is final."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.collection import data_folders
from minno_dashboard.collection import services as collection
from minno_dashboard.collection.models import DataFile, DataFolder, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
from minno_dashboard.jobs.models import Job
from minno_dashboard.results import data_files, services
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import launched
from tests.results.conftest import NOON, session_of


@pytest.fixture
def folder(study: Study, now: list[datetime]) -> DataFolder:
    """A data folder that somebody asked for."""
    data_folders.begin({study.pk})
    return DataFolder.objects.get(study=study)


def make_due() -> bool:
    """Do what the schedule asks for; say whether anything was made."""
    data_files.enqueue_due()
    due = list(Job.objects.filter(kind=data_files.JOB, finished_at=None))
    for job in due:
        data_files.make(job.args)
        Job.objects.filter(pk=job.pk).update(finished_at=clock.now())
    return bool(due)


def contents() -> dict[str, bytes]:
    rows = DataFile.objects.filter(blob__isnull=False).select_related("blob")
    return {row.path: store.read_verified(row.blob) for row in rows if row.blob}


def changed_since(revision: int) -> set[str]:
    return set(DataFile.objects.filter(revision__gt=revision).values_list("path", flat=True))


def lines(text: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_folder_holds_tables_without_tests_and_everything_raw_by_day(
    folder: DataFolder, experiment: Experiment, now: list[datetime]
) -> None:
    early = session_of(experiment, at=NOON - timedelta(days=3), state="finished")
    broken = session_of(experiment, '{"data": [', '{"data": [{"x": "שלום"}], "n": 1.10}', at=NOON)
    tried = session_of(experiment, at=NOON, is_test=True)
    assert make_due()
    found = contents()
    assert set(found) == {
        "trials.csv", "sessions.csv", "codebook.csv", "codebook.json", "README.txt", "problems.jsonl",
        "raw/sessions.jsonl", "raw/2026-11-17.jsonl", "raw/2026-11-20.jsonl",
    }  # fmt: skip
    assert str(early.pk).encode() in found["sessions.csv"]
    assert str(tried.pk).encode() not in found["sessions.csv"]
    assert {one["session_id"] for one in lines(found["raw/sessions.jsonl"])} == {
        early.pk, broken.pk, tried.pk,
    }  # fmt: skip
    raw = lines(found["raw/2026-11-20.jsonl"])
    assert [one["body"] for one in raw[:2]] == ['{"data": [', '{"data": [{"x": "שלום"}], "n": 1.10}']
    folder.refresh_from_db()
    assert (folder.sessions, folder.size) == (3, sum(map(len, found.values())))
    assert not make_due(), "nothing happened since"


def test_a_session_that_ends_is_there_after_a_minute_at_most_and_rows_after_five(
    folder: DataFolder, experiment: Experiment, now: list[datetime]
) -> None:
    assert make_due()
    token = launched(experiment)
    session = collection.start_session(token=token)
    now.append(NOON + timedelta(seconds=61))
    assert not make_due(), "a session that only began can wait"
    collection.finish_session(token=token)
    assert make_due()
    assert str(session.pk).encode() in contents()["sessions.csv"]
    other = session_of(experiment, at=now[-1])
    now.append(now[-1] + timedelta(minutes=4))
    assert not make_due()
    now.append(now[-1] + timedelta(minutes=1))
    assert make_due()
    assert str(other.pk).encode() in contents()["trials.csv"]
    now.append(now[-1] + timedelta(minutes=6))
    assert not make_due(), "rows that are there already are no reason"
    services.mark_sessions(
        study=folder.study, session_ids=[other.pk], mark=services.Mark.EXCLUDE, note="", by=folder.study.owner
    )
    DataFolder.objects.update(making_seconds=60)
    assert not make_due(), "a making of a minute is followed by ten without one"
    DataFolder.objects.update(making_seconds=1, size=256 * 1024 * 600)
    assert not make_due(), "a slow line must be able to carry the files"
    now.append(now[-1] + timedelta(minutes=5))
    assert make_due()


def test_a_past_day_is_final_and_the_same_data_change_nothing(
    folder: DataFolder, experiment: Experiment, now: list[datetime]
) -> None:
    session = session_of(experiment, at=NOON)
    assert make_due()
    first = DataFolder.objects.get().files_revision
    data_folders.data_changed(folder.study_id)
    now.append(datetime(2026, 11, 21, 0, 10, tzinfo=UTC))
    late = Submission.objects.create(
        session=session, sequence=2, received_at=datetime(2026, 11, 20, 23, 59, tzinfo=UTC), size=2, body="{}"
    )
    Session.objects.update(last_post_at=late.received_at)
    assert make_due()
    assert "raw/2026-11-20.jsonl" in changed_since(first), "a commit shortly after midnight still counts"
    second = DataFolder.objects.get().files_revision
    session_of(experiment, at=now[-1])
    data_folders.data_changed(folder.study_id)
    now.append(now[-1] + timedelta(minutes=10))
    assert make_due()
    third = DataFolder.objects.get().files_revision
    Submission.objects.filter(pk=late.pk).update(body='{"changed": 1}')
    data_folders.data_changed(folder.study_id)
    now.append(now[-1] + timedelta(days=1))
    assert make_due()
    assert "raw/2026-11-20.jsonl" not in changed_since(second), "that day is not even read any more"
    assert b"changed" not in contents()["raw/2026-11-20.jsonl"]
    assert changed_since(third) <= {"trials.csv", "sessions.csv", "codebook.csv", "codebook.json"}
    last = DataFolder.objects.get().files_revision
    data_folders.data_changed(folder.study_id)
    now.append(now[-1] + timedelta(minutes=2))
    assert make_due()
    assert changed_since(last) == set()
    assert Job.objects.filter(kind=data_files.JOB).count() == 1, "finished jobs do not pile up"


@pytest.mark.django_db(transaction=True)
def test_data_that_are_erased_leave_every_file_and_the_store(
    alice: User, folder: DataFolder, experiment: Experiment, now: list[datetime]
) -> None:
    gone = session_of(experiment, '{"data": [{"name": "SECRET"}]}', at=NOON - timedelta(days=5))
    session_of(experiment, at=NOON)
    assert make_due()
    services.mark_sessions(
        study=folder.study, session_ids=[gone.pk], mark=services.Mark.NOTE, note="note", by=alice
    )
    now.append(NOON + timedelta(minutes=2))
    assert make_due()
    assert DataFile.objects.filter(previous__isnull=False).exists(), "an upload may still need these bytes"
    gone.delete()
    data_folders.data_changed(folder.study_id, of_past_days=True)
    now.append(NOON + timedelta(minutes=4))
    assert make_due()
    found = contents()
    assert found["raw/2026-11-15.jsonl"] == b"", "a file without rows replaces the one with them"
    assert len(lines(found["raw/2026-11-20.jsonl"])) == 1
    kept = [store.read_verified(blob) for blob in Blob.objects.all()]
    assert not [one for one in kept if b"SECRET" in one or str(gone.pk).encode() in one]
    data_folders.end(DataFolder.objects.get())
    assert not DataFile.objects.exists()
    assert not [one for one in map(store.read_verified, Blob.objects.all()) if b"trial_name" in one]


def test_a_full_disk_leaves_the_files_as_they_were(
    folder: DataFolder, experiment: Experiment, now: list[datetime], data_folder: Path
) -> None:
    session_of(experiment, at=NOON)
    assert make_due()
    before = contents()
    session_of(experiment, at=NOON, state="finished")
    data_folders.data_changed(folder.study_id)
    now.append(NOON + timedelta(minutes=2))
    (data_folder / "exports").rmdir()
    (data_folder / "exports").write_text("in the way")
    with pytest.raises(OSError, match="exports"):
        data_files.make({"study": folder.study_id})
    assert contents() == before
    (data_folder / "exports").unlink()
    assert make_due()
    assert contents() != before
    assert not list((data_folder / "exports").iterdir()), "no temporary files are left"
