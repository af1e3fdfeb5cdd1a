"""Input of an export: sessions and submissions as plain records, and a submission's body as a document."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

Scalar = str | int | float | bool | None


class MalformedRows(Exception):
    """A body without readable rows; the text says why. The export keeps the body as it is and continues."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session. `participant_id` is the label of a personal link, else the recruitment service's id, else ""."""

    session_id: int
    participant_id: str
    study_id: int
    experiment_id: str
    experiment: str
    version: int
    version_id: str
    version_state: str
    condition: str
    state: str
    started_at: datetime
    last_post_at: datetime
    finished_at: datetime | None
    progress: str
    submission_count: int
    is_test: bool = False
    is_excluded: bool = False
    data_pending: bool = False
    user_agent: str = ""
    note: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """One submission; `number` counts those of a session from 1 in the order in which they were made.

    `sequence` is the page's own number for it, `kind` is "json" or "csv", `body` the text as it came.
    """

    submission_id: int
    number: int
    sequence: int | None
    received_at: datetime
    kind: str
    body: str


def iso(moment: datetime | None) -> str:
    """Return a moment as ISO 8601 in UTC with milliseconds, `2026-11-28T09:15:30.250Z`; "" for none."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Python's own reader also takes NaN, and numbers of any length.
        return json.loads(text)


def document_of(submission: SubmissionRecord) -> dict[str, Any]:
    """Return a body as a document: its top-level fields in their order, the rows under `data`.

    A bare JSON array is the rows; CSV text is one row a line, all values text.

    Raises:
        MalformedRows: the body is neither.
    """
    if submission.kind == "csv":
        return {"data": _csv_rows(submission.body)}
    try:
        document = _loads(submission.body)
    except (ValueError, RecursionError) as error:
        raise MalformedRows(f"The body is not JSON: {error}") from error
    if isinstance(document, list):
        return {"data": document}
    if isinstance(document, dict):
        return document
    raise MalformedRows("The body is JSON, but neither an object nor a list.")


def _csv_rows(text: str) -> list[dict[str, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise MalformedRows(f"The body is not CSV: {error}") from error
    if not lines:
        return []
    header = lines[0]
    if any(len(line) > len(header) for line in lines):
        raise MalformedRows("A line of the CSV text has more cells than its header.")
    return [
        {name: cell for name, cell in zip(header, line, strict=False) if cell != ""} for line in lines[1:]
    ]
