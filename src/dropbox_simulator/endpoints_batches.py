"""Endpoints that work on many paths at once, some of them as asynchronous jobs."""

from __future__ import annotations

import unicodedata
from typing import Any

from dropbox import files

from dropbox_simulator.calls import Call, Endpoint, replace_entries
from dropbox_simulator.endpoints_uploads import finish_entries
from dropbox_simulator.lowercase import dropbox_lower
from dropbox_simulator.metadata import decode, encode, metadata_of
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, TooManyFiles, WriteRefused
from dropbox_simulator.registry import AsyncJob
from dropbox_simulator.wire import RouteRefused

WRITE = "files.content.write"


def _launch(call: Call, kind: str, result_validator: Any, result: Any, *, wait: bool) -> dict[str, Any]:
    """Return the encoded launch result: the answer itself, or a job for it."""
    answer: dict[str, Any] = {".tag": "complete", **encode(result_validator, result)}
    if not wait:
        return answer
    replace_entries(answer, call.replaced)
    call.replaced = {}
    return _start_job(call, kind, answer)


def _start_job(call: Call, kind: str, answer: dict[str, Any]) -> dict[str, Any]:
    simulator = call.simulator
    job_id = simulator.serials.job_id()
    cost = simulator.model.entries_cost(call.endpoint.job, call.nodes)
    cost += simulator.model.fixed_cost(call.endpoint.job)
    simulator.lane(call.owner).extend(cost)
    ready_at = simulator.clock.now() + cost
    call.nodes = 0
    call.owner.jobs[job_id] = AsyncJob(kind, answer, ready_at, call.behaviour.job_polls)
    return {".tag": "async_job_id", "async_job_id": job_id}


def _check(call: Call, kind: str) -> dict[str, Any]:
    """Return the encoded state of a job."""
    job = call.owner.jobs.get(call.arg.async_job_id)
    if job is None or job.kind != kind:
        raise RouteRefused({".tag": "invalid_async_job_id"})
    if call.simulator.clock.now() < job.ready_at or job.polls_left > 0:
        job.polls_left -= 1
        return {".tag": "in_progress"}
    return job.answer


def delete_batch(call: Call) -> Any:
    """Answer files/delete_batch: always a job."""
    entries = [_delete_entry(call, index, entry) for index, entry in enumerate(call.arg.entries)]
    result = files.DeleteBatchResult(entries=entries)
    launched = _launch(call, "delete", files.DeleteBatchResult_validator, result, wait=True)
    return decode(files.delete_batch.result_type, launched)


def _delete_entry(call: Call, index: int, entry: Any) -> Any:
    result_entry = files.DeleteBatchResultEntry
    error: dict[str, Any] = {".tag": "too_many_write_operations"}
    if not call.entry_fails(index):
        try:
            node = call.namespace.removable(path=entry.path, parent_rev=entry.parent_rev)
            metadata = metadata_of(node, call.behaviour)
            call.nodes += sum(1 for _ in node.walk())
            call.namespace.remove(node)
            return result_entry.success(files.DeleteBatchResultData(metadata=metadata))
        except LookupRefused as refused:
            error = {".tag": "path_lookup", "path_lookup": refused.error}
        except WriteRefused as refused:
            error = {".tag": "path_write", "path_write": refused.error}
        except TooManyFiles:
            error = {".tag": "too_many_files"}
    return result_entry.failure(decode(files.delete_v2.error_type, error))


def delete_batch_check(call: Call) -> Any:
    """Answer files/delete_batch/check."""
    return _check(call, "delete")


def create_folder_batch(call: Call) -> Any:
    """Answer files/create_folder_batch; a path named twice is made once."""
    paths = list(dict.fromkeys(call.arg.paths))
    if len(paths) > call.behaviour.create_folder_batch_limit:
        failed = {".tag": "failed", "failed": {".tag": "too_many_files"}}
        launched = _start_job(call, "create_folder", failed)
        return decode(files.create_folder_batch.result_type, launched)
    entries = [_create_entry(call, index, path) for index, path in enumerate(paths)]
    call.nodes = len(paths)
    wait = call.arg.force_async or call.behaviour.create_folder_batch == "async"
    result = files.CreateFolderBatchResult(entries=entries)
    launched = _launch(call, "create_folder", files.CreateFolderBatchResult_validator, result, wait=wait)
    return decode(files.create_folder_batch.result_type, launched)


def _create_entry(call: Call, index: int, path: str) -> Any:
    result_entry = files.CreateFolderBatchResultEntry
    try:
        if call.entry_fails(index):
            raise WriteRefused("too_many_write_operations")
        node = call.namespace.create_folder(path=path, autorename=call.arg.autorename)
    except WriteRefused as refused:
        error = {".tag": "path", "path": refused.error}
        return result_entry.failure(decode(files.CreateFolderEntryError_validator, error))
    return result_entry.success(files.CreateFolderEntryResult(metadata=metadata_of(node, call.behaviour)))


