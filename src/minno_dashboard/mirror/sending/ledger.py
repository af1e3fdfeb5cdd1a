"""What a run must remember: intents before each call, results after it, sessions, what is parked, the counts."""

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
from minno_dashboard.mirror.known.rows import Book
from minno_dashboard.mirror.models import Doubt, Intent, Link, Parked, Run, UploadSession
from minno_dashboard.mirror.planner.model import Content, Upload
from minno_dashboard.mirror.sending.calls import Session
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
    """Let the next plan look at parked items; belongs into a transaction."""
    Doubt.objects.bulk_create([Doubt(link=link, identity=one) for one in identities], ignore_conflicts=True)
    for portion in in_portions(identities, 500):
        Parked.objects.filter(link=link, identity__in=portion).delete()


def try_full_again(link: Link, lease: Lease) -> None:
    """Let the next plan look at what did not fit: there may be room for it now."""
    with lease.fenced():
        try_again(
            link, list(Parked.objects.filter(link=link, reason="full").values_list("identity", flat=True))
        )


def try_due_again(link: Link, lease: Lease) -> bool:
    """Let the next plan look at what was parked long enough ago; answer whether there was any."""
    now = clock.now()
    parked = Parked.objects.filter(link=link)
    due = [one.identity for one in parked if not now - again_after(one.reason) < one.at <= now]
    if due:
        with lease.fenced():
            try_again(link, due)
    return bool(due)


def note_late_call(link: Link) -> None:
    """Have a Dropbox looked at once more: whoever lost the lease may have made a call that nobody expects now.

    No lease is needed for it: all it changes is that somebody looks, and that until then nothing counts as proven.
    """
    with transaction.atomic():
        if Link.objects.filter(pk=link.pk).update(needs_reading=True):
            Intent.objects.create(link=link, kind=Intent.LATE, at=clock.now())


def was_called_late(link: Link) -> bool:
    """Say whether such a call may have been made since the last look began."""
    return Intent.objects.filter(link=link, kind=Intent.LATE).exists()


