"""Endpoints about single files and folders."""

from __future__ import annotations

from typing import Any

from dropbox import files

from dropbox_simulator.calls import Call, Endpoint, json_text
from dropbox_simulator.disorder import disordered
from dropbox_simulator.listing import (
    Cursor,
    CursorInvalid,
    CursorReset,
    decode_cursor,
    has_changes,
    read_cursor,
    read_page,
    start_cursor,
)
from dropbox_simulator.metadata import encode, file_metadata, gone_metadata, metadata_of, moment
from dropbox_simulator.names import MalformedPath, parse_path
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, TooManyFiles, WriteRefused
from dropbox_simulator.tree import Revision, TreeNode
from dropbox_simulator.wire import BadInput, Response, RouteRefused


def relocate_v2(call: Call, *, copy: bool) -> Any:
    """Move or copy one file or folder."""
    try:
        node = call.namespace.relocate(
            from_path=call.arg.from_path, to_path=call.arg.to_path, autorename=call.arg.autorename, copy=copy
        )
    except RelocationRefused as refused:
        raise RouteRefused(refused.error) from None
    except TooManyFiles:
        raise RouteRefused({".tag": "too_many_files"}) from None
    call.nodes = sum(1 for _ in node.walk())
    return files.RelocationResult(metadata=metadata_of(node, call.behaviour))


def move_v2(call: Call) -> Any:
    """Answer files/move_v2."""
    return relocate_v2(call, copy=False)


def copy_v2(call: Call) -> Any:
    """Answer files/copy_v2."""
    return relocate_v2(call, copy=True)


def create_folder_v2(call: Call) -> Any:
    """Answer files/create_folder_v2."""
    try:
        node = call.namespace.create_folder(path=call.arg.path, autorename=call.arg.autorename)
    except WriteRefused as refused:
        raise RouteRefused({".tag": "path", "path": refused.error}) from None
    return files.CreateFolderResult(metadata=metadata_of(node, call.behaviour))


def delete_v2(call: Call) -> Any:
    """Answer files/delete_v2."""
    try:
        node = call.namespace.removable(path=call.arg.path, parent_rev=call.arg.parent_rev)
    except LookupRefused as refused:
        raise RouteRefused({".tag": "path_lookup", "path_lookup": refused.error}) from None
    except WriteRefused as refused:
        raise RouteRefused({".tag": "path_write", "path_write": refused.error}) from None
    except TooManyFiles:
        raise RouteRefused({".tag": "too_many_files"}) from None
    metadata = metadata_of(node, call.behaviour)
    call.nodes = sum(1 for _ in node.walk())
    call.namespace.remove(node)
    return files.DeleteResult(metadata=metadata)


def _path_refused(refused: LookupRefused) -> RouteRefused:
    return RouteRefused({".tag": "path", "path": refused.error})


def _started(call: Call) -> Cursor:
    if call.arg.path == "/":
        raise BadInput('request body: path: Specify the root folder as an empty string rather than as "/".')
    try:
        return start_cursor(
            call.namespace,
            path=call.arg.path,
            recursive=call.arg.recursive,
            include_deleted=call.arg.include_deleted,
            limit=call.arg.limit,
            now=call.simulator.clock.now(),
        )
    except LookupRefused as refused:
        raise _path_refused(refused) from None


def _page(call: Call, cursor: Cursor) -> Any:
    try:
        page = read_page(call.namespace, cursor, call.simulator.clock.now())
    except LookupRefused as refused:
        raise _path_refused(refused) from None
    entries = disordered(call.namespace, page.entries, cursor.encode())
    return files.ListFolderResult(entries=entries, cursor=page.cursor.encode(), has_more=page.has_more)


def list_folder(call: Call) -> Any:
    """Answer files/list_folder."""
    return _page(call, _started(call))


def get_latest_cursor(call: Call) -> Any:
    """Answer files/list_folder/get_latest_cursor."""
    cursor = _started(call)
    latest = Cursor(**{**cursor.__dict__, "after": None})
    return files.ListFolderGetLatestCursorResult(cursor=latest.encode())


def list_folder_continue(call: Call) -> Any:
    """Answer files/list_folder/continue."""
    try:
        cursor = decode_cursor(call.arg.cursor, call.namespace, call.simulator.clock.now())
    except CursorInvalid:
        raise BadInput(f'Invalid "cursor" parameter: {call.arg.cursor!r}') from None
    except CursorReset:
        raise RouteRefused({".tag": "reset"}) from None
    return _page(call, cursor)


def longpoll(call: Call) -> Any:
    """Answer files/list_folder/longpoll: wait until a cursor has something new, or the time is over."""
    clock = call.simulator.clock
    try:
        wanted = read_cursor(call.arg.cursor).namespace
        links = list(call.simulator.links.values())
        namespace = next((link.namespace for link in links if link.namespace.id == wanted), None)
        if namespace is None:
            raise CursorInvalid
        cursor = decode_cursor(call.arg.cursor, namespace, clock.now())
    except CursorInvalid:
        raise BadInput(f'Invalid "cursor" parameter: {call.arg.cursor!r}') from None
    except CursorReset:
        raise RouteRefused({".tag": "reset"}) from None
    until = clock.now() + call.arg.timeout
    with namespace.changed:
        changed = clock.wait_for(
            namespace.changed, lambda: has_changes(namespace, cursor, clock.now()), until
        )
    return files.ListFolderLongpollResult(changes=changed)


