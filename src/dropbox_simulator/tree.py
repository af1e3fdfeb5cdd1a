"""The nodes of a simulated Dropbox folder and the journal of what happened to its paths."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from dropbox_simulator.content import StoredBytes
from dropbox_simulator.names import Name


@dataclass(frozen=True)
class Revision:
    """One state of one file; moments are whole seconds since 1970."""

    rev: str
    blob: StoredBytes
    client_modified: int
    server_modified: int
    node_id: str


@dataclass(eq=False)
class TreeNode:
    """A folder (no revision) or a file (with one)."""

    id: str
    name: str
    key: str
    parent: TreeNode | None
    revision: Revision | None = None
    children: dict[str, TreeNode] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Return whether this is a folder."""
        return self.revision is None

    def chain(self) -> list[TreeNode]:
        """List the nodes from below the root down to this one."""
        nodes: list[TreeNode] = []
        node: TreeNode | None = self
        while node is not None and node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def parts(self) -> tuple[str, ...]:
        """List the names on the way from the root to this node."""
        return tuple(node.name for node in self.chain())

    def path_lower(self) -> str:
        """Return the path that identifies the node."""
        return "".join(f"/{node.key}" for node in self.chain())

    def path_display(self) -> str:
        """Return the path as people see it."""
        return "".join(f"/{node.name}" for node in self.chain())

    def walk(self) -> Iterator[TreeNode]:
        """Go through this node and everything below it, parents first, in the order of keys."""
        yield self
        for key in sorted(self.children):
            yield from self.children[key].walk()

    def is_within(self, other: TreeNode) -> bool:
        """Return whether this node is the other one or stands below it."""
        node: TreeNode | None = self
        while node is not None:
            if node is other:
                return True
            node = node.parent
        return False


@dataclass(frozen=True)
class Gone:
    """What is remembered of a path where something was deleted."""

    name: str
    path_display: str
    node_id: str
    was_folder: bool
    deleted_at: int


class FolderTree:
    """Folders and files below one root."""

    def __init__(self, root_id: str) -> None:
        """Start with an empty root."""
        self.root = TreeNode(root_id, "", "", None)
        self.by_id: dict[str, TreeNode] = {}

    def find(self, names: list[Name]) -> TreeNode | None:
        """Find the node of a path."""
        node = self.root
        for name in names:
            child = node.children.get(name.key)
            if child is None:
                return None
            node = child
        return node

    def find_lower(self, path_lower: str) -> TreeNode | None:
        """Find the node of a path that is already lower-cased."""
        node = self.root
        for key in path_lower.split("/")[1:]:
            child = node.children.get(key)
            if child is None:
                return None
            node = child
        return node

    def attach(self, node: TreeNode, parent: TreeNode) -> None:
        """Hang a node, and everything below it, under a folder."""
        node.parent = parent
        parent.children[node.key] = node
        for below in node.walk():
            self.by_id[below.id] = below

    def detach(self, node: TreeNode) -> None:
        """Take a node, and everything below it, out of the tree."""
        if node.parent is not None:
            del node.parent.children[node.key]
        for below in node.walk():
            self.by_id.pop(below.id, None)

    def clear(self) -> None:
        """Forget every node but the root."""
        self.root.children.clear()
        self.by_id.clear()


@dataclass(frozen=True)
class Recent:
    """One change that late listings may not show yet; `before` describes what stood at the path until then."""

    sequence: int
    moment: float
    path_lower: str
    before: object | None


class Journal:
    """Numbers every change of every path; a cursor is a number in it."""

    def __init__(self) -> None:
        """Start at number 0."""
        self.sequence = 0
        self.recent: deque[Recent] = deque()
        self._entries: list[tuple[int, str]] = []
        self._latest: dict[str, int] = {}

    def touch(self, path_lower: str) -> int:
        """Note that something happened at a path."""
        self.sequence += 1
        self._entries.append((self.sequence, path_lower))
        self._latest[path_lower] = self.sequence
        return self.sequence

    def remember(self, path_lower: str, before: object | None, moment: float, *, since: float) -> None:
        """Keep what stood at a path before its latest change, and forget changes older than `since`."""
        while self.recent and self.recent[0].moment <= since:
            self.recent.popleft()
        self.recent.append(Recent(self.sequence, moment, path_lower, before))

    def unseen(self, until: float) -> list[Recent]:
        """Return the changes that were made after a moment, the first of each path."""
        first: dict[str, Recent] = {}
        for one in self.recent:
            if one.moment > until:
                first.setdefault(one.path_lower, one)
        return list(first.values())

    def load(self, sequence: int, path_lower: str) -> None:
        """Take over an entry noted earlier; numbers must rise."""
        self.sequence = sequence
        self._entries.append((sequence, path_lower))
        self._latest[path_lower] = sequence

    def since(self, sequence: int, until: int | None = None) -> Iterator[tuple[int, str]]:
        """Go through the paths touched after a number (and not after `until`), each once, at its latest number."""
        start = bisect.bisect_right(self._entries, sequence, key=lambda entry: entry[0])
        if until is None:
            end, latest = len(self._entries), self._latest
        else:
            end = bisect.bisect_right(self._entries, until, key=lambda entry: entry[0])
            latest = {path_lower: number for number, path_lower in self._entries[start:end]}
        for number, path_lower in self._entries[start:end]:
            if latest[path_lower] == number:
                yield number, path_lower
