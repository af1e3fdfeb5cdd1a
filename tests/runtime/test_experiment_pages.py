"""The Experiments page: a file is made an experiment, set, closed and opened again; its link does what was chosen."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client

from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.collection import services
from minno_dashboard.collection.models import PersonalLink, Session
from minno_dashboard.config.cli import main
from minno_dashboard.runtime.commands import experiment as command
from minno_dashboard.studies import experiments, queries
from minno_dashboard.studies.models import Experiment, ExperimentFile, Study
from tests.collection.conftest import launched


def test_a_file_becomes_an_experiment_and_its_settings_are_kept(
    client: Client, study: Study, alice: User
) -> None:
    client.force_login(alice)
    base = f"/studies/{study.public_id}/experiments/"
    node = queries.newest_version(study).tree.nodes.get(name="index.html")
    asked = client.get(f"{base}?file={node.pk}").content.decode()
    assert 'value="index"' in asked
    client.post(f"{base}add/", {"file": node.pk, "name": "main"})
    made = Experiment.objects.get()
    assert ExperimentFile.objects.get(experiment=made).node == node
    page = client.get(base).content.decode()
    link = f"/launch/{made.public_id}/{queries.newest_version(study).launch_id}"
    assert link in page
    assert "<svg" in page
    values = {
        "name": "renamed",
        "launch_password": "sesame",
        "after_reload": "block",
        "place_minutes": "30",
        "recruitment": "prolific",
        "time_zone": "UTC",
        "completion_code": "C1",
        "end_address": "javascript:alert(1)",
    }
    refused = client.post(f"{base}{made.public_id}/", values)
    assert (refused.status_code, b"begins with https://" in refused.content) == (422, True)
    values["end_address"] = "https://app.prolific.com/submissions/complete?cc=[CODE]"
    assert client.post(f"{base}{made.public_id}/", values).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.after_reload, made.place_minutes) == ("renamed", "block", 30)
    assert "sesame" not in made.password
    assert "PROLIFIC_PID" in client.get(base).content.decode()
    assert b"launch_password" in client.get(link).content
    client.post(f"{base}{made.public_id}/close/")
    assert b"This study is closed." in client.get(link).content
    client.post(f"{base}{made.public_id}/close/", {"open": "yes"})
    assert b"launch_password" in client.get(link).content


SETTINGS = {"name": "index", "after_reload": "restart", "place_minutes": "60", "recruitment": "other"}


def test_opening_times_are_read_and_shown_in_the_time_zone_of_the_study(
    client: Client, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    address = f"/studies/{experiment.study.public_id}/experiments/{experiment.public_id}/"
    times = {"time_zone": "Asia/Jerusalem", "opens_at": "2026-07-01T09:00", "closes_at": "2026-12-01T09:00"}
    assert client.post(address, SETTINGS | times).status_code == 302
    experiment.refresh_from_db()
    assert experiment.opens_at == datetime(2026, 7, 1, 6, tzinfo=UTC)  # summer time
    assert experiment.closes_at == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert Study.objects.get().time_zone == "Asia/Jerusalem"
    page = client.get(address).content.decode()
    assert 'value="2026-07-01T09:00"' in page
    for wrong in (
        {"opens_at": "2026-03-27T02:30"},  # the clocks skip this hour
        {"opens_at": "soon"},
        {"closes_at": "2026-06-01T09:00"},
        {"time_zone": "Mars/Olympus"},
    ):
        assert client.post(address, SETTINGS | times | wrong).status_code == 422, wrong
    assert Experiment.objects.get().opens_at == experiment.opens_at


def test_a_preset_fills_the_form_in_and_stores_nothing(
    client: Client, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    address = f"/studies/{experiment.study.public_id}/experiments/{experiment.public_id}/"
    given = SETTINGS | {"time_zone": "UTC", "completion_code": "MINE", "preset": "prolific"}
    page = client.post(address, given).content.decode()
    assert "https://app.prolific.com/submissions/complete?cc=[CODE]" in page
    assert 'value="MINE"' in page
    assert '<option value="prolific" selected>' in page
    assert Experiment.objects.get().recruitment == "other"


def test_conditions_keep_their_counts_and_weights_decide(
    client: Client, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    base = f"/studies/{experiment.study.public_id}/experiments/{experiment.public_id}/"

    def save(*rows: tuple[str, str, str]) -> int:
        form = {"conditions-TOTAL_FORMS": str(len(rows)), "conditions-INITIAL_FORMS": "0"}
        for number, row in enumerate(rows):
            form |= {
                f"conditions-{number}-{name}": value
                for name, value in zip(("name", "weight", "quota"), row, strict=True)
            }
        return client.post(f"{base}conditions/", form).status_code

    assert save(("A", "2", ""), ("B", "1", ""), ("", "", "")) == 302
    for _ in range(9):
        services.start_session(token=launched(experiment))
    counts = {one.name: one.taken for one in experiment.conditions.all()}
    assert counts == {"A": 6, "B": 3}
    assert save(("B", "1", "3"), ("C", "1", "")) == 302
    assert [(one.name, one.taken, one.quota) for one in experiment.conditions.all()] == [
        ("B", 3, 3),
        ("C", 0, None),
    ]
    assert services.start_session(token=launched(experiment)).condition == "C"
    assert save(("C", "0", "")) == 422
    assert save(("C", "1", ""), ("C", "1", "")) == 302  # refused with a message
    assert experiment.conditions.count() == 2
    assert Session.objects.filter(condition="A").count() == 6


def test_personal_links_are_made_exported_used_once_and_revoked(
    client: Client, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    base = f"/studies/{experiment.study.public_id}/experiments/{experiment.public_id}/links/"
    assert client.post(base, {"count": "2"}).status_code == 302
    file = SimpleUploadedFile("p.csv", 'label,group\nדנה,a\n"Levi, N.",b\n'.encode())
    assert client.post(base, {"csv": file, "is_resumable": "on"}).status_code == 302
    for wrong in ({}, {"count": "0"}, {"count": "10001"}, {"csv": SimpleUploadedFile("x", b"a,b\nc,d,e\n")},
                  {"csv": SimpleUploadedFile("x", b"\xff\xfe")}):  # fmt: skip
        assert client.post(base, wrong).status_code == 422, wrong
    exported = client.get(f"{base}csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [row["label"] for row in rows] == ["1", "2", "דנה", "Levi, N."]
    assert [row["resumable"] for row in rows] == ["false", "false", "true", "true"]
    codes = [row["link"].rpartition("link=")[2] for row in rows]
    assert len(set(codes)) == 4
    assert PersonalLink.objects.get(code=codes[3]).params == {"group": "b"}
    path = rows[0]["link"].replace(settings.SERVER_URL, "")
    assert client.get(path).status_code == 200
    first = PersonalLink.objects.get(code=codes[0])
    services.start_session(token=launched(experiment, link=first.pk))
    assert b"already been used" in client.get(path).content
    second = PersonalLink.objects.get(code=codes[1])
    assert client.post(f"{base}{second.pk}/revoke/").status_code == 302
    assert b"is not valid" in client.get(rows[1]["link"].replace(settings.SERVER_URL, "")).content
    assert codes[1] not in client.get(f"{base}csv").content.decode()
    assert client.post(f"{base}{10**9}/revoke/").status_code == 404
    assert b"Can be continued" in client.get(base).content


def test_the_command_makes_links_and_prints_them(experiment: Experiment, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("label\nP1\nP2\n")
    asked = ["links", "--owner", "alice", "--study", "Faces", "--name", "index", "--labels", str(labels)]
    done = CliRunner().invoke(command, [*asked, "--resumable"], catch_exceptions=False)
    assert [row["label"] for row in csv.DictReader(io.StringIO(done.output))] == ["P1", "P2"]
    again = CliRunner().invoke(command, [*asked[:-2], "--count", "1"], catch_exceptions=False)
    assert len(again.output.splitlines()) == 4
    labels.write_bytes("label\nGrüße\n".encode("latin-1"))
    refused = CliRunner().invoke(main, ["experiment", *asked])
    assert (refused.exit_code, refused.output) == (
        1,
        "Error: The CSV file is not UTF-8 text. No link was created.\n",
    )
    assert PersonalLink.objects.count() == 3


def test_settings_of_which_one_part_is_refused_change_nothing(experiment: Experiment, alice: User) -> None:
    with pytest.raises(IntegrityError):
        experiments.save_settings(
            experiment=experiment,
            name="other",
            values={"session_limit": -1},
            time_zone="Asia/Tokyo",
            by=alice,
        )
    stored = Experiment.objects.select_related("study").get(pk=experiment.pk)
    assert (stored.name, stored.study.time_zone) == ("index", experiment.study.time_zone)
    assert not AuditEntry.objects.filter(action=AuditAction.STUDY_RENAME_EXPERIMENT).exists()


def test_a_version_that_is_not_active_starts_nothing(
    client: Client, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    version = queries.newest_version(experiment.study)
    path = f"/launch/{experiment.public_id}/{version.launch_id}"
    client.post(f"/studies/{experiment.study.public_id}/versions/1/active/")
    assert b"cannot start the study" in client.get(path).content
    client.post(f"/studies/{experiment.study.public_id}/versions/1/active/", {"active": "yes"})
    assert b"cannot start the study" not in client.get(path).content
