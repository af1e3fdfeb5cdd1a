"""Applies a listing, or the changes since a cursor, to the rows of the remote tree. Pure: rows in, rows out.

Entries are followed in their order. A row is recognised by Dropbox's id wherever it turns up again; so a renamed
folder stays the row it was, and what is not found again by the end of the reading is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.dropbox_api import mtime_signature
from minno_dashboard.mirror.dropbox_api.port import Entry
from minno_dashboard.mirror.planner.model import DELETED, SHARED, STUDIES

OUR_FOLDERS = frozenset({fold(STUDIES), fold(SHARED)})


@dataclass(slots=True, eq=False)
class Known:
    """One row of the remote tree in memory; `pk` is None until it is stored. A lost row has no place."""

    pk: int | None
    parent: Known | None
    name: str
    key: str
    is_folder: bool
    dropbox_id: str = ""
    rev: str = ""
    hash: str = ""
    size: int = 0
    identity: str | None = None
    is_changed: bool = False
    is_lost: bool = False
    children: dict[str, Known] = field(default_factory=dict)


@dataclass
class Drift:
    """Result of a replay: identities to plan again, and how many of our files are gone."""

    doubts: set[str] = field(default_factory=set)
    files_gone: int = 0
    files_before: int = 0


class Replay:
    """The remote tree while entries are applied."""

    def __init__(self, rows: Iterable[Known]) -> None:
        """Take rows whose `parent` is set; children are derived from it."""
        self.top: dict[str, Known] = {}
        self.rows: list[Known] = list(rows)
        self._by_id: dict[str, Known] = {}
        self._lost_at: dict[str, Known] = {}
        self._latest: dict[int, tuple[Known, Entry]] = {}
        self._before: dict[int, tuple[Known | None, str]] = {}
        self._expected: dict[str, tuple[str, str, int]] = {}
        self._damaged: set[str] = set()
        self._moved: list[Known] = []
        self._by_identity = {row.identity: row for row in self.rows if row.identity is not None}
        for row in self.rows:
            (self.top if row.parent is None else row.parent.children)[row.key] = row
            self._before[id(row)] = (row.parent, row.name)
            if row.dropbox_id:
                self._by_id[row.dropbox_id] = row
        self._was_deleted = self._below(self.top.get(fold(DELETED)))

    def _below(self, top: Known | None) -> set[int]:
        found: set[int] = set()
        waiting = [] if top is None else [top]
        while waiting:
            row = waiting.pop()
            found.add(id(row))
            waiting.extend(row.children.values())
        return found

    def forget_all(self) -> None:
        """Begin a listing of everything: every row counts as gone until it is listed."""
        for row in list(self.top.values()):
            self._lose(row, f"/{row.key}")

    def follow(self, entries: Iterable[Entry]) -> None:
        """Apply entries in their order."""
        for entry in entries:
            path = fold(entry.path_lower)
            if entry.kind == "deleted":
                row = self.at(path)
                if row is not None:
                    self._lose(row, path)
            else:
                self._place(entry, path)

    def at(self, path: str) -> Known | None:
        """Return the row at a folded path."""
        inside, row = self.top, None
        for key in path.split("/")[1:]:
            row = inside.get(key)
            if row is None:
                return None
            inside = row.children
        return row

    def is_in_our_place(self, entry: Entry) -> bool:
        """Return whether an entry, not applied yet, is ours by Dropbox's id or lies in a folder of ours."""
        row = self._by_id.get(entry.id)
        if row is not None and row.identity is not None:
            return True
        above = fold(entry.path_lower).rpartition("/")[0]
        while above:
            folder = self.at(above)
            if folder is not None:
                return folder.identity is not None
            above = above.rpartition("/")[0]
        # An empty database knows no folder; what it finds under our fixed names another Dashboard put there.
        return fold(entry.path_lower).split("/")[1] in OUR_FOLDERS

    def expect(self, identity: str, path: str, hash: str, size: int) -> None:
        """Announce, before entries are applied, what an interrupted call of ours may have written where."""
        self._expected[fold(path)] = (identity, hash, size)

    def moved(self, pks: Collection[int]) -> None:
        """Announce, before entries are applied, which folders we moved: entries must list all of their content."""
        self._moved += [row for row in self.rows if row.pk in pks]

    def moved_folders(self) -> list[int]:
        """Return the known folders that the entries list elsewhere."""
        return [row.pk for row in self._moved if row.pk is not None and not row.is_lost]

    def is_untold(self) -> bool:
        """Return whether the entries omit a child of a moved folder: it was deleted earlier, so everything must be listed.

        Of what is moved, Dropbox tells anew, at its new place; the removal of what had been in it at the old place
        goes down in that of the folder itself.
        """
        waiting = [row for row in self._moved if not row.is_lost]
        while waiting:
            children = waiting.pop().children.values()
            if any(id(row) not in self._latest for row in children):
                return True
            waiting += [row for row in children if row.is_folder]
        return False

    def _recognise(self, row: Known, entry: Entry, path: str) -> None:
        """Give a row the identity whose content an interrupted call wrote at this path.

        Other bytes of the same size under the mark of ours are ours too, damaged on the way.
        """
        identity, hash, size = self._expected.get(path, ("", "", 0))
        if not identity or entry.size != size:
            return
        if entry.content_hash != hash:
            if not mtime_signature.is_marked(entry.modified, hash):
                return
            self._damaged.add(identity)
            hash = entry.content_hash
        if row.identity is None:
            other = self._by_identity.get(identity)
            if other is not None:
                other.identity = None
            row.identity = identity
            self._by_identity[identity] = row
        if row.identity == identity:
            row.hash, row.size, row.is_changed = hash, size, False

    def _recognise_moved(self) -> None:
        """Recognise files that an interrupted call wrote and the user moved before we read the Dropbox.

        It is new, of the same bytes, and has the same name or bears the mark of ours.
        """
        new: dict[tuple[str, int], list[Known]] = defaultdict(list)
        for row in self.rows:
            if row.pk is None and row.identity is None and not row.is_lost and not row.is_folder:
                new[row.hash, row.size].append(row)
        for path, (identity, hash, size) in self._expected.items():
            owner = self._by_identity.get(identity)
            if owner is not None and owner.identity == identity and not owner.is_lost:
                continue
            found = new.get((hash, size), [])
            name = path.rpartition("/")[2]
            same = [one for one in found if one.key == name] or [one for one in found if self._is_marked(one)]
            if same:
                found.remove(same[0])
                if owner is not None:
                    owner.identity = None
                same[0].identity = identity
                self._by_identity[identity] = same[0]
                self._before[id(same[0])] = (None, "")  # not where we put it: looked at again

    def _is_marked(self, row: Known) -> bool:
        _, entry = self._latest[id(row)]
        return mtime_signature.is_marked(entry.modified, entry.content_hash)

    def conclude(self) -> Drift:
        """Compare content and places with those before, and return what is no longer as we left it."""
        self._recognise_moved()
        drift = Drift(doubts=set(self._damaged))
        for row, entry in self._latest.values():
            self._compare(row, entry)
        for row in self.rows:
            if row.identity is None:
                continue
            counts = not row.is_folder and id(row) not in self._was_deleted
            drift.files_before += counts
            if row.is_lost:
                drift.doubts.add(row.identity)
                drift.files_gone += counts
            elif row.is_changed or self._before.get(id(row), (row.parent, row.name)) != (
                row.parent,
                row.name,
            ):
                drift.doubts.add(row.identity)
        return drift

    def _compare(self, row: Known, entry: Entry) -> None:
        if row.is_folder:
            return
        if (row.hash, row.size) != (entry.content_hash, entry.size):
            row.is_changed = row.identity is not None
            row.hash, row.size = entry.content_hash, entry.size
        row.rev = entry.rev

    def _place(self, entry: Entry, path: str) -> None:
        is_folder = entry.kind == "folder"
        above, _, key = path.rpartition("/")
        there = self.at(path)
        row = self._by_id.get(entry.id)
        if row is None:
            row = self._nameless(there, path, is_folder)
        if row is None:
            row = Known(None, None, entry.name, key, is_folder, is_lost=True)
            self.rows.append(row)
        if there is not None and there is not row:
            self._lose(there, path)
        parent = self._folder(above)
        if row.is_lost or row.parent is not parent or row.key != key:
            if row.is_folder and not row.is_lost:
                self._moved.append(row)
            self._take_out(row)
            row.parent, row.key, row.is_lost = parent, key, False
            (self.top if parent is None else parent.children)[key] = row
            self._lost_at.pop(path, None)
        row.name, row.dropbox_id = entry.name, entry.id
        self._by_id[entry.id] = row
        if row.is_folder != is_folder:
            row.is_folder = is_folder
        self._latest[id(row)] = (row, entry)
        if row.pk is None and not row.hash and not is_folder:
            row.hash, row.size = entry.content_hash, entry.size
        self._recognise(row, entry, path)

    def _nameless(self, there: Known | None, path: str, is_folder: bool) -> Known | None:
        """Return the row at this place, or lost from it, whose Dropbox id is not known yet."""
        for row in (there, self._lost_at.get(path)):
            if row is not None and not row.dropbox_id and row.is_folder == is_folder:
                return row
        return None

    def _folder(self, path: str) -> Known | None:
        """Return the folder at a path; one without an entry is added without an id."""
        if not path:
            return None
        row = self.at(path)
        if row is None or not row.is_folder:
            above, _, key = path.rpartition("/")
            if row is not None:
                self._lose(row, path)
            row = self._nameless(None, path, True) or Known(None, None, key, key, True, is_lost=True)
            if row.pk is None and row not in self.rows:
                self.rows.append(row)
            parent = self._folder(above)
            row.parent, row.key, row.is_lost = parent, key, False
            (self.top if parent is None else parent.children)[key] = row
        return row

    def _take_out(self, row: Known) -> None:
        if not row.is_lost:
            (self.top if row.parent is None else row.parent.children).pop(row.key, None)

    def _lose(self, row: Known, path: str) -> None:
        """Take out a row with everything below it; each may be found again by its id."""
        self._take_out(row)
        waiting = [(row, path)]
        while waiting:
            lost, at = waiting.pop()
            lost.is_lost = True
            if not lost.dropbox_id:
                self._lost_at[at] = lost
            waiting.extend((child, f"{at}/{key}") for key, child in lost.children.items())
            lost.children = {}


def depth_first(rows: Sequence[Known]) -> list[Known]:
    """Return rows so that each comes after its folder."""
    depths: dict[int, int] = {}

    def depth(row: Known) -> int:
        if id(row) not in depths:
            depths[id(row)] = 0 if row.parent is None else depth(row.parent) + 1
        return depths[id(row)]

    return sorted(rows, key=depth)
