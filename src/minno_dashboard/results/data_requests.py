"""Downloads of participants' data: requested on a page, made by a job, kept for seven days in the data folder."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, NotFound
from minno_dashboard.jobs import registry
from minno_dashboard.jobs.services import enqueue
from minno_dashboard.results import selection
from minno_dashboard.results.exporting import ExportStatistics, Format, write_zip
from minno_dashboard.results.formats.typed_files import FormatMissing
from minno_dashboard.results.models import DataRequest
from minno_dashboard.results.selection import Selection
from minno_dashboard.studies.access import Action, may
from minno_dashboard.studies.models import Study

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
GIVEN_UP_AFTER = timedelta(days=1)
PROGRESS_SECONDS = 1.0
JOB = "results: make a download"
State = DataRequest.State

NO_ACCESS = gettext_noop("The person who requested this download no longer has access to the data.")
NOT_FINISHED = gettext_noop(
    "The download was not ready within a day. The data themselves are safe; run it again."
)
DELETED = gettext_noop("Data of this study were deleted meanwhile. Run it again.")
NOT_WRITTEN = gettext_noop(
    "The file could not be written to the server's disk. The data themselves are safe; run it again, "
    "and tell the administrator if it fails again."
)
FORMAT_MISSING = gettext_noop(
    "This format needs packages that are not installed. Choose another format, or ask the administrator."
)


class _Cancelled(Exception):
    """The request was cancelled while its file was being made."""


def file_of(request: DataRequest) -> Path:
    """Return the path of a request's file, whether it exists or not."""
    return _folder() / f"{request.pk}.zip"


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "exports"


