"""The existing system's export, column by column; only its crashes are left out.

Rules: every field except `data` and names that begin with "_" is common to all rows of a submission; each object in
`data` is one row; nested names are joined by "."; arrays count from 1; a common column wins over a row's own; a null
makes no column (there, a null inside an array ended the whole export).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from minno_dashboard.results.flatten.records import (
    Scalar,
    SessionRecord,
    SubmissionRecord,
    document_of,
)

Row = dict[str, Scalar]
SESSION_TASK = "_session_data"
NO_SPLIT_VALUE = "_data"
_ARRAY_INDEX = re.compile(r"0|[1-9]\d{0,9}")
_MAX_ARRAY_INDEX = 2**32 - 2
_UNSAFE_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f]')


def _is_index(name: str) -> bool:
    return _ARRAY_INDEX.fullmatch(name) is not None and int(name) <= _MAX_ARRAY_INDEX


def in_javascript_order(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields as JavaScript lists them: names that are array indexes first, by number."""
    if not any(name[:1].isdigit() and _is_index(name) for name in fields):
        return fields
    indexes = sorted((name for name in fields if _is_index(name)), key=int)
    return {name: fields[name] for name in (*indexes, *(name for name in fields if not _is_index(name)))}


def _flatten_into(row: Row, prefix: str, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in in_javascript_order(value).items():
            _flatten_into(row, f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            _flatten_into(row, f"{prefix}.{number}" if prefix else str(number), inner)
    elif value is not None:
        row.setdefault(prefix, value)


def stored_document(session: SessionRecord, submission: SubmissionRecord) -> dict[str, Any]:
    """Return the submission as the existing system would have stored it.

    Raises:
        Malformed: the body holds no rows.
    """
    document = document_of(submission)
    document["sessionId"] = str(session.session_id)
    document.setdefault("studyId", session.experiment_id)
    document.setdefault("versionId", session.version_id)
    document.setdefault("createdDate", date_text(submission.received_at))
    return document


def session_document(session: SessionRecord) -> dict[str, Any]:
    """Return the session as the existing system's record of a launch."""
    agent = session.user_agent or "null"
    return {
        "sessionId": str(session.session_id),
        "studyId": session.experiment_id,
        "versionId": session.version_id,
        "descriptiveId": session.experiment,
        "state": session.version_state.capitalize(),
        "study_id": session.study_id,
        "taskName": SESSION_TASK,
        "createdDate": date_text(session.started_at),
        "data": [[f'{{useragent:"{agent}"}}']],
    }


def rows(document: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of one stored document."""
    common: Row = {}
    for name, value in in_javascript_order(document).items():
        if name != "data" and not name.startswith("_"):
            _flatten_into(common, name, value)
    data = document.get("data")
    if not isinstance(data, list) or not data:
        if isinstance(data, dict):
            common.setdefault("data", "[object Object]")
        elif data is not None and not isinstance(data, list):
            common.setdefault("data", data)
        yield dict(in_javascript_order(common))
        return
    elements = [element for element in data if isinstance(element, dict | list) and element]
    for index, element in enumerate(data):
        if not isinstance(element, dict | list) and element is not None:
            common.setdefault(f"data.{index}", element)
    for element in elements:
        row = dict(common)
        _flatten_into(row, "", element)
        yield dict(in_javascript_order(row))
    if len(elements) < len(data):
        yield dict(in_javascript_order(common))


def file_name(row: Mapping[str, Scalar], split_by: str) -> str:
    """Return the name (without suffix) of the file a row belongs to; all rows share one where `split_by` is ""."""
    value = row.get(split_by) if split_by else None
    name = NO_SPLIT_VALUE if value is None or value == "" else text_of(value)
    return _UNSAFE_IN_FILE_NAMES.sub("_", name)[:100].strip(". ") or NO_SPLIT_VALUE


def text_of(value: Scalar) -> str:
    """Return a value as JavaScript prints it: `true`, `904` for 904.0, `1e-7`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        return re.sub(r"e([+-])0+(?=\d)", r"e\1", repr(value))
    return str(value)


def cell(value: Scalar, separator: str = ",") -> str:
    """Return a cell: quoted only if it holds a quotation mark, a comma, a line break, a tab or the separator."""
    text = text_of(value)
    if any(sign in text for sign in ('"', ",", "\n", "\t", separator)):
        return '"' + text.replace('"', '""') + '"'
    return text


def date_text(moment: datetime) -> str:
    """Return a moment as JavaScript prints a date on a server that keeps UTC."""
    utc = moment.astimezone(UTC)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[utc.weekday()]
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][
        utc.month - 1
    ]
    return f"{day} {month} {utc:%d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)"
