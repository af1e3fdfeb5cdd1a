"""Writes an export: a zip with tables in one format, a codebook and a README. The same input gives the same bytes."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import orjson

from minno_dashboard.results import codebook, iat_scoring
from minno_dashboard.results.flatten import classic, tidy, wide
from minno_dashboard.results.flatten.names import ColumnNames
from minno_dashboard.results.flatten.records import (
    MalformedRows,
    Scalar,
    SessionRecord,
    SubmissionRecord,
    iso,
)
from minno_dashboard.results.formats import csv_file, jsonl_file, typed_files, xlsx_file
from minno_dashboard.results.spool import Spool

Read = Iterable[tuple[SessionRecord, list[SubmissionRecord]]]
_SAME_FOR_SAME_INPUT = (1980, 1, 1, 0, 0, 0)
COPY_BYTES = 1 << 20
IAT_TABLE = "iatscores"


class Format(StrEnum):
    """Formats of an export, as named by the command and the page."""

    TIDY = "tidy"
    EXCEL = "excel"
    CLASSIC = "classic"
    WIDE = "wide"
    JSONL = "jsonl"
    PARQUET = "parquet"
    SAV = "sav"
    PSYCH_DS = "psych-ds"


@dataclass(slots=True)
class ExportStatistics:
    """Statistics of an export."""

    sessions: int = 0
    submissions: int = 0
    rows: int = 0
    problems: int = 0
    notes: list[str] = field(default_factory=list)


class _Tables:
    """The tables of one export while they are gathered, each in a temporary file of its own."""

    def __init__(self, folder: Path, file_format: Format, split_by: str) -> None:
        self.folder = folder
        self.format = file_format
        self.split_by = split_by
        self.outcome = ExportStatistics()
        self.trials = tidy.TrialTable()
        self.session_names = ColumnNames(dict.fromkeys(tidy.SESSION_COLUMNS, ""))
        self.wide_names = ColumnNames(dict.fromkeys(tidy.SESSION_COLUMNS, ""))
        self.halves: dict[str, list[tuple[float, float]]] = {}
        self.spools: dict[str, Spool] = {}
        self._problems = (folder / "problems.jsonl").open("wb")

    def spool(self, name: str, always: dict[str, str] | None = None) -> Spool:
        """Return the spool of a table, made at its first row."""
        if name not in self.spools:
            self.spools[name] = Spool(self.folder / f"spool-{len(self.spools)}", always)
        return self.spools[name]

    def prepare(self) -> None:
        """Create the tables that every export has, also without sessions."""
        if self.format is Format.WIDE:
            self.spool("wide", tidy.SESSION_COLUMNS)
        else:
            self.spool("trials", tidy.TRIAL_COLUMNS)
            self.spool("sessions", tidy.SESSION_COLUMNS)

    def add(self, session: SessionRecord, submissions: list[SubmissionRecord]) -> None:
        """Add one session with its submissions."""
        self.outcome.sessions += 1
        self.outcome.submissions += len(submissions)
        if self.format is Format.CLASSIC:
            self._add_classic(session, submissions)
            return
        row = tidy.session_row(session, self.session_names)
        rows = [made for one in submissions for made in self._trial_rows(session, one)]
        if self.format is Format.WIDE:
            table = self.spool("wide", tidy.SESSION_COLUMNS)
            table.add(wide.wide_row(row, rows, self.wide_names), session.version)
            self.outcome.rows += 1
            return
        self.spool("sessions", tidy.SESSION_COLUMNS).add(row, session.version)
        table = self.spool("trials", tidy.TRIAL_COLUMNS)
        for made in rows:
            table.add(made, session.version)
        self.outcome.rows += len(rows)
        self._add_iat_scores(session, rows)

    def _add_iat_scores(self, session: SessionRecord, rows: list[tidy.Row]) -> None:
        for row in iat_scoring.score_rows(session.session_id, rows):
            self.spool(IAT_TABLE, iat_scoring.SCORE_COLUMNS).add(row, session.version)
            odd, even = row["d2_odd_trials"], row["d2_even_trials"]
            if not row["exclusion"] and isinstance(odd, float) and isinstance(even, float):
                self.halves.setdefault(str(row["task"]), []).append((odd, even))

    def _trial_rows(self, session: SessionRecord, submission: SubmissionRecord) -> list[tidy.Row]:
        try:
            return list(self.trials.rows(session, submission))
        except (MalformedRows, RecursionError, ValueError) as error:
            self._keep_problem(session, submission, error)
            return []

    def _add_classic(self, session: SessionRecord, submissions: list[SubmissionRecord]) -> None:
        for submission in submissions:
            try:
                rows = list(classic.rows(classic.stored_document(session, submission)))
            except (MalformedRows, RecursionError, ValueError) as error:
                self._keep_problem(session, submission, error)
                continue
            for row in rows:
                self._add_classic_row(row, session.version)
        sessions = self.spool("sessions of the existing system")
        for row in classic.rows(classic.session_document(session)):
            sessions.add(row, session.version)

    def _add_classic_row(self, row: classic.Row, version: int) -> None:
        self.spool(classic.file_name(row, self.split_by)).add(row, version)
        self.outcome.rows += 1

    def _keep_problem(self, session: SessionRecord, submission: SubmissionRecord, error: Exception) -> None:
        self.outcome.problems += 1
        kept = {
            "session_id": session.session_id,
            "submission": submission.number,
            "received_at": iso(submission.received_at),
            "reason": str(error),
            "body": submission.body,
        }
        self._problems.write(orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Make all rows readable. Sessions of a classic export come after all other rows of their file."""
        self._problems.close()
        sessions = self.spools.pop("sessions of the existing system", None)
        if sessions is not None:
            sessions.close()
            for row in sessions.rows():
                self._add_classic_row(row, 0)
        for spool in self.spools.values():
            spool.close()

    def release(self) -> None:
        """Close all files."""
        self._problems.close()
        for spool in self.spools.values():
            spool.close()


