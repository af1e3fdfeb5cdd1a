"""Calls that carry content, run in the lanes: read stored bytes and send them to Dropbox.

Nothing here touches the database or waits for its turn; each method makes one call and brings back what became of it.
Opening sessions and filling them writes nothing into the Dropbox: only committing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api.port import Commit, EncodedCommits, Outcome, Piece, Port
from minno_dashboard.mirror.errors import MirrorError, ParkItem, Retry, RetryItem, Unsupported
from minno_dashboard.mirror.planner.model import Content, UploadFile
from minno_dashboard.mirror.sending import blob_reading
from minno_dashboard.mirror.sending.blob_reading import Opener
from minno_dashboard.mirror.sending.packing import PackedFiles


@dataclass
class SessionProgress:
    """An upload session and the number of bytes Dropbox holds of one content."""

    content: Content
    session_id: str
    offset: int = 0
    is_closed: bool = False
    is_certain: bool = True
    """Whether Dropbox holds exactly `offset` bytes: a run that ended may not have heard the last answer."""


Held = tuple[UploadFile, SessionProgress]
"""A file and the session that holds its bytes."""


@dataclass
class LaneResult:
    """Result of a lane: for each file its session, or the error."""

    results: list[tuple[UploadFile, SessionProgress | MirrorError]]


@dataclass
class Committed:
    """Result of a commit: each file's outcome, or the error of the whole batch; and its duration."""

    outcomes: list[Outcome]
    refusal: MirrorError | None
    seconds: float


class Sender:
    """Makes the calls that carry content."""

    def __init__(self, port: Port, open_bytes: Opener) -> None:
        self._port, self._open = port, open_bytes

    # --- small files ---

    def upload(self, one: UploadFile) -> Outcome:
        """Write one small file by one call."""
        data = blob_reading.whole(self._open, one)
        return self._port.upload(one.path, data, rev=one.replaces_rev, hash=one.content.hash)

    def start_batch(self, count: int) -> list[str] | MirrorError:
        """Open a number of upload sessions."""
        try:
            return self._port.start_batch(count)
        except MirrorError as error:
            return error

    def append_body(self, body: PackedFiles) -> LaneResult:
        """Fill and close the sessions of many small files by one call."""
        pieces: list[Piece] = []
        sent: list[tuple[UploadFile, str]] = []
        results: list[tuple[UploadFile, SessionProgress | MirrorError]] = []
        for one, session_id in body.files:
            try:
                data = blob_reading.whole(self._open, one)
            except ParkItem as error:
                results.append((one, error))
                continue
            except Retry as error:
                return LaneResult([(file, error) for file, _ in body.files])
            pieces.append(Piece(session_id, data))
            sent.append((one, session_id))
        try:
            answers = self._port.append_batch(pieces) if pieces else []
        except MirrorError as error:
            # A call refused as a whole says nothing of its files: each is then sent by itself.
            why = Unsupported("refused") if isinstance(error, ParkItem) else error
            return LaneResult([*results, *((one, why) for one, _ in sent)])
        for (one, session_id), refusal in zip(sent, answers, strict=True):
            session = SessionProgress(one.content, session_id, one.content.size, is_closed=True)
            results.append((one, refusal or session))
        return LaneResult(results)

    def start_one(self, one: UploadFile) -> LaneResult:
        """Open, fill and close the session of one small file."""
        try:
            session_id = self._port.start(blob_reading.whole(self._open, one), close=True)
        except MirrorError as error:
            return LaneResult([(one, error)])
        return LaneResult([(one, SessionProgress(one.content, session_id, one.content.size, is_closed=True))])

    # --- pieces ---

    def send_piece(
        self, one: UploadFile, session: SessionProgress | None, size: int, *, opens_first: bool = False
    ) -> SessionProgress | MirrorError:
        """Send the next `size` bytes of a large file; the last ones close its session.

        With `opens_first` the session is opened by a call without bytes: on a thin line an answer that is lost then
        costs no bytes, because what arrived is known to a session that has a name.
        """
        offset, is_last = (0 if session is None else session.offset), False
        try:
            if session is not None and not session.is_certain:
                self._port.append(session.session_id, offset, b"", close=False)
            if session is None and opens_first:
                return SessionProgress(one.content, self._port.start(b"", close=False))
            data = blob_reading.piece(self._open, one, offset, size)
            is_last = offset + len(data) >= one.content.size
            if session is None:
                session_id = self._port.start(data, close=is_last)
            else:
                session_id = session.session_id
                self._port.append(session_id, offset, data, close=is_last)
        except RetryItem as error:
            return _mend(one, session, error)
        except MirrorError as error:
            return error
        return SessionProgress(one.content, session_id, offset + len(data), is_closed=is_last)

    # --- commits ---

    def encode(self, batch: Sequence[Held]) -> EncodedCommits:
        """Encode a batch for committing."""
        return self._port.encode_commits(
            [
                Commit(held.session_id, one.content.size, one.path, one.replaces_rev, one.content.hash)
                for one, held in batch
            ]
        )

    def commit(self, commits: EncodedCommits) -> Committed:
        """Create files from their upload sessions."""
        began = clock.monotonic_seconds()
        outcomes: list[Outcome] = []
        refusal = None
        try:
            outcomes = self._port.finish_batch(commits)
        except MirrorError as error:
            refusal = error
        return Committed(outcomes, refusal, clock.monotonic_seconds() - began)


def _mend(
    one: UploadFile, session: SessionProgress | None, error: RetryItem
) -> SessionProgress | MirrorError:
    """Continue at the offset that Dropbox names, or begin the file again."""
    where = error.correct_offset
    if session is None or error.reason not in ("incorrect_offset", "session_gone", "closed"):
        return error
    if error.reason == "closed":  # only the last piece of a file closes its session
        return SessionProgress(one.content, session.session_id, one.content.size, is_closed=True)
    if where is not None and 0 <= where < one.content.size and where != session.offset:
        return SessionProgress(one.content, session.session_id, where)
    if where == one.content.size:
        return SessionProgress(one.content, session.session_id, where, is_closed=True)
    return RetryItem("session_gone")