def create_folder_batch_check(call: Call) -> Any:
    """Answer files/create_folder_batch/check."""
    return _check(call, "create_folder")


def _overlapping(call: Call) -> set[int]:
    """Find the entries whose paths occur twice or contain one another."""

    def key(path: str) -> str:
        return dropbox_lower(unicodedata.normalize("NFC", path))

    paths: list[tuple[int, str]] = []
    for index, entry in enumerate(call.arg.entries):
        paths += [(index, key(entry.from_path)), (index, key(entry.to_path))]
    owners: dict[str, set[int]] = {}
    for index, path in paths:
        owners.setdefault(path, set()).add(index)
    bad = {index for found in owners.values() if len(found) > 1 for index in found}
    for index, path in paths:
        parent = path.rpartition("/")[0]
        while parent:
            others = owners.get(parent, set()) - {index}
            if others:
                bad |= others | {index}
            parent = parent.rpartition("/")[0]
    return bad


def _relocate_batch(call: Call, *, copy: bool) -> Any:
    bad = set() if copy else _overlapping(call)
    entries = [_relocate_entry(call, index, copy=copy, bad=bad) for index in range(len(call.arg.entries))]
    result = files.RelocationBatchV2Result(entries=entries)
    wait = call.behaviour.relocation_batch == "async"
    kind = "copy" if copy else "move"
    launched = _launch(call, kind, files.RelocationBatchV2Result_validator, result, wait=wait)
    return decode(files.move_batch_v2.result_type, launched)


def _relocate_entry(call: Call, index: int, *, copy: bool, bad: set[int]) -> Any:
    result_entry, errors = files.RelocationBatchResultEntry, files.RelocationBatchErrorEntry
    entry = call.arg.entries[index]
    if call.entry_fails(index):
        return result_entry.failure(errors.internal_error)
    error: dict[str, Any]
    if index in bad:
        error = {".tag": "duplicated_or_nested_paths"}
    else:
        try:
            node = call.namespace.relocate(
                from_path=entry.from_path, to_path=entry.to_path, autorename=call.arg.autorename, copy=copy
            )
            call.nodes += sum(1 for _ in node.walk())
            return result_entry.success(metadata_of(node, call.behaviour))
        except RelocationRefused as refused:
            error = refused.error
        except TooManyFiles:
            error = {".tag": "too_many_files"}
    return result_entry.failure(errors.relocation_error(decode(files.RelocationError_validator, error)))


def move_batch_v2(call: Call) -> Any:
    """Answer files/move_batch_v2."""
    return _relocate_batch(call, copy=False)


def copy_batch_v2(call: Call) -> Any:
    """Answer files/copy_batch_v2."""
    return _relocate_batch(call, copy=True)


def move_batch_check_v2(call: Call) -> Any:
    """Answer files/move_batch/check_v2."""
    return _check(call, "move")


def copy_batch_check_v2(call: Call) -> Any:
    """Answer files/copy_batch/check_v2."""
    return _check(call, "copy")


def finish_batch(call: Call) -> Any:
    """Answer files/upload_session/finish_batch, the old one: a job."""
    result = files.UploadSessionFinishBatchResult(entries=finish_entries(call))
    call.nodes = len(call.arg.entries)
    validator = files.UploadSessionFinishBatchResult_validator
    launched = _launch(call, "finish", validator, result, wait=True)
    return decode(files.upload_session_finish_batch.result_type, launched)


def finish_batch_check(call: Call) -> Any:
    """Answer files/upload_session/finish_batch/check."""
    return _check(call, "finish")


ENDPOINTS: dict[str, Endpoint] = {
    "files/delete_batch": Endpoint(delete_batch, WRITE, "launch", job="relocate"),
    "files/delete_batch/check": Endpoint(delete_batch_check, WRITE, "read"),
    "files/create_folder_batch": Endpoint(create_folder_batch, WRITE, "launch", job="write"),
    "files/create_folder_batch/check": Endpoint(create_folder_batch_check, WRITE, "read"),
    "files/move_batch_v2": Endpoint(move_batch_v2, WRITE, "launch", job="relocate"),
    "files/move_batch/check_v2": Endpoint(move_batch_check_v2, WRITE, "read"),
    "files/copy_batch_v2": Endpoint(copy_batch_v2, WRITE, "launch", job="relocate"),
    "files/copy_batch/check_v2": Endpoint(copy_batch_check_v2, WRITE, "read"),
    "files/upload_session/finish_batch": Endpoint(finish_batch, WRITE, "launch", job="commit_batch"),
    "files/upload_session/finish_batch/check": Endpoint(finish_batch_check, WRITE, "read"),
}
