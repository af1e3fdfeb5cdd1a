"""Sorts and checks the entries of a listing; contradictory ones are asked for one by one.

Nothing promises that entries come once and in order. An old one that comes after its successor would make our own
text look like the user's, and the user's like ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from minno_dashboard.core.names import fold
from minno_dashboard.mirror.dropbox_api.port import Entry, Port
from minno_dashboard.mirror.known.rows import path_of, row_at
from minno_dashboard.mirror.models import Link, RemoteNode

MAX_ENTRIES_COMPARED = 40
"""Of longer listings only entries that contradict each other are in doubt."""
MAX_ASKED = 20
"""With more paths in doubt than this, the last entry of each path counts."""


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return the last entry of each path: deletions first, then folders before their content."""
    last = {fold(entry.path_lower): entry for entry in entries}
    return sorted(last.values(), key=lambda entry: (entry.kind != "deleted", entry.path_lower.count("/")))


def contradictory(entries: Iterable[Entry]) -> set[str]:
    """Return the folded paths whose entries disagree, and those at which one id occurs twice."""
    states: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    places: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        path = fold(entry.path_lower)
        states[path].add((entry.kind, entry.id, entry.rev, entry.name if entry.kind != "deleted" else ""))
        if entry.id:
            places[entry.id].add(path)
    found = {path for path, told in states.items() if len(told) > 1}
    return found.union(*(paths for paths in places.values() if len(paths) > 1))


def confirmed(link: Link, port: Port, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries in order, the contradictory ones as Dropbox's metadata call answers them now."""
    doubtful = contradictory(entries)
    if len(entries) <= MAX_ENTRIES_COMPARED:
        doubtful |= against_ours(link, entries)
    if not doubtful or len(doubtful) > MAX_ASKED:
        return in_order(entries)
    certain = [entry for entry in entries if fold(entry.path_lower) not in doubtful]
    return in_order([*certain, *(_ask(port, path) for path in sorted(doubtful))])


def _ask(port: Port, path: str) -> Entry:
    found = port.get_metadata(path)
    return found or Entry("deleted", path.rpartition("/")[2], path)


def against_ours(link: Link, entries: Sequence[Entry]) -> set[str]:
    """Return the folded paths of entries by which one of our files or folders is gone, moved or changed."""
    rows = RemoteNode.objects.filter(link=link, identity__isnull=False)
    by_id = {row.dropbox_id: row for row in rows.filter(dropbox_id__in=[one.id for one in entries if one.id])}
    found: set[str] = set()
    for entry in entries:
        path = fold(entry.path_lower)
        there, row = row_at(link, path), by_id.get(entry.id)
        if row is not None and row != there:
            found |= {path, path_of(row)}
        elif there is not None and there.identity is not None and not _agrees(there, entry):
            found.add(path)
    return found


def _agrees(row: RemoteNode, entry: Entry) -> bool:
    if row.is_folder or entry.kind != "file":
        return entry.kind == "folder" and row.dropbox_id in ("", entry.id)
    return (row.dropbox_id, row.content_hash, row.size) == (entry.id, entry.content_hash, entry.size)
