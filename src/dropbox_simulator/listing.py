"""Listings and cursors: a cursor is a position in a listing, then a number in the journal."""

from __future__ import annotations

import base64
import binascii
import bisect
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from dropbox import files

from dropbox_simulator.metadata import Metadata, gone_metadata, metadata_of
from dropbox_simulator.namespace import Namespace
from dropbox_simulator.refusals import LookupRefused
from dropbox_simulator.tree import TreeNode


class CursorInvalid(Exception):
    """The text is no cursor of this folder; answered as a malformed call."""


class CursorReset(Exception):
    """The cursor is no longer valid; answered as `reset`."""


@dataclass(frozen=True)
class Cursor:
    """The content of a cursor string; `after` is the last key listed, None once the listing is complete."""

    namespace: str
    path: str
    recursive: bool
    include_deleted: bool
    limit: int
    sequence: int
    epoch: int
    made_at: int
    after: list[str] | None

    def encode(self) -> str:
        """Return the cursor as an opaque string."""
        packed = json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()
        check = f"{binascii.crc32(packed):08x}".encode()
        return "AAE" + base64.urlsafe_b64encode(check + packed).decode().rstrip("=")


def decode_cursor(text: str, namespace: Namespace, now: float) -> Cursor:
    """Parse a cursor string; raises CursorInvalid or CursorReset."""
    cursor = read_cursor(text)
    if cursor.namespace != namespace.id:
        raise CursorInvalid
    lifetime = namespace.behaviour.cursor_seconds
    if cursor.epoch != namespace.epoch or (lifetime is not None and now > cursor.made_at + lifetime):
        raise CursorReset
    return cursor


def read_cursor(text: str) -> Cursor:
    """Parse a cursor string without checking whether it is still valid; raises CursorInvalid."""
    if not text.startswith("AAE") or not text.isascii():
        raise CursorInvalid
    try:
        raw = base64.urlsafe_b64decode(text[3:] + "=" * (-len(text[3:]) % 4))
        if f"{binascii.crc32(raw[8:]):08x}".encode() != raw[:8]:
            raise CursorInvalid
        values: dict[str, Any] = json.loads(raw[8:])
        return Cursor(**values)
    except (binascii.Error, ValueError, TypeError):
        raise CursorInvalid from None


class Seen:
    """A folder as shown by listings: without the newest changes, where listings lag."""

    def __init__(self, namespace: Namespace, now: float, lag: float) -> None:
        """Take a namespace as it was `lag` seconds ago."""
        self.namespace = namespace
        unseen = namespace.journal.unseen(now - lag) if lag else []
        self.before: dict[str, Metadata | None] = {one.path_lower: one.before for one in unseen}
        newest = namespace.journal.sequence
        self.sequence = min((one.sequence - 1 for one in unseen), default=newest)

    def entry(self, path_lower: str) -> Metadata | None:
        """Return the entry of what is, or was, at a path; None where nothing ever was."""
        if path_lower in self.before:
            return self.before[path_lower]
        node = self.namespace.tree.find_lower(path_lower)
        if node is not None:
            return metadata_of(node, self.namespace.behaviour)
        gone = self.namespace.gone.get(path_lower)
        return None if gone is None else gone_metadata(gone, path_lower)

    def is_there(self, path_lower: str) -> bool:
        """Return whether there is something at a path."""
        if path_lower in self.before:
            entry = self.before[path_lower]
            return entry is not None and not isinstance(entry, files.DeletedMetadata)
        return self.namespace.tree.find_lower(path_lower) is not None

    def changes(self, cursor: Cursor) -> Iterator[tuple[int, str]]:
        """Yield (number, path) of the changes after a cursor."""
        for number, path_lower in self.namespace.journal.since(cursor.sequence, self.sequence):
            if _in_scope(cursor, path_lower) and not self._is_told_by_parent(cursor, path_lower):
                yield number, path_lower

    def _is_told_by_parent(self, cursor: Cursor, path_lower: str) -> bool:
        """Return whether a deletion is implied by that of its folder."""
        if self.namespace.behaviour.deleted_children_reported or self.is_there(path_lower):
            return False
        parent = path_lower.rpartition("/")[0]
        return parent != cursor.path and not self.is_there(parent)


@dataclass(frozen=True)
class ListingPage:
    """Entries, the next cursor, and whether there are more now."""

    entries: list[Metadata]
    cursor: Cursor
    has_more: bool


def scope_root(namespace: Namespace, path_lower: str) -> TreeNode:
    """Find the folder of a listing; raises LookupRefused."""
    if path_lower == "":
        if not namespace.exists and namespace.behaviour.app_folder_deleted == "not_found":
            raise LookupRefused("not_found")
        return namespace.tree.root
    node = namespace.tree.find_lower(path_lower)
    if node is None:
        raise LookupRefused("not_found")
    if not node.is_folder:
        raise LookupRefused("not_folder")
    return node


