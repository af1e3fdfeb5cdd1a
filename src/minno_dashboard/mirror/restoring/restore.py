"""Restores studies from a Dropbox: lists them, takes requests, and does the work.

The folder alone suffices: names, kinds and states come from its manifest, and where that is silent from the folders.
Restoring only reads there, and always makes a new study.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotAllowed, NotFound, Refused
from minno_dashboard.core.names import fold
from minno_dashboard.jobs.lease import Lease, LeaseLost, claim, is_free
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import credentials
from minno_dashboard.mirror.errors import Ambiguous, MirrorError, NeedsAdmin, NeedsUser, Rescan, Retry
from minno_dashboard.mirror.models import Link, RemoteNode, Restore, link_of
from minno_dashboard.mirror.restoring import inventory
from minno_dashboard.mirror.restoring.fetching import Fetcher, Stopped
from minno_dashboard.mirror.restoring.inventory import FoundStudy
from minno_dashboard.mirror.running.due_links import LongRuns
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.rebuilding import rebuild_study

log = logging.getLogger(__name__)

LEASE_SECONDS = 240.0
MAX_FAILURES = 12
"""So many failures in a row, without one more file, end a restore; with the growing waits that is half an hour."""

NEWER = "newer_in_dropbox"
NOT_LINKED = gettext_noop("Your studies are not connected to a Dropbox account.")
WHY_READ = gettext_noop(
    "To restore a study, the Dashboard must read its files in your Dropbox; until now it may only write them. "
    "Dropbox asks you for this permission once."
)
# How a restore ended is stored in English and worded in the reader's language where it is shown.
NOT_CONNECTED = gettext_noop(
    "Your studies are not connected to a Dropbox account. Connect again, then restore."
)
NOT_READ = gettext_noop(
    "To restore a study, the Dashboard must read its files in your Dropbox; until now it may only write them. "
    "Dropbox asks you for this permission once. Nothing was restored."
)
GONE = gettext_noop("This study is not in your Dropbox any more.")
TOO_LONG = gettext_noop(
    "Dropbox could not be read for half an hour. What was already downloaded is kept: "
    "restore again to continue."
)
APP_REFUSED = gettext_noop(
    "Dropbox refuses this Dashboard's app key; nothing was restored. Your administrator can help."
)
CONNECTION_REFUSED = gettext_noop(
    "Dropbox no longer accepts our connection; nothing was restored. Reconnect, then restore again."
)


def withdraw_reading(*, user: User, by: User | None) -> None:
    """Read no files from a user's Dropbox until Dropbox has confirmed the owner again; the mirror continues."""
    Link.objects.filter(user=user).update(is_reading_withdrawn=True)


def studies_of(link: Link) -> list[FoundStudy]:
    """Return the studies in the Dropbox, as of the last listing."""
    rows = RemoteNode.objects.filter(link=link, is_folder=True, name_key__startswith="v")
    folders = []
    for row in rows.select_related("parent__parent__parent"):
        if inventory.version_number(row.name) is not None:
            path = _path(row)
            if path is not None:
                folders.append(path)
    return inventory.studies_in(folders)


def _path(row: RemoteNode) -> str | None:
    """Return the path of a folder that is at most as deep as a version."""
    way: list[str] = []
    here: RemoteNode | None = row
    while here is not None:
        if len(way) == 4:
            return None
        way.append(here.name)
        here = here.parent if here.parent_id is not None else None
    return "/" + "/".join(reversed(way))


def ask(*, user: User, path: str) -> Restore:
    """Request a restore; a request for one that is under way changes nothing.

    Raises:
        NotFound: nothing is connected, or no such study lies there.
        NotAllowed: Dropbox does not let the Dashboard read yet.
    """
    link = link_of(user)
    if link is None:
        raise NotFound(gettext(NOT_LINKED))
    if not link.may_read:
        raise NotAllowed(gettext(WHY_READ))
    if path not in {one.path for one in studies_of(link)}:
        raise NotFound(gettext(GONE))
    try:
        with transaction.atomic():
            return Restore.objects.create(link=link, path=path, asked_at=clock.now())
    except IntegrityError:
        return Restore.objects.get(link=link, path=path, state=Restore.State.OPEN)


