"""Endpoints that receive bytes: single uploads and upload sessions."""

from __future__ import annotations

import calendar
from typing import Any

from dropbox import files

from dropbox_simulator.calls import Call, Endpoint
from dropbox_simulator.content import ContentHasher, StoredBytes
from dropbox_simulator.incoming import Incoming
from dropbox_simulator.metadata import decode, metadata_of
from dropbox_simulator.refusals import WriteRefused
from dropbox_simulator.sessions import SessionRefused, StoredSession
from dropbox_simulator.tree import TreeNode
from dropbox_simulator.wire import RouteRefused

WRITE = "files.content.write"
HASH_OF_NOTHING = ContentHasher().hexdigest()
"""What `content_hash` can be where a call carries no bytes: it is of the call's own body, not of the file."""


def _body(call: Call) -> Incoming:
    """Return the body; check its size and, if the client sent one, its hash."""
    incoming = Incoming(call.request.stream(), call.request.size(), corrupt=call.effect.corrupt)
    if incoming.size > call.behaviour.request_limit:
        raise RouteRefused({".tag": "payload_too_large"})
    expected = call.arg.content_hash
    if expected is not None and incoming.content_hash() != expected:
        raise RouteRefused({".tag": "content_hash_mismatch"})
    return incoming


def _commit(call: Call, commit: Any, blob: StoredBytes) -> TreeNode:
    """Write a file as a CommitInfo says; raises WriteRefused."""
    mode = commit.mode
    modified = commit.client_modified
    return call.namespace.commit(
        path=commit.path,
        blob=blob,
        mode="update" if mode.is_update() else "overwrite" if mode.is_overwrite() else "add",
        rev=mode.get_update() if mode.is_update() else None,
        autorename=commit.autorename,
        strict_conflict=commit.strict_conflict,
        client_modified=None if modified is None else calendar.timegm(modified.timetuple()),
    )


def new_session(call: Call, *, concurrent: bool) -> StoredSession:
    """Open an upload session of the caller's link."""
    id = call.simulator.serials.session_id()
    draft = call.simulator.store.draft(id.partition(":")[2])
    session = StoredSession(id, draft, call.simulator.clock.now(), concurrent)
    call.owner.sessions[id] = session
    return session


def find_session(call: Call, id: str) -> StoredSession:
    """Find an open session of the caller's link; raises SessionRefused."""
    session = call.owner.sessions.get(id)
    if session is None:
        raise SessionRefused("not_found")
    if call.simulator.clock.now() > session.made_at + call.behaviour.session_seconds:
        session.draft.discard()
        del call.owner.sessions[id]
        raise SessionRefused("not_found")
    return session


def upload(call: Call) -> Any:
    """Answer files/upload; refused bytes are kept in a session, as Dropbox does."""
    blob = _body(call).store(call.simulator.store)
    try:
        return metadata_of(_commit(call, call.arg, blob), call.behaviour)
    except WriteRefused as refused:
        session = new_session(call, concurrent=False)
        with blob.open() as stream:
            session.append(0, blob.size, Incoming(stream, blob.size), close=True)
        error = {".tag": "path", "reason": refused.error, "upload_session_id": session.id}
        raise RouteRefused(error) from None


def session_start(call: Call) -> Any:
    """Answer files/upload_session/start."""
    kind = call.arg.session_type
    concurrent = kind is not None and kind.is_concurrent()
    incoming = _body(call)
    if concurrent and incoming.size:
        raise RouteRefused({".tag": "concurrent_session_data_not_allowed"})
    if concurrent and call.arg.close:
        raise RouteRefused({".tag": "concurrent_session_close_not_allowed"})
    session = new_session(call, concurrent=concurrent)
    if not concurrent:
        session.append(0, incoming.size, incoming, close=call.arg.close)
    return files.UploadSessionStartResult(session_id=session.id)


def session_start_batch(call: Call) -> Any:
    """Answer files/upload_session/start_batch."""
    kind = call.arg.session_type
    concurrent = kind is not None and kind.is_concurrent()
    made = [new_session(call, concurrent=concurrent).id for _ in range(call.arg.num_sessions)]
    return files.UploadSessionStartBatchResult(session_ids=made)


def session_append(call: Call) -> None:
    """Answer files/upload_session/append_v2."""
    incoming = _body(call)
    cursor, close = call.arg.cursor, call.arg.close
    try:
        session = find_session(call, cursor.session_id)
        with session.lock:
            session.check_append(cursor.offset, incoming.size, close=close, behaviour=call.behaviour)
            session.append(cursor.offset, incoming.size, incoming, close=close)
    except SessionRefused as refused:
        raise RouteRefused(refused.error) from None


def session_append_batch(call: Call) -> Any:
    """Answer files/upload_session/append_batch: one body, split by the lengths of the entries."""
    incoming = _body(call)
    if sum(entry.length for entry in call.arg.entries) != incoming.size:
        raise RouteRefused({".tag": "length_mismatch"})
    entries = [_append_entry(call, index, entry, incoming) for index, entry in enumerate(call.arg.entries)]
    return decode(files.upload_session_append_batch.result_type, {"entries": entries})


