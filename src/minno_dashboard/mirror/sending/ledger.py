"""What a run stores: intents before each call, results after it, upload sessions, parked items, counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from minno_dashboard.core import clock
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.dropbox_api.port import Entry, Outcome
from minno_dashboard.mirror.errors import (
    Ambiguous,
    MirrorError,
    NeedsAdmin,
    NeedsUser,
    ParkItem,
    Rescan,
    Retry,
    seconds_asked,
)
from minno_dashboard.mirror.known import journal_lag
from minno_dashboard.mirror.known.rows import RemoteRows
from minno_dashboard.mirror.models import Doubt, Intent, Link, Parked, Run, UploadSession
from minno_dashboard.mirror.planner.model import Content, UploadFile
from minno_dashboard.mirror.sending.calls import SessionProgress
from minno_dashboard.mirror.stored import Expected, LastWrite, Learned

RENEWALS = 8
"""A lease is renewed so often in its time."""
NO_BATCH_FOR = timedelta(hours=24)
AGAIN = timedelta(days=1)
"""After so long a parked item is tried again: Dropbox may take today what it refused yesterday."""
AGAIN_SOON = timedelta(hours=1)
MAY_HEAL = ("full", "damaged_here", "unreadable_here", "locked", "restricted_content")


def again_after(reason: str) -> timedelta:
    """Return how long after its refusal an item is tried again."""
    return AGAIN_SOON if reason in MAY_HEAL else AGAIN


def try_again(link: Link, identities: Sequence[str]) -> None:
    """Make parked items part of the next plan; call it in a transaction."""
    Doubt.objects.bulk_create([Doubt(link=link, identity=one) for one in identities], ignore_conflicts=True)
    for portion in in_portions(identities, 500):
        Parked.objects.filter(link=link, identity__in=portion).delete()


def try_full_again(link: Link, lease: Lease) -> None:
    """Make items that did not fit part of the next plan: there may be space now."""
    with lease.fenced():
        try_again(
            link, list(Parked.objects.filter(link=link, reason="full").values_list("identity", flat=True))
        )


def try_due_again(link: Link, lease: Lease) -> bool:
    """Make items that were parked long enough ago part of the next plan; return whether there were any."""
    now = clock.now()
    parked = Parked.objects.filter(link=link)
    due = [one.identity for one in parked if not now - again_after(one.reason) < one.at <= now]
    if due:
        with lease.fenced():
            try_again(link, due)
    return bool(due)


def note_late_call(link: Link) -> None:
    """Have a Dropbox read once more: a worker that lost the lease may have made a call without an intent.

    No lease is needed for it: all it changes is that somebody looks, and that until then nothing counts as proven.
    """
    with transaction.atomic():
        if Link.objects.filter(pk=link.pk).update(needs_reading=True):
            Intent.objects.create(link=link, kind=Intent.LATE, at=clock.now())


def was_called_late(link: Link) -> bool:
    """Return whether such a call may have been made since the last look began."""
    return Intent.objects.filter(link=link, kind=Intent.LATE).exists()


class PlanLedger:
    """Stores intents and results for one plan: the uploader's `UploadLedger`, and the executor's own."""

    def __init__(self, link: Link, lease: Lease, rows: RemoteRows, run: Run) -> None:
        self.link, self.lease, self.rows, self.run = link, lease, rows, run
        self.learned: Learned = link.learned.copy()
        self.trouble: list[MirrorError] = []
        self.is_full = False
        self.refused_bytes: int | None = None
        self.surprising: list[tuple[str | None, str]] = []
        self._intent: Intent | None = None
        self._renewed_at = clock.monotonic_seconds()

    def renew_when_due(self) -> None:
        """Renew the lease while calls are under way; calls without progress end by their own time-outs."""
        now = clock.monotonic_seconds()
        if now - self._renewed_at >= self.lease.seconds / RENEWALS:
            self._renewed_at = now
            self.lease.renew()

    # --- intents and results ---

    def expect(self, kind: str, expected: list[Expected]) -> None:
        """Store an intent before a call: what it may create."""
        self._intent = self._promised(kind, expected)

    def _promised(self, kind: str, expected: list[Expected]) -> Intent:
        folders = self.rows.folders_to_come([one["path"] for one in expected])
        to_come: list[Expected] = [
            {"identity": one, "path": path, "hash": "", "size": 0} for path, one in folders.items()
        ]
        with self.lease.fenced():
            return Intent.objects.create(
                link=self.link, kind=kind, expected=[*expected, *to_come], at=clock.now()
            )

    def must_be_told(self, row: int) -> None:
        """Store until the next reading that it must list all below a moved folder; call it in a transaction."""
        Intent.objects.create(link=self.link, kind=Intent.MOVED, moved_row=row, at=clock.now())

    def wait_for_job(self, route: str, job_id: str) -> None:
        """Store an asynchronous job that has not ended yet."""
        with self.lease.fenced():
            if self._intent is not None:
                self._intent.job = {"route": route, "job_id": job_id}
                self._intent.save(update_fields=["job"])
        self._intent = None

    def settle(self) -> None:
        """Close the intent of the last call; call it in the transaction that stores the result."""
        if self._intent is not None:
            self._intent.delete()
            self._intent = None

    def wrote(self, last_write: LastWrite) -> None:
        """Store the listing entry that shows our last write; call it in the transaction that stores the result."""
        Link.objects.filter(pk=self.link.pk).update(last_write=last_write)
        self.link.last_write = last_write

    def leave_open(self) -> None:
        """Keep the intent of the last call, whose outcome is unknown, until the Dropbox was read."""
        self._intent = None

    def note(
        self, error: MirrorError, *, identity: str | None = None, path: str = "", hash: str = ""
    ) -> None:
        """Store the error of one item; one that would be refused again is parked."""
        if isinstance(error, Rescan) and path:
            self.surprising.append((identity, path))
        if isinstance(error, ParkItem) and identity is not None:
            self.is_full |= error.reason == "full"
            Parked.objects.update_or_create(
                link=self.link,
                identity=identity,
                defaults={"path": path, "content_hash": hash, "reason": error.reason, "at": clock.now()},
            )
        else:
            self.trouble.append(error)

    # --- uploads: one batch is promised while another is under way ---

    def promise(self, files: Sequence[UploadFile]) -> Intent:
        """Store an intent of what the next call may create."""
        return self._promised(
            "upload",
            [
                {
                    "identity": one.identity,
                    "path": one.path,
                    "hash": one.content.hash,
                    "size": one.content.size,
                }
                for one in files
            ],
        )

    def withdraw(self, promise: object) -> None:
        """Delete the intent of a call that will not be made."""
        with self.lease.fenced():
            _fulfil(promise)

    def record(self, results: Sequence[tuple[UploadFile, Outcome]], promise: object = None) -> None:
        """Store the results of files; an intent with unknown outcome stays until the Dropbox was read."""
        is_unknown = any(isinstance(outcome, Ambiguous) for _, outcome in results)
        with self.lease.fenced():
            written = [(one, outcome) for one, outcome in results if isinstance(outcome, Entry)]
            if written:
                self.wrote(journal_lag.written(written[-1][1]))
                self.rows.written([(one.identity, one.path, entry) for one, entry in written])
                Parked.objects.filter(
                    link=self.link, identity__in=[one.identity for one, _ in written]
                ).delete()
            for one, outcome in results:
                if isinstance(outcome, MirrorError):
                    if outcome.reason == "full" and promise is not None:
                        least = one.content.size if self.refused_bytes is None else self.refused_bytes
                        self.refused_bytes = min(least, one.content.size)
                    self.note(outcome, identity=one.identity, path=one.path, hash=one.content.hash)
            if not is_unknown:
                _fulfil(promise)
            self.run.uploaded += len(written)
            self.run.uploaded_bytes += sum(one.content.size for one, _ in written)

    # --- sessions ---

    def sessions(self, contents: Sequence[Content]) -> list[SessionProgress]:
        """Return the stored upload sessions of contents."""
        if not UploadSession.objects.filter(link=self.link).exists():
            return []
        found: list[SessionProgress] = []
        for portion in in_portions([one.hash for one in contents], 500):
            rows = UploadSession.objects.filter(link=self.link, content_hash__in=portion)
            found += [
                SessionProgress(
                    Content(row.content_hash, row.size),
                    row.session_id,
                    row.offset,
                    row.is_closed,
                    is_certain=row.is_closed,
                )
                for row in rows
            ]
        return found

    def keep(self, sessions: Sequence[SessionProgress]) -> None:
        """Store the progress of upload sessions."""
        keep_sessions(self.link, self.lease, sessions)

    def drop(self, contents: Sequence[Content]) -> None:
        """Delete the sessions of contents: they are used up or gone."""
        kept = UploadSession.objects.filter(link=self.link)
        if not kept.exists():
            return
        for portion in in_portions([one.hash for one in contents], 500):
            kept.filter(content_hash__in=portion).delete()

    # --- learned ---

    def may_batch(self) -> bool:
        """Return whether to try `append_batch`."""
        until = self.learned.get("no_batch_until")
        return until is None or datetime.fromisoformat(until) <= clock.now()

    def remember_no_batch(self) -> None:
        """Store that this Dropbox does not know `append_batch`."""
        self.learned["no_batch_until"] = (clock.now() + NO_BATCH_FOR).isoformat()

    # --- what to do about the troubles ---

    @property
    def needs_reading(self) -> bool:
        """Return whether the Dropbox differed from what we knew, or a call's outcome is unknown."""
        return any(isinstance(one, Rescan | Ambiguous) for one in self.trouble)

    @property
    def is_blocked(self) -> bool:
        """Return whether later steps must not be tried."""
        return bool(self.trouble)

    @property
    def whole_account(self) -> MirrorError | None:
        """Return the error with the longest wait among those that concern more than one item."""
        kinds = NeedsUser | NeedsAdmin | Retry | ParkItem
        return max((one for one in self.trouble if isinstance(one, kinds)), key=seconds_asked, default=None)


def _fulfil(promise: object) -> None:
    """Delete an intent; call it in a transaction."""
    if isinstance(promise, Intent):
        promise.delete()


def keep_sessions(link: Link, lease: Lease, sessions: Sequence[SessionProgress]) -> None:
    """Store the progress of upload sessions in one transaction, one session per content."""
    rows = {
        one.content: UploadSession(
            link=link,
            content_hash=one.content.hash,
            size=one.content.size,
            session_id=one.session_id,
            offset=one.offset,
            is_closed=one.is_closed,
            at=clock.now(),
        )
        for one in sessions
    }
    if not rows:
        return
    with lease.fenced():
        UploadSession.objects.bulk_create(
            rows.values(),
            batch_size=100,
            update_conflicts=True,
            unique_fields=["link", "content_hash", "size"],
            update_fields=["session_id", "offset", "is_closed", "at"],
        )
