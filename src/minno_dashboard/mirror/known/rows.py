"""Stores the results of steps: the rows of the remote tree, by path and by identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from minno_dashboard.core.names import fold
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.mirror.dropbox_api.port import Entry
from minno_dashboard.mirror.models import Doubt, Link, RemoteNode
from minno_dashboard.mirror.planner.model import Desired


def parts(path: str) -> list[str]:
    """Return the names in a path that begins with a slash."""
    return [name for name in path.split("/") if name]


def row_at(link: Link, path: str) -> RemoteNode | None:
    """Return the known row at a path."""
    here: RemoteNode | None = None
    for name in parts(path):
        here = RemoteNode.objects.filter(link=link, parent=here, name_key=fold(name)).first()
        if here is None:
            return None
    return here


def path_of(row: RemoteNode) -> str:
    """Return the folded path of a row."""
    return "".join(f"/{one.name_key}" for one in _way_to(row))


def names_to(row: RemoteNode) -> list[str]:
    """Return the names of the folders above a row, and its own, as they are written in the Dropbox."""
    return [one.name for one in _way_to(row)]


def _way_to(row: RemoteNode) -> list[RemoteNode]:
    way: list[RemoteNode] = []
    here: RemoteNode | None = row
    while here is not None:
        way.append(here)
        here = here.parent
    return way[::-1]


def paths_of_folders(desired: Sequence[Desired]) -> dict[str, str]:
    """Return the identities of the desired folders by their folded paths."""
    by_identity = {node.identity: node for node in desired}
    known: dict[str, str] = {}

    def path(node: Desired) -> str:
        if node.identity not in known:
            above = "" if node.parent is None else path(by_identity[node.parent])
            known[node.identity] = f"{above}/{fold(node.name)}"
        return known[node.identity]

    return {path(node): node.identity for node in desired if node.content is None}


class RemoteRows:
    """The stored remote tree of one link while a plan is carried out; call every method in a fenced transaction."""

    def __init__(self, link: Link, desired: Sequence[Desired]) -> None:
        self.link = link
        self._folders = paths_of_folders(desired)
        self._ways: dict[str, RemoteNode] = {}

    def folders_to_come(self, paths: Sequence[str]) -> dict[str, str]:
        """Return identities by path of the folders above these paths that Dropbox will create by itself."""
        above: dict[str, str] = {}
        for path in paths:
            names = parts(path)[:-1]
            for length in range(len(names), 0, -1):
                folder = "/" + "/".join(names[:length])
                identity = self._folders.get(fold(folder))
                if identity is None or folder in above:
                    break
                above[folder] = identity
        there: set[str | None] = set()
        for portion in in_portions(above.values()):
            rows = RemoteNode.objects.filter(link=self.link, identity__in=portion)
            there.update(rows.values_list("identity", flat=True))
        return {folder: identity for folder, identity in above.items() if identity not in there}

    def own(self, pairs: Sequence[tuple[int, str | None]]) -> None:
        """Assign identities, or none, to rows; none of them counts as changed by the user any more."""
        for portion in in_portions(pairs):
            RemoteNode.objects.filter(pk__in=[pk for pk, _ in portion]).update(
                identity=None, is_changed=False
            )
            given = [RemoteNode(pk=pk, identity=identity) for pk, identity in portion if identity is not None]
            if given:
                RemoteNode.objects.bulk_update(given, ["identity"], batch_size=500)
        self._doubt_below({pk: identity for pk, identity in pairs if identity is not None})

    def _doubt_below(self, adopted: Mapping[int, str]) -> None:
        """Have everything with an identity below adopted folders planned again: no study leads there any more.

        A plan that is cut short right after the adoption would else be the last one to know of it.
        """
        doubts: set[str] = set()
        level = list(adopted)
        while level:
            below: list[int] = []
            for portion in in_portions(level, 500):
                rows = RemoteNode.objects.filter(parent__in=portion).values_list("pk", "identity")
                below += [pk for pk, _ in rows]
                doubts |= {identity for _, identity in rows if identity is not None}
            level = below
        doubts -= set(adopted.values())
        new = [Doubt(link=self.link, identity=identity) for identity in sorted(doubts)]
        Doubt.objects.bulk_create(new, ignore_conflicts=True, batch_size=500)

    def moved(self, pk: int, to_path: str, entry: Entry, *, aside: bool) -> None:
        """Move a row, with everything below it; a file gets the revision and content Dropbox answered.

        Content other than we knew is the user's, written before the move: the next plan puts it aside.
        """
        row = RemoteNode.objects.get(pk=pk)
        if not row.is_folder:
            self._compare(row, entry)
        row.parent = self._folder(parts(to_path)[:-1])
        row.name = parts(to_path)[-1]
        row.name_key = fold(row.name)
        row.dropbox_id = row.dropbox_id or entry.id
        if aside:
            row.identity, row.is_changed = None, False
        self._clear(row)
        row.save()
        self._ways.clear()

    def _compare(self, row: RemoteNode, entry: Entry) -> None:
        told = (entry.content_hash, entry.size)
        if (row.content_hash, row.size) != told and row.identity is not None:
            row.is_changed = True
            Doubt.objects.get_or_create(link=self.link, identity=row.identity)
        row.rev, (row.content_hash, row.size) = entry.rev, told

    def removed(self, pk: int) -> None:
        """Delete a row with everything below it."""
        RemoteNode.objects.filter(pk=pk).delete()
        self._ways.clear()

    def made(self, identity: str, path: str, entry: Entry) -> None:
        """Insert a new folder, or a copy of a file or folder."""
        parent = self._folder(parts(path)[:-1])
        RemoteNode.objects.filter(link=self.link, identity=identity).update(identity=None)
        row = RemoteNode(link=self.link, parent=parent, identity=identity)
        _fill(row, parts(path)[-1], entry)
        known = RemoteNode.objects.filter(link=self.link, parent=parent, name_key=row.name_key).first()
        if known is not None:
            row.pk = known.pk
        row.save()
        self._ways.clear()

    def written(self, files: Sequence[tuple[str, str, Entry]]) -> None:
        """Insert or update many files at once: identity, path, Dropbox's answer."""
        self._lay([parts(path)[:-1] for _, path, _ in files])
        rows: list[RemoteNode] = []
        for identity, path, entry in files:
            *above, name = parts(path)
            row = RemoteNode(link=self.link, parent=self._folder(above), identity=identity)
            _fill(row, name, entry)
            rows.append(row)
        known = self._known_at(rows)
        mine = RemoteNode.objects.filter(link=self.link, identity__in=[row.identity for row in rows])
        others = {row.pk for row in mine} - {row.pk for row in known.values()}
        if others:
            RemoteNode.objects.filter(pk__in=others).update(identity=None)
        for row in rows:
            if (at := known.get((row.parent_id, row.name_key))) is not None:
                row.pk = at.pk
        fields = [field.name for field in RemoteNode._meta.concrete_fields if not field.primary_key]
        RemoteNode.objects.bulk_update([row for row in rows if row.pk], fields, batch_size=100)
        RemoteNode.objects.bulk_create([row for row in rows if not row.pk], batch_size=500)

    def _known_at(self, rows: Sequence[RemoteNode]) -> dict[tuple[int | None, str], RemoteNode]:
        """Return the rows at these places, by folder and folded name."""
        found: dict[tuple[int | None, str], RemoteNode] = {}
        asked = {(row.parent_id, row.name_key) for row in rows}
        tops = RemoteNode.objects.filter(
            link=self.link, parent=None, name_key__in=[key for parent, key in asked if parent is None]
        )
        found.update(((None, row.name_key), row) for row in tops)
        for portion in in_portions([pair for pair in asked if pair[0] is not None], 500):
            there = RemoteNode.objects.filter(
                parent__in={parent for parent, _ in portion}, name_key__in={key for _, key in portion}
            )
            found.update(((row.parent_id, row.name_key), row) for row in there)
        return {place: row for place, row in found.items() if place in asked}

    def _clear(self, row: RemoteNode) -> None:
        """Delete the row known at a place, since Dropbox said that the place is free."""
        RemoteNode.objects.filter(link=self.link, parent=row.parent, name_key=row.name_key).exclude(
            pk=row.pk
        ).delete()

    def _folder(self, names: Sequence[str]) -> RemoteNode | None:
        """Return the row of a folder; missing ones are inserted, since Dropbox creates them by itself."""
        here: RemoteNode | None = None
        path = ""
        for name in names:
            path = f"{path}/{fold(name)}"
            if path not in self._ways:
                self._ways[path] = self._step(here, name, path)
            here = self._ways[path]
        return here

    def _lay(self, folders: Sequence[Sequence[str]]) -> None:
        """Find the rows of many folders, level by level, and insert the missing ones."""
        levels: dict[int, dict[str, tuple[str, str]]] = defaultdict(dict)
        for names in folders:
            path = ""
            for depth, name in enumerate(names):
                above, path = path, f"{path}/{fold(name)}"
                if path not in self._ways:
                    levels[depth][path] = (above, name)
        for depth in sorted(levels):
            rows = {
                path: RemoteNode(
                    link=self.link,
                    parent=self._ways.get(above),
                    name=name,
                    name_key=fold(name),
                    is_folder=True,
                    identity=self._folders.get(path),
                )
                for path, (above, name) in levels[depth].items()
            }
            known = self._known_at(list(rows.values()))
            self._ways |= {path: known.get((row.parent_id, row.name_key), row) for path, row in rows.items()}
            new = [row for row in rows.values() if (row.parent_id, row.name_key) not in known]
            there = RemoteNode.objects.filter(link=self.link, identity__in=[row.identity for row in new])
            taken = set(there.values_list("identity", flat=True))
            for row in new:
                row.identity = None if row.identity in taken else row.identity
            RemoteNode.objects.bulk_create(new, batch_size=500)

    def _step(self, parent: RemoteNode | None, name: str, path: str) -> RemoteNode:
        found = RemoteNode.objects.filter(link=self.link, parent=parent, name_key=fold(name)).first()
        if found is not None:
            return found
        identity = self._folders.get(path)
        if identity and RemoteNode.objects.filter(link=self.link, identity=identity).exists():
            identity = None
        return RemoteNode.objects.create(
            link=self.link,
            parent=parent,
            name=name,
            name_key=fold(name),
            is_folder=True,
            identity=identity or None,
        )


def _fill(row: RemoteNode, name: str, entry: Entry) -> None:
    row.name, row.name_key = entry.name or name, fold(name)
    row.is_folder = entry.kind == "folder"
    row.dropbox_id, row.rev = entry.id, entry.rev
    row.content_hash, row.size = entry.content_hash, entry.size
    row.is_changed = False