def _write_csv(tables: _Tables, names: Iterable[str], *, for_excel: bool = False) -> Iterator[Path]:
    for name in names:
        spool = tables.spools[name]
        path = tables.folder / f"{name}.csv"
        columns = [column.name for column in spool.columns.used()]
        csv_file.write(path, columns, spool.rows(), for_excel=for_excel)
        yield path


def _write_classic(tables: _Tables) -> Iterator[Path]:
    for name, spool in tables.spools.items():
        path = tables.folder / f"{name}.csv"
        csv_file.write_classic(path, list(spool.columns.by_name), spool.rows())
        yield path


def _write_excel(tables: _Tables) -> Iterator[Path]:
    path = tables.folder / "data.xlsx"
    sheets = [
        xlsx_file.Sheet(
            name, [column.name for column in spool.columns.used()], spool.rows(), spool.columns.rows
        )
        for name, spool in tables.spools.items()
    ]
    try:
        xlsx_file.write(path, sheets)
        yield path
    except xlsx_file.TooManyRows as error:
        tables.outcome.notes.append(str(error))
    yield from _write_csv(tables, tables.spools, for_excel=True)


def _write_jsonl(tables: _Tables) -> Iterator[Path]:
    for name, spool in tables.spools.items():
        path = tables.folder / f"{name}.jsonl"
        jsonl_file.write(path, spool.rows())
        yield path


def _write_parquet(tables: _Tables) -> Iterator[Path]:
    for name, spool in tables.spools.items():
        path = tables.folder / f"{name}.parquet"
        typed_files.write_parquet(path, spool.path, spool.columns.used())
        yield path


def _write_sav(tables: _Tables) -> Iterator[Path]:
    for name, spool in tables.spools.items():
        path = tables.folder / f"{name}.sav"
        typed_files.write_sav(path, spool.path, spool.columns.used(), _labels(name))
        yield path


def _labels(table: str) -> dict[str, str]:
    by_table = {"trials": tidy.TRIAL_COLUMNS, IAT_TABLE: iat_scoring.SCORE_COLUMNS}
    return by_table.get(table, tidy.SESSION_COLUMNS)


def _write(tables: _Tables) -> Iterator[Path]:
    writers: dict[Format, Callable[[], Iterator[Path]]] = {
        Format.TIDY: lambda: _write_csv(tables, tables.spools),
        Format.WIDE: lambda: _write_csv(tables, tables.spools),
        Format.PSYCH_DS: lambda: _write_csv(tables, tables.spools),
        Format.EXCEL: lambda: _write_excel(tables),
        Format.CLASSIC: lambda: _write_classic(tables),
        Format.JSONL: lambda: _write_jsonl(tables),
        Format.PARQUET: lambda: _write_parquet(tables),
        Format.SAV: lambda: _write_sav(tables),
    }
    return writers[tables.format]()


def _codebook(tables: _Tables) -> list[dict[str, Scalar]]:
    sources = {
        "trials": tables.trials.source_by_column,
        "sessions": tables.session_names.sources(),
        "wide": tables.wide_names.sources(),
    }
    return [
        entry
        for name, spool in tables.spools.items()
        for entry in codebook.entries(
            name,
            spool.columns,
            {} if tables.format is Format.CLASSIC else _labels(name),
            sources.get(name, {}),
        )
    ]


