"""Rows out of submissions: the classic columns to the letter, and the tidy ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from minno_dashboard.results.flatten import classic, tidy
from minno_dashboard.results.flatten.names import ColumnNames, column_name
from minno_dashboard.results.flatten.records import MalformedRows, SessionRecord, SubmissionRecord
from minno_dashboard.results.flatten.wide import wide_row

MOMENT = datetime(2026, 3, 23, 21, 49, 40, tzinfo=UTC)
SESSION = SessionRecord(
    session_id=322,
    participant_id="p-17",
    study_id=49,
    experiment_id="E",
    experiment="mgr",
    version=2,
    version_id="V",
    version_state="published",
    condition="a",
    state="finished",
    started_at=MOMENT,
    last_post_at=MOMENT,
    finished_at=MOMENT,
    progress="iat",
    submission_count=1,
    params={"PROLIFIC_PID": "abc", "STUDY_ID": "s1"},
)


def submission(body: Any, kind: str = "json") -> SubmissionRecord:
    text = body if isinstance(body, str) else json.dumps(body)
    return SubmissionRecord(1, 1, None, MOMENT, kind, text)


def classic_rows(body: Any) -> list[classic.Row]:
    return list(classic.rows(classic.stored_document(SESSION, submission(body))))


def tidy_rows(body: Any, kind: str = "json") -> list[tidy.Row]:
    return list(tidy.TrialTable().rows(SESSION, submission(body, kind)))


TRIAL = {
    "log_serial": 0,
    "trial_id": 1,
    "name": "t",
    "responseHandle": "left",
    "latency": 904,
    "stimuli": ["a", "b"],
    "media": ["Love", {"image": "x.jpg"}],
    "data": {"score": 0, "block": 3, "cond": {"deep": {"deeper": 1}}, "arr": [{"q": 1}, {"q": 2}, 5]},
    "taskName": "iat",
}


def test_the_worked_example_of_the_existing_system_comes_out_to_the_letter() -> None:
    (row,) = classic_rows({"sessionId": 322, "studyId": "E", "versionId": "V", "data": [TRIAL]})
    header = (
        "sessionId,studyId,versionId,createdDate,log_serial,trial_id,name,responseHandle,latency,stimuli.1,stimuli.2,"
        "media.1,media.2.image,data.score,data.block,data.cond.deep.deeper,data.arr.1.q,data.arr.2.q,data.arr.3,taskName"
    )
    assert ",".join(row) == header
    values = ",".join(classic.cell(value) for value in row.values())
    date = "Mon Mar 23 2026 21:49:40 GMT+0000 (Coordinated Universal Time)"
    assert values == f"322,E,V,{date},0,1,t,left,904,a,b,Love,x.jpg,0,3,1,1,2,5,iat"
    assert classic.file_name(row, "taskName") == "iat"
    assert classic.file_name(row, "absent") == "_data"


def test_sessions_have_the_columns_of_a_real_export() -> None:
    (row,) = classic.rows(classic.session_document(SESSION))
    assert next(iter(row)) == "1"
    assert set(row) == {
        *("1", "sessionId", "studyId", "versionId", "descriptiveId", "state", "study_id"),
        *("taskName", "createdDate"),
    }
    assert (row["1"], row["state"], row["taskName"]) == ('{useragent:"null"}', "Published", "_session_data")


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ([{"a": None, "b": False, "c": 0, "d": {}, "e": []}], [{"b": False, "c": 0}]),
        ([{"a": [1, None, 3]}], [{"a.1": 1, "a.3": 3}]),  # a null in an array ended the export there
        (["x", {"a": 1}, 5], [{"data.0": "x", "data.2": 5, "a": 1}, {"data.0": "x", "data.2": 5}]),
        ([{}, {"a": 1}], [{"a": 1}, {}]),
        ([["p", {"q": 2}]], [{"1": "p", "2.q": 2}]),
        ([{"sessionId": "theirs", "a": 1}], [{"a": 1}]),
        ([{"b": 1, "10": "x", "2": "y"}], [{"2": "y", "10": "x", "b": 1}]),
        ({"a": 1}, [{"data": "[object Object]"}]),
        ("text", [{"data": "text"}]),
        ([], [{}]),
    ],
)
def test_each_rule_of_flattening(data: Any, rows: list[dict[str, Any]]) -> None:
    made = classic_rows({"data": data, "_id": "hidden"})
    common = {"sessionId", "studyId", "versionId", "createdDate"}
    assert all(common <= set(row) for row in made)
    shown = [{name: value for name, value in row.items() if name not in common} for row in made]
    assert shown == rows
    assert [list(row) for row in shown] == [list(row) for row in rows]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (904.0, "904"),
        (1e-7, "1e-7"),
        (1e21, "1e+21"),
        (True, "true"),
        ('say "a"', '"say ""a"""'),
        ("a,b", '"a,b"'),
        ("a\tb", '"a\tb"'),
        ("=1+1", "=1+1"),
        (None, ""),
    ],
)
def test_classic_cells_are_printed_as_javascript_prints(value: Any, text: str) -> None:
    assert classic.cell(value) == text