def _find_revision(call: Call, rev: str) -> tuple[Revision, str, str]:
    namespace = call.namespace
    for path_lower, revisions in namespace.history.items():
        for revision in revisions:
            if revision.rev == rev:
                node = namespace.tree.by_id.get(revision.node_id)
                if node is not None and node.path_lower() == path_lower:
                    return revision, path_lower, node.path_display()
                gone = namespace.gone.get(path_lower)
                return revision, path_lower, gone.path_display if gone else path_lower
    raise LookupRefused("not_found")


def get_metadata(call: Call) -> Any:
    """Answer files/get_metadata."""
    path: str = call.arg.path
    if path in ("", "/"):
        raise BadInput("request body: path: The root folder is unsupported.")
    try:
        if path.startswith("rev:"):
            revision, path_lower, path_display = _find_revision(call, path[4:])
            return file_metadata(revision, path_display.rpartition("/")[2], path_lower, path_display)
        return metadata_of(call.namespace.resolve(path), call.behaviour)
    except LookupRefused as refused:
        if call.arg.include_deleted and refused.error[".tag"] == "not_found":
            gone = _gone_at(call, path)
            if gone is not None:
                return gone
        raise _path_refused(refused) from None


def _lowered(call: Call, path: str) -> str:
    try:
        return "".join(f"/{name.key}" for name in parse_path(path, call.behaviour))
    except MalformedPath:
        raise LookupRefused("malformed_path") from None


def _gone_at(call: Call, path: str) -> Any | None:
    for path_lower, gone in call.namespace.gone.items():
        if gone.node_id == path or (path.startswith("/") and path_lower == _lowered(call, path)):
            return gone_metadata(gone, path_lower)
    return None


def list_revisions(call: Call) -> Any:
    """Answer files/list_revisions."""
    namespace, path = call.namespace, call.arg.path
    try:
        path_lower, node = _revisions_of(call, path)
    except LookupRefused as refused:
        raise _path_refused(refused) from None
    if call.arg.mode.is_id() and node is not None:
        revisions = [r for found in namespace.history.values() for r in found if r.node_id == node.id]
        revisions.sort(key=lambda revision: revision.rev)
    else:
        revisions = list(namespace.history.get(path_lower, []))
    gone = namespace.gone.get(path_lower)
    name = node.name if node else (gone.name if gone else path_lower.rpartition("/")[2])
    display = node.path_display() if node else (gone.path_display if gone else path_lower)
    newest = revisions[::-1]
    if call.arg.before_rev is not None:
        newest = [revision for revision in newest if revision.rev < call.arg.before_rev]
    limit = call.arg.limit
    return files.ListRevisionsResult(
        is_deleted=node is None,
        server_deleted=moment(gone.deleted_at) if gone and node is None else None,
        entries=[file_metadata(revision, name, path_lower, display) for revision in newest[:limit]],
        has_more=len(newest) > limit,
    )


def _revisions_of(call: Call, path: str) -> tuple[str, TreeNode | None]:
    try:
        node = call.namespace.resolve(path)
    except LookupRefused as refused:
        path_lower = _lowered(call, path) if path.startswith("/") else ""
        if refused.error[".tag"] != "not_found" or path_lower not in call.namespace.history:
            raise
        return path_lower, None
    if node.is_folder:
        raise LookupRefused("not_file")
    return node.path_lower(), node


def restore(call: Call) -> Any:
    """Answer files/restore: write an old revision again."""
    revision = call.namespace.find_revision(call.arg.rev)
    if revision is None:
        raise RouteRefused({".tag": "invalid_revision"})
    try:
        node = call.namespace.commit(
            path=call.arg.path,
            blob=revision.blob,
            mode="overwrite",
            client_modified=revision.client_modified,
        )
    except WriteRefused as refused:
        raise RouteRefused({".tag": "path_write", "path_write": refused.error}) from None
    return metadata_of(node, call.behaviour)


def download(call: Call) -> Response:
    """Answer files/download: the metadata in a header, the bytes in the body."""
    path: str = f"rev:{call.arg.rev}" if call.arg.rev else call.arg.path
    try:
        if path.startswith("rev:"):
            revision, path_lower, path_display = _find_revision(call, path[4:])
            metadata = file_metadata(revision, path_display.rpartition("/")[2], path_lower, path_display)
        else:
            node = call.namespace.resolve(path)
            if node.revision is None:
                raise LookupRefused("not_file")
            revision, metadata = node.revision, metadata_of(node, call.behaviour)
    except LookupRefused as refused:
        raise _path_refused(refused) from None
    headers = {
        "Content-Type": "application/octet-stream",
        "Dropbox-API-Result": json_text(encode(files.download.result_type, metadata)),
    }
    return Response(200, headers, blob=revision.blob)


READ = "files.metadata.read"
WRITE = "files.content.write"

ENDPOINTS: dict[str, Endpoint] = {
    "files/move_v2": Endpoint(move_v2, WRITE, "relocate"),
    "files/copy_v2": Endpoint(copy_v2, WRITE, "relocate"),
    "files/create_folder_v2": Endpoint(create_folder_v2, WRITE, "write"),
    "files/delete_v2": Endpoint(delete_v2, WRITE, "relocate"),
    "files/list_folder": Endpoint(list_folder, READ, "read"),
    "files/list_folder/get_latest_cursor": Endpoint(get_latest_cursor, READ, "read"),
    "files/list_folder/continue": Endpoint(list_folder_continue, READ, "read"),
    "files/list_folder/longpoll": Endpoint(longpoll, None, "none"),
    "files/get_metadata": Endpoint(get_metadata, READ, "read"),
    "files/list_revisions": Endpoint(list_revisions, READ, "read"),
    "files/restore": Endpoint(restore, WRITE, "write"),
    "files/download": Endpoint(download, "files.content.read", "read"),
}