class Notes:
    """The uploader's `Ledger` and the executor's notebook, for the time of one plan."""

    def __init__(self, link: Link, lease: Lease, book: Book, run: Run) -> None:
        self.link, self.lease, self.book, self.run = link, lease, book, run
        self.learned: Learned = link.learned.copy()
        self.trouble: list[MirrorError] = []
        self.is_full = False
        self.refused_bytes: int | None = None
        self.surprising: list[tuple[str | None, str]] = []
        self._intent: Intent | None = None
        self._renewed_at = clock.monotonic_seconds()

    def renew_when_due(self) -> None:
        """Hold the lease while calls are under way; their own time-outs end those on which nothing moves."""
        now = clock.monotonic_seconds()
        if now - self._renewed_at >= self.lease.seconds / RENEWALS:
            self._renewed_at = now
            self.lease.renew()

    # --- intents and results ---

    def expect(self, kind: str, expected: list[Expected]) -> None:
        """Write down, before a call, what it may bring into being."""
        self._intent = self._promised(kind, expected)

    def _promised(self, kind: str, expected: list[Expected]) -> Intent:
        folders = self.book.folders_to_come([one["path"] for one in expected])
        to_come: list[Expected] = [
            {"identity": one, "path": path, "hash": "", "size": 0} for path, one in folders.items()
        ]
        with self.lease.fenced():
            return Intent.objects.create(
                link=self.link, kind=kind, expected=[*expected, *to_come], at=clock.now()
            )

    def must_be_told(self, row: int) -> None:
        """Remember until the next reading that it must tell of all below a moved folder; belongs into a transaction."""
        Intent.objects.create(link=self.link, kind=Intent.MOVED, moved_row=row, at=clock.now())

    def wait_for_job(self, route: str, job_id: str) -> None:
        """Remember an asynchronous job whose end is not known yet."""
        with self.lease.fenced():
            if self._intent is not None:
                self._intent.job = {"route": route, "job_id": job_id}
                self._intent.save(update_fields=["job"])
        self._intent = None

    def settle(self) -> None:
        """The outcome of the last call is known; belongs into the transaction that records it."""
        if self._intent is not None:
            self._intent.delete()
            self._intent = None

    def wrote(self, last_write: LastWrite) -> None:
        """Remember by what a listing shows that it knows our last write; belongs into the transaction that records it."""
        Link.objects.filter(pk=self.link.pk).update(last_write=last_write)
        self.link.last_write = last_write

    def leave_open(self) -> None:
        """Nobody knows the outcome of the last call: its intent stays until somebody has looked."""
        self._intent = None

    def note(
        self, error: MirrorError, *, identity: str | None = None, path: str = "", hash: str = ""
    ) -> None:
        """Keep what went wrong with one item; one that will be refused again is parked."""
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

    def promise(self, files: Sequence[Upload]) -> Intent:
        """Say what the next call may bring into being."""
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
        """Say that the call which was promised will not be made."""
        with self.lease.fenced():
            _fulfil(promise)

    def record(self, results: Sequence[tuple[Upload, Outcome]], promise: object = None) -> None:
        """Write down what became of files; a promise whose outcome is unknown stays until somebody has looked."""
        is_unknown = any(isinstance(outcome, Ambiguous) for _, outcome in results)
        with self.lease.fenced():
            written = [(one, outcome) for one, outcome in results if isinstance(outcome, Entry)]
            if written:
                self.wrote(journal_lag.written(written[-1][1]))
                self.book.written([(one.identity, one.path, entry) for one, entry in written])
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

    def sessions(self, contents: Sequence[Content]) -> list[Session]:
        """Return the sessions that are there for contents."""
        if not UploadSession.objects.filter(link=self.link).exists():
            return []
        found: list[Session] = []
        for portion in in_portions([one.hash for one in contents], 500):
            rows = UploadSession.objects.filter(link=self.link, content_hash__in=portion)
            found += [
                Session(
                    Content(row.content_hash, row.size),
                    row.session_id,
                    row.offset,
                    row.is_closed,
                    is_certain=row.is_closed,
                )
                for row in rows
            ]
        return found

    def keep(self, sessions: Sequence[Session]) -> None:
        """Remember how far sessions are."""
        keep_sessions(self.link, self.lease, sessions)

    def drop(self, contents: Sequence[Content]) -> None:
        """Forget the sessions of contents: they are used up or gone."""
        kept = UploadSession.objects.filter(link=self.link)
        if not kept.exists():
            return
        for portion in in_portions([one.hash for one in contents], 500):
            kept.filter(content_hash__in=portion).delete()

    # --- learned ---

    def may_batch(self) -> bool:
        """Say whether `append_batch` is worth trying."""
        until = self.learned.get("no_batch_until")
        return until is None or datetime.fromisoformat(until) <= clock.now()

    def remember_no_batch(self) -> None:
        """Remember that this Dropbox does not know `append_batch`."""
        self.learned["no_batch_until"] = (clock.now() + NO_BATCH_FOR).isoformat()

    # --- what to do about the troubles ---

    @property
    def needs_reading(self) -> bool:
        """Say whether the Dropbox was other than we knew, or a call's outcome is unknown."""
        return any(isinstance(one, Rescan | Ambiguous) for one in self.trouble)

    @property
    def is_blocked(self) -> bool:
        """Say whether later steps must not be tried."""
        return bool(self.trouble)

    @property
    def whole_account(self) -> MirrorError | None:
        """Return the trouble that concerns more than one item, or an item that is not ours to park, and asks for most."""
        kinds = NeedsUser | NeedsAdmin | Retry | ParkItem
        return max((one for one in self.trouble if isinstance(one, kinds)), key=seconds_asked, default=None)


def _fulfil(promise: object) -> None:
    """Forget a promise; belongs into a transaction."""
    if isinstance(promise, Intent):
        promise.delete()


def keep_sessions(link: Link, lease: Lease, sessions: Sequence[Session]) -> None:
    """Remember how far sessions are, in one transaction; of one content, one session is enough."""
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