def _readme(title: str, tables: _Tables) -> str:
    outcome = tables.outcome
    lines = [
        title,
        "",
        f"{outcome.sessions} sessions, {outcome.submissions} submissions, {outcome.rows} rows. "
        f"Format: {tables.format.value}.",
        "codebook.csv says what each column holds. An empty cell is a missing value. Times are UTC.",
        'In R: read.csv("trials.csv", na.strings = "") or readr::read_csv("trials.csv", na = "").',
    ]
    if tables.format is Format.CLASSIC:
        lines[-1] = "The columns are those of the existing minnoDashboard."
    if outcome.problems:
        lines.append(
            f"{outcome.problems} submissions could not be read as rows. problems.jsonl holds each word for word."
        )
    return "\n".join([*lines, *_iat_lines(tables), *outcome.notes]) + "\n"


def _iat_lines(tables: _Tables) -> list[str]:
    if IAT_TABLE not in tables.spools:
        return []
    lines = [
        "",
        f"{IAT_TABLE}.csv scores tasks with IAT blocks 3, 4, 6 and 7: D1 to D6 of Greenwald, Nosek and Banaji (2003).",
        "A positive D means faster in blocks 3 and 4. Leave out sessions that have a reason under “exclusion”.",
    ]
    for task, pairs in sorted(tables.halves.items()):
        found = iat_scoring.reliability(pairs)
        shown = "too few sessions" if found is None else f"{found:.3f}"
        lines.append(
            f"“{task}”: {len(pairs)} sessions without a reason to exclude them; split-half reliability of D2"
            f" (odd and even trials, Spearman-Brown): {shown}."
        )
    return lines


def _describe(title: str, entries: list[dict[str, Scalar]]) -> str:
    by_name = {str(entry["name"]): entry for entry in entries}
    described = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": title,
        "description": f"Participants' data of the study “{title}”, exported by minno-dashboard.",
        "variableMeasured": [codebook.variables_measured(entry) for entry in by_name.values()],
    }
    return json.dumps(described, ensure_ascii=False, indent=2) + "\n"


def _place_in_zip(path: Path, file_format: Format) -> str:
    if file_format is Format.PSYCH_DS:
        return f"data/table-{path.stem}_data.csv"
    return path.name


def _add_to_zip(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    info = zipfile.ZipInfo(name, _SAME_FOR_SAME_INPUT)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        while piece := source.read(COPY_BYTES):
            target.write(piece)


def _described_files(title: str, tables: _Tables) -> Iterator[Path]:
    entries = _codebook(tables)
    book = tables.folder / "codebook.csv"
    csv_file.write(book, codebook.CODEBOOK_COLUMNS, entries, for_excel=tables.format is Format.EXCEL)
    texts = {
        "codebook.json": json.dumps(entries, ensure_ascii=False, indent=2) + "\n",
        "README.txt": _readme(title, tables),
    }
    if tables.format is Format.PSYCH_DS:
        texts["dataset_description.json"] = _describe(title, entries)
        texts[".psychdsignore"] = "codebook.csv\ncodebook.json\nproblems.jsonl\nREADME.txt\n"
    yield book
    for name, text in texts.items():
        path = tables.folder / name
        path.write_text(text, encoding="utf-8")
        yield path
    if tables.outcome.problems:
        yield tables.folder / "problems.jsonl"


def _gather(tables: _Tables, read: Read, progress: Callable[[int], None] = lambda sessions: None) -> _Tables:
    """Take all sessions into tables, ready to be written."""
    if tables.format is not Format.CLASSIC:
        tables.prepare()
    try:
        for session, submissions in read:
            tables.add(session, submissions)
            progress(tables.outcome.sessions)
        tables.close()
    finally:
        tables.release()
    return tables


def write_tidy(folder: Path, *, title: str, read: Read) -> tuple[ExportStatistics, list[Path]]:
    """Write the files of a tidy export of all sessions in `read` into an empty folder; return its statistics and files.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    tables = _gather(_Tables(folder, Format.TIDY, ""), read)
    return tables.outcome, [*_write(tables), *_described_files(title, tables)]


def write_zip(
    target: Path,
    *,
    title: str,
    read: Read,
    file_format: Format,
    split_by: str = "taskName",
    progress: Callable[[int], None] = lambda sessions: None,
) -> ExportStatistics:
    """Write the export of all sessions in `read` and return its statistics.

    `split_by` names the column by whose value a classic export is cut into files ("" for one file). `progress` is
    called with the number of sessions taken so far; what it raises ends the export, and no file is left.

    Raises:
        FormatMissing: the format needs packages that are not installed.
        OSError: the disk is full or cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="export-", dir=target.parent) as folder:
        tables = _gather(_Tables(Path(folder), file_format, split_by), read, progress)
        made = Path(folder) / "export.zip"
        with zipfile.ZipFile(made, "w") as archive:
            for path in _write(tables):
                _add_to_zip(archive, _place_in_zip(path, file_format), path)
                path.unlink()
            for path in _described_files(title, tables):
                _add_to_zip(archive, path.name, path)
        made.replace(target)
        return tables.outcome
