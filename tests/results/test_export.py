"""`export-data` in every format: every trial is in each, the same input gives the same bytes, one bad body spoils none."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import openpyxl
import polars
import pyreadstat
import pytest
from click.testing import CliRunner

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import Session, Submission
from minno_dashboard.config.cli import main
from minno_dashboard.core import clock
from minno_dashboard.results.exporting import Format
from minno_dashboard.studies.models import Experiment, Study
from minno_dashboard.studies.services import create_study

pytestmark = pytest.mark.django_db
TRIALS = 30


@pytest.fixture
def study() -> Study:
    """A study with two finished sessions, one that runs and one test; each of the first has 30 trials and a question."""
    owner = User.objects.create(username="dana", email="dana@lab.example")
    study = create_study(owner=owner, name="מחקר")
    version = study.versions.get()
    experiment = Experiment.objects.create(study=study, name="iat", created_at=clock.now())
    began = clock.now() - timedelta(days=3)
    for number, state in enumerate(["finished", "finished", "started", "finished"]):
        session = Session.objects.create(
            id=1000 + number,
            experiment=experiment,
            version=version,
            version_state=version.state,
            params={"PROLIFIC_PID": f"p{number}"},
            state=state,
            started_at=began + timedelta(days=number),
            last_post_at=began + timedelta(days=number),
            is_test=number == 3,
        )
        trials = [
            {"log_serial": n, "name": "=1+1", "latency": 400 + n, "data": {"score": 0}, "taskName": "iat"}
            for n in range(TRIALS)
        ]
        question = {
            "name": "כמה",
            "response": "טוב, תודה",
            "serial": 0,
            "submitLatency": 1.5,
            "taskName": "q",
        }
        for body in (json.dumps({"data": trials}), json.dumps({"data": [question]}), '{"data": ['):
            Submission.objects.create(session=session, received_at=clock.now(), size=len(body), body=body)
    return study


def export(study: Study, file_format: str, out: Path, *options: str) -> dict[str, bytes]:
    words = ["export-data", "--owner", "dana", "--study", study.name, "--format", file_format, *options]
    done = CliRunner().invoke(main, [*words, str(out)])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines(data: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline="")))


@pytest.mark.parametrize("file_format", [one.value for one in Format])
def test_each_format_has_a_codebook_names_what_it_could_not_read_and_is_the_same_twice(
    study: Study, tmp_path: Path, file_format: str
) -> None:
    files = export(study, file_format, tmp_path / "a.zip")
    assert {"codebook.csv", "codebook.json", "README.txt", "problems.jsonl"} <= set(files)
    problems = [json.loads(line) for line in files["problems.jsonl"].splitlines()]
    assert [one["body"] for one in problems] == ['{"data": ['] * 3
    export(study, file_format, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"], "no temporary file is left"


def test_tidy_holds_every_trial_and_every_session(study: Study, tmp_path: Path) -> None:
    files = export(study, "tidy", tmp_path / "a.zip")
    assert not files["trials.csv"].startswith(b"\xef\xbb\xbf")
    trials = lines(files["trials.csv"])
    assert len(trials) == 3 * (TRIALS + 1)
    assert [row["rt_ms"] for row in trials if row["session_id"] == "1000"][:2] == ["400", "401"]
    assert {row["response"] for row in trials if row["task"] == "q"} == {"טוב, תודה"}
    assert [row["url_prolific_pid"] for row in lines(files["sessions.csv"])] == ["p0", "p1", "p2"]
    named = {(row["table"], row["name"]) for row in lines(files["codebook.csv"])}
    assert {("trials", name) for name in trials[0]} <= named


def test_only_what_was_asked_for_is_exported(study: Study, tmp_path: Path) -> None:
    def sessions(*options: str) -> list[str]:
        files = export(study, "tidy", tmp_path / "a.zip", *options)
        return [row["session_id"] for row in lines(files["sessions.csv"])]

    day = (clock.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S")
    assert sessions("--finished") == ["1000", "1001"]
    assert sessions("--with-tests") == ["1000", "1001", "1002", "1003"]
    assert sessions("--version", "2") == []
    assert sessions("--until", day) == ["1000"] or sessions("--until", day) == ["1000", "1001"]
    assert "1000" not in sessions("--since", day)


def test_excel_disarms_formulas_and_shows_hebrew(study: Study, tmp_path: Path) -> None:
    files = export(study, "excel", tmp_path / "a.zip")
    assert files["trials.csv"].startswith(b"\xef\xbb\xbf")
    assert lines(files["trials.csv"], "utf-8-sig")[0]["trial_name"] == "'=1+1"
    book = openpyxl.load_workbook(io.BytesIO(files["data.xlsx"]))
    assert book.sheetnames == ["trials", "sessions"]
    header = [cell.value for cell in book["trials"][1]]
    cells = [cell for cell in book["trials"][2] if cell.value == "=1+1"]
    assert [(header[cell.column - 1], cell.data_type) for cell in cells] == [("trial_name", "s")]
    assert book["trials"].max_row == 3 * (TRIALS + 1) + 1


def test_typed_formats_keep_numbers_and_text(study: Study, tmp_path: Path) -> None:
    frame = polars.read_parquet(io.BytesIO(export(study, "parquet", tmp_path / "a.zip")["trials.parquet"]))
    assert (frame.height, frame["rt_ms"].dtype, frame["correct"].dtype) == (
        3 * (TRIALS + 1),
        polars.Int64,
        polars.Boolean,
    )
    (tmp_path / "trials.sav").write_bytes(export(study, "sav", tmp_path / "b.zip")["trials.sav"])
    data, meta = pyreadstat.read_sav(str(tmp_path / "trials.sav"), output_format="dict")
    assert list(data["rt_ms"][:2]) == [400.0, 401.0]
    assert "טוב, תודה" in list(data["response"])
    assert meta.column_names_to_labels["rt_ms"] == "Response time in milliseconds"
    rows = export(study, "jsonl", tmp_path / "c.zip")["trials.jsonl"].splitlines()
    assert len(rows) == 3 * (TRIALS + 1)


def test_classic_is_cut_by_task_with_sessions_of_their_own(study: Study, tmp_path: Path) -> None:
    files = export(study, "classic", tmp_path / "a.zip")
    assert {"iat.csv", "q.csv", "_session_data.csv"} <= set(files)
    assert files["iat.csv"].decode().splitlines()[0] == (
        "studyId,versionId,sessionId,createdDate,log_serial,name,latency,data.score,taskName"
    ) or files["iat.csv"].decode().splitlines()[0].startswith(
        "sessionId,studyId,versionId,createdDate,log_serial"
    )
    assert len(files["iat.csv"].decode().splitlines()) == 3 * TRIALS + 1
    whole = export(study, "classic", tmp_path / "b.zip", "--split-by", "")
    assert {name for name in whole if name.endswith(".csv")} == {"_data.csv", "codebook.csv"}


def test_wide_has_one_row_a_session(study: Study, tmp_path: Path) -> None:
    rows = lines(export(study, "wide", tmp_path / "a.zip")["wide.csv"])
    assert [row["iat_n_trials"] for row in rows] == [str(TRIALS)] * 3


def test_psych_ds_describes_every_column(study: Study, tmp_path: Path) -> None:
    files = export(study, "psych-ds", tmp_path / "a.zip")
    described = json.loads(files["dataset_description.json"])
    assert (described["@type"], described["name"]) == ("Dataset", "מחקר")
    measured = {one["name"] for one in described["variableMeasured"]}
    for name in ("data/table-trials_data.csv", "data/table-sessions_data.csv"):
        assert set(lines(files[name])[0]) <= measured


def test_an_unknown_study_is_refused_with_a_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["export-data", "--owner", "nobody", "--study", "S", str(tmp_path / "a.zip")]
    )
    assert done.exit_code == 1
    assert "There is no study" in done.stderr
