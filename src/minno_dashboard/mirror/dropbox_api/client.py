"""The calls about files and accounts: the official SDK, its own retries switched off, behind `Port`.

The SDK checks and encodes each argument and makes the call; the answers are read from the raw JSON, because the
SDK turns union members that it does not know into `other`. Every error is translated once, by `answers`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

import requests
from dropbox import Dropbox
from dropbox import files as stone
from stone.backends.python_rsrc import stone_serializers

from minno_dashboard.core import clock
from minno_dashboard.mirror.dropbox_api import answers, decode, mtime_signature, oauth_calls, transport
from minno_dashboard.mirror.dropbox_api.answers import AccessExpired, Answer
from minno_dashboard.mirror.dropbox_api.port import (
    Account,
    BatchJob,
    Commit,
    EncodedCommits,
    Entry,
    Outcome,
    Page,
    Piece,
    Relocation,
    Removal,
    Space,
)
from minno_dashboard.mirror.dropbox_api.tokens import Tokens
from minno_dashboard.mirror.errors import Ambiguous, MirrorError, Retry

log = logging.getLogger(__name__)
json_encode: Callable[[Any, Any], str] = stone_serializers.json_encode

COMMIT_READ_SECONDS = 150.0
LIST_LIMIT = 2000
DOWNLOAD_PIECE_BYTES = 256 * 1024


# After these nothing is changed, or doing it again is safe: an unknown outcome is no reason to look first.
_REPEATABLE = (
    "files/list_folder",
    "files/get_metadata",
    "files/upload_session/start",
    "files/upload_session/append",
    "users/",
    "files/move_batch/check",
    "files/copy_batch/check",
    "files/delete_batch/check",
    "files/create_folder_batch/check",
)


class _Client(Dropbox):  # type: ignore[misc]
    """The SDK's client whose routes return raw JSON and raise `MirrorError`s."""

    def __init__(self, tokens: Tokens, http: requests.Session) -> None:
        super().__init__(
            oauth2_access_token="-",  # noqa: S106  (a place holder: each call sets the real one)
            max_retries_on_error=0,
            max_retries_on_rate_limit=0,
            user_agent="minno-dashboard",
            session=http,
            timeout=(transport.CONNECT_SECONDS, transport.READ_SECONDS),
        )
        self.tokens = tokens
        self.calls: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._closed_until: tuple[datetime, Retry] | None = None

    def request(
        self,
        route: Any,
        namespace: str,
        request_arg: Any,
        request_binary: bytes | None,
        timeout: float | None = None,
        extra_headers: dict[str, str] | None = None,
    ) -> Any:
        """Make a call of the SDK's and return the raw answer."""
        arg = json_encode(route.arg_type, self._maybe_add_content_hash(request_arg, request_binary))
        return self.send(route, namespace, arg, request_binary, timeout)

    def send(
        self,
        route: Any,
        namespace: str,
        arg: str,
        request_binary: bytes | None = None,
        timeout: float | tuple[float, float] | None = None,
    ) -> Any:
        """Make the call, a second time with a new token where the old one expired, and return the raw answer."""
        name = f"{namespace}/{route.name}" + (f"_v{route.version}" if route.version > 1 else "")
        once = (route.attrs["host"] or "api", name, route.attrs["style"] or "rpc", arg, route.attrs["auth"])
        self._refuse_while_closed()
        try:
            return self._with_token(once, request_binary, timeout)
        except Retry as error:
            if error.after:
                self._closed_until = (clock.now() + timedelta(seconds=error.after), error)
            raise

    def _refuse_while_closed(self) -> None:
        """Raise, in every lane, while Dropbox asked for a wait."""
        if self._closed_until is None:
            return
        until, why = self._closed_until
        if (left := (until - clock.now()).total_seconds()) > 0:
            raise Retry(why.reason, left)

    def _with_token(
        self,
        once: tuple[str, ...],
        request_binary: bytes | None,
        timeout: float | tuple[float, float] | None,
    ) -> Any:
        token = self.tokens.current()
        try:
            return self._once(token, once, request_binary, timeout)
        except AccessExpired:
            token = self.tokens.current(instead_of=token)
        try:
            return self._once(token, once, request_binary, timeout)
        except AccessExpired as error:
            raise Retry("token_refused", 30.0) from error  # only a refused refresh disconnects

    def _once(
        self,
        token: str,
        call: tuple[str, ...],
        data: bytes | None,
        timeout: float | tuple[float, float] | None,
    ) -> Any:
        host, name, style, arg, auth = call
        self._oauth2_access_token = token
        with self._counting:
            self.calls[name] += 1
        try:
            result = self.request_json_string(host, name, style, arg, auth, data, timeout=timeout)
            return json.loads(result.obj_result)
        except _Refusal as refusal:
            error = answers.meaning(name, refusal.answer)
            log.info("%s answered %d: %s", name, refusal.answer.status, error.reason)
        except (requests.RequestException, ValueError, AssertionError) as trouble:
            error = _network_meaning(trouble)
            log.info("%s: %s (%s)", name, error.reason, type(trouble).__name__)
        if isinstance(error, Ambiguous) and error.reason != "job_lost" and name.startswith(_REPEATABLE):
            error = Retry(error.reason, error.after)
        raise error

    def begin_download(self, rev: str, offset: int) -> requests.Response:
        """Request the bytes of one revision from `offset` on; the caller reads them from the answer."""
        arg = json_encode(stone.download.arg_type, stone.DownloadArg(f"rev:{rev}"))
        token = self.tokens.current()
        try:
            return self._begin_download(token, arg, offset)
        except AccessExpired:
            token = self.tokens.current(instead_of=token)
        try:
            return self._begin_download(token, arg, offset)
        except AccessExpired as error:
            raise Retry("token_refused", 30.0) from error

    def _begin_download(self, token: str, arg: str, offset: int) -> requests.Response:
        name, headers = "files/download", {"Range": f"bytes={offset}-"} if offset else None
        self._oauth2_access_token = token
        with self._counting:
            self.calls[name] += 1
        try:
            answer = self.request_json_string(
                "content", name, "download", arg, "user", None, extra_headers=headers
            )
        except _Refusal as refusal:
            error = answers.meaning(name, refusal.answer)
        except (requests.RequestException, ValueError, KeyError) as trouble:
            error = _network_meaning(trouble)
        else:
            response: requests.Response = answer.http_resp
            return response
        log.info("%s: %s", name, error.reason)
        raise Retry(error.reason, error.after) if isinstance(error, Ambiguous) else error

    def raise_dropbox_error_for_resp(self, res: requests.Response) -> None:
        """Raise every refusal with its raw answer; the SDK would decode it and drop what it does not know."""
        if not 200 <= res.status_code <= 299:
            raise _Refusal(Answer(res.status_code, res.headers, res.text))


