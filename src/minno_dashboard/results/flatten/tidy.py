"""Tidy tables: one row per trial, question or other logged event, and one row per session.

What players call differently has one name here: `rt_ms` is MinnoJS' `latency`, jsPsych's `rt` and lab.js' `duration`.
Every other field keeps its own name (`names.column_name`); nested fields and lists become columns of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minno_dashboard.results.flatten.names import ColumnNames
from minno_dashboard.results.flatten.records import Scalar, SessionRecord, SubmissionRecord, document_of, iso

Row = dict[str, Scalar]
IDENTITY_FIELDS = frozenset({"sessionId", "studyId", "versionId"})
"""What every body repeats of its session; the columns of the session say it."""

TRIAL_COLUMNS: dict[str, str] = {
    "session_id": "Session",
    "participant_id": "Label of the personal link, or the id that the recruitment service gave",
    "experiment": "Descriptive id of the experiment",
    "study_version": "Number of the study's version",
    "condition": "Condition that the session was assigned to",
    "task": "Task as the study names it",
    "submission": "Number of the submission within its session, from 1",
    "row": "Number of the row within its submission, from 1",
    "received_at": "When the server stored the submission, UTC",
    "row_type": "trial, question, or event for anything else that was logged",
    "trial_index": "Number of the trial or question as the player counts",
    "trial_name": "Name of the trial or question",
    "trial_type": "Kind of trial as the player names it",
    "block": "Block of the task",
    "trial_condition": "Condition of the trial",
    "stimulus": "What was shown; several are joined by “; ”",
    "response": "Response",
    "correct": "Whether the response was right; MinnoJS: score 0 is right, 1 is wrong",
    "rt_ms": "Response time in milliseconds",
    "time_elapsed_ms": "Milliseconds since the study began in the browser",
}
SESSION_COLUMNS: dict[str, str] = {
    "session_id": "Session",
    "participant_id": TRIAL_COLUMNS["participant_id"],
    "study_id": "Number of the study in this Dashboard",
    "experiment_id": "Experiment as launch addresses name it",
    "experiment": TRIAL_COLUMNS["experiment"],
    "study_version": TRIAL_COLUMNS["study_version"],
    "version_id": "Version as launch addresses name it",
    "version_state": "Develop or Published, at the start of the session",
    "condition": TRIAL_COLUMNS["condition"],
    "status": "started, finished or screened_out",
    "started_at": "Start, UTC",
    "last_post_at": "Last submission, UTC",
    "finished_at": "End, UTC",
    "duration_s": "Seconds from start to end",
    "last_task": "Last task that a submission named",
    "submissions": "Number of submissions",
    "is_test": "Marked as a test",
    "is_excluded": "Marked as excluded",
    "data_pending": "The participant was paid although rows could not be stored",
    "note": "Researcher's note",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields of a player's row go into which columns; a path with a "." is a field within a field."""

    row_type: str
    columns: Mapping[str, str]
    derive: Callable[[Row, Mapping[str, Any]], None] | None = None


def _shown(media: Any) -> str:
    parts = media if isinstance(media, list) else [media]
    texts = [
        str(next(iter(part.values()), "")) if isinstance(part, dict) else str(part)
        for part in parts
        if part not in (None, "")
    ]
    return "; ".join(text for text in texts if text.strip())


def _derive_minno_trial(row: Row, fields: Mapping[str, Any]) -> None:
    if shown := _shown(fields.get("media") or fields.get("stimuli")):
        row["stimulus"] = shown
    data = fields.get("data")
    score = data.get("score") if isinstance(data, dict) else None
    if score in (0, 1):
        row["correct"] = score == 0


MINNO_TRIAL = Shape(
    "trial",
    {
        "log_serial": "trial_index",
        "name": "trial_name",
        "responseHandle": "response",
        "latency": "rt_ms",
        "data.block": "block",
        "data.condition": "trial_condition",
    },
    _derive_minno_trial,
)
MINNO_QUESTION = Shape(
    "question",
    {"serial": "trial_index", "name": "trial_name", "response": "response", "latency": "rt_ms"},
)
JSPSYCH_TRIAL = Shape(
    "trial",
    {
        "trial_index": "trial_index",
        "trial_type": "trial_type",
        "stimulus": "stimulus",
        "response": "response",
        "correct": "correct",
        "rt": "rt_ms",
        "time_elapsed": "time_elapsed_ms",
        "block": "block",
        "condition": "trial_condition",
        "task": "trial_name",
    },
)
LABJS_TRIAL = Shape(
    "trial",
    {
        "sender": "trial_name",
        "sender_type": "trial_type",
        "response": "response",
        "correct": "correct",
        "duration": "rt_ms",
        "time_commit": "time_elapsed_ms",
    },
)
EVENT = Shape("event", {"name": "trial_name", "response": "response"})


