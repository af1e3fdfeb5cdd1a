"""Sessions with submissions, and downloads, as participants and jobs leave them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from minno_dashboard.collection.models import DataDeletion, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.jobs.models import Job
from minno_dashboard.results import data_requests, deleting, erasing
from minno_dashboard.results.erasing import Who
from minno_dashboard.results.exporting import Format
from minno_dashboard.results.models import DataRequest, Erasure
from minno_dashboard.studies.models import Experiment, Study
from minno_dashboard.studies.queries import newest_version
from tests.collection.conftest import alice, experiment, study

__all__ = ["alice", "experiment", "study"]
TRIAL = {"log_serial": 1, "name": "left", "latency": 512, "data": {"score": 0}, "taskName": "iat"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def session_of(experiment: Experiment, *bodies: str, at: datetime | None = None, **values: Any) -> Session:
    """Make a session with these submissions; without any, it has one with one trial."""
    version = newest_version(experiment.study)
    at = at or clock.now()
    sent = bodies or (json.dumps({"data": [TRIAL]}),)
    fields: dict[str, Any] = {"last_post_at": at, "submission_count": len(sent), **values}
    made = Session.objects.create(
        experiment=experiment, version=version, version_state=version.state, started_at=at, **fields
    )
    for number, body in enumerate(sent, 1):
        Submission.objects.create(
            session=made, sequence=number, received_at=at, size=len(body), body=body, task="iat"
        )
    return made


def run_jobs() -> None:
    """Do the downloads that are asked for, as a worker does."""
    for job in Job.objects.filter(kind=data_requests.JOB, finished_at=None).order_by("pk"):
        data_requests.make_download(job.args)
        Job.objects.filter(pk=job.pk).update(finished_at=clock.now())


def download_of(study: Study) -> int:
    """Make a download of a study's data that is ready; return its number."""
    made = data_requests.request_data(
        study=study, file_format=Format.TIDY, split_by="", criteria={}, by=study.owner
    )
    run_jobs()
    assert DataRequest.objects.get(pk=made.pk).state == DataRequest.State.DONE
    return made.pk


def deleted_data(experiment: Experiment) -> DataDeletion:
    """Make a session and delete it, as its owner does."""
    session_of(experiment)
    study = experiment.study
    return deleting.delete_data(
        study=study, criteria={}, before=clock.now(), typed_name=study.name, by=study.owner
    )


def erased_participant(experiment: Experiment) -> Erasure:
    """Make a session and erase its participant, as the study's owner does; return the receipt."""
    who = Who(Erasure.FoundBy.SESSION, str(session_of(experiment).pk))
    study = experiment.study
    return erasing.erase_participant(study=study, who=who, size=1, typed_name=study.name, by=study.owner)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment it is; the last one counts."""
    moments = [NOON]
    monkeypatch.setattr(clock, "now", lambda: moments[-1])
    return moments


@pytest.fixture(autouse=True)
def data_folder(settings: LazySettings, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    settings.DATA_DIR = tmp_path
    return tmp_path
