"""Uploads contents: one call for a few files, batches for many, pieces for large ones.

Only HTTP and reading blobs happen in the lanes; what must be remembered goes through the `UploadLedger`, in the runner's
thread. Commits are strictly serial. Memory is that of the pieces under way, never of a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api.port import Outcome, Port
from minno_dashboard.mirror.errors import (
    Ambiguous,
    MirrorError,
    NeedsAdmin,
    NeedsUser,
    ParkItem,
    Retry,
    RetryItem,
    Unsupported,
    seconds_asked,
)
from minno_dashboard.mirror.planner.model import Content, UploadFile
from minno_dashboard.mirror.sending import bandwidth, packing
from minno_dashboard.mirror.sending.blob_reading import Opener
from minno_dashboard.mirror.sending.calls import LaneResult, Sender, SessionProgress
from minno_dashboard.mirror.sending.commits import MAX_COMMITS, CommitLedger, Commits
from minno_dashboard.mirror.sending.packing import HEADER_BYTES, PackedFiles, bodies
from minno_dashboard.mirror.sending.upload_lanes import Transfer, UnderWay

MIB = 1024 * 1024
MAX_SINGLE_UPLOADS = 3
"""So many small files are written by one call each: no more calls than a batch has."""
SMALL_BYTES = 8 * MIB
PIECE_BYTES = 16 * MIB
"""The largest piece, for a fast line; each lane holds one."""
MAX_SESSIONS = 1000
FIRST_COMMITS = 500
MAX_WAITING = 2 * MAX_COMMITS
"""So far the lanes run ahead of the commits."""
SHORT_FILES, SHORT_BYTES = 100, 2 * MIB
"""What is more than that takes long: only some runs at once may."""
FULL_PAGE = 2000
"""As soon as so many files were committed, the page of Dropbox's journal that tells of them is full and can be read."""
LANES = 5
BUDGET_BYTES = 64 * MIB
LOOK_SECONDS = 1.0
"""After so many bytes, and at least so often, it is asked whether newer changes wait."""
MAX_URGENT = 10

Take = Callable[[], None]
"""Handles the result of a call that ended in a lane; called in the runner's thread."""


class WaitsForTurn(Exception):
    """What is left takes long, and the allowed number of long runs is under way."""


class UploadLedger(CommitLedger, Protocol):
    """What the uploader stores; each method runs in the runner's thread."""

    def sessions(self, contents: Sequence[Content]) -> list[SessionProgress]:
        """Return the stored upload sessions of contents."""

    def may_batch(self) -> bool:
        """Return whether to try `append_batch`."""

    def remember_no_batch(self) -> None:
        """Store that this Dropbox does not know `append_batch`."""


@dataclass(frozen=True)
class Turn:
    """Callbacks into the run: which files are urgent, whether it must stop, is out of date, or may take long."""

    should_stop: Callable[[], bool]
    is_outrun: Callable[[], bool] = lambda: False
    may_take_long: Callable[[], bool] = lambda: True
    urgent: Callable[[Sequence[UploadFile]], frozenset[str]] = lambda files: frozenset()


