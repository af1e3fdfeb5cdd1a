"""Pairs of trees that have something to do with each other: one random tree, changed twice."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from unicodedata import normalize

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner.model import DELETED, Content, Desired, Policy, Remote
from minno_dashboard.mirror.planner.tree import RemoteTree
from tests.mirror.engine.rig import TODAY, content

NAMES = [
    *("a", "b", "c", "d", "e", "A", "B", "img", "IMG", "a.js", "A.JS", "b.js", "c.min.js", ".hidden"),
    *(
        "é",
        normalize("NFD", "é"),
        "É",
        "ß",
        "ẞ",
        "İ",
        "i",
        "ı",
        "ς",
        "σ",
        "Σ",
        "😀",
        "👩\u200d🔬.js",
        "שלום",
        "שלום.js",
    ),
    *("Studies", "Deleted", f"a (changed in Dropbox {TODAY})", f"a (changed in Dropbox {TODAY}).js"),
    *(f"{TODAY} a", f"{TODAY} a.js", "a (2)"),
]
LETTERS = "uvwxyz"


@dataclass(frozen=True)
class Leaf:
    """A node of the tree in the making."""

    parent: int | None
    name: str
    content: Content | None


class Sapling:
    """A tree that can be changed at random without ever being none."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.nodes: dict[int, Leaf] = {}
        self.origins: dict[int, int] = {}
        self.serial = 0

    def copy(self) -> Sapling:
        twin = Sapling(self.chance)
        twin.nodes, twin.serial = dict(self.nodes), self.serial
        return twin

    def folders(self) -> list[int | None]:
        return [None, *(id for id, leaf in self.nodes.items() if leaf.content is None)]

    def below(self, id: int) -> set[int]:
        found = {id}
        while more := {each for each, leaf in self.nodes.items() if leaf.parent in found} - found:
            found |= more
        return found

    def is_free(self, parent: int | None, name: str, besides: int | None = None) -> bool:
        return not any(
            leaf.parent == parent and fold(leaf.name) == fold(name) and id != besides
            for id, leaf in self.nodes.items()
        )

    def put(self, id: int, parent: int | None, name: str) -> None:
        if parent not in (self.below(id) if id in self.nodes else ()) and self.is_free(parent, name, id):
            self.nodes[id] = replace(self.nodes[id], parent=parent, name=name)

    def any_content(self) -> Content | None:
        return content(self.chance.choice(LETTERS)) if self.chance.random() < 0.6 else None

    def any_name(self) -> str:
        return self.chance.choice(NAMES)

    def keep_names_possible(self) -> None:
        """Give nodes other names where the name is that of the folder of deleted things, and compose all names."""
        for id, leaf in self.nodes.items():
            at_top = leaf.parent is None and fold(leaf.name) == fold(DELETED)
            name = f"{leaf.name} {id}" if at_top else leaf.name
            self.nodes[id] = replace(leaf, name=normalize("NFC", name))

    def change(self, times: int) -> None:
        """Change the tree in so many ways."""
        ways = (
            [self.add] * 4
            + [self.rename] * 3
            + [self.move] * 4
            + [self.edit, self.edit, self.delete, self.swap, self.swap, self.rotate, self.invert, self.flip]
            + [self.recase, self.replace]
        )
        for _ in range(times):
            self.chance.choice(ways)()

    def grow(self, nodes: int) -> None:
        for _ in range(nodes):
            self.add()

    def add(self) -> None:
        parent, name = self.chance.choice(self.folders()), self.any_name()
        if self.is_free(parent, name):
            self.serial += 1
            self.nodes[self.serial] = Leaf(parent, name, self.any_content())

    def some(self, count: int) -> list[int]:
        return self.chance.sample(sorted(self.nodes), min(count, len(self.nodes)))

    def rename(self) -> None:
        for id in self.some(1):
            self.put(id, self.nodes[id].parent, self.any_name())

    def move(self) -> None:
        for id in self.some(1):
            name = self.any_name() if self.chance.random() < 0.3 else self.nodes[id].name
            self.put(id, self.chance.choice(self.folders()), name)

    def edit(self) -> None:
        for id in self.some(1):
            if self.nodes[id].content is not None:
                self.nodes[id] = replace(self.nodes[id], content=content(self.chance.choice(LETTERS)))

    def delete(self) -> None:
        for id in self.some(1):
            for each in self.below(id):
                del self.nodes[each]

    def replace(self) -> None:
        """Something else takes the place of a node."""
        for id in self.some(1):
            leaf = self.nodes[id]
            for each in self.below(id):
                del self.nodes[each]
            self.serial += 1
            kept = self.chance.random() < 0.5
            self.nodes[self.serial] = replace(leaf, content=leaf.content if kept else self.any_content())

    def swap(self) -> None:
        self._turn(self.some(2))

    def rotate(self) -> None:
        self._turn(self.some(3))

    def _turn(self, ids: list[int]) -> None:
        """Each takes the place of the next."""
        if any(a != b and a in self.below(b) for a in ids for b in ids):
            return
        places = [(self.nodes[id].parent, self.nodes[id].name) for id in ids]
        for id, (parent, name) in zip(ids, places[1:] + places[:1], strict=True):
            self.nodes[id] = replace(self.nodes[id], parent=parent, name=name)

    def invert(self) -> None:
        """a/b becomes b/a."""
        for id in self.some(1):
            outer = self.nodes[id].parent
            if outer is None or self.nodes[id].content is not None:
                continue
            over, under = self.nodes[outer], self.nodes[id]
            if self.is_free(over.parent, under.name, outer) and self.is_free(id, over.name):
                self.nodes[id] = replace(under, parent=over.parent)
                self.nodes[outer] = replace(over, parent=id)

    def flip(self) -> None:
        """A file becomes a folder, or the other way."""
        for id in self.some(1):
            for each in self.below(id) - {id}:
                del self.nodes[each]
            leaf = self.nodes[id]
            self.nodes[id] = replace(leaf, content=content("u") if leaf.content is None else None)

    def recase(self) -> None:
        for id in self.some(1):
            leaf = self.nodes[id]
            self.put(
                id, leaf.parent, leaf.name.swapcase() if self.chance.random() < 0.5 else leaf.name.upper()
            )