def make_folder() -> Path:
    """Return the folder in which exports are written, created if needed.

    Raises:
        OSError: it cannot be created.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def download_name(request: DataRequest) -> str:
    """Return the name under which browsers save it: the study and the day."""
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", request.study.name).strip(" .") or "study"
    return f"{name[:100]} data {request.created_at:%Y-%m-%d}.zip"


def selection_of(study: Study, criteria: Mapping[str, Any]) -> Selection:
    """Return which sessions a request asks for; `until` is the last day included."""
    until = _day(criteria.get("until"))
    return Selection(
        study=study,
        experiment_ids=tuple(criteria.get("experiments", ())),
        version_numbers=tuple(criteria.get("versions", ())),
        since=_day(criteria.get("since")),
        until=until + timedelta(days=1) if until else None,
        is_finished_only=bool(criteria.get("finished")),
        has_tests=bool(criteria.get("tests")),
    )


def _day(text: str | None) -> datetime | None:
    return clock.start_of_day(date.fromisoformat(text)) if text else None


def request_data(
    *, study: Study, file_format: Format, split_by: str, criteria: dict[str, Any], by: User
) -> DataRequest:
    """Request a download; a job makes it."""
    with transaction.atomic():
        made = DataRequest.objects.create(
            study=study,
            by=by,
            file_format=file_format.value,
            split_by=split_by,
            criteria=criteria,
            created_at=clock.now(),
        )
        record(
            actor=by,
            action=AuditAction.STUDY_REQUEST_DATA,
            target=study.name,
            study=study.public_id,
            format=file_format.value,
            criteria=criteria,
        )
        enqueue(JOB, key=str(made.pk), args={"request": made.pk})
    return made


def request_again(*, request: DataRequest, by: User) -> DataRequest:
    """Request the same download again, with the present data."""
    return request_data(
        study=request.study,
        file_format=Format(request.file_format),
        split_by=request.split_by,
        criteria=request.criteria,
        by=by,
    )


def get_request(study: Study, number: int) -> DataRequest:
    """Return a request of a study.

    Raises:
        NotFound: the study has none of this number.
    """
    found = DataRequest.objects.filter(study=study, pk=number).select_related("study", "by").first()
    if found is None:
        raise NotFound(gettext("This study has no such download."))
    return found


def cancel_request(*, request: DataRequest) -> None:
    """Cancel a download, or delete it when it is ready.

    Raises:
        Conflict: it is over already.
    """
    changed = DataRequest.objects.filter(
        pk=request.pk, state__in=(State.WAITING, State.RUNNING, State.DONE)
    ).update(state=State.CANCELLED, finished_at=clock.now())
    if not changed:
        raise Conflict(gettext("This download has already ended. Nothing was changed."))
    file_of(request).unlink(missing_ok=True)


def remove_downloads(study: Study) -> None:
    """End every download of a study that holds, or may come to hold, data that are being deleted.

    Belongs into the transaction of the deletion; the files go as it commits.
    """
    requests = DataRequest.objects.filter(study=study)
    ready = list(requests.filter(state=State.DONE))
    requests.filter(pk__in=[one.pk for one in ready]).update(state=State.EXPIRED)
    requests.filter(state__in=(State.WAITING, State.RUNNING)).update(
        state=State.FAILED, error=DELETED, finished_at=clock.now()
    )
    for one in ready:
        transaction.on_commit(partial(file_of(one).unlink, missing_ok=True))


@registry.handles(JOB)
def make_download(args: dict[str, Any]) -> None:
    """Make the file of a request; a repetition replaces the file."""
    request = DataRequest.objects.select_related("study", "by").filter(pk=args["request"]).first()
    if request is None or not request.is_open:
        return
    if not may(request.by, Action.READ_DATA, request.study):
        _fail(request, NO_ACCESS)
        return
    chosen = selection_of(request.study, request.criteria)
    total = selection.sessions_of(chosen).count()
    DataRequest.objects.filter(pk=request.pk, state=State.WAITING).update(state=State.RUNNING, total=total)
    try:
        outcome = _write(request, chosen)
    except _Cancelled:
        return
    except FormatMissing:
        _fail(request, FORMAT_MISSING)
    except OSError as error:
        _fail(request, NOT_WRITTEN, str(error))
    else:
        _finish(request, outcome)


def _write(request: DataRequest, chosen: Selection) -> ExportStatistics:
    make_folder()
    reported_at = time.monotonic()

    def report(sessions: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at < PROGRESS_SECONDS:
            return
        reported_at = time.monotonic()
        if not DataRequest.objects.filter(pk=request.pk, state=State.RUNNING).update(done=sessions):
            raise _Cancelled

    path = file_of(request)
    outcome = write_zip(
        path,
        title=request.study.name,
        read=selection.read(chosen),
        file_format=Format(request.file_format),
        split_by=request.split_by,
        progress=report,
    )
    path.chmod(0o600)
    return outcome


def _finish(request: DataRequest, outcome: ExportStatistics) -> None:
    now = clock.now()
    finished = DataRequest.objects.filter(pk=request.pk, state=State.RUNNING).update(
        state=State.DONE,
        done=outcome.sessions,
        total=outcome.sessions,
        rows=outcome.rows,
        problems=outcome.problems,
        size=file_of(request).stat().st_size,
        finished_at=now,
        expires_at=now + KEPT,
    )
    if not finished:
        file_of(request).unlink(missing_ok=True)


def _fail(request: DataRequest, sentence: str, details: str = "") -> None:
    DataRequest.objects.filter(pk=request.pk, state__in=(State.WAITING, State.RUNNING)).update(
        state=State.FAILED, error=sentence, finished_at=clock.now()
    )
    if details:
        log.warning("download %d was not written: %s", request.pk, details)


def expire_downloads() -> int:
    """Delete files older than seven days, and files without a request; return how many requests expired."""
    now = clock.now()
    over = list(
        DataRequest.objects.filter(state=State.DONE, expires_at__lte=now).values_list("pk", flat=True)
    )
    DataRequest.objects.filter(pk__in=over).update(state=State.EXPIRED)
    DataRequest.objects.filter(
        state__in=(State.WAITING, State.RUNNING), created_at__lte=now - GIVEN_UP_AFTER
    ).update(state=State.FAILED, error=NOT_FINISHED, finished_at=now)
    for path in _folder().glob("*.zip"):
        kept = DataRequest.objects.filter(
            pk=path.stem if path.stem.isdecimal() else 0, state__in=(State.DONE, State.RUNNING)
        )
        if not kept.exists():
            path.unlink(missing_ok=True)
    return len(over)