class Uploader:
    """Sends files until all are sent, newer changes wait, or Dropbox asks to stop."""

    def __init__(
        self,
        port: Port,
        ledger: UploadLedger,
        open_bytes: Opener,
        turn: Turn,
        read_ahead: Callable[[], None],
        under_way: UnderWay,
    ) -> None:
        self._sender, self._ledger = Sender(port, open_bytes), ledger
        self._turn, self._under_way = turn, under_way
        self._read_ahead = read_ahead
        self._may_read_ahead, self._told = True, 0
        self._commits = Commits(self._sender, ledger, FIRST_COMMITS)
        self._failure: MirrorError | None = None
        self._awaited: dict[Content, UploadFile] = {}
        self._small: deque[UploadFile] = deque()
        self._started: list[tuple[UploadFile, str]] = []
        self._bodies: deque[PackedFiles] = deque()
        self._is_starting = False
        self._small_under_way = 0
        self._large: deque[tuple[UploadFile, SessionProgress | None]] = deque()
        self._bytes_since_look, self._looked_at = 0, clock.monotonic_seconds()
        self.gives_way = False
        self._most_small = min(SMALL_BYTES, self._piece)

    def send(self, files: Sequence[UploadFile]) -> bool:
        """Send files; return whether none is left.

        Raises:
            MirrorError: one that concerns the whole account. What was sent by then is recorded or remembered.
            WaitsForTurn: what is urgent was sent, and the rest takes long, which others do now.
        """
        first = self._turn.urgent(files)
        most = self._most_small
        urgent = [one for one in files if one.identity in first and one.content.size <= most][:MAX_URGENT]
        chosen = {one.identity for one in urgent}
        rest = [one for one in files if one.identity not in chosen]
        if not self._is_short(rest) and not self._turn.may_take_long():
            self._send_singly(urgent)
            raise WaitsForTurn
        small = [one for one in rest if one.content.size <= most]
        large = [one for one in rest if one.content.size > most]
        if len(small) <= MAX_SINGLE_UPLOADS and self._is_short([*urgent, *small]):
            urgent, small = [*urgent, *small], []
        self._send_singly(urgent)
        if not small and not large:
            return True
        self._resume(small, large)
        try:
            self._pump()
        finally:
            self._ledger.keep(self._commits.left())
        if self._commits.failure is not None:
            self._fail(self._commits.failure)
        if self._failure is not None:
            raise self._failure
        return not self._large and not self._commits.is_full and not self.gives_way

    def _is_short(self, files: Sequence[UploadFile]) -> bool:
        """Return whether the files are few enough to take a slow line only seconds."""
        size = sum(one.content.size for one in files)
        return len(files) <= SHORT_FILES and size <= max(self._body, SHORT_BYTES)

    # --- one call each ---

    def _send_singly(self, files: Sequence[UploadFile]) -> None:
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

    def _pump(self) -> None:
        """Keep lanes and commits busy until nothing is left to do, or the run must stop."""
        running: set[Future[Take]] = set()
        were_small = True
        while True:
            self._begin_what_can_begin(running)
            if were_small and not self._are_small_left:
                self._commits.hurry()  # they do not wait for the large ones
                were_small = False
            transfers = self._under_way.transfers
            self._commits.go_on(
                self._under_way.lanes.submit, is_all=not transfers and not running, is_over=self._is_over()
            )
            commit = self._commits.running
            if not running and commit is None and (not transfers or self.gives_way):
                return
            calls = [*running, *transfers, *([] if commit is None else [commit])]
            wait(cast("list[Future[object]]", calls), timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for call in [one for one in running if one.done()]:
                running.remove(call)
                call.result()()
            for carried in [one for one in transfers if one.done()]:
                self._take_transfer(transfers.pop(carried), carried.result())
            self._look()

    def _begin_what_can_begin(self, running: set[Future[Take]]) -> None:
        """Start calls while lanes are free and there is something to send."""
        while not self._is_over() and len(running) < LANES:
            if (job := self._next_job()) is not None:
                running.add(self._under_way.lanes.submit(job))
            elif not self._begin_transfer():
                return

    def _is_over(self) -> bool:
        has_failed = self._failure is not None or self._commits.failure is not None
        return has_failed or self._commits.is_full or self.gives_way or self._turn.should_stop()

    def _look(self) -> None:
        """Check for newer changes, at intervals and after many bytes."""
        now = clock.monotonic_seconds()
        if self._bytes_since_look >= BUDGET_BYTES or now - self._looked_at >= LOOK_SECONDS:
            self._bytes_since_look, self._looked_at = 0, now
            self.gives_way = self.gives_way or self._turn.is_outrun()

    def _begin_transfer(self) -> bool:
        """Start the next call that carries content; return whether there was one."""
        if self._commits.backlog >= MAX_WAITING:
            return False
        return self._begin_small() if self._are_small_left else self._begin_piece()

    def _carry(self, contents: Sequence[Content], size: int, call: Callable[[], LaneResult]) -> None:
        transfer = Transfer(self, frozenset(contents), size, clock.monotonic_seconds())
        self._under_way.transfers[self._under_way.lanes.submit(call)] = transfer

    def _take_transfer(self, transfer: Transfer, sent: LaneResult) -> None:
        """Handle a lane's result, also of an earlier plan, and update the measured speed."""
        seconds = clock.monotonic_seconds() - transfer.began
        if any(isinstance(found, SessionProgress) for _, found in sent.results):
            lanes = 1 + len(self._under_way.transfers)
            bandwidth.learn(self._ledger.learned, size=transfer.size, seconds=seconds, lanes=lanes)
        self._bytes_since_look += transfer.size
        is_ours = transfer.plan is self
        if is_ours and all(one.size <= self._most_small for one in transfer.contents):
            self._small_under_way -= 1
        mine: list[tuple[UploadFile, SessionProgress | MirrorError]] = []
        for one, found in sent.results:
            now_wanted = one if is_ours else self._awaited.pop(one.content, None)
            if now_wanted is not None:
                mine.append((now_wanted, found))
            elif isinstance(found, SessionProgress):
                self._ledger.keep([found])
        self._sort(mine)

    @property
    def _piece(self) -> int:
        return bandwidth.piece_bytes(self._ledger.learned, PIECE_BYTES)

    @property
    def _body(self) -> int:
        return bandwidth.body_bytes(self._ledger.learned, packing.BODY_BYTES)

    def _next_job(self) -> Callable[[], Take] | None:
        """Return the next call that carries no content."""
        if self._may_read_ahead and self._commits.made >= self._told + FULL_PAGE:
            self._may_read_ahead = False
            return lambda: partial(self._take_look, self._look_ahead())
        may_start = self._ledger.may_batch() and self._commits.backlog < MAX_WAITING
        if may_start and self._small and not self._is_starting and len(self._bodies) < LANES:
            group = [self._small.popleft() for _ in range(min(len(self._small), MAX_SESSIONS))]
            self._is_starting = True
            return lambda: partial(self._take_started, group, self._sender.start_batch(len(group)))
        return None

    def _resume(self, small: Sequence[UploadFile], large: Sequence[UploadFile]) -> None:
        """Continue each file from what Dropbox holds of it already, or what is under way."""
        known = {one.content: one for one in self._ledger.sessions([one.content for one in (*small, *large)])}
        carried = self._under_way.contents()
        for one in (*small, *large):
            session = known.pop(one.content, None)
            if one.content in carried:
                carried.discard(one.content)
                self._awaited[one.content] = one
            elif session is not None and session.is_closed:
                self._commits.add(one, session)
            elif one.content.size > self._most_small:
                self._large.append((one, session))
            else:
                self._small.append(one)

    def _look_ahead(self) -> MirrorError | None:
        try:
            self._read_ahead()
        except MirrorError as error:
            return error
        return None

    def _take_look(self, trouble: MirrorError | None) -> None:
        """Continue reading ahead, but not after an error: the reading after the commits meets it again."""
        self._told += FULL_PAGE
        self._may_read_ahead = trouble is None

    # --- small files: many in one call ---

    @property
    def _are_small_left(self) -> bool:
        return bool(self._small or self._bodies or self._is_starting or self._small_under_way)

    def _begin_small(self) -> bool:
        """Start a call that sends small files; in batches while this Dropbox knows them."""
        if self._small_under_way >= bandwidth.body_lanes(self._ledger.learned, self._body, LANES):
            return False
        if not self._ledger.may_batch():
            self._small.extend(one for body in self._bodies for one, _ in body.files)
            self._small.extend(one for one, _ in self._started)
            self._bodies.clear()
            self._started = []
            if not self._small:
                return False
            one = self._small.popleft()
            self._small_under_way += 1
            self._carry([one.content], one.content.size, lambda: self._sender.start_one(one))
            return True
        if not self._bodies:
            return False
        body = self._bodies.popleft()
        self._small_under_way += 1
        contents = [one.content for one, _ in body.files]
        self._carry(contents, sum(one.size for one in contents), lambda: self._sender.append_body(body))
        return True

    def _take_started(self, group: list[UploadFile], ids: list[str] | MirrorError) -> None:
        """Pack files into bodies of calls; the last body, if not full, waits for the next sessions."""
        self._is_starting = False
        if isinstance(ids, MirrorError):
            self._small.extendleft(reversed(group))
            if isinstance(ids, Unsupported | ParkItem):
                self._ledger.remember_no_batch()
            else:
                self._fail(ids)
            return
        packed = list(bodies([*self._started, *zip(group, ids, strict=True)], self._header, self._body))
        self._started = packed.pop().files if self._small else []
        self._bodies.extend(packed)

    @property
    def _header(self) -> int:
        return int(self._ledger.learned.get("header", HEADER_BYTES))

    def _sort(self, results: Sequence[tuple[UploadFile, SessionProgress | MirrorError]]) -> None:
        """Sort a lane's results: files to commit, to continue, to report, or a reason to stop."""
        reported: list[tuple[UploadFile, Outcome]] = []
        for one, found in results:
            if isinstance(found, SessionProgress):
                self._go_on(one, found)
            elif isinstance(found, Unsupported):
                self._learn(found)
                reported.append((one, RetryItem("other_way")))
            elif isinstance(found, ParkItem | RetryItem):
                if found.reason == "session_gone":
                    self._ledger.drop([one.content])
                reported.append((one, found))
            else:
                self._fail(found)
        if reported:
            self._ledger.record(reported)

    def _fail(self, error: MirrorError) -> None:
        """Stop because of an error; of errors in several lanes, the one with the longest wait counts."""
        if self._failure is None or seconds_asked(error) > seconds_asked(self._failure):
            self._failure = error

    def _go_on(self, one: UploadFile, session: SessionProgress) -> None:
        """Commit complete files; store the progress of a large one, and send its rest next."""
        if one.content.size > self._most_small or not session.is_closed:
            self._ledger.keep([session])
        if session.is_closed:
            self._commits.add(one, session)
        else:
            self._large.appendleft((one, session))

    def _learn(self, error: Unsupported) -> None:
        if error.reason.startswith("http_") and self._header > 4 * 1024:
            self._ledger.learned["header"] = self._header // 2
        else:
            self._ledger.remember_no_batch()

    # --- large files: piece by piece ---

    def _begin_piece(self) -> bool:
        """Start the call that sends the next piece of the first large file in order."""
        size = self._piece
        if not self._large or len(self._under_way.transfers) >= bandwidth.piece_lanes(
            self._ledger.learned, size
        ):
            return False
        one, session = self._large.popleft()
        left = one.content.size - (0 if session is None else session.offset)

        opens_first = bandwidth.is_thin(self._ledger.learned)

        def send_piece() -> LaneResult:
            return LaneResult([(one, self._sender.send_piece(one, session, size, opens_first=opens_first))])

        is_opening = session is None and opens_first
        self._carry([one.content], 0 if is_opening else min(size, left), send_piece)
        return True
