"""The files of a study's data folder: tidy tables, and all data as received, one raw file per day.

The same data give the same bytes, so a file that did not change is not sent again. A raw file is final soon after its
day (UTC) is over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from django.db import transaction
from django.db.models import Min, Sum

from minno_dashboard.collection.models import DataFile, DataFolder, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files import removal, store
from minno_dashboard.files.models import Blob
from minno_dashboard.jobs import registry
from minno_dashboard.jobs.services import enqueue, forget_finished
from minno_dashboard.results import selection
from minno_dashboard.results.data_requests import make_folder
from minno_dashboard.results.exporting import Read, write_tidy
from minno_dashboard.results.flatten.records import SessionRecord, SubmissionRecord, iso
from minno_dashboard.results.selection import Selection
from minno_dashboard.studies.models import Study

JOB = "results: make the files of a data folder"
RAW = "raw"
MIN_WAIT = timedelta(seconds=60)
"""From one making to the next where a session ended."""
MIN_WAIT_FOR_POSTS = timedelta(minutes=5)
"""The same where rows arrived and no session ended."""
SHARE_OF_TIME = 10
"""A making that took a second is followed by so many seconds without one."""
BYTES_A_SECOND = 256 * 1024
"""Files are not replaced faster than a slow line carries them."""
DAY_STAYS_OPEN = timedelta(minutes=15)
"""So long after midnight (UTC) a commit of the day before may still come."""
COMMIT_MARGIN = timedelta(minutes=1)
"""So late a post may be committed after the moment that it bears."""
IDS_IN_A_PORTION, ROWS_IN_MEMORY = 500, 20

README = """These files are written by the Dashboard and replaced whenever data arrive. Changes that you make here do not
reach the Dashboard.

  trials.csv       one row a trial or question, of all sessions that are not marked as tests
  sessions.csv     one row a session
  codebook.csv     what each column holds (codebook.json: the same for programs)
  problems.jsonl   submissions that could not be read as rows, word for word; only if there are any
  raw/             all data as they came in, tests too: sessions.jsonl holds one line a session, and for each day (UTC)
                   one file with one line a submission; "body" is the text that the browser sent. The file of a day
                   does not change after the day, unless data are deleted.

