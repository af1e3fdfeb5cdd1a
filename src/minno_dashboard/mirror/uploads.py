"""Sending contents: one call for a few files, batches for many, pieces for large ones.

Only HTTP and reading blobs happen in the lanes; what must be remembered goes through the `Ledger`, in the runner's
thread. Commits are strictly serial. Memory is that of the pieces under way, never of a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from minno_dashboard.mirror.checking import Opener
from minno_dashboard.mirror.commits import MOST_COMMITS, Commits, Notebook
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
from minno_dashboard.mirror.port import Outcome, Port
from minno_dashboard.mirror.sending import Sender, Sent, Session

MIB = 1024 * 1024
FEW_FILES = 3
"""So many small files are written by one call each: no more calls than a batch has."""
SMALL_BYTES = 8 * MIB
PIECE_BYTES = 16 * MIB
"""A multiple of 4 MiB, as Dropbox hashes; each lane holds one."""
MOST_SESSIONS = 1000
FIRST_COMMITS = 500
MOST_WAITING = 2 * MOST_COMMITS
"""So far the lanes run ahead of the commits."""
FULL_PAGE = 2000
"""As soon as so many files were committed, the page of Dropbox's journal that tells of them is full and can be read."""
LANES = 5
LANES_OF_PIECES = 4
BUDGET_BYTES = 64 * MIB
"""After so many bytes of large files it is asked whether newer changes wait."""


class Ledger(Notebook, Protocol):
    """Where the uploader has things remembered; each method runs in the runner's thread."""

    def sessions(self, contents: Sequence[Content]) -> list[Session]:
        """Return the sessions that are there for contents."""

    def may_batch(self) -> bool:
        """Say whether `append_batch` is worth trying."""

    def remember_no_batch(self) -> None:
        """Remember that this Dropbox does not know `append_batch`."""


@dataclass
class _Job:
    """A call for a lane, and what to do in the runner's thread with what it brings back."""

    call: Callable[[], Any]
    take: Callable[[Any], None]
    sends: bool = True