def test_a_reaction_time_trial_is_tidy() -> None:
    (row,) = tidy_rows(
        {"data": [TRIAL], "sessionId": 322, "studyId": "E", "versionId": "V", "$isTouch": True}
    )
    named = {
        name: row[name] for name in ("task", "row_type", "trial_index", "trial_name", "response", "rt_ms")
    }
    assert named == {
        "task": "iat",
        "row_type": "trial",
        "trial_index": 0,
        "trial_name": "t",
        "response": "left",
        "rt_ms": 904,
    }
    assert (row["block"], row["correct"], row["stimulus"]) == (3, True, "Love; x.jpg")
    assert (row["media_2_image"], row["data_arr_3"], row["data_cond_deep_deeper"]) == ("x.jpg", 5, 1)
    assert row["is_touch"] is True, "keys that begin with $ are kept"
    assert (row["participant_id"], row["received_at"]) == ("p-17", "2026-03-23T21:49:40.000Z")
    assert set(row) & {"latency", "log_serial", "taskName", "sessionId"} == set()


def test_questionnaires_jspsych_and_labjs_share_the_names_of_columns() -> None:
    question = {"name": "age", "response": 31, "serial": 2, "latency": 959.5, "submitLatency": 1144}
    jspsych = {
        "trial_type": "html",
        "trial_index": 4,
        "rt": 512.5,
        "response": {"Q0": "yes"},
        "time_elapsed": 9,
    }
    labjs = {"sender": "Stroop", "sender_type": "html.Screen", "duration": 700.1, "correct": False}
    rows = tidy_rows({"data": [question, jspsych, labjs, {"feedback": "fast"}], "taskName": "t"})
    assert [row.get("rt_ms") for row in rows] == [959.5, 512.5, 700.1, None]
    assert [row["row_type"] for row in rows] == ["question", "trial", "trial", "event"]
    assert rows[1]["response_q0"] == "yes"
    assert (rows[2]["trial_name"], rows[2]["correct"]) == ("Stroop", False)
    assert [row["row"] for row in rows] == [1, 2, 3, 4]


def test_bare_lists_csv_text_and_odd_values_are_rows_too() -> None:
    assert tidy_rows([{"a": 1}, 7])[1]["value"] == 7
    assert tidy_rows('taskName,a\niat,"1,5"\n', "csv")[0] == tidy_rows([{"taskName": "iat", "a": "1,5"}])[0]
    for body in ("{", "3", ""):
        with pytest.raises(MalformedRows):
            tidy_rows(body)
    with pytest.raises(MalformedRows):
        tidy_rows("a,b\n1,2,3\n", "csv")


def test_column_names_are_stable_short_ascii_and_distinct() -> None:
    assert [column_name(path) for path in ("data.blockStart", "2", "media.1.image")] == [
        "data_block_start",
        "v_2",
        "media_1_image",
    ]
    names = ColumnNames({"rt_ms": ""})
    paths = ["rt.ms", "a.b", "a_b", "שאלה", "שאלות", "x" * 90, "x" * 91, "é", "e", "$", "Q 1"]
    made = [names.name_of(path) for path in paths]
    assert made == [names.name_of(path) for path in paths]
    assert len({*made, "rt_ms"}) == len(paths) + 1
    assert all(name.isascii() and name.isidentifier() and len(name) <= 64 for name in made), made


def test_url_parameters_meet_no_column_of_ours() -> None:
    row = tidy.session_row(SESSION, ColumnNames(dict.fromkeys(tidy.SESSION_COLUMNS, "")))
    assert (row["url_prolific_pid"], row["url_study_id"], row["study_id"]) == ("abc", "s1", 49)
    assert (row["status"], row["duration_s"]) == ("finished", 0)


def test_wide_is_one_row_with_answers_and_a_summary_of_trials() -> None:
    question = {
        "name": "age",
        "response": 31,
        "serial": 0,
        "latency": 959,
        "submitLatency": 1,
        "taskName": "q",
    }
    slow = {**TRIAL, "latency": 1000, "data": {"score": 1}}
    rows = tidy_rows({"data": [question, TRIAL, slow, {"feedback": "fast", "taskName": "iat"}]})
    wide = wide_row({"session_id": 322}, rows, ColumnNames({"session_id": ""}))
    assert wide["q_age"] == 31
    assert (wide["q_age_rt_ms"], wide["iat_feedback"]) == (959, "fast")
    assert (wide["iat_n_trials"], wide["iat_median_rt_ms"], wide["iat_proportion_correct"]) == (2, 952.0, 0.5)