def shape_of(fields: Mapping[str, Any]) -> Shape:
    """Detect which player logged a row, by fields that only it writes."""
    if "log_serial" in fields and "latency" in fields:
        return MINNO_TRIAL
    if "submitLatency" in fields or ("serial" in fields and "name" in fields):
        return MINNO_QUESTION
    if "trial_type" in fields and "trial_index" in fields:
        return JSPSYCH_TRIAL
    if "sender_type" in fields:
        return LABJS_TRIAL
    return EVENT


class TrialTable:
    """Makes the rows of the trials table; it keeps the column name of each field."""

    def __init__(self) -> None:
        self.names = ColumnNames(dict.fromkeys(TRIAL_COLUMNS, ""))
        self.source_by_column: dict[str, str] = {}

    def rows(self, session: SessionRecord, submission: SubmissionRecord) -> Iterator[Row]:
        """Yield the rows of one submission.

        Raises:
            Malformed: the body holds no rows.
        """
        document = document_of(submission)
        data = document.pop("data", None)
        elements = data if isinstance(data, list) else [data if data is not None else {}]
        shared = {name: value for name, value in document.items() if name not in IDENTITY_FIELDS}
        for number, element in enumerate(elements, 1):
            fields = element if isinstance(element, dict) else {"value": element}
            row = self._identity(session, submission, number)
            self._fill(row, {**shared, **fields} if shared else fields)
            yield row

    def _identity(self, session: SessionRecord, submission: SubmissionRecord, number: int) -> Row:
        return {
            "session_id": session.session_id,
            "participant_id": session.participant_id or None,
            "experiment": session.experiment,
            "study_version": session.version,
            "condition": session.condition or None,
            "submission": submission.number,
            "row": number,
            "received_at": iso(submission.received_at),
        }

    def _fill(self, row: Row, fields: Mapping[str, Any]) -> None:
        shape = shape_of(fields)
        row["row_type"] = shape.row_type
        for name, value in fields.items():
            if name == "taskName" and not isinstance(value, dict | list):
                row["task"] = value
            elif name not in IDENTITY_FIELDS:
                self._put(row, name, value, shape.columns)
        if shape.derive is not None:
            shape.derive(row, fields)

    def _put(self, row: Row, path: str, value: Any, mapped: Mapping[str, str]) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                self._put(row, f"{path}.{name}", inner, mapped)
        elif isinstance(value, list):
            for number, inner in enumerate(value, 1):
                self._put(row, f"{path}.{number}", inner, mapped)
        elif value is not None:
            column = mapped.get(path) or self.names.name_of(path)
            if column not in self.source_by_column:
                self.source_by_column[column] = path
            row[column] = value


def session_row(session: SessionRecord, names: ColumnNames) -> Row:
    """Return the row of a session; URL parameters are columns `url_…`."""
    ended = session.finished_at
    row: Row = {
        "session_id": session.session_id,
        "participant_id": session.participant_id or None,
        "study_id": session.study_id,
        "experiment_id": session.experiment_id,
        "experiment": session.experiment,
        "study_version": session.version,
        "version_id": session.version_id,
        "version_state": session.version_state,
        "condition": session.condition or None,
        "status": session.state,
        "started_at": iso(session.started_at),
        "last_post_at": iso(session.last_post_at),
        "finished_at": iso(ended) or None,
        "duration_s": round((ended - session.started_at).total_seconds(), 3) if ended else None,
        "last_task": session.progress or None,
        "submissions": session.submission_count,
        "is_test": session.is_test,
        "is_excluded": session.is_excluded,
        "data_pending": session.data_pending,
        "note": session.note or None,
    }
    for name, value in session.params.items():
        row[names.name_of(f"url.{name}")] = value
    if session.user_agent:
        row[names.name_of("user_agent")] = session.user_agent
    return row
