"""Commits filled upload sessions: one batch at a time, the next one prepared meanwhile.

A commit is the write; never are two of one account under way. While Dropbox works on one batch, the results of the
one before are written down and the next is promised, so that neither waits for the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from minno_dashboard.mirror.dropbox_api.port import EncodedCommits, Outcome
from minno_dashboard.mirror.errors import Ambiguous, MirrorError, ParkItem, RetryItem
from minno_dashboard.mirror.planner.model import Content, UploadFile
from minno_dashboard.mirror.sending.calls import Committed, Held, Sender, SessionProgress
from minno_dashboard.mirror.stored import Learned

MAX_COMMITS = 1000
QUICK_COMMIT_SECONDS = 5.0
SLOW_COMMIT_SECONDS = 20.0
MANY_BYTES = 2 * 1024**3
"""Files of so many bytes together need not wait for more files to be committed with."""


class CommitLedger(Protocol):
    """Stores intents and results of commits; each method runs in the runner's thread."""

    learned: Learned

    def promise(self, files: Sequence[UploadFile]) -> object:
        """Store an intent of what the next call may create; return it for `withdraw` or `record`."""

    def withdraw(self, promise: object) -> None:
        """Delete the intent of a call that will not be made."""

    def record(self, results: Sequence[tuple[UploadFile, Outcome]], promise: object = None) -> None:
        """Store the results of files, and close the intent unless an outcome is unknown."""

    def keep(self, sessions: Sequence[SessionProgress]) -> None:
        """Store the progress of upload sessions."""

    def drop(self, contents: Sequence[Content]) -> None:
        """Delete the sessions of contents: they are used up or gone."""


@dataclass
class _Batch:
    """Files that are committed together, their intent, and the encoded call."""

    files: list[Held]
    promise: object
    call: EncodedCommits


class Commits:
    """Files whose bytes Dropbox holds, waiting to be committed."""

    def __init__(self, sender: Sender, ledger: CommitLedger, first: int) -> None:
        self._sender, self._ledger, self._first = sender, ledger, first
        self._waiting: deque[Held] = deque()
        self._bytes = self._hurried = 0
        self._parts: deque[list[Held]] = deque()
        self._ready: _Batch | None = None
        self._under_way: tuple[Future[Committed], _Batch] | None = None
        self.failure: MirrorError | None = None
        self.is_full = False
        self.made = 0

    def add(self, one: UploadFile, session: SessionProgress) -> None:
        """Add a file whose session is closed."""
        self._waiting.append((one, session))
        self._bytes += one.content.size

    def hurry(self) -> None:
        """Commit waiting files now, without waiting for more."""
        self._hurried = len(self._waiting)

    @property
    def backlog(self) -> int:
        """Return how many files wait."""
        return len(self._waiting)

    @property
    def running(self) -> Future[Committed] | None:
        """Return the commit call under way."""
        return None if self._under_way is None else self._under_way[0]

    @property
    def at_once(self) -> int:
        """Return the largest number of files in one batch; it grows and shrinks with Dropbox's answers."""
        return int(self._ledger.learned.get("commits", self._first))

    def go_on(self, submit: Callable[..., Future[Committed]], *, is_all: bool, is_over: bool) -> None:
        """Start a prepared batch, store what has ended, and prepare the next batch.

        With `is_all` no more files are to come, so also a small batch goes; with `is_over` none goes any more.
        """
        ended = self._take()
        self._launch(submit, is_over=is_over)
        self._prepare(is_all=is_all, is_over=is_over)
        if ended is not None:
            self._write_down(*ended)
            self._prepare(is_all=is_all, is_over=is_over)
        self._launch(submit, is_over=is_over)

    def left(self) -> list[SessionProgress]:
        """Return the sessions of the files that were not committed."""
        if self._ready is not None:
            self._ledger.withdraw(self._ready.promise)
            self._waiting.extendleft(reversed(self._ready.files))
            self._ready = None
        return [session for part in (*self._parts, self._waiting) for _, session in part]

    def _take(self) -> tuple[_Batch, Committed] | None:
        if self._under_way is None or not self._under_way[0].done():
            return None
        (future, batch), self._under_way = self._under_way, None
        ended = future.result()
        if ended.refusal is None and len(ended.outcomes) != len(batch.files):
            ended = Committed([], Ambiguous("garbled"), ended.seconds)
        self._learn_pace(ended)
        if ended.refusal is not None and not isinstance(ended.refusal, ParkItem):
            self.failure = ended.refusal
        if any(isinstance(outcome, Ambiguous) for outcome in ended.outcomes):
            self.failure = Ambiguous("internal_error")
        return batch, ended

    def _launch(self, submit: Callable[..., Future[Committed]], *, is_over: bool) -> None:
        if self._ready is None or self._under_way is not None or is_over or self.failure is not None:
            return
        batch, self._ready = self._ready, None
        self._under_way = submit(self._sender.commit, batch.call), batch

    def _prepare(self, *, is_all: bool, is_over: bool) -> None:
        """Store the intent of the next batch, if it is large enough for a call."""
        if self._ready is not None or is_over or self.failure is not None:
            return
        if self._parts:
            files = self._parts.popleft()
        else:
            is_enough = len(self._waiting) >= self.at_once or self._bytes >= MANY_BYTES
            if not self._waiting or not (is_enough or is_all or self._hurried > 0):
                return
            files = [self._waiting.popleft() for _ in range(min(len(self._waiting), self.at_once))]
            self._bytes -= sum(one.content.size for one, _ in files)
            self._hurried -= len(files)
        promise = self._ledger.promise([one for one, _ in files])
        self._ready = _Batch(files, promise, self._sender.encode(files))

    def _write_down(self, batch: _Batch, ended: Committed) -> None:
        if isinstance(ended.refusal, ParkItem):
            self._halve(batch, ended.refusal)
        elif ended.refusal is not None:
            self._waiting.extendleft(reversed(batch.files))
        else:
            self._record(batch, ended)

    def _halve(self, batch: _Batch, refusal: ParkItem) -> None:
        """Repeat a batch that was refused as a whole in halves, until the refused file is found."""
        half = len(batch.files) // 2
        self._ledger.record([] if half else [(batch.files[0][0], refusal)], batch.promise)
        if half:
            self._parts.extendleft([batch.files[half:], batch.files[:half]])

    def _record(self, batch: _Batch, ended: Committed) -> None:
        results = list(zip(batch.files, ended.outcomes, strict=True))
        self.made += len(results)
        kept = [
            held
            for (_, held), outcome in results
            if isinstance(outcome, MirrorError) and outcome.reason in ("lock", "full")
        ]
        held_on = {held.content for held in kept}
        self.is_full |= any(getattr(outcome, "reason", "") == "full" for _, outcome in results)
        self._ledger.drop([held.content for _, held in batch.files if held.content not in held_on])
        self._ledger.keep(kept)
        self._ledger.record([(one, outcome) for (one, _), outcome in results], batch.promise)

    def _learn_pace(self, ended: Committed) -> None:
        is_locked = any(isinstance(one, RetryItem) and one.reason == "lock" for one in ended.outcomes)
        if isinstance(ended.refusal, ParkItem):
            return
        if is_locked or ended.refusal is not None:
            self._ledger.learned["commits"] = max(1, self.at_once // 2)
        elif ended.seconds < SLOW_COMMIT_SECONDS:
            growth = 2 if ended.seconds > QUICK_COMMIT_SECONDS else 4
            self._ledger.learned["commits"] = min(MAX_COMMITS, self.at_once * growth)