class Uploader:
    """Sends files until all are there, newer changes wait, or Dropbox asks to stop."""

    def __init__(
        self,
        port: Port,
        ledger: Ledger,
        open_bytes: Opener,
        should_stop: Callable[[], bool],
        read_ahead: Callable[[], None],
        is_outrun: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sender, self._ledger = Sender(port, open_bytes), ledger
        self._should_stop, self._is_outrun = should_stop, is_outrun
        self._read_ahead = read_ahead
        self._may_read_ahead, self._told = True, 0
        self._commits = Commits(self._sender, ledger, FIRST_COMMITS)
        self._failure: MirrorError | None = None
        self._small: deque[Upload] = deque()
        self._started: list[tuple[Upload, str]] = []
        self._bodies: deque[Body] = deque()
        self._is_starting = False
        self._small_under_way = 0
        self._large: deque[tuple[Upload, Session | None]] = deque()
        self._pieces_under_way = 0
        self._bytes_since_look = 0
        self._gives_way = False

    def send(self, files: Sequence[Upload]) -> bool:
        """Send files; answer whether nothing was left for another time.

        Raises:
            MirrorError: one that concerns the whole account. What was sent by then is recorded or remembered.
        """
        most = min(SMALL_BYTES, PIECE_BYTES)
        small = [one for one in files if one.content.size <= most]
        large = [one for one in files if one.content.size > most]
        if len(small) <= FEW_FILES:
            self._send_singly(small)
            small = []
        if not small and not large:
            return True
        self._resume(small, large)
        try:
            with ThreadPoolExecutor(LANES + 1, thread_name_prefix="dropbox") as lanes:
                self._pump(lanes)
        finally:
            self._ledger.keep(self._commits.left())
        failure = self._failure or self._commits.failure
        if failure is not None:
            raise failure
        return not self._large and not self._commits.is_full

    # --- one call each ---

    def _send_singly(self, files: Sequence[Upload]) -> None:
        for one in files:
            promise = self._ledger.promise([one])
            try:
                outcome = self._sender.upload(one)
            except MirrorError as error:
                self._ledger.record([(one, error)], promise)
                if isinstance(error, Ambiguous | Retry | NeedsUser | NeedsAdmin):
                    raise
                continue
            self._ledger.record([(one, outcome)], promise)

    # --- the lanes ---

    def _pump(self, lanes: ThreadPoolExecutor) -> None:
        """Keep the lanes and the commits busy until nothing is left to do, or nothing more is to be done."""
        running: dict[Future[Any], _Job] = {}
        were_small = True
        while True:
            while not self._is_over() and len(running) < LANES and (job := self._next()) is not None:
                running[lanes.submit(job.call)] = job
            if were_small and not self._are_small_left:
                self._commits.hurry()  # they do not wait for the large ones
                were_small = False
            is_all = not any(job.sends for job in running.values())
            self._commits.go_on(lanes.submit, is_all=is_all, is_over=self._is_over())
            under_way = self._commits.running
            if not running and under_way is None:
                return
            waiting: set[Future[Any]] = {*running} if under_way is None else {*running, under_way}
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                if (ended := running.pop(future, None)) is not None:
                    ended.take(future.result())

    def _is_over(self) -> bool:
        has_failed = self._failure is not None or self._commits.failure is not None
        return has_failed or self._commits.is_full or self._should_stop()

    def _next(self) -> _Job | None:
        """Return the next call for a lane: small files first, and not too far ahead of the commits."""
        if self._may_read_ahead and self._commits.made >= self._told + FULL_PAGE:
            self._may_read_ahead = False
            return _Job(self._look_ahead, self._take_look, sends=False)
        if self._commits.backlog >= MOST_WAITING:
            return None
        return self._next_piece() if not self._are_small_left else self._next_small()

    def _resume(self, small: Sequence[Upload], large: Sequence[Upload]) -> None:
        """Let every file go on from what Dropbox holds of it already."""
        known = {one.content: one for one in self._ledger.sessions([one.content for one in (*small, *large)])}
        for one in small:
            session = known.pop(one.content, None)
            if session is not None and session.is_closed:
                self._commits.add(one, session)
            else:
                self._small.append(one)
        for one in large:
            session = known.pop(one.content, None)
            if session is not None and session.is_closed:
                self._commits.add(one, session)
            else:
                self._large.append((one, session))

    def _look_ahead(self) -> MirrorError | None:
        try:
            self._read_ahead()
        except MirrorError as error:
            return error
        return None

    def _take_look(self, trouble: MirrorError | None) -> None:
        """Go on reading ahead, but not after a trouble: the reading that follows the commits meets it again."""
        self._told += FULL_PAGE
        self._may_read_ahead = trouble is None

    # --- small files: many in one call ---

    @property
    def _are_small_left(self) -> bool:
        return bool(self._small or self._bodies or self._is_starting or self._small_under_way)

    def _next_small(self) -> _Job | None:
        """Return the next call that sends small files; in batches as long as this Dropbox knows them."""
        if not self._ledger.may_batch():
            self._small.extend(one for body in self._bodies for one, _ in body.files)
            self._small.extend(one for one, _ in self._started)
            self._bodies.clear()
            self._started = []
            if not self._small:
                return None
            one = self._small.popleft()
            self._small_under_way += 1
            return _Job(lambda: self._sender.start_one(one), self._take_sent)
        if self._small and not self._is_starting and len(self._bodies) < LANES:
            group = [self._small.popleft() for _ in range(min(len(self._small), MOST_SESSIONS))]
            self._is_starting = True
            return _Job(
                lambda: self._sender.start_batch(len(group)), lambda ids: self._take_started(group, ids)
            )
        if not self._bodies:
            return None
        body = self._bodies.popleft()
        self._small_under_way += 1
        return _Job(lambda: self._sender.append_body(body), self._take_sent)

    def _take_started(self, group: list[Upload], ids: list[str] | MirrorError) -> None:
        """Pack files into the bodies of calls; the last body, seldom full, waits for the next sessions."""
        self._is_starting = False
        if isinstance(ids, MirrorError):
            self._small.extendleft(reversed(group))
            if isinstance(ids, Unsupported | ParkItem):
                self._ledger.remember_no_batch()
            else:
                self._failure = ids
            return
        packed = list(bodies([*self._started, *zip(group, ids, strict=True)], self._header))
        self._started = packed.pop().files if self._small else []
        self._bodies.extend(packed)

    @property
    def _header(self) -> int:
        return int(self._ledger.pace.get("header", HEADER_BYTES))

    def _take_sent(self, sent: Sent) -> None:
        """Sort what a lane brought back: to commit, to report, or a reason to stop."""
        self._small_under_way -= 1
        reported: list[tuple[Upload, Outcome]] = []
        for one, result in sent.results:
            if isinstance(result, Session):
                self._commits.add(one, result)
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

    # --- large files: piece by piece ---

    def _next_piece(self) -> _Job | None:
        """Return the call that sends the next piece of the first large file whose turn it is."""
        if not self._large or self._gives_way or self._pieces_under_way == LANES_OF_PIECES:
            return None
        if self._bytes_since_look >= BUDGET_BYTES:
            self._bytes_since_look, self._gives_way = 0, self._is_outrun()
            if self._gives_way:
                return None
        one, session = self._large.popleft()
        self._pieces_under_way += 1
        self._bytes_since_look += PIECE_BYTES
        return _Job(
            lambda: self._sender.send_piece(one, session, PIECE_BYTES),
            lambda result: self._take_piece(one, result),
        )

    def _take_piece(self, one: Upload, result: Session | MirrorError) -> None:
        """Remember how far a large file is; where there is more to send, it is next."""
        self._pieces_under_way -= 1
        if isinstance(result, Session):
            self._ledger.keep([result])
            if result.is_closed:
                self._commits.add(one, result)
            else:
                self._large.appendleft((one, result))
        elif isinstance(result, ParkItem | RetryItem):
            if result.reason == "session_gone":
                self._ledger.drop([one.content])
            self._ledger.record([(one, result)])
        else:
            self._failure = result
