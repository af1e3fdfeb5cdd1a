"""A tiny Dropbox of the tests' own: a flat table of paths that refuses what Dropbox refuses.

It shares nothing with the planner, not even how names are compared (that is the simulator's).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from dropbox_simulator.lowercase import dropbox_lower
from minno_dashboard.mirror.planner.model import Content


class ModelRefusal(Exception):
    """Dropbox would answer this call with an error."""


@dataclass(frozen=True)
class ModelEntry:
    """One file or folder; the path is as written, the id survives moves."""

    id: int
    path: str
    content: Content | None = None
    rev: str = ""


class Dropbox:
    """One app folder."""

    def __init__(self) -> None:
        self.entries: dict[str, ModelEntry] = {}
        self.removed: list[ModelEntry] = []
        self.calls = 0
        self._serial = 0

    def listing(self) -> list[ModelEntry]:
        """Everything there is, each after its folder."""
        return [self.entries[lower] for lower in sorted(self.entries)]

    def get(self, path: str) -> ModelEntry | None:
        return self.entries.get(dropbox_lower(path))

    def put(self, path: str, content: Content | None) -> ModelEntry:
        """Let the user make a file or folder."""
        self._make_way(path)
        return self._enter(path, content)

    def upload(self, path: str, content: Content, *, replaces_rev: str) -> ModelEntry:
        self.calls += 1
        there = self.get(path)
        if there is not None:
            if there.content is None:
                raise ModelRefusal(f"conflict/folder: {path}")
            if there.content == content:
                return there
            if not replaces_rev or there.rev != replaces_rev:
                raise ModelRefusal(f"conflict/file: {path}")
            self._serial += 1
            written = replace(there, content=content, rev=f"r{self._serial}")
            self.entries[dropbox_lower(path)] = written
            return written
        if replaces_rev:
            raise ModelRefusal(f"what is to be replaced is gone: {path}")
        return self.put(path, content)

    def make_folder(self, path: str) -> ModelEntry:
        self.calls += 1
        if self.get(path) is not None:
            raise ModelRefusal(f"conflict: {path}")
        return self.put(path, None)

    def move(self, from_path: str, to_path: str) -> ModelEntry:
        self.calls += 1
        tree = self._relocatable(from_path, to_path)
        if dropbox_lower(from_path) == dropbox_lower(to_path):
            return tree[0]
        self._make_way(to_path)
        for entry in tree:
            del self.entries[dropbox_lower(entry.path)]
        for entry in tree:
            moved = replace(entry, path=to_path + entry.path[len(tree[0].path) :])
            self.entries[dropbox_lower(moved.path)] = moved
        return self.entries[dropbox_lower(to_path)]

    def copy(self, from_path: str, to_path: str) -> ModelEntry:
        self.calls += 1
        tree = self._relocatable(from_path, to_path)
        if dropbox_lower(from_path) == dropbox_lower(to_path):
            raise ModelRefusal(f"conflict: {to_path}")
        self._make_way(to_path)
        for entry in tree:
            self._enter(to_path + entry.path[len(tree[0].path) :], entry.content)
        return self.entries[dropbox_lower(to_path)]

    def delete(self, path: str, *, rev: str) -> None:
        self.calls += 1
        there = self.get(path)
        if there is None:
            raise ModelRefusal(f"not_found: {path}")
        if there.content is not None and there.rev != rev:
            raise ModelRefusal(f"conflict: another revision of {path}")
        for entry in self._tree(path):
            self.removed.append(self.entries.pop(dropbox_lower(entry.path)))

    def _relocatable(self, from_path: str, to_path: str) -> list[ModelEntry]:
        tree = self._tree(from_path)
        source, target = dropbox_lower(from_path), dropbox_lower(to_path)
        if not tree:
            raise ModelRefusal(f"from_lookup/not_found: {from_path}")
        if target.startswith(source + "/"):
            raise ModelRefusal(f"cant_move_folder_into_itself: {from_path} → {to_path}")
        if target in self.entries and target != source:
            raise ModelRefusal(f"to/conflict: {to_path}")
        return tree

    def _tree(self, path: str) -> list[ModelEntry]:
        lower = dropbox_lower(path)
        below = sorted(other for other in self.entries if other.startswith(lower + "/"))
        return [self.entries[each] for each in ([lower] if lower in self.entries else []) + below]

    def _make_way(self, path: str) -> None:
        """Make the folders above a path; their names are written as in the path only where they are new."""
        parts = path.split("/")
        for depth in range(2, len(parts)):
            above = "/".join(parts[:depth])
            there = self.get(above)
            if there is None:
                self._enter(above, None)
            elif there.content is not None:
                raise ModelRefusal(f"conflict/file_ancestor: {above}")

    def _enter(self, path: str, content: Content | None) -> ModelEntry:
        *above, name = path.split("/")
        folder = self.get("/".join(above))
        shown = f"{folder.path if folder else ''}/{name}"
        if dropbox_lower(shown) in self.entries:
            raise ModelRefusal(f"conflict: {path}")
        self._serial += 1
        rev = "" if content is None else f"r{self._serial}"
        entry = self.entries[dropbox_lower(shown)] = ModelEntry(self._serial, shown, content, rev)
        return entry


def refuse_meeting_paths(paths: Iterable[str]) -> None:
    """Refuse a batch as Dropbox does (`duplicated_or_nested_paths`)."""
    lowers = sorted(dropbox_lower(path) + "/" for path in paths)
    for one, next_one in pairwise(lowers):
        if next_one.startswith(one):
            raise ModelRefusal(f"duplicated_or_nested_paths: {one} and {next_one}")
