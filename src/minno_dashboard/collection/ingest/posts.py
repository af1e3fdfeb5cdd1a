"""Parses the body of a submission: classic JSON, a bare JSON array, or CSV text. Pure: no network, no database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

import msgspec

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_TASK_CHARACTERS = 200
MAX_SEQUENCE = 2**63 - 1

_TOP_LEVEL = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ANYTHING = msgspec.json.Decoder()


class Kind(StrEnum):
    """The format of a stored body; the values are those of `collection.Submission.Kind`."""

    JSON = "json"
    CSV = "csv"


class Malformed(Exception):
    """The body cannot be read; `str(error)` says why in a few English words, for the log and the quarantine."""


@dataclass(frozen=True, slots=True)
class Body:
    """A parsed body. Missing values are None (`task`: "")."""

    kind: Kind
    text: str
    task: str = ""
    session_id: int | None = None
    study_id: str | None = None
    version_id: str | None = None
    sequence: int | None = None


def read_body(raw: bytes) -> Body:
    """Return what a body holds.

    Raises:
        Malformed: it is no UTF-8, no JSON of rows and no CSV text.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    start = text.lstrip(" \t\r\n")[:1]
    if start == "{":
        return _read_object(text)
    if start == "[":
        return Body(Kind.JSON, text, _task_of_rows(_rows(text)))
    return _read_csv(text)


def read_sequence(given: bytes | str | None) -> int | None:
    """Return a sequence number given as text, None where none is given.

    Raises:
        Malformed: it is not a whole number from 0 to 2**63 - 1.
    """
    if not given:
        return None
    text = given.decode("latin-1") if isinstance(given, bytes) else given
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > MAX_SEQUENCE:
        raise Malformed("the sequence is not a whole number")
    return int(text)


def _read_object(text: str) -> Body:
    try:
        found = _TOP_LEVEL.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = _strange_but_valid(text)
    if "data" not in found:
        raise Malformed("there is no “data”")
    task = _text(found.get("taskName")) or _task_of_rows(_rows(bytes(found["data"]).decode()))
    return Body(
        Kind.JSON,
        text,
        _short(task or ""),
        _whole_number(found.get("sessionId"), "sessionId"),
        _text(found.get("studyId")),
        _text(found.get("versionId")),
        _sequence(found.get("$sequence")),
    )


def _strange_but_valid(text: str) -> dict[str, msgspec.Raw]:
    """Parse JSON that msgspec refuses: lone surrogates, as browsers write them (`"\\ud83d"`).

    Raises:
        Malformed: it is no JSON object, or deeper than Python's own reader goes.
    """
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    return {name: msgspec.Raw(json.dumps(value)) for name, value in found.items()}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _rows(text: str) -> list[msgspec.Raw]:
    try:
        return _ROWS.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        rows = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(rows, list):
        raise Malformed("the data are not an array")
    return [msgspec.Raw(json.dumps(row)) for row in rows[:1]]


def _task_of_rows(rows: list[msgspec.Raw]) -> str:
    """Return the `taskName` of the first row."""
    if not rows or not bytes(rows[0]).lstrip().startswith(b"{"):
        return ""
    row = _value(rows[0])
    task = row.get("taskName") if isinstance(row, dict) else None
    return _short(task) if isinstance(task, str) else ""


def _short(task: str) -> str:
    return task.replace("\0", "")[:MAX_TASK_CHARACTERS]


def _value(raw: msgspec.Raw | None) -> object:
    if raw is None:
        return None
    try:
        return _ANYTHING.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _text(raw: msgspec.Raw | None) -> str | None:
    value = _value(raw)
    return value if isinstance(value, str) else None


def _whole_number(raw: msgspec.Raw | None, name: str) -> int | None:
    """Return a number, given as a number or as its digits."""
    value = _value(raw)
    if value is None:
        if raw is not None and bytes(raw).strip() != b"null":
            raise Malformed(f"{name} is not a whole number")
        return None
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) < 20:
        value = int(value)
    if type(value) is not int or abs(value) > MAX_SEQUENCE:
        raise Malformed(f"{name} is not a whole number")
    return value


def _sequence(raw: msgspec.Raw | None) -> int | None:
    number = _whole_number(raw, "$sequence")
    if number is not None and number < 0:
        raise Malformed("$sequence is not a whole number from 0 on")
    return number


def _read_csv(text: str) -> Body:
    """Parse CSV text: a header line with several columns, or `taskName` alone, and at least one more line."""
    header, _, rest = text.partition("\n")
    first = header.partition(",")[0].strip().strip('"')
    if "\0" in text or not rest.strip() or not (first == "taskName" or "," in header) or "<" in header[:1]:
        raise Malformed("neither JSON nor CSV")
    task = rest.lstrip().partition(",")[0].strip().strip('"') if first == "taskName" else ""
    return Body(Kind.CSV, text, _short(task))
