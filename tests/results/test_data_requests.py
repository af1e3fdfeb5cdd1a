"""Downloads: asked for, made by a job, downloaded under a proper name, cancelled, run again, removed after 7 days."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.core import clock
from minno_dashboard.results import data_requests
from minno_dashboard.results.exporting import Format
from minno_dashboard.results.models import DataRequest
from minno_dashboard.studies import sharing
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import make_experiment
from tests.results.conftest import run_jobs, session_of
from tests.studies.conftest import person, share

State = DataRequest.State


def sessions_in(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("sessions.csv").decode()
    return [row["session_id"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_a_download_holds_what_was_asked_for_and_has_a_proper_name(
    client: Client, study: Study, experiment: Experiment, alice: User, data_folder: Path
) -> None:
    client.force_login(alice)
    base = f"/studies/{study.public_id}/data/downloads/"
    other = make_experiment(study, name="other")
    now = clock.now()
    wanted = session_of(experiment, at=now - timedelta(days=1), state="finished")
    session_of(experiment, at=now - timedelta(days=9), state="finished")
    session_of(experiment, at=now - timedelta(days=1))
    session_of(experiment, at=now - timedelta(days=1), state="finished", is_test=True)
    session_of(other, at=now - timedelta(days=1), state="finished")
    asked = {
        "file_format": "tidy",
        "experiments": [experiment.pk],
        "versions": ["1"],
        "since": (now - timedelta(days=2)).date().isoformat(),
        "until": (now - timedelta(days=1)).date().isoformat(),
        "finished": "on",
    }
    assert client.post(base, {**asked, "until": "2020-01-01"}).status_code == 422
    assert client.post(base, {**asked, "file_format": "exe"}).status_code == 422
    assert client.post(base, asked).status_code == 302
    made = DataRequest.objects.get()
    file = f"{base}{made.pk}/"
    assert client.get(file).status_code == 404
    assert b"hx-select" in client.get(base).content
    run_jobs()
    made.refresh_from_db()
    assert (made.state, made.total, made.rows, made.percent) == (State.DONE, 1, 1, 100)
    path = data_folder / "exports" / f"{made.pk}.zip"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    answer = client.get(file)
    content = b"".join(answer.streaming_content)
    assert sessions_in(content) == [str(wanted.pk)]
    assert answer["Content-Disposition"] == f'attachment; filename="Faces data {now:%Y-%m-%d}.zip"'
    assert int(answer["Content-Length"]) == made.size == len(content)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert AuditEntry.objects.filter(action="study.download_data").count() == 1
    page = client.get(base).content
    assert b"hx-select" not in page
    client.post(f"{file}again/")
    run_jobs()
    again = DataRequest.objects.latest("pk")
    assert (again.state, again.criteria, again.total) == (State.DONE, made.criteria, 1)


def test_a_handler_that_runs_twice_makes_the_same_file(study: Study, experiment: Experiment) -> None:
    session_of(experiment)
    made = ask(study)
    DataRequest.objects.filter(pk=made.pk).update(state=State.RUNNING)  # a worker died at it
    data_requests.make_download({"request": made.pk})
    first = data_requests.file_of(made).read_bytes()
    data_requests.make_download({"request": made.pk})
    made.refresh_from_db()
    assert made.state == State.DONE
    assert data_requests.file_of(made).read_bytes() == first


def ask(study: Study, by: User | None = None) -> DataRequest:
    return data_requests.request_data(
        study=study, file_format=Format.TIDY, split_by="", criteria={}, by=by or study.owner
    )


def test_a_cancelled_download_leaves_no_file(
    client: Client, study: Study, experiment: Experiment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    for _ in range(3):
        session_of(experiment)
    waiting, during, ready = ask(study), ask(study), ask(study)
    base = f"/studies/{study.public_id}/data/downloads/"
    client.post(f"{base}{waiting.pk}/cancel/")
    data_requests.make_download({"request": waiting.pk})
    # Each session reports, and the second one finds that somebody cancelled meanwhile.
    monkeypatch.setattr(data_requests, "PROGRESS_SECONDS", 0)
    original = data_requests.selection.read

    def cancelled_meanwhile(chosen: object) -> object:
        for number, one in enumerate(original(chosen)):
            if number == 1:
                client.post(f"{base}{during.pk}/cancel/")
            yield one

    monkeypatch.setattr(data_requests.selection, "read", cancelled_meanwhile)
    data_requests.make_download({"request": during.pk})
    monkeypatch.setattr(data_requests.selection, "read", original)
    data_requests.make_download({"request": ready.pk})
    client.post(f"{base}{ready.pk}/cancel/")
    for one in (waiting, during, ready):
        one.refresh_from_db()
        assert one.state == State.CANCELLED
    assert list(data_requests.file_of(ready).parent.iterdir()) == []
    client.post(f"{base}{ready.pk}/cancel/")
    assert b"already ended" in client.get(base).content


def test_downloads_end_after_seven_days_and_whoever_lost_the_right_gets_none(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    session_of(experiment)
    helper = person("helper")
    shared = share(study, helper, status="accepted", file_access="read", sees_data=True)
    kept, old, stuck, theirs = ask(study), ask(study), ask(study), ask(study, helper)
    sharing.remove_member(share=shared, by=alice)
    for one in (kept, old, theirs):
        data_requests.make_download({"request": one.pk})
    past = clock.now() - timedelta(days=7, minutes=1)
    DataRequest.objects.filter(pk=old.pk).update(expires_at=past + timedelta(days=7))
    DataRequest.objects.filter(pk=stuck.pk).update(created_at=past)
    orphan = data_requests.file_of(old).with_name("999999.zip")
    orphan.write_bytes(b"of a study that was removed")
    assert data_requests.expire_downloads() == 1
    found = {one.pk: one for one in DataRequest.objects.all()}
    assert [found[one.pk].state for one in (kept, old, stuck, theirs)] == [
        State.DONE,
        State.EXPIRED,
        State.FAILED,
        State.FAILED,
    ]
    assert "no longer has access" in found[theirs.pk].error
    assert [path.name for path in orphan.parent.iterdir()] == [f"{kept.pk}.zip"]
    answer = client.get(f"/studies/{study.public_id}/data/downloads/{old.pk}/")
    assert (answer.status_code, b"7 days have passed" in answer.content) == (404, True)


def test_a_full_disk_is_said_and_the_request_can_be_run_again(
    client: Client, study: Study, experiment: Experiment, alice: User, data_folder: Path
) -> None:
    client.force_login(alice)
    session_of(experiment)
    (data_folder / "exports").write_text("a file where the folder should be")
    made = ask(study)
    data_requests.make_download({"request": made.pk})
    made.refresh_from_db()
    assert made.state == State.FAILED
    assert (
        "could not be written" in client.get(f"/studies/{study.public_id}/data/downloads/").content.decode()
    )
    (data_folder / "exports").unlink()
    data_requests.make_download({"request": data_requests.request_again(request=made, by=alice).pk})
    assert DataRequest.objects.filter(state=State.DONE).count() == 1