class DueRestores:
    """The worker's source of due restores."""

    def __init__(
        self, is_stopping: Callable[[], bool] = lambda: False, long_runs: LongRuns | None = None
    ) -> None:
        self._is_stopping, self._long_runs = is_stopping, long_runs or LongRuns()

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim the restore that has waited longest and return its work, or None."""
        if not siteconfig.dropbox().is_enabled or not self._long_runs.is_one_free:
            return None
        due = Restore.objects.filter(is_free(clock.now()), state=Restore.State.OPEN)
        for row in due.order_by("asked_at", "pk")[:10]:
            if lease := claim(row, owner=owner, seconds=LEASE_SECONDS):
                return lambda row=row, lease=lease: self._run(row.pk, lease)  # type: ignore[misc]
        return None

    def _run(self, pk: int, lease: Lease) -> None:
        with self._long_runs.one_run() as may_take_long:
            if may_take_long():
                run(pk, lease, self._is_stopping)
            else:
                lease.release()


def run(pk: int, lease: Lease, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Work on a claimed restore until it is done, must wait, or fails."""
    row = Restore.objects.select_related("link__user").get(pk=pk)
    if row.state != Restore.State.OPEN:  # it ended between being found and being claimed
        lease.release()
        return
    try:
        _work(row, lease, is_stopping)
    except LeaseLost:
        log.warning("restore %d is with another worker now", pk)
    except Stopped:
        lease.release()
    except MirrorError as error:
        _after(row, lease, error)
    except Refused as error:
        _fail(lease, str(error))
    except Exception as error:
        log.exception("restore %d met an error of ours", pk)
        _after(row, lease, Retry(f"ours:{type(error).__name__}"))


def _work(row: Restore, lease: Lease, is_stopping: Callable[[], bool]) -> None:
    link = row.link
    if link.state == Link.State.OFF:
        raise NotFound(gettext(NOT_CONNECTED))
    port = credentials.open_port(link)
    try:
        fetcher = Fetcher(port, row, lease, is_stopping)
        told = fetcher.told().get(fold(row.path), {})
        listing = fetcher.listing()
        blobs = fetcher.fetch(listing)
    finally:
        port.close()
    (found,) = inventory.studies_in(f"{row.path}/v{number}" for number in listing.versions)
    kept = fetcher.versions(listing, blobs, inventory.told_versions(told))
    with lease.fenced():
        study = rebuild_study(
            owner=link.user,
            name=inventory.told_name(told, found.name),
            kind=fetcher.kind(told, kept),
            description=inventory.told_text(told, "description"),
            versions=kept,
        )
        Restore.objects.filter(pk=row.pk).update(
            state=Restore.State.DONE,
            finished_at=clock.now(),
            study=study,
            files_done=row.files,
            bytes_done=row.bytes,
            problems=fetcher.problems,
            sentence=f"Restored as “{study.name}”.",
        )
        _look_again(link)
    lease.release()


def _look_again(link: Link) -> None:
    """Have a mirror that waits because the Dropbox held more than the Dashboard compare again."""
    Link.objects.filter(pk=link.pk, state=Link.State.NEEDS_USER, reason=NEWER).update(
        state=Link.State.ACTIVE,
        reason="",
        reason_at=None,
        removal_question=None,
        removal_answer="",
        needs_listing=True,
    )


def _after(row: Restore, lease: Lease, error: MirrorError) -> None:
    """Schedule another try, or end with a sentence where only a person can help."""
    if isinstance(error, NeedsUser | NeedsAdmin):
        _fail(lease, _why(error))
        return
    if isinstance(error, Rescan):
        _fail(lease, GONE)
        return
    failures = row.failures + 1
    if failures > MAX_FAILURES:
        _fail(
            lease,
            TOO_LONG,
        )
        return
    asked = error.after if isinstance(error, Retry | Ambiguous) else 0.0
    wait = timedelta(seconds=asked + backoff.backoff_seconds(failures))
    lease.release(failures=failures, last_error=error.reason[:200], not_before=clock.now() + wait)


def _why(error: MirrorError) -> str:
    if error.reason == "missing_scope":
        return NOT_READ
    if isinstance(error, NeedsAdmin):
        return APP_REFUSED
    return CONNECTION_REFUSED


def _fail(lease: Lease, sentence: str) -> None:
    lease.release(state=Restore.State.FAILED, sentence=sentence, finished_at=clock.now())