@dataclass(frozen=True)
class Case:
    """One pair of trees, and what the user chose."""

    desired: list[Desired]
    remote: list[Remote]
    policy: Policy


def random_case(chance: random.Random) -> Case:
    """Make a pair of trees."""
    base = Sapling(chance)
    base.grow(chance.choice((0, 3, 6, 10, 16)))
    ours, theirs = base.copy(), base.copy()
    ours.serial += 1000
    theirs.serial += 2000
    ours.change(chance.randint(0, 8))
    theirs.change(chance.randint(0, 8))
    if chance.random() < 0.3:
        copy_a_folder(ours)
    return Case(
        desired=_desired(ours),
        remote=_remote(theirs, base),
        policy=Policy(today=TODAY, keep_deleted=chance.random() < 0.6),
    )


def copy_a_folder(tree: Sapling) -> None:
    """Duplicate a folder with all below it; a little may be changed in the copy."""
    for top in tree.some(1):
        leaf = tree.nodes[top]
        name = f"{leaf.name} again"
        if leaf.content is not None or not tree.is_free(leaf.parent, name):
            return
        twins: dict[int, int] = {}
        for id in sorted(tree.below(top)):
            tree.serial += 1
            twins[id] = tree.serial
        for id, twin in twins.items():
            old = tree.nodes[id]
            parent = leaf.parent if id == top else twins[old.parent or 0]
            tree.nodes[twin] = replace(old, parent=parent, name=name if id == top else old.name)
            tree.origins[twin] = id
        if tree.chance.random() < 0.4:
            tree.change(1)


def as_desired(tree: Sapling) -> list[Desired]:
    """Return the nodes of a tree as desired ones."""
    nodes = []
    for id, leaf in tree.nodes.items():
        parent = None if leaf.parent is None else f"n{leaf.parent}"
        origin = f"n{tree.origins[id]}" if id in tree.origins else None
        nodes.append(Desired(f"n{id}", parent, leaf.name, leaf.content, origin))
    return nodes


def _desired(tree: Sapling) -> list[Desired]:
    tree.keep_names_possible()
    nodes = as_desired(tree)
    for index in tree.chance.sample(range(len(nodes)), len(nodes) // 4):
        nodes[index] = replace(nodes[index], name=normalize("NFD", nodes[index].name))
    if tree.chance.random() < 0.3:
        nodes.append(Desired("folder:deleted", None, DELETED))
    tree.chance.shuffle(nodes)
    return nodes


def _remote(tree: Sapling, base: Sapling) -> list[Remote]:
    chance = tree.chance
    if chance.random() < 0.4:
        _bury(tree)
    rows = []
    theirs = chance.choice((0, 0, 0.1, 0.3, 0.9))
    changed = chance.choice((0, 0, 0.2))
    for id, leaf in tree.nodes.items():
        was_there = id in base.nodes
        identity = f"n{id}" if chance.random() >= (theirs if was_there else 0.7) else None
        is_changed = identity is not None and leaf.content is not None and chance.random() < changed
        held = leaf.content if not is_changed or chance.random() < 0.3 else content(chance.choice("UVW"))
        parent = None if leaf.parent is None else f"k{leaf.parent}"
        name = normalize("NFC", leaf.name)
        if parent is None and fold(name) == fold(DELETED) and held is None and chance.random() < 0.5:
            identity = "folder:deleted"
        rows.append(Remote(f"k{id}", parent, name, held, "?", identity, is_changed))
    chance.shuffle(rows)
    RemoteTree(rows)
    return rows


def _bury(tree: Sapling) -> None:
    """Move something to the folder of deleted things."""
    home = next(
        (id for id, n in tree.nodes.items() if n.parent is None and fold(n.name) == fold(DELETED)), None
    )
    if home is None:
        tree.serial += 1
        home = tree.serial
        tree.nodes[home] = Leaf(None, DELETED, None)
    if tree.nodes[home].content is None:
        for id in tree.some(2):
            tree.put(id, home, f"{TODAY} {tree.nodes[id].name}")