An empty cell is a missing value. Times are UTC.
In R: read.csv("trials.csv", na.strings = "") or readr::read_csv("trials.csv", na = "").
"""


def is_due(folder: DataFolder, now: datetime) -> bool:
    """Return whether the files of a folder are to be made again now."""
    if folder.made_at is None or folder.made_at > now:
        return True
    age = now - folder.made_at
    wait = max(
        MIN_WAIT, timedelta(seconds=max(SHARE_OF_TIME * folder.making_seconds, folder.size / BYTES_A_SECOND))
    )
    if age < wait:
        return False
    if folder.revision > folder.made_revision:
        return True
    if age < MIN_WAIT_FOR_POSTS:
        return False
    posted = Session.present.filter(
        experiment__study=folder.study_id, last_post_at__gt=folder.made_at - COMMIT_MARGIN
    )
    return posted.exists()


def enqueue_due() -> None:
    """Enqueue the making of files for every folder that is due."""
    now = clock.now()
    for folder in DataFolder.objects.all():
        if is_due(folder, now):
            enqueue(JOB, key=str(folder.study_id), args={"study": folder.study_id})


@registry.handles(JOB)
def make(args: dict[str, Any]) -> None:
    """Make the files of a data folder; a repetition changes nothing."""
    study = Study._base_manager.get(pk=args["study"])
    folder = DataFolder.objects.filter(study=study).first()
    forget_finished(JOB)
    if folder is None:
        return
    as_of, began = clock.now(), clock.monotonic_seconds()
    with tempfile.TemporaryDirectory(prefix="data-", dir=make_folder()) as temporary:
        maker = _Maker(folder, study, Path(temporary))
        blobs = maker.blobs(as_of)
    seconds = clock.monotonic_seconds() - began
    _store(folder, blobs, as_of=as_of, seconds=seconds, sessions=maker.sessions)


class _Maker:
    """Writes the files of one folder, each to a temporary file and from there to the store."""

    def __init__(self, folder: DataFolder, study: Study, temporary: Path) -> None:
        self._folder, self._study, self._temporary = folder, study, temporary
        self._known = set(DataFile.objects.filter(folder=folder).values_list("path", flat=True))
        self.sessions = 0

    def blobs(self, as_of: datetime) -> dict[str, Blob]:
        """Return the stored bytes of each file except those of final days, by path.

        A table that has no rows any more stays, empty: a removed file would lie in the Dropbox's `Deleted` as it was.
        """
        tables = self._temporary / "tables"
        tables.mkdir()
        chosen = Selection(study=self._study, has_tests=True)
        with (self._temporary / "sessions.jsonl").open("wb") as raw:
            _, paths = write_tidy(
                tables, title=self._study.name, read=self._without_tests(selection.read(chosen), raw)
            )
        made = {path.name: _stored(path) for path in paths}
        for name in self._known - made.keys() - {"README.txt"}:
            if not name.startswith(f"{RAW}/"):
                made[name] = store.put(b"")
        made["README.txt"] = store.put(README.encode())
        made[f"{RAW}/sessions.jsonl"] = _stored(self._temporary / "sessions.jsonl")
        for day in self._open_days(as_of):
            path = self._temporary / "day.jsonl"
            if self._write_day(day, path) or name_of(day) in self._known:
                made[name_of(day)] = _stored(path)
        return made

    def _without_tests(self, read: Read, raw: BinaryIO) -> Read:
        """Yield the sessions for the tables, and write one line for each session, tests too."""
        session: SessionRecord
        submissions: list[SubmissionRecord]
        for session, submissions in read:
            self.sessions += 1
            raw.write(orjson.dumps(session, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
            if not session.is_test:
                yield session, submissions

    def _open_days(self, as_of: datetime) -> Iterator[date]:
        """Yield the days (UTC) whose raw files are not final."""
        day = self._folder.first_open_day
        if day is None:
            of_study = Session.present.filter(experiment__study=self._study)
            first = of_study.aggregate(first=Min("started_at"))["first"]
            days = [one for path in self._known if (one := day_of(path)) is not None]
            day = min([*days, first.astimezone(UTC).date()] if first else days, default=None)
        while day is not None and day <= as_of.astimezone(UTC).date():
            yield day
            day += timedelta(days=1)

    def _write_day(self, day: date, path: Path) -> bool:
        """Write the submissions of a day, in the order in which they were stored; return whether there were any."""
        start = clock.start_of_day(day)
        end = start + timedelta(days=1)
        sessions = Session.present.filter(
            experiment__study=self._study, last_post_at__gte=start, started_at__lt=end
        )
        of_day = Submission.objects.filter(
            session__in=sessions.values("pk"), received_at__gte=start, received_at__lt=end
        )
        ids = list(of_day.order_by("pk").values_list("pk", flat=True))
        with path.open("wb") as file:
            for portion in in_portions(ids, IDS_IN_A_PORTION):
                rows = Submission.objects.filter(pk__in=portion).order_by("pk")
                for one in rows.iterator(chunk_size=ROWS_IN_MEMORY):
                    file.write(orjson.dumps(_raw_line(one), option=orjson.OPT_APPEND_NEWLINE))
        return bool(ids)


def name_of(day: date) -> str:
    """Return the path of the raw file of a day, in the data folder."""
    return f"{RAW}/{day.isoformat()}.jsonl"


def day_of(path: str) -> date | None:
    """Return the day whose raw file has this path, None for any other file."""
    try:
        return date.fromisoformat(path.removeprefix(f"{RAW}/").removesuffix(".jsonl"))
    except ValueError:
        return None


def _raw_line(one: Submission) -> dict[str, Any]:
    return {
        "submission": one.pk,
        "session_id": one.session_id,
        "sequence": one.sequence,
        "received_at": iso(one.received_at),
        "kind": one.kind,
        "task": one.task,
        "body": one.body,
    }


def _stored(path: Path) -> Blob:
    with path.open("rb") as file:
        return store.put(file)


_OF_A_MAKING = ("made_revision", "made_at", "making_seconds", "first_open_day", "sessions", "size", "files_revision")  # fmt: skip


def _store(
    read: DataFolder, blobs: Mapping[str, Blob], *, as_of: datetime, seconds: float, sessions: int
) -> None:
    """Replace the files of the folder in one transaction; remove bytes that nothing refers to any more."""
    is_past_new = read.first_open_day is None
    outdated: set[int] = set()
    with transaction.atomic():
        folder = DataFolder.objects.select_for_update().filter(pk=read.pk).first()
        if folder is None:
            return
        rows = DataFile.objects.filter(folder=folder)
        if is_past_new:
            outdated.update(rows.filter(previous__isnull=False).values_list("previous_id", flat=True))
            rows.update(previous=None)
        known = {one.path: one for one in rows}
        files = {**{path: None for path in known if is_past_new or day_of(path) is None}, **blobs}
        revision = folder.files_revision + 1
        for path, blob in files.items():
            row = known.get(path) or DataFile(folder=folder, path=path)
            if row.pk is not None and row.blob_id == (blob.pk if blob else None):
                continue
            replaced = (row.previous_id, row.blob_id if is_past_new else None)
            outdated.update(pk for pk in replaced if pk is not None)
            row.previous, row.blob, row.revision = (None if is_past_new else row.blob), blob, revision
            row.save()
            folder.files_revision = revision
        if folder.past_changes == read.past_changes:
            folder.first_open_day = (as_of - DAY_STAYS_OPEN).astimezone(UTC).date()
        folder.made_revision, folder.made_at = read.revision, as_of
        folder.making_seconds, folder.sessions = seconds, sessions
        folder.size = rows.aggregate(size=Sum("blob__size"))["size"] or 0
        folder.save(update_fields=_OF_A_MAKING)
    removal.drop(outdated)
