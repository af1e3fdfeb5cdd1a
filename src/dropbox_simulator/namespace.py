"""One app folder of one account: the tree, its revisions, its journal, and its operations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, Protocol

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.content import StoredBytes
from dropbox_simulator.metadata import Metadata, gone_metadata, metadata_of
from dropbox_simulator.names import (
    DisallowedName,
    MalformedPath,
    Name,
    check_writable,
    numbered,
    parse_name,
    parse_path,
)
from dropbox_simulator.refusals import LookupRefused, RelocationRefused, TooManyFiles, WriteRefused
from dropbox_simulator.tree import FolderTree, Gone, Journal, Revision, TreeNode

WriteMode = Literal["add", "overwrite", "update"]


class Shelf(Protocol):
    """Receives every change, to keep a folder on the disk and the stored state up to date."""

    def stored(self, node: TreeNode) -> None:
        """Called after a folder was created or a file was written."""
        ...

    def removed(self, node: TreeNode, parts: tuple[str, ...]) -> None:
        """Called after a node, with everything below it, was removed from the place."""
        ...

    def moved(self, node: TreeNode, parts: tuple[str, ...]) -> None:
        """Called after a node, with everything below it, was moved here from the place."""
        ...


class Serials(Protocol):
    """Generates identifiers that look random and never repeat."""

    def node_id(self) -> str:
        """Return a new id of a file or folder."""
        ...

    def rev(self) -> str:
        """Return a new rev of a file."""
        ...


class Namespace:
    """One app folder; callers hold `lock` around every method."""

    def __init__(
        self,
        *,
        id: str,
        behaviour: Behaviour,
        serials: Serials,
        now: Callable[[], float],
        room: Callable[[], int],
    ) -> None:
        """Start empty; `room` returns how many bytes the account's quota still allows."""
        self.id = id
        self.behaviour = behaviour
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.tree = FolderTree(serials.node_id())
        self.journal = Journal()
        self.gone: dict[str, Gone] = {}
        self.history: dict[str, list[Revision]] = {}
        self.epoch = 0
        self.exists = True
        self.used = 0
        self.shelf: Shelf | None = None
        self.told: list[Metadata] = []
        self.listed: tuple[object, list[tuple[list[str], str]]] | None = None
        self._serials = serials
        self._now = now
        self._room = room

    def resolve(self, path: str) -> TreeNode:
        """Find the node of a path, an `id:…` or an `ns:…` path; raises LookupRefused."""
        node = self._by_reference(path)
        if node is None:
            raise LookupRefused("not_found")
        return node

    def _by_reference(self, path: str) -> TreeNode | None:
        if path.startswith("id:"):
            return self.tree.by_id.get(path)
        try:
            return self.tree.find(parse_path(self._without_ns(path), self.behaviour))
        except MalformedPath:
            raise LookupRefused("malformed_path") from None

    def _without_ns(self, path: str) -> str:
        if not path.startswith("ns:"):
            return path
        prefix, slash, rest = path.partition("/")
        if prefix != f"ns:{self.id}":
            raise LookupRefused("not_found")
        return slash + rest

    def target(self, path: str) -> list[Name]:
        """Parse a path to be written; raises WriteRefused."""
        if path.startswith("id:"):
            node = self.tree.by_id.get(path)
            if node is None:
                raise WriteRefused("malformed_path")
            path = node.path_display()
        try:
            names = parse_path(self._without_ns(path), self.behaviour)
            if not names:
                raise WriteRefused("malformed_path")
            check_writable(names, self.behaviour)
        except MalformedPath:
            raise WriteRefused("malformed_path") from None
        except LookupRefused:
            raise WriteRefused("no_write_permission") from None
        except DisallowedName:
            raise WriteRefused("disallowed_name") from None
        return names

    def _check_ancestors(self, names: list[Name]) -> None:
        node = self.tree.root
        for name in names[:-1]:
            child = node.children.get(name.key)
            if child is None:
                return
            if not child.is_folder:
                raise WriteRefused("conflict", "file_ancestor")
            node = child

    def _parent(self, names: list[Name]) -> TreeNode:
        """Find the folder of a path, creating what is missing."""
        self.exists = True
        node = self.tree.root
        for name in names[:-1]:
            child = node.children.get(name.key)
            node = child if child is not None else self._new_folder(name, node)
        return node

    def _new_folder(self, name: Name, parent: TreeNode) -> TreeNode:
        node = TreeNode(self._serials.node_id(), name.text, name.key, parent)
        self.tree.attach(node, parent)
        self._note(node)
        if self.shelf:
            self.shelf.stored(node)
        return node

    def _note(self, node: TreeNode) -> None:
        path_lower = node.path_lower()
        before: object | None = None
        if (gone := self.gone.pop(path_lower, None)) is not None:
            before = gone_metadata(gone, path_lower)
        if node.revision is not None:
            revisions = self.history.setdefault(path_lower, [])
            if gone is None and revisions:
                before = self._described(node, revisions[-1])
            if not revisions or revisions[-1].rev != node.revision.rev:
                revisions.append(node.revision)
        self._touch(path_lower, before)
        self.changed.notify_all()

    def _described(self, node: TreeNode, revision: Revision) -> object:
        was = TreeNode(node.id, node.name, node.key, node.parent, revision)
        return metadata_of(was, self.behaviour)

    def _touch(self, path_lower: str, before: object | None) -> None:
        """Record a change in the journal, and the former state where listings lag."""
        self.journal.touch(path_lower)
        longest = max(self.behaviour.listing_lag_seconds, self.behaviour.cursor_lag_seconds)
        if longest:
            now = self._now()
            self.journal.remember(path_lower, before, now, since=now - longest)

    def _free_name(self, names: list[Name]) -> list[Name]:
        number = 1
        while True:
            last = parse_name(numbered(names[-1].text, number), self.behaviour)
            if self.tree.find([*names[:-1], last]) is None:
                return [*names[:-1], last]
            number += 1

    def commit(
        self,
        *,
        path: str,
        blob: StoredBytes,
        mode: WriteMode,
        rev: str | None = None,
        autorename: bool = False,
        strict_conflict: bool = False,
        client_modified: int | None = None,
    ) -> TreeNode:
        """Write a file as a WriteMode says; raises WriteRefused."""
        names = self.target(path)
        self._check_ancestors(names)
        existing = self.tree.find(names)
        conflict: str | None = None
        if existing is None:
            if mode == "update" and strict_conflict:
                conflict = "file"
        elif existing.revision is None:
            conflict = "folder"
        elif existing.revision.blob.content_hash == blob.content_hash and not strict_conflict:
            return existing
        elif mode == "add" or (mode == "update" and existing.revision.rev != rev):
            conflict = "file"
        if conflict is not None:
            if not autorename:
                raise WriteRefused("conflict", conflict)
            if existing is not None:
                names, existing = self._free_name(names), None
        return self._write(names, existing, blob, client_modified)

    def _write(
        self, names: list[Name], existing: TreeNode | None, blob: StoredBytes, client_modified: int | None
    ) -> TreeNode:
        old_size = existing.revision.blob.size if existing is not None and existing.revision else 0
        if blob.size - old_size > self._room():
            raise WriteRefused("insufficient_space")
        node = existing
        if node is None:
            parent = self._parent(names)
            node = TreeNode(self._new_id(names), names[-1].text, names[-1].key, parent)
        moment = int(self._now())
        node.revision = Revision(
            self._serials.rev(), blob, moment if client_modified is None else client_modified, moment, node.id
        )
        if existing is None and node.parent is not None:
            self.tree.attach(node, node.parent)
        self.used += blob.size - old_size
        self._note(node)
        if self.shelf:
            self.shelf.stored(node)
        return node

    def _new_id(self, names: list[Name]) -> str:
        gone = self.gone.get("".join(f"/{name.key}" for name in names))
        is_kept = gone is not None and not gone.was_folder and not self.behaviour.delete_forgets_id
        if gone is not None and is_kept and gone.node_id not in self.tree.by_id:  # deleted, not moved away
            return gone.node_id
        return self._serials.node_id()

    def create_folder(self, *, path: str, autorename: bool = False) -> TreeNode:
        """Create a folder; raises WriteRefused when something is there."""
        names = self.target(path)
        self._check_ancestors(names)
        existing = self.tree.find(names)
        if existing is not None:
            if not autorename:
                raise WriteRefused("conflict", "folder" if existing.is_folder else "file")
            names = self._free_name(names)
        return self._new_folder(names[-1], self._parent(names))

    def removable(self, *, path: str, parent_rev: str | None = None) -> TreeNode:
        """Find what a delete would remove; raises LookupRefused, WriteRefused or TooManyFiles."""
        node = self.resolve(path)
        if node is self.tree.root:
            raise LookupRefused("malformed_path")
        if parent_rev is not None and (node.revision is None or node.revision.rev != parent_rev):
            if self.behaviour.parent_rev_mismatch == "not_found":
                raise LookupRefused("not_found")
            raise WriteRefused("conflict", "folder" if node.is_folder else "file")
        limit = self.behaviour.delete_limit
        if limit is not None and sum(1 for _ in node.walk()) > limit:
            raise TooManyFiles
        return node

    def remove(self, node: TreeNode) -> None:
        """Remove a node and everything below it; its revisions stay in the history."""
        parts = node.parts()
        self._forget(node)
        self.tree.detach(node)
        self.changed.notify_all()
        if self.shelf:
            self.shelf.removed(node, parts)

    def _forget(self, node: TreeNode) -> None:
        moment = int(self._now())
        for below in node.walk():
            path_lower = below.path_lower()
            before = metadata_of(below, self.behaviour)
            self.gone[path_lower] = Gone(below.name, below.path_display(), below.id, below.is_folder, moment)
            self._touch(path_lower, before)
            if below.revision is not None:
                self.used -= below.revision.blob.size

    def remove_everything(self) -> None:
        """Delete the app folder itself, as its user can."""
        for node in list(self.tree.root.children.values()):
            self.remove(node)
        self.exists = False
        self.changed.notify_all()

    def relocate(
        self, *, from_path: str, to_path: str, autorename: bool = False, copy: bool = False
    ) -> TreeNode:
        """Move or copy a node with everything below it; raises RelocationRefused or TooManyFiles."""
        try:
            source = self.resolve(from_path)
            if source is self.tree.root:
                raise LookupRefused("malformed_path")
        except LookupRefused as refused:
            raise RelocationRefused({".tag": "from_lookup", "from_lookup": refused.error}) from None
        try:
            names = self.target(to_path)
            self._check_ancestors(names)
            existing = self.tree.find(names)
            if existing is source and not copy:
                return self._same_place(source, names)
            self._check_nesting(source, names, copy)
            if existing is not None:
                if not autorename:
                    raise WriteRefused("conflict", "folder" if existing.is_folder else "file")
                names = self._free_name(names)
        except WriteRefused as refused:
            raise RelocationRefused({".tag": "to", "to": refused.error}) from None
        if sum(1 for _ in source.walk()) > self.behaviour.relocation_limit:
            raise TooManyFiles
        return self._copy(source, names) if copy else self._move(source, names)

    def _check_nesting(self, source: TreeNode, names: list[Name], copy: bool) -> None:
        node: TreeNode | None = None
        for length in range(len(names), 0, -1):
            node = self.tree.find(names[:length])
            if node is not None:
                break
        if source.is_folder and node is not None and node.is_within(source):
            tag = "duplicated_or_nested_paths" if copy else "cant_move_folder_into_itself"
            raise RelocationRefused({".tag": tag})

    def _same_place(self, source: TreeNode, names: list[Name]) -> TreeNode:
        if source.name == names[-1].text:
            raise WriteRefused("conflict", "folder" if source.is_folder else "file")
        if self.behaviour.case_only_move == "conflict":
            raise WriteRefused("conflict", "folder" if source.is_folder else "file")
        if self.behaviour.case_only_move == "rename":
            parts = source.parts()
            source.name = names[-1].text
            self._note(source)
            if self.shelf:
                self.shelf.moved(source, parts)
        return source

    def _move(self, source: TreeNode, names: list[Name]) -> TreeNode:
        parts = source.parts()
        self._forget(source)
        parent = self._parent(names)
        if source.parent is not None:
            del source.parent.children[source.key]
        source.name, source.key = names[-1].text, names[-1].key
        self.tree.attach(source, parent)
        self._arrived(source, fresh=self.behaviour.move_changes_rev)
        if self.shelf:
            self.shelf.moved(source, parts)
        return source

    def _arrived(self, top: TreeNode, *, fresh: bool) -> None:
        moment = int(self._now())
        for node in top.walk():
            if node.revision is not None:
                self.used += node.revision.blob.size
                if fresh or node.revision.node_id != node.id:
                    old = node.revision
                    node.revision = Revision(
                        self._serials.rev(), old.blob, old.client_modified, moment, node.id
                    )
            self._note(node)

    def _copy(self, source: TreeNode, names: list[Name]) -> TreeNode:
        size = sum(node.revision.blob.size for node in source.walk() if node.revision is not None)
        if size > self._room():
            raise RelocationRefused({".tag": "insufficient_quota"})
        twin = self._twin(source, names[-1])
        self.tree.attach(twin, self._parent(names))
        self._arrived(twin, fresh=True)
        if self.shelf:
            for node in twin.walk():
                self.shelf.stored(node)
        return twin

    def _twin(self, source: TreeNode, name: Name) -> TreeNode:
        twin = TreeNode(self._serials.node_id(), name.text, name.key, None, source.revision)
        for key, child in source.children.items():
            below = self._twin(child, Name(child.name, child.key))
            below.parent = twin
            twin.children[key] = below
        return twin

    def find_revision(self, rev: str) -> Revision | None:
        """Find a revision, present or past, by its rev."""
        for revisions in self.history.values():
            for revision in revisions:
                if revision.rev == rev:
                    return revision
        return None
