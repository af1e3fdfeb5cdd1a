"""Sending contents: one call for a few files, batches for many, pieces for large ones.

Only HTTP and reading blobs happen in the lanes; what must be remembered goes through the `Ledger`, in the runner's
thread. Commits are strictly serial. Memory is that of the pieces under way, never of a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from minno_dashboard.core import clock
from minno_dashboard.mirror import checking
from minno_dashboard.mirror.checking import Opener
from minno_dashboard.mirror.engine.model import Content, Upload
from minno_dashboard.mirror.errors import (
    Ambiguous,
    MirrorError,
    NeedsAdmin,
    NeedsUser,
    ParkItem,
    Retry,
    RetryItem,
    Unsupported,
)
from minno_dashboard.mirror.packing import HEADER_BYTES, Body, bodies
from minno_dashboard.mirror.port import Commit, Outcome, Piece, Port

MIB = 1024 * 1024
FEW_FILES = 3
"""So many small files are written by one call each: no more calls than a batch has."""
PIECE_BYTES = 8 * MIB
MOST_SESSIONS = 1000
MOST_COMMITS = 1000
FIRST_COMMITS = 250
SLOW_COMMIT_SECONDS = 20.0
LANES = 6
BUDGET_BYTES = 64 * MIB
"""After so many bytes of large files the runner looks for newer changes."""


@dataclass
class Session:
    """An upload session: what Dropbox holds of one content."""

    content: Content
    session_id: str
    offset: int = 0
    is_closed: bool = False


class Ledger(Protocol):
    """Where the uploader has things remembered; each method runs in the runner's thread."""

    pace: dict[str, Any]

    def promise(self, files: Sequence[Upload]) -> None:
        """Say what the next call may bring into being."""

    def record(self, results: Sequence[tuple[Upload, Outcome]]) -> None:
        """Write down what became of files."""

    def sessions(self, contents: Sequence[Content]) -> list[Session]:
        """Return the sessions that are there for contents."""

    def keep(self, sessions: Sequence[Session]) -> None:
        """Remember how far sessions are."""

    def drop(self, contents: Sequence[Content]) -> None:
        """Forget the sessions of contents: they are used up or gone."""

    def may_batch(self) -> bool:
        """Say whether `append_batch` is worth trying."""

    def remember_no_batch(self) -> None:
        """Remember that this Dropbox does not know `append_batch`."""


@dataclass
class _Sent:
    """What a lane brought back: for each file its session, or why not."""

    results: list[tuple[Upload, Session | MirrorError]]