def start_cursor(
    namespace: Namespace, *, path: str, recursive: bool, include_deleted: bool, limit: int | None, now: float
) -> Cursor:
    """Return the cursor before the first entry of a listing; raises LookupRefused."""
    node = namespace.resolve(path) if path else namespace.tree.root
    root = scope_root(namespace, node.path_lower())
    page = min(limit or namespace.behaviour.default_page, namespace.behaviour.page_limit)
    seen = Seen(namespace, now, namespace.behaviour.listing_lag_seconds)
    return Cursor(
        namespace=namespace.id,
        path=root.path_lower(),
        recursive=recursive,
        include_deleted=include_deleted,
        limit=page,
        sequence=seen.sequence,
        epoch=namespace.epoch,
        made_at=int(now),
        after=[],
    )


def read_page(namespace: Namespace, cursor: Cursor, now: float) -> ListingPage:
    """Return the page after a cursor; raises LookupRefused."""
    root = scope_root(namespace, cursor.path)
    fresh = replace(cursor, made_at=int(now))
    if cursor.after is not None:
        return _listing_page(Seen(namespace, now, namespace.behaviour.listing_lag_seconds), fresh, root)
    return _journal_page(Seen(namespace, now, namespace.behaviour.cursor_lag_seconds), fresh)


def _listing_page(seen: Seen, cursor: Cursor, root: TreeNode) -> ListingPage:
    keys = _listed(seen, cursor, root)
    start = bisect.bisect_right(keys, (cursor.after or [], "\0"), key=lambda item: (item[0], ""))
    chosen = keys[start : start + cursor.limit]
    entries = [entry for _, path_lower in chosen if (entry := seen.entry(path_lower)) is not None]
    if start + cursor.limit < len(keys):
        return ListingPage(entries, replace(cursor, after=chosen[-1][0]), True)
    done = replace(cursor, after=None)
    return ListingPage(entries, done, any(True for _ in seen.changes(done)))


def _listed(seen: Seen, cursor: Cursor, root: TreeNode) -> list[tuple[list[str], str]]:
    """Return (key, path_lower) of everything in a listing; cached until the next change."""
    namespace = seen.namespace
    about = (
        namespace.journal.sequence,
        seen.sequence,
        cursor.path,
        cursor.recursive,
        cursor.include_deleted,
    )
    if namespace.listed is None or namespace.listed[0] != about:
        namespace.listed = (about, _list(seen, cursor, root))
    return namespace.listed[1]


def _list(seen: Seen, cursor: Cursor, root: TreeNode) -> list[tuple[list[str], str]]:
    """List (key, path_lower) in the order of keys."""
    namespace = seen.namespace
    if cursor.recursive:
        paths = {path for path, node in _walk(root, cursor.path) if node.parent is not None}
    else:
        paths = {f"{cursor.path}/{key}" for key in root.children}
    if cursor.include_deleted:
        paths |= {path for path in namespace.gone if _in_scope(cursor, path)}
    for path, before in seen.before.items():
        is_shown = before is not None and (cursor.include_deleted or seen.is_there(path))
        if is_shown and _in_scope(cursor, path):
            paths.add(path)
        else:
            paths.discard(path)
    return sorted((path.split("/")[1:], path) for path in paths)


def _walk(node: TreeNode, path: str) -> list[tuple[str, TreeNode]]:
    found = [(path, node)]
    for key, child in node.children.items():
        found += _walk(child, f"{path}/{key}")
    return found


def _in_scope(cursor: Cursor, path_lower: str) -> bool:
    if path_lower == cursor.path:
        return cursor.recursive and cursor.path != ""
    if not path_lower.startswith(f"{cursor.path}/"):
        return False
    return cursor.recursive or "/" not in path_lower[len(cursor.path) + 1 :]


def _journal_page(seen: Seen, cursor: Cursor) -> ListingPage:
    entries: list[Metadata] = []
    sequence = cursor.sequence
    for number, path_lower in seen.changes(cursor):
        if len(entries) == cursor.limit:
            return ListingPage(entries, replace(cursor, sequence=sequence), True)
        entry = seen.entry(path_lower)
        if entry is not None:
            entries.append(entry)
        sequence = number
    return ListingPage(entries, replace(cursor, sequence=max(cursor.sequence, seen.sequence)), False)


def has_changes(namespace: Namespace, cursor: Cursor, now: float) -> bool:
    """Return whether there are changes after a cursor."""
    if cursor.after is not None:
        return True
    seen = Seen(namespace, now, namespace.behaviour.cursor_lag_seconds)
    return any(True for _ in seen.changes(cursor))