def _append_entry(call: Call, index: int, entry: Any, incoming: Incoming) -> dict[str, Any]:
    offset, length = entry.cursor.offset, entry.length
    if call.entry_fails(index):
        incoming.skip(length)
        return {".tag": "success"}
    try:
        session = find_session(call, entry.cursor.session_id)
        with session.lock:
            session.check_append(offset, length, close=entry.close, behaviour=call.behaviour)
            session.append(offset, length, incoming, close=entry.close)
    except SessionRefused as refused:
        incoming.skip(length)
        return {".tag": "failure", "failure": refused.error}
    return {".tag": "success"}


def _lookup_failed(tag: str, **fields: int) -> dict[str, Any]:
    return {".tag": "lookup_failed", "lookup_failed": {".tag": tag, **fields}}


def _finish_error(
    call: Call, session: StoredSession, offset: int, *, needs_close: bool
) -> dict[str, Any] | None:
    """Return why a session cannot be committed, or None."""
    if session.consumed:
        return _lookup_failed(call.behaviour.consumed_session)
    if session.concurrent and not session.closed:
        return {".tag": "concurrent_session_not_closed"}
    if session.concurrent and not session.complete():
        return {".tag": "concurrent_session_missing_data"}
    if offset != session.size:
        return _lookup_failed("incorrect_offset", correct_offset=session.size)
    if needs_close and not session.closed:
        return _lookup_failed("not_closed")
    return None


def _commit_session(call: Call, session: StoredSession, commit: Any) -> TreeNode | dict[str, Any]:
    """Commit a session; its data stay after a refusal and are used up by success."""
    try:
        node = _commit(call, commit, session.seal())
    except WriteRefused as refused:
        return {".tag": "path", "path": refused.error}
    session.consumed = True
    session.draft.discard()
    return node


def session_finish(call: Call) -> Any:
    """Answer files/upload_session/finish, whose body may carry the last piece."""
    incoming = _body(call)
    try:
        session = find_session(call, call.arg.cursor.session_id)
        offset = call.arg.cursor.offset
        with session.lock:
            if incoming.size:
                _append_last(call, session, offset, incoming)
                offset += incoming.size
            error = _finish_error(call, session, offset, needs_close=False)
            result = error if error is not None else _commit_session(call, session, call.arg.commit)
    except SessionRefused as refused:
        raise RouteRefused({".tag": "lookup_failed", "lookup_failed": refused.error}) from None
    if isinstance(result, dict):
        raise RouteRefused(result)
    return metadata_of(result, call.behaviour)


def _append_last(call: Call, session: StoredSession, offset: int, incoming: Incoming) -> None:
    if session.concurrent:
        raise RouteRefused({".tag": "concurrent_session_data_not_allowed"})
    session.check_append(offset, incoming.size, close=False, behaviour=call.behaviour)
    session.append(offset, incoming.size, incoming, close=False)


def _finish_entry(call: Call, index: int, entry: Any) -> Any:
    """Commit one entry of a batch; return a result entry."""
    result_entry = files.UploadSessionFinishBatchResultEntry
    if call.entry_fails(index):
        return result_entry.failure(files.UploadSessionFinishError.too_many_write_operations)
    if entry.content_hash not in (None, HASH_OF_NOTHING):
        return result_entry.failure(files.UploadSessionFinishError.content_hash_mismatch)
    try:
        session = find_session(call, entry.cursor.session_id)
        with session.lock:
            error = _finish_error(call, session, entry.cursor.offset, needs_close=True)
            result = error if error is not None else _commit_session(call, session, entry.commit)
    except SessionRefused as refused:
        result = {".tag": "lookup_failed", "lookup_failed": refused.error}
    if isinstance(result, dict):
        return result_entry.failure(decode(files.upload_session_finish.error_type, result))
    return result_entry.success(metadata_of(result, call.behaviour))


def finish_entries(call: Call) -> list[Any]:
    """Commit the entries of a batch one after the other."""
    return [_finish_entry(call, index, entry) for index, entry in enumerate(call.arg.entries)]


def session_finish_batch_v2(call: Call) -> Any:
    """Answer files/upload_session/finish_batch_v2."""
    return files.UploadSessionFinishBatchResult(entries=finish_entries(call))


def _count(arg: Any) -> int:
    return len(arg.entries)


ENDPOINTS: dict[str, Endpoint] = {
    "files/upload": Endpoint(upload, WRITE, "commit"),
    "files/upload_session/start": Endpoint(session_start, WRITE, "transfer"),
    "files/upload_session/start_batch": Endpoint(session_start_batch, WRITE, "start_batch"),
    "files/upload_session/append_v2": Endpoint(session_append, WRITE, "transfer"),
    "files/upload_session/append_batch": Endpoint(session_append_batch, WRITE, "transfer"),
    "files/upload_session/finish": Endpoint(session_finish, WRITE, "commit"),
    "files/upload_session/finish_batch_v2": Endpoint(session_finish_batch_v2, WRITE, "commit_batch", _count),
}