class Uploader:
    """Sends files until all are there, the budget is used up, or Dropbox asks to stop."""

    def __init__(
        self, port: Port, ledger: Ledger, open_bytes: Opener, should_stop: Callable[[], bool]
    ) -> None:
        self._port, self._ledger, self._open, self._should_stop = port, ledger, open_bytes, should_stop
        self._closed: deque[tuple[Upload, Session]] = deque()
        self._budget = BUDGET_BYTES
        self._failure: MirrorError | None = None

    def send(self, files: Sequence[Upload]) -> bool:
        """Send files; answer whether nothing was left for another time.

        Raises:
            MirrorError: one that concerns the whole account. What was sent by then is recorded or remembered.
        """
        small = [one for one in files if one.content.size <= PIECE_BYTES]
        large = [one for one in files if one.content.size > PIECE_BYTES]
        if len(files) <= FEW_FILES and not large:
            self._send_singly(small)
            return True
        small = self._resume(small)
        with ThreadPoolExecutor(LANES, thread_name_prefix="dropbox") as lanes:
            try:
                self._send_small(lanes, small)
                is_all = self._send_large(lanes, large)
            finally:
                if self._closed:
                    self._ledger.keep([session for _, session in self._closed])
        if self._failure is not None:
            raise self._failure
        return is_all

    # --- one call each ---

    def _send_singly(self, files: Sequence[Upload]) -> None:
        for one in files:
            self._ledger.promise([one])
            try:
                data = checking.whole(self._open, one)
                mark = {"rev": one.replaces_rev, "hash": one.content.hash}
                outcome: Outcome = self._port.upload(one.path, data, **mark)
            except MirrorError as error:
                self._ledger.record([(one, error)])
                if isinstance(error, Ambiguous | Retry | NeedsUser | NeedsAdmin):
                    raise
                continue
            self._ledger.record([(one, outcome)])

    # --- many in one call ---

    def _resume(self, files: Sequence[Upload]) -> list[Upload]:
        """Put aside the files whose bytes Dropbox holds already; return the others."""
        held = {
            one.content: one
            for one in self._ledger.sessions([file.content for file in files])
            if one.is_closed
        }
        rest = []
        for one in files:
            session = held.pop(one.content, None)
            if session is None:
                rest.append(one)
            else:
                self._closed.append((one, session))
        return rest

    def _send_small(self, lanes: ThreadPoolExecutor, files: Sequence[Upload]) -> None:
        jobs = self._jobs(files)
        running: set[Future[_Sent]] = set()
        is_open = True
        while is_open or running:
            while is_open and len(running) < LANES + 2 and not self._is_over():
                job = next(jobs, None)
                if job is None:
                    is_open = False
                else:
                    running.add(lanes.submit(job))
            if self._is_over():
                is_open = False
            if running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take(future.result())
            self._commit(at_least=self._commits)
        self._commit(at_least=1)

    def _is_over(self) -> bool:
        return self._failure is not None or self._should_stop()

    def _jobs(self, files: Sequence[Upload]) -> Iterator[Callable[[], _Sent]]:
        """Yield the calls that send small files; in batches as long as this Dropbox knows them."""
        waiting = deque(files)
        started: list[tuple[Upload, str]] = []
        while waiting:
            if not self._ledger.may_batch():
                waiting.extend(one for one, _ in started)
                started = []
                one = waiting.popleft()
                yield lambda one=one: self._start_one(one)  # type: ignore[misc]
                continue
            group = [waiting.popleft() for _ in range(min(len(waiting), MOST_SESSIONS))]
            try:
                ids = self._port.start_batch(len(group))
            except (Unsupported, ParkItem):
                self._ledger.remember_no_batch()
                waiting.extendleft(reversed(group))
                continue
            except MirrorError as error:
                self._failure = error
                return
            packed = list(bodies([*started, *zip(group, ids, strict=True)], self._header))
            # The last body is seldom full: it goes with the next sessions, as long as there are more.
            started = packed.pop().files if waiting else []
            for body in packed:
                if self._ledger.may_batch():
                    yield lambda body=body: self._append_body(body)  # type: ignore[misc]
                else:
                    waiting.extend(one for one, _ in body.files)

    @property
    def _header(self) -> int:
        return int(self._ledger.pace.get("header", HEADER_BYTES))

    def _append_body(self, body: Body) -> _Sent:
        pieces: list[Piece] = []
        sent: list[tuple[Upload, str]] = []
        results: list[tuple[Upload, Session | MirrorError]] = []
        for one, session_id in body.files:
            try:
                data = checking.whole(self._open, one)
            except ParkItem as error:
                results.append((one, error))
                continue
            pieces.append(Piece(session_id, data))
            sent.append((one, session_id))
        try:
            answers = self._port.append_batch(pieces) if pieces else []
        except MirrorError as error:
            # A call refused as a whole says nothing of its files: each is then sent by itself.
            why = Unsupported("refused") if isinstance(error, ParkItem) else error
            return _Sent([*results, *((one, why) for one, _ in sent)])
        for (one, session_id), refusal in zip(sent, answers, strict=True):
            session = Session(one.content, session_id, one.content.size, is_closed=True)
            results.append((one, refusal or session))
        return _Sent(results)

    def _start_one(self, one: Upload) -> _Sent:
        try:
            session_id = self._port.start(checking.whole(self._open, one), close=True)
        except MirrorError as error:
            return _Sent([(one, error)])
        return _Sent([(one, Session(one.content, session_id, one.content.size, is_closed=True))])

    def _take(self, sent: _Sent) -> None:
        """Sort what a lane brought back: to commit, to report, or a reason to stop."""
        reported: list[tuple[Upload, Outcome]] = []
        for one, result in sent.results:
            if isinstance(result, Session):
                self._closed.append((one, result))
            elif isinstance(result, Unsupported):
                self._learn(result)
                reported.append((one, RetryItem("other_way")))
            elif isinstance(result, ParkItem | RetryItem):
                reported.append((one, result))
            else:
                self._failure = result
        if reported:
            self._ledger.record(reported)

    def _learn(self, error: Unsupported) -> None:
        if error.reason.startswith("http_") and self._header > 4 * 1024:
            self._ledger.pace["header"] = self._header // 2
        else:
            self._ledger.remember_no_batch()

    # --- pieces ---

    def _send_large(self, lanes: ThreadPoolExecutor, files: Sequence[Upload]) -> bool:
        known = {one.content: one for one in self._ledger.sessions([file.content for file in files])}
        waiting = deque(files)
        running: dict[Future[Session | MirrorError], Upload] = {}
        is_all = True
        while waiting or running:
            while waiting and len(running) < LANES and self._budget > 0 and not self._is_over():
                one = waiting.popleft()
                session = known.get(one.content)
                if session is not None and session.is_closed:
                    self._closed.append((one, session))
                    continue
                self._budget -= PIECE_BYTES
                running[lanes.submit(self._send_piece, one, session)] = one
            if not running:
                is_all = not waiting
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                one = running.pop(future)
                if (session := self._note(one, future.result())) is not None:
                    known[one.content] = session
                    waiting.appendleft(one)
            self._commit(at_least=self._commits)
        self._commit(at_least=1)
        return is_all

    def _note(self, one: Upload, result: Session | MirrorError) -> Session | None:
        """Remember how far a large file is; return its session where there is more to send."""
        if isinstance(result, Session):
            self._ledger.keep([result])
            if not result.is_closed:
                return result
            self._closed.append((one, result))
        elif isinstance(result, ParkItem | RetryItem):
            if result.reason == "session_gone":
                self._ledger.drop([one.content])
            self._ledger.record([(one, result)])
        else:
            self._failure = result
        return None

    def _send_piece(self, one: Upload, session: Session | None) -> Session | MirrorError:
        """Send the next piece of a large file, in a lane."""
        offset, is_last = (0 if session is None else session.offset), False
        try:
            data = checking.piece(self._open, one, offset, PIECE_BYTES)
            is_last = offset + len(data) >= one.content.size
            if session is None:
                session_id = self._port.start(data, close=is_last)
            else:
                session_id = session.session_id
                self._port.append(session_id, offset, data, close=is_last)
        except RetryItem as error:
            return self._mend(one, session, error, is_last=is_last)
        except MirrorError as error:
            return error
        return Session(one.content, session_id, offset + len(data), is_closed=is_last)

    def _mend(
        self, one: Upload, session: Session | None, error: RetryItem, *, is_last: bool
    ) -> Session | MirrorError:
        """Go on where Dropbox says the session is, or begin the file anew."""
        where = error.correct_offset
        if session is None or error.reason not in ("incorrect_offset", "session_gone", "closed"):
            return error
        if error.reason == "closed" and is_last:
            return Session(one.content, session.session_id, one.content.size, is_closed=True)
        if where is not None and 0 <= where < one.content.size and where != session.offset:
            return Session(one.content, session.session_id, where)
        if where == one.content.size:
            return Session(one.content, session.session_id, where, is_closed=True)
        return RetryItem("session_gone")

    # --- commits ---

    @property
    def _commits(self) -> int:
        return int(self._ledger.pace.get("commits", FIRST_COMMITS))

    def _commit(self, *, at_least: int) -> None:
        """Bring closed sessions into being, one batch after the other."""
        while len(self._closed) >= at_least and self._closed and not self._is_over():
            self._commit_batch([self._closed.popleft() for _ in range(min(len(self._closed), self._commits))])

    def _commit_batch(self, batch: Sequence[tuple[Upload, Session]]) -> None:
        """Commit one batch; where it is refused as a whole, its halves, until the file is found that it is for."""
        self._ledger.promise([one for one, _ in batch])
        began = clock.monotonic_seconds()
        try:
            outcomes = self._port.finish_batch(
                [
                    Commit(held.session_id, one.content.size, one.path, one.replaces_rev, one.content.hash)
                    for one, held in batch
                ]
            )
        except ParkItem as error:
            half = len(batch) // 2
            self._ledger.record([] if half else [(batch[0][0], error)])
            for part in (batch[:half], batch[half:]) if half else ():
                if self._is_over():
                    self._closed.extendleft(reversed(part))
                else:
                    self._commit_batch(part)
        except MirrorError as error:
            self._slow_down()
            self._closed.extendleft(reversed(batch))
            self._failure = error
        else:
            self._after_commit(batch, outcomes, clock.monotonic_seconds() - began)

    def _after_commit(
        self, batch: Sequence[tuple[Upload, Session]], outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        kept = [
            held
            for (_, held), outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, MirrorError) and outcome.reason in ("lock", "full")
        ]
        locked = any(isinstance(one, RetryItem) and one.reason == "lock" for one in outcomes)
        held_on = {held.content for held in kept}
        self._ledger.drop([held.content for _, held in batch if held.content not in held_on])
        self._ledger.keep(kept)
        self._ledger.record([(one, outcome) for (one, _), outcome in zip(batch, outcomes, strict=True)])
        if locked:
            self._slow_down()
        elif seconds < SLOW_COMMIT_SECONDS:
            self._ledger.pace["commits"] = min(MOST_COMMITS, self._commits * 2)
        if any(isinstance(outcome, Ambiguous) for outcome in outcomes):
            self._failure = Ambiguous("internal_error")

    def _slow_down(self) -> None:
        self._ledger.pace["commits"] = max(1, self._commits // 2)