class _Refusal(Exception):
    """A status other than 2xx."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _network_meaning(trouble: Exception) -> MirrorError:
    """Return the `MirrorError` for a connection that failed before an answer was complete."""
    if isinstance(trouble, requests.exceptions.SSLError | requests.exceptions.ConnectTimeout):
        return Retry("unreachable")
    if isinstance(trouble, requests.ConnectionError) and "NewConnectionError" in repr(trouble):
        return Retry("unreachable")
    return Ambiguous("no_answer")


_FINISH = stone.upload_session_finish_batch_v2


P = ParamSpec("P")
T = TypeVar("T")
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def _as_read(method: Callable[P, T]) -> Callable[P, T]:
    """Decorator: raise Retry where an answer cannot be understood, since the call changed nothing."""

    @functools.wraps(method)
    def understood(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except _MALFORMED as error:
            log.warning("the answer of %s cannot be understood: %s", method.__name__, type(error).__name__)
            raise Retry("garbled") from error

    return understood


def _as_written(method: Callable[P, T]) -> Callable[P, T]:
    """Decorator: raise Ambiguous where an answer cannot be understood, since the call may have taken effect."""

    @functools.wraps(method)
    def understood(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except _MALFORMED as error:
            log.warning("the answer of %s cannot be understood: %s", method.__name__, type(error).__name__)
            raise Ambiguous("garbled") from error

    return understood


class DropboxPort:
    """The `Port` to a real Dropbox, or to a server that speaks its API at the SDK's hosts."""

    def __init__(self, tokens: Tokens, http: requests.Session | None = None) -> None:
        self.tokens = tokens
        self._client = _Client(tokens, http or transport.new_session())

    @property
    def calls(self) -> dict[str, int]:
        """Return how many calls were made since the port was opened, by route."""
        return dict(self._client.calls)

    def watch(self, on_progress: Callable[[], None]) -> None:
        """Call `on_progress` whenever bytes have moved, in the thread of the call; an exception it raises ends the call."""
        transport.watch(self._client._session, on_progress)

    def close(self) -> None:
        """Close the connections."""
        self._client._session.close()

    @_as_read
    def list_all(self, *, limit: int = LIST_LIMIT) -> Page:
        """Return the first page, of `limit` entries, of a listing of everything."""
        return decode.page(self._client.files_list_folder("", recursive=True, limit=limit))

    @_as_read
    def list_more(self, cursor: str) -> Page:
        """Return the next page, or what changed since the cursor was given."""
        return decode.page(self._client.files_list_folder_continue(cursor))

    @_as_read
    def list_below(self, path: str, *, recursive: bool) -> Page:
        """Return the first page of what a folder ("" the app folder) holds, or of everything below it."""
        return decode.page(self._client.files_list_folder(path, recursive=recursive, limit=LIST_LIMIT))

    def download(self, rev: str, *, offset: int = 0) -> Iterator[bytes]:
        """Yield the bytes of one revision of a file from `offset` on."""
        response = self._client.begin_download(rev, offset)
        to_skip = 0 if response.status_code == 206 else offset
        try:
            with contextlib.closing(response):
                for piece in response.iter_content(DOWNLOAD_PIECE_BYTES):
                    if to_skip < len(piece):
                        yield piece[to_skip:]
                    to_skip = max(0, to_skip - len(piece))
        except (requests.RequestException, OSError) as trouble:
            raise Retry("no_answer") from transport.without_secrets(trouble)

    @_as_written
    def upload(self, path: str, data: bytes, *, rev: str = "", hash: str = "") -> Entry:
        """Write one small file of content hash `hash`: new, or in the place of exactly `rev`."""
        arg = {"mode": _mode(rev), "mute": True, "client_modified": _moment(hash)}
        return decode.entry(self._client.files_upload(data, path, **arg))

    @_as_read
    def start(self, data: bytes, *, close: bool) -> str:
        """Open an upload session with its first bytes and return its id."""
        raw = self._client.request(
            stone.upload_session_start, "files", stone.UploadSessionStartArg(close=close), data
        )
        return str(raw["session_id"])

    def append(self, session_id: str, offset: int, data: bytes, *, close: bool) -> None:
        """Append to an upload session of which Dropbox holds `offset` bytes."""
        cursor = stone.UploadSessionCursor(session_id, offset)
        self._client.files_upload_session_append_v2(data, cursor, close=close)

    @_as_read
    def start_batch(self, count: int) -> list[str]:
        """Open `count` empty upload sessions (at most 1000) and return their ids."""
        return list(self._client.files_upload_session_start_batch(count)["session_ids"])

    @_as_read
    def append_batch(self, pieces: Sequence[Piece]) -> list[MirrorError | None]:
        """Append to many sessions in one call and close them; return errors in the same order, None for success."""
        route = "files/upload_session/append_batch"
        entries = [
            stone.UploadSessionAppendBatchArgEntry(
                stone.UploadSessionCursor(piece.session_id, piece.offset), len(piece.data), close=True
            )
            for piece in pieces
        ]
        body = b"".join(piece.data for piece in pieces)
        raw = self._client.files_upload_session_append_batch(body, entries)
        if len(raw["entries"]) != len(pieces):
            raise ValueError("another number of entries than were sent")
        return [
            None if one.get(".tag") == "success" else answers.meaning_of_tags(route, one.get("failure", one))
            for one in raw["entries"]
        ]

    def encode_commits(self, commits: Sequence[Commit]) -> EncodedCommits:
        """Encode at most 1000 files for `finish_batch` in advance; this takes about 0.1 s."""
        entries = [
            stone.UploadSessionFinishArg(
                stone.UploadSessionCursor(one.session_id, one.size),
                stone.CommitInfo(one.path, mode=_mode(one.rev), mute=True, client_modified=_moment(one.hash)),
            )
            for one in commits
        ]
        arg = stone.UploadSessionFinishBatchArg(entries)
        return EncodedCommits(json_encode(_FINISH.arg_type, arg))

    @_as_written
    def finish_batch(self, commits: EncodedCommits) -> list[Outcome]:
        """Commit files from closed upload sessions; outcomes in the same order."""
        timeout = (transport.CONNECT_SECONDS, COMMIT_READ_SECONDS)
        raw = self._client.send(_FINISH, "files", commits, timeout=timeout)
        return [decode.outcome("files/upload_session/finish_batch_v2", one) for one in raw["entries"]]

    @_as_written
    def move(self, from_path: str, to_path: str) -> Entry:
        """Move or rename a file, or a folder with everything in it."""
        return decode.entry(self._client.files_move_v2(from_path, to_path)["metadata"])

    @_as_written
    def move_batch(self, relocations: Sequence[Relocation]) -> BatchJob:
        """Move or rename many files and folders."""
        return decode.job("move_batch", self._client.files_move_batch_v2(_relocations(relocations)))

    @_as_written
    def copy(self, from_path: str, to_path: str) -> Entry:
        """Copy a file, or a folder with everything in it, on Dropbox's side."""
        return decode.entry(self._client.files_copy_v2(from_path, to_path)["metadata"])

    @_as_written
    def copy_batch(self, relocations: Sequence[Relocation]) -> BatchJob:
        """Copy many files and folders."""
        return decode.job("copy_batch", self._client.files_copy_batch_v2(_relocations(relocations)))

    @_as_written
    def create_folder(self, path: str) -> Entry:
        """Create one folder, and the missing ones above it."""
        return decode.entry(self._client.files_create_folder_v2(path)["metadata"])

    @_as_written
    def create_folder_batch(self, paths: Sequence[str]) -> BatchJob:
        """Create many folders."""
        return decode.job("create_folder_batch", self._client.files_create_folder_batch(list(paths)))

    @_as_written
    def delete(self, path: str, *, rev: str = "") -> Entry:
        """Delete a file only at exactly `rev`, or a folder with everything in it."""
        return decode.entry(self._client.files_delete_v2(path, parent_rev=rev or None)["metadata"])

    @_as_written
    def delete_batch(self, removals: Sequence[Removal]) -> BatchJob:
        """Delete many files and folders."""
        entries = [stone.DeleteArg(one.path, one.rev or None) for one in removals]
        return decode.job("delete_batch", self._client.files_delete_batch(entries))

    @_as_read
    def check_job(self, job: BatchJob) -> BatchJob:
        """Return the state of an asynchronous batch."""
        ask: dict[str, Callable[[str], Any]] = {
            "move_batch": self._client.files_move_batch_check_v2,
            "copy_batch": self._client.files_copy_batch_check_v2,
            "create_folder_batch": self._client.files_create_folder_batch_check,
            "delete_batch": self._client.files_delete_batch_check,
        }
        return decode.job(job.route, ask[job.route](job.job_id), job_id=job.job_id)

    @_as_read
    def get_metadata(self, path: str) -> Entry | None:
        """Return the entry at the path, or None."""
        try:
            return decode.entry(self._client.files_get_metadata(path))
        except MirrorError as error:
            if error.reason == "not_found":
                return None
            raise

    @_as_read
    def account(self) -> Account:
        """Return the owner of the Dropbox."""
        raw = self._client.users_get_current_account()
        return Account(raw["account_id"], raw["name"]["display_name"], raw["email"])

    @_as_read
    def space(self) -> Space:
        """Return used and total bytes; of a team's space and a member's own limit, those with less room."""
        return decode.space(self._client.users_get_space_usage())

    def revoke(self) -> None:
        """Revoke the tokens at Dropbox."""
        oauth_calls.revoke(access_token=self.tokens.current())


def _mode(rev: str) -> Any:
    return stone.WriteMode.update(rev) if rev else stone.WriteMode.add


def _moment(hash: str) -> datetime:
    return mtime_signature.marked(clock.now(), hash)


def _relocations(relocations: Sequence[Relocation]) -> list[Any]:
    return [stone.RelocationPath(one.from_path, one.to_path) for one in relocations]
