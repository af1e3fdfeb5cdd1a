"""Deleting data: left out everywhere, brought back, removed after 30 days; only by those who may."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.api.models import ApiToken
from minno_dashboard.api.scopes import Scope
from minno_dashboard.collection import data_folders
from minno_dashboard.collection.models import (
    ClientError,
    DataDeletion,
    DataFolder,
    QuarantinedBody,
    Session,
    Submission,
)
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, Invalid
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.results import data_requests, deleting, queries, schedule
from minno_dashboard.results.exporting import Format
from minno_dashboard.results.models import DataRequest
from minno_dashboard.results.selection import Selection
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import make_experiment
from tests.results.conftest import NOON, download_of, run_jobs, session_of
from tests.results.test_data_files import contents, make_due
from tests.studies.conftest import person, share


def ids_of(client: Client, study: Study) -> dict[str, set[int]]:
    """Return which sessions each way to the data shows."""
    base = f"/studies/{study.public_id}/data/"
    secret = "t" * 40
    ApiToken.objects.get_or_create(
        user=study.owner,
        fingerprint=fingerprint(secret),
        defaults={
            "name": "R",
            "scopes": [Scope.DATA_READ],
            "created_at": NOON,
            "expires_at": NOON + timedelta(days=90),
        },
    )
    api = client.get(
        f"/api/v1/studies/{study.public_id}/sessions?tests=true",
        headers={"Authorization": f"Bearer {secret}"},
    ).json()
    path = data_requests.file_of(DataRequest.objects.get(pk=download_of(study)))
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("sessions.csv").decode(), newline="")))
    make_due()
    return {
        "list": {one.pk for one, _ in client.get(base).context["sessions"]},
        "api": {int(one["id"]) for one in api["items"]},
        "download": {int(row["session_id"]) for row in rows},
        "folder": {one for one in Session.objects.values_list("pk", flat=True) if str(one).encode() in contents()["raw/sessions.jsonl"]},
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_left_out_everywhere_and_comes_back(
    client: Client, study: Study, experiment: Experiment, alice: User, now: list[datetime], data_folder: Path
) -> None:
    client.force_login(alice)
    other = make_experiment(study, name="other")
    gone = session_of(experiment, '{"data": [{"name": "SECRET"}]}', at=NOON - timedelta(days=4))
    kept = session_of(other, at=NOON - timedelta(days=1))
    data_folders.begin({study.pk})
    before = {name: {gone.pk, kept.pk} for name in ("list", "api", "download", "folder")}
    assert ids_of(client, study) == before
    ready = DataRequest.objects.get()
    address = f"/studies/{study.public_id}/data/delete/"
    asked: dict[str, str | int] = {"chosen": "1", "experiments": experiment.pk, "until": "2026-11-19"}
    shown = client.get(address, asked).context
    assert shown["count"] == 1
    confirmed = {**asked, "before": shown["before"]}
    late = session_of(experiment, at=NOON + timedelta(seconds=1), is_test=True)
    refused = client.post(address, {**confirmed, "study_name": "faces"})
    assert (refused.status_code, DataDeletion.objects.count()) == (422, 0)
    assert b"This is not the name of the study. Nothing was deleted." in refused.content
    now.append(NOON + timedelta(minutes=2))
    assert client.post(address, {**confirmed, "study_name": " Faces "}).status_code == 302
    assert not data_requests.file_of(ready).exists(), "a ready download holds what was deleted"
    now.append(NOON + timedelta(minutes=4))
    assert ids_of(client, study) == {
        "list": {kept.pk, late.pk}, "api": {kept.pk, late.pk}, "download": {kept.pk}, "folder": {kept.pk, late.pk},
    }  # fmt: skip
    assert not [one for one in contents().values() if b"SECRET" in one]
    assert client.get(f"/studies/{study.public_id}/data/sessions/{gone.pk}/").status_code == 404
    assert queries.counts_of(Selection(study, has_tests=True)).started == 2
    assert sum(one for _, one, _ in queries.sessions_per_day(Selection(study, has_tests=True))) == 2
    deletion = DataDeletion.objects.get()
    undo = f"{address}{deletion.pk}/undo/"
    assert client.post(undo).status_code == 302
    late.delete()
    now.append(NOON + timedelta(minutes=6))
    assert ids_of(client, study) == before
    assert any(b"SECRET" in one for one in contents().values()), "also in the file of a day that was final"
    client.post(undo)
    assert "can no longer be undone" in client.get(address).content.decode()
    deeds = AuditEntry.objects.filter(action__in=["study.delete_data", "study.bring_data_back"])
    assert [(one.actor, one.details["sessions"]) for one in deeds.order_by("pk")] == [(alice, 1), (alice, 1)]


def test_filters_tests_only_and_finished_only(
    study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    test = session_of(experiment, at=NOON - timedelta(hours=1), is_test=True, state="finished")
    running = session_of(experiment, at=NOON - timedelta(hours=1), is_test=True)
    real = session_of(experiment, at=NOON - timedelta(hours=1))
    later = session_of(experiment, at=NOON + timedelta(hours=1), is_test=True, state="finished")

    def delete(**criteria: object) -> set[int]:
        made = deleting.delete_data(study=study, criteria=criteria, before=NOON, typed_name="Faces", by=alice)
        gone = set(Session.objects.filter(deletion=made).values_list("pk", flat=True))
        deleting.undo(deletion=made, by=alice)
        return gone

    assert delete(tests_only=True, finished=True) == {test.pk}
    assert delete(tests_only=True) == {test.pk, running.pk}
    assert delete(versions=[1]) == {test.pk, running.pk, real.pk}
    assert later.pk in Session.present.values_list("pk", flat=True)
    with pytest.raises(Invalid, match="No session matches"):
        delete(versions=[2])
    assert DataDeletion.objects.filter(undone_at=None).count() == 0


def test_after_thirty_days_the_rows_are_removed_for_good(
    study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    gone = session_of(experiment, at=NOON - timedelta(days=1))
    kept = session_of(make_experiment(study, name="other"), at=NOON - timedelta(days=1))
    for one in (gone, kept):
        ClientError.objects.create(
            experiment=experiment, version=one.version, session_id=one.pk, at=NOON, kind="script", message="x"
        )
        QuarantinedBody.objects.create(session=one, received_at=NOON, reason="x", size=1, body=b"x")
    made = deleting.delete_data(
        study=study, criteria={"experiments": [experiment.pk]}, before=NOON, typed_name="Faces", by=alice
    )
    now.append(NOON + timedelta(days=29, hours=23))
    schedule.purge_deleted_data()
    assert Session.objects.count() == 2
    now.append(NOON + timedelta(days=30))
    schedule.purge_deleted_data()
    schedule.purge_deleted_data()
    assert set(Session.objects.values_list("pk", flat=True)) == {kept.pk}
    assert set(Submission.objects.values_list("session", flat=True)) == {kept.pk}
    assert set(ClientError.objects.values_list("session_id", flat=True)) == {kept.pk}
    assert set(QuarantinedBody.objects.values_list("session", flat=True)) == {kept.pk}
    late = session_of(experiment, at=NOON - timedelta(days=1), deletion=made)
    schedule.purge_deleted_data()
    assert not Session.objects.filter(pk=late.pk).exists(), "a run that was cut short goes on"
    with pytest.raises(Conflict):
        deleting.undo(deletion=made, by=alice)
    assert AuditEntry.objects.get(action="study.purge_data").details["sessions"] == 1


def test_a_download_in_the_making_is_ended_by_a_deletion(
    study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    session_of(experiment, at=NOON - timedelta(days=1))
    waiting = data_requests.request_data(
        study=study, file_format=Format.TIDY, split_by="", criteria={}, by=alice
    )
    deleting.delete_data(study=study, criteria={}, before=NOON, typed_name="Faces", by=alice)
    run_jobs()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == (DataRequest.State.FAILED, data_requests.DELETED)


def test_a_deletion_of_another_study_is_not_undone_and_readers_and_editors_without_data_delete_nothing(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    session_of(experiment, at=clock.now() - timedelta(days=1))
    made = deleting.delete_data(study=study, criteria={}, before=clock.now(), typed_name="Faces", by=alice)
    base = f"/studies/{study.public_id}/data/"
    for name, file_access, sees_data in (("bob", "read", True), ("eve", "edit", False)):
        member = person(name)
        share(study, member, status="accepted", file_access=file_access, sees_data=sees_data)
        client.force_login(member)
        assert b"data/delete/" not in client.get(base).content
        assert client.get(f"{base}delete/").status_code == 403
        assert client.post(f"{base}delete/{made.pk}/undo/").status_code == 403
    client.force_login(alice)
    assert client.post(f"{base}delete/{made.pk + 1}/undo/").status_code == 404
    assert b"data/delete/" in client.get(base).content
    assert not DataFolder.objects.exists()
