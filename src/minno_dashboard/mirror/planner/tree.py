"""The two trees, indexed by folder, name and path.

Building one checks what everything else relies on; a violation is a mistake of the caller, a BrokenTree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from minno_dashboard.core.names import clean, fold
from minno_dashboard.mirror.planner.model import DELETED, Content, Desired, Remote


class BrokenTree(Exception):
    """The given nodes are no tree: an id or a name occurs twice, a parent is missing or a file, or there is a circle."""


class NodeAttributes(Protocol):
    """Attributes that both kinds of node have."""

    @property
    def parent(self) -> str | None:
        """The id of the folder it lies in; None for the app folder."""

    @property
    def name(self) -> str:
        """The name in that folder."""

    @property
    def content(self) -> Content | None:
        """The content of a file; None for a folder."""


N = TypeVar("N", bound=NodeAttributes)


class NodeIndex(Generic[N]):
    """Nodes by id, and by folder and folded name."""

    def __init__(self, nodes: Iterable[N], id_of: Callable[[N], str]) -> None:
        """Index the nodes; raises BrokenTree where they are no tree."""
        self.nodes: dict[str, N] = {}
        self._inside: dict[str | None, dict[str, str]] = {}
        for node in nodes:
            if id_of(node) in self.nodes:
                raise BrokenTree(f"{id_of(node)} occurs twice")
            self.nodes[id_of(node)] = node
        for id, node in self.nodes.items():
            self._check_parent(id, node)
            self._put(id, node)
        if sum(1 for _ in self.below(None)) != len(self.nodes):
            raise BrokenTree("folders lie inside each other in a circle")

    def inside(self, folder: str | None) -> dict[str, str]:
        """Return the direct children of a folder: ids by folded name."""
        return self._inside.get(folder, {})

    def child(self, folder: str | None, name: str) -> N | None:
        """Return the node of that name (as Dropbox compares names) in a folder."""
        id = self.inside(folder).get(fold(name))
        return None if id is None else self.nodes[id]

    def below(self, folder: str | None) -> Iterator[str]:
        """Yield the ids of everything below a folder, each after its own folder."""
        waiting = [folder]
        while waiting:
            ids = self.inside(waiting.pop()).values()
            yield from ids
            waiting.extend(ids)

    def above(self, id: str) -> Iterator[str]:
        """Yield the ids of the folders above a node, the nearest first."""
        parent = self.nodes[id].parent
        while parent is not None:
            yield parent
            parent = self.nodes[parent].parent

    def path(self, id: str) -> str:
        """Return the path of a node, with the names as written."""
        names = [self.nodes[id].name, *(self.nodes[folder].name for folder in self.above(id))]
        return "/" + "/".join(reversed(names))

    def at(self, path: str) -> N | None:
        """Return the node at a path, as Dropbox compares names."""
        here: str | None = None
        for name in path.split("/")[1:]:
            here = self.inside(here).get(fold(name))
            if here is None:
                return None
        return None if here is None else self.nodes[here]

    def _check_parent(self, id: str, node: N) -> None:
        if node.parent is None:
            return
        parent = self.nodes.get(node.parent)
        if parent is None:
            raise BrokenTree(f"the folder of {id} is missing")
        if parent.content is not None:
            raise BrokenTree(f"{id} lies inside a file")

    def _put(self, id: str, node: N) -> None:
        inside = self._inside.setdefault(node.parent, {})
        if inside.setdefault(fold(node.name), id) != id:
            raise BrokenTree(f"{id} has the name of {inside[fold(node.name)]}")


class DesiredTree(NodeIndex[Desired]):
    """What the Dropbox should hold; immutable."""

    def __init__(self, nodes: Iterable[Desired]) -> None:
        """Index the nodes, with the names in Unicode's composed form, as Dropbox keeps them."""
        super().__init__(map(_composed, nodes), lambda node: node.identity)
        deleted = self.child(None, DELETED)
        if deleted is not None and (deleted.content is not None or self.inside(deleted.identity)):
            raise BrokenTree(f"{DELETED} is the folder of what is no longer desired, and holds nothing else")
        self._paths: dict[str | None, str] = {None: ""}

    def downwards(self) -> list[Desired]:
        """Return all nodes, each after its folder; the order depends on names only."""
        order: list[Desired] = []
        waiting: list[str | None] = [None]
        while waiting:
            inside = self.inside(waiting.pop())
            nodes = [self.nodes[inside[key]] for key in sorted(inside)]
            order.extend(nodes)
            waiting.extend(node.identity for node in reversed(nodes) if node.content is None)
        return order

    def path(self, id: str) -> str:
        """Return the path of a node; folders' paths are cached."""
        node = self.nodes[id]
        if node.content is not None:
            return f"{self._folder_path(node.parent)}/{node.name}"
        return self._folder_path(id)

    def _folder_path(self, id: str | None) -> str:
        unknown: list[str] = []
        while id is not None and id not in self._paths:
            unknown.append(id)
            id = self.nodes[id].parent
        path = self._paths[id]
        for folder in reversed(unknown):
            path = self._paths[folder] = f"{path}/{self.nodes[folder].name}"
        return path


class RemoteTree(NodeIndex[Remote]):
    """What the Dropbox holds; changed by the steps of a plan."""

    def __init__(self, nodes: Iterable[Remote]) -> None:
        """Index the nodes; raises BrokenTree also where an identity occurs twice."""
        super().__init__(nodes, lambda node: node.key)
        self._by_identity: dict[str, str] = {}
        for node in self.nodes.values():
            if (
                node.identity is not None
                and self._by_identity.setdefault(node.identity, node.key) != node.key
            ):
                raise BrokenTree(f"{node.identity} occurs twice")

    def of(self, identity: str) -> Remote | None:
        """Return the node that has an identity."""
        key = self._by_identity.get(identity)
        return None if key is None else self.nodes[key]

    def deleted_folder(self) -> Remote | None:
        """Return the folder of deleted files, ours or the user's."""
        found = self.child(None, DELETED)
        return found if found is not None and found.content is None else None

    def is_deleted(self, key: str) -> bool:
        """Return whether a node is below the folder of deleted files."""
        deleted = self.deleted_folder()
        return deleted is not None and deleted.key in self.above(key)

    def add(self, node: Remote) -> None:
        """Add a new node; its name must be free and its folder must exist."""
        self._check_parent(node.key, node)
        self._put(node.key, node)
        self.nodes[node.key] = node
        if node.identity is not None:
            self._by_identity[node.identity] = node.key

    def move(self, key: str, *, parent: str | None, name: str) -> None:
        """Move a node, with everything below it, to a free name in a folder."""
        node = self.nodes[key]
        moved = replace(node, parent=parent, name=name)
        self._take(node)
        self._put(key, moved)
        self.nodes[key] = moved

    def remove(self, key: str) -> None:
        """Remove a node, with everything below it."""
        gone = [key, *self.below(key)]
        self._take(self.nodes[key])
        for each in gone:
            node = self.nodes.pop(each)
            self._inside.pop(each, None)
            if node.identity is not None:
                del self._by_identity[node.identity]

    def own(self, key: str, identity: str | None) -> None:
        """Give a node an identity, or none; it does not count as changed by the user any more."""
        node = self.nodes[key]
        if node.identity is not None:
            del self._by_identity[node.identity]
        if identity is not None:
            if identity in self._by_identity:
                raise BrokenTree(f"{identity} would occur twice")
            self._by_identity[identity] = key
        self.nodes[key] = replace(node, identity=identity, is_changed=False)

    def write(self, key: str, *, content: Content, rev: str) -> None:
        """Replace the content of a file."""
        self.nodes[key] = replace(self.nodes[key], content=content, rev=rev, is_changed=False)

    def fresh_key(self, wanted: str) -> str:
        """Return an unused key for a new node."""
        while wanted in self.nodes:
            wanted += "+"
        return wanted

    def _take(self, node: Remote) -> None:
        inside = self._inside[node.parent]
        del inside[fold(node.name)]
        if not inside:
            del self._inside[node.parent]


def _composed(node: Desired) -> Desired:
    """Return the node with its name in composed form."""
    if not node.name or "/" in node.name:
        raise BrokenTree(f"{node.identity} has a name that cannot be")
    name = clean(node.name)
    return node if name == node.name else replace(node, name=name)
