"""Reads a Dropbox, everything or the changes since the cursor, and stores what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from minno_dashboard.core import clock
from minno_dashboard.core.names import fold
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files.models import Blob
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.dropbox_api import mtime_signature
from minno_dashboard.mirror.dropbox_api.port import Entry, Port
from minno_dashboard.mirror.errors import LookLater, ParkItem, Rescan
from minno_dashboard.mirror.known import journal_lag
from minno_dashboard.mirror.known.entry_checks import confirmed
from minno_dashboard.mirror.known.replay import Drift, Known, Replay, depth_first
from minno_dashboard.mirror.known.rows import parts, row_at
from minno_dashboard.mirror.link_fields import RunProgress
from minno_dashboard.mirror.models import Doubt, Intent, Link, RemoteNode
from minno_dashboard.mirror.planner.guard import Verdict
from minno_dashboard.mirror.planner.model import MARKER
from minno_dashboard.mirror.stored import RemovalQuestion

MAX_PAGE = 2000
MIN_PAGE = 100
WRITTEN_HERE = ("README.txt", "MANIFEST.json", "verify.py", MARKER)
"""Names of files whose text we make ourselves; no database holds it."""
MAX_ENTRIES_LOOKED_UP = 40
"""So many entries are looked up one by one before the whole remote tree is read."""


@dataclass(frozen=True)
class Reading:
    """Result of a reading: when it began, and how many differences it found."""

    at: datetime
    doubts: int


class Ahead:
    """Pages of changes that were read while commits were under way, for the reading that follows them.

    Nobody is told of them before that reading; where the process dies they are read again.
    """

    def __init__(self) -> None:
        self._start = self._cursor = ""
        self._entries: list[Entry] = []

    def read(self, port: Port, start: str) -> None:
        """Read one more page of changes since the cursor `start`; uses no database, runs in the lanes."""
        if not start:
            return
        if self._start != start:
            self._start, self._cursor, self._entries = start, start, []
        page = port.list_more(self._cursor)
        self._entries += page.entries
        self._cursor = page.cursor

    def take(self, start: str) -> tuple[list[Entry], str]:
        """Return the pages read since the cursor `start`, and the cursor after them; they are returned once."""
        taken = (self._entries, self._cursor) if self._start == start else ([], start)
        self._start, self._cursor, self._entries = "", "", []
        return taken


def read_everything(link: Link, port: Port, lease: Lease) -> Reading:
    """List the whole Dropbox and store the differences. A missing app folder counts as empty."""
    at, entries, cursor = clock.now(), list[Entry](), ""
    promised = _promised(link)
    try:
        page = port.list_all(limit=link.learned.get("page", MAX_PAGE))
        entries, cursor = list(page.entries), page.cursor
        while page.has_more:
            lease.renew()
            page = port.list_more(cursor)
            entries += page.entries
            cursor = page.cursor
    except Rescan as error:
        if error.reason != "folder_gone":
            raise
        entries, cursor = [], ""
    _expect_our_last_write(link, port, lease, entries, is_listing=True)
    entries = confirmed(link, port, entries)
    with lease.fenced():
        replay = _load(link)
        newer = _newer(link, entries, replay)
        replay.forget_all()
        drift = _follow(link, replay, entries, promised)
        question = _question(link, drift, newer)
        _remember(link, cursor, {"listed_at": at, "needs_listing": not cursor, **question})
    return Reading(at, len(drift.doubts))


def read_changes(link: Link, port: Port, lease: Lease, ahead: Ahead) -> Reading:
    """Read the changes since the cursor and store them; our own commits are recognised and change nothing.

    Raises:
        Rescan: the cursor is of no use any more; everything must be listed.
        LookLater: the journal does not tell of our own last write yet; nothing was taken in.
    """
    if not link.cursor:
        raise Rescan("no_cursor", is_full=True)
    at, (entries, cursor) = clock.now(), ahead.take(link.cursor)
    promised = _promised(link)
    while True:
        try:
            page = port.list_more(cursor)
        except ParkItem as error:
            raise Rescan("cursor_refused", is_full=True) from error
        entries += page.entries
        cursor = page.cursor
        if not page.has_more:
            break
        lease.renew()
    _expect_our_last_write(link, port, lease, entries, is_listing=False)
    entries = confirmed(link, port, entries)
    with lease.fenced():
        drift, newer = Drift(), 0
        if not _is_all_known(link, entries):
            replay = _load(link)
            newer = _newer(link, entries, replay)
            drift = _follow(link, replay, entries, promised)
            if replay.is_untold():
                raise Rescan("untold", is_full=True)
        _remember(link, cursor, _question(link, drift, newer))
    return Reading(at, len(drift.doubts))


def _expect_our_last_write(
    link: Link, port: Port, lease: Lease, entries: Sequence[Entry], *, is_listing: bool
) -> None:
    """Check that the entries show our last write, or what somebody made of it since.

    Raises:
        LookLater: they are older.
    """
    last = link.last_write
    if last is None or journal_lag.is_told(last, entries, is_listing=is_listing):
        return
    if is_listing or journal_lag.tries(link.learned) >= journal_lag.ASK_DIRECTLY_AFTER:
        there = journal_lag.as_it_is(last["path"], port.get_metadata(last["path"]), last["at"])
        if there != last:
            with lease.fenced():
                Link.objects.filter(pk=link.pk).update(last_write=there)
            link.last_write = there
            if journal_lag.is_told(there, entries, is_listing=is_listing):
                return
        if journal_lag.is_too_old(last):
            return
    raise LookLater("lagging")


def look_at(link: Link, port: Port, lease: Lease, paths: Sequence[tuple[str | None, str]]) -> Reading:
    """Read the metadata of a few paths, where a call was refused as if they had changed; listings may be late.

    `paths` come with the identity that belongs there, if one does.
    """
    at, entries = clock.now(), dict[str, Entry]()
    expected: list[tuple[str, Entry]] = []
    for identity, path in dict.fromkeys(paths):
        for entry in (*_where_it_went(link, port, path), port.get_metadata(path)):
            if entry is not None:
                entries[entry.id] = entry
        there = next((one for one in entries.values() if fold(one.path_lower) == fold(path)), None)
        if there is None:
            entries[path] = Entry("deleted", path.rpartition("/")[2], fold(path))
        elif identity is not None and _is_our_own(there):
            expected.append((identity, there))
    with lease.fenced():
        replay = _load(link)
        for identity, there in expected:
            replay.expect(identity, there.path_lower, there.content_hash, there.size)
        drift = _follow(link, replay, entries.values(), ())
        Intent.objects.bulk_create(
            Intent(link=link, kind=Intent.MOVED, moved_row=pk, at=at) for pk in replay.moved_folders()
        )
        question = _question(link, drift, 0)
        if question:
            _update(link, question)
    return Reading(at, len(drift.doubts))


def _where_it_went(link: Link, port: Port, path: str) -> list[Entry]:
    """Find by Dropbox's id where the thing known at a path, or the highest folder above it, is now."""
    names = parts(path)
    for length in range(1, len(names) + 1):
        row = row_at(link, "/" + "/".join(names[:length]))
        if row is None:
            return []
        there = port.get_metadata(row.dropbox_id) if row.dropbox_id else None
        if there is not None and fold(there.path_lower) != fold("/" + "/".join(names[:length])):
            return [there]
    return []


def _is_our_own(entry: Entry) -> bool:
    """Return whether we wrote a file: it has our content and our signature in its time."""
    is_known = Blob.objects.filter(dropbox_hash=entry.content_hash).exists()
    return is_known and mtime_signature.is_marked(entry.modified, entry.content_hash)


def _newer(link: Link, entries: Sequence[Entry], replay: Replay) -> int:
    """Count the files that a newer database wrote: in our places, with our signature and content we never had.

    One of 240 files bears the mark by chance; so many as chance explains count for nothing.
    """
    known = {row.hash for row in replay.rows}
    files = [
        one
        for one in entries
        if one.kind == "file" and one.content_hash not in known and one.name not in WRITTEN_HERE
    ]
    files = [one for one in files if replay.is_in_our_place(one)]
    if not any(mtime_signature.is_marked(one.modified, one.content_hash) for one in files):
        return 0
    unknown = {one.content_hash for one in files}
    for intent in Intent.objects.filter(link=link).exclude(kind=Intent.MOVED):
        unknown -= {one["hash"] for one in intent.expected}
    for portion in in_portions(list(unknown), 500):
        stored = Blob.objects.filter(dropbox_hash__in=portion)
        unknown -= set(stored.values_list("dropbox_hash", flat=True))
    strange = [one for one in files if one.content_hash in unknown]
    marked = sum(mtime_signature.is_marked(one.modified, one.content_hash) for one in strange)
    return marked if mtime_signature.is_more_than_chance(marked, len(strange)) else 0


def _question(link: Link, drift: Drift, newer: int) -> RunProgress:
    """Return the fields that store what the user must be asked before anything is written."""
    removal = Verdict(drift.files_gone, drift.files_before)
    if newer:
        asked: RemovalQuestion = {"reason": "newer_in_dropbox", "removed": newer, "total": removal.total}
    elif removal.must_wait:
        asked = {
            "reason": "mass_removal_in_dropbox",
            "removed": removal.removed,
            "total": removal.total,
        }
    else:
        return {}
    before = link.removal_question
    if link.removal_answer and before and before["reason"] == asked["reason"]:
        return {}
    return {"removal_question": asked, "removal_answer": ""}


def _remember(link: Link, cursor: str, more: RunProgress) -> None:
    _update(link, {"cursor": cursor, "needs_reading": False, "last_write": None, **more})


def _update(link: Link, fields: RunProgress) -> None:
    for name, value in fields.items():
        setattr(link, name, value)
    Link.objects.filter(pk=link.pk).update(**fields)


def _is_all_known(link: Link, entries: Sequence[Entry]) -> bool:
    """Return whether every entry says only what we know, and no interrupted call is open."""
    if len(entries) > MAX_ENTRIES_LOOKED_UP or Intent.objects.filter(link=link).exists():
        return False
    return all(_is_known(link, entry) for entry in entries)


def _is_known(link: Link, entry: Entry) -> bool:
    row = row_at(link, entry.path_lower)
    if entry.kind == "deleted":
        return row is None
    if row is None or row.name != entry.name or row.is_folder != (entry.kind == "folder"):
        return False
    if row.is_folder and not row.dropbox_id:
        RemoteNode.objects.filter(pk=row.pk).update(dropbox_id=entry.id)
        return True
    told = (entry.id, entry.rev, entry.content_hash, entry.size)
    return (row.dropbox_id, row.rev, row.content_hash, row.size) == told


_KNOWN = (
    "name",
    "name_key",
    "is_folder",
    "dropbox_id",
    "rev",
    "content_hash",
    "size",
    "identity",
    "is_changed",
)
"""The columns of a row in the order of the fields of `Known`, behind its key and its folder."""


def _load(link: Link) -> Replay:
    """Read the whole remote tree into memory."""
    rows: dict[int, Known] = {}
    parents: dict[int, int | None] = {}
    found = RemoteNode.objects.filter(link=link).values_list("pk", "parent_id", *_KNOWN)
    for pk, parent_id, *told in found.iterator(chunk_size=5000):
        rows[pk] = Known(pk, None, *told)
        parents[pk] = parent_id
    for pk, row in rows.items():
        parent = parents[pk]
        row.parent = None if parent is None else rows[parent]
    return Replay(rows.values())


def _place(row: Known) -> tuple[object, ...]:
    """Return the place and the identity of a row."""
    parent = None if row.parent is None else id(row.parent)
    return (parent, row.name, row.key, row.is_folder, row.identity, row.is_lost)


_TOLD = ("dropbox_id", "rev", "content_hash", "size", "is_changed")


def _told(row: Known) -> tuple[object, ...]:
    """Return the other fields Dropbox sent for a row; a move changes the revision of every file below it."""
    return (row.dropbox_id, row.rev, row.hash, row.size, row.is_changed)


def _promised(link: Link) -> list[int]:
    """Return the ids of intents whose calls have ended (no asynchronous job), so that Dropbox must show them now."""
    return list(
        Intent.objects.filter(link=link, job__isnull=True).order_by("pk").values_list("pk", flat=True)
    )


def _follow(link: Link, replay: Replay, entries: Iterable[Entry], promised: Sequence[int]) -> Drift:
    """Apply entries and the intents of interrupted calls, and store the rows that differ."""
    before = [(row, _place(row), _told(row)) for row in replay.rows]
    for intent in Intent.objects.filter(pk__in=promised).order_by("pk"):
        if intent.moved_row is not None:
            replay.moved({intent.moved_row})
            continue
        for one in intent.expected:
            replay.expect(one["identity"], one["path"], one["hash"], one["size"])
    replay.follow(entries)
    drift = replay.conclude()
    here = [one for one in before if not one[0].is_lost]
    _store(link, replay, [row for row, place, _ in here if _place(row) != place])
    stay = [(row, told) for row, place, told in here if _place(row) == place]
    _store_what_was_told(link, [(row, told) for row, told in stay if _told(row) != told])
    doubts = [Doubt(link=link, identity=identity) for identity in sorted(drift.doubts)]
    Doubt.objects.bulk_create(doubts, ignore_conflicts=True, batch_size=500)
    Intent.objects.filter(pk__in=promised).delete()
    return drift


def _store(link: Link, replay: Replay, changed: list[Known]) -> None:
    """Save rows in an order in which no name or identity occurs twice meanwhile."""
    gone = [row.pk for row in replay.rows if row.is_lost and row.pk is not None]
    touched = [*gone, *(row.pk for row in changed if row.pk is not None)]
    for places in in_portions(touched):
        RemoteNode.objects.filter(pk__in=places).update(identity=None)
    for places in in_portions(touched, 500):
        aside = [RemoteNode(pk=pk, name_key=f"\x01{pk}") for pk in places]
        RemoteNode.objects.bulk_update(aside, ["name_key"], batch_size=250)
    new = [row for row in replay.rows if row.pk is None and not row.is_lost]
    _create(link, depth_first(new))
    fields = ["parent", "name", "name_key", "is_folder", "dropbox_id", "rev", "content_hash", "size", "identity", "is_changed"]  # fmt: skip
    for portion in in_portions(changed, 200):
        RemoteNode.objects.bulk_update([_node(link, row) for row in portion], fields, batch_size=100)
    for places in in_portions(gone):
        RemoteNode.objects.filter(pk__in=places).delete()


def _store_what_was_told(link: Link, rows: Sequence[tuple[Known, tuple[object, ...]]]) -> None:
    """Save the changed columns of rows that stay where they are."""
    fields = [
        name for at, name in enumerate(_TOLD) if any(_told(row)[at] != before[at] for row, before in rows)
    ]
    for portion in in_portions(rows, 500):
        RemoteNode.objects.bulk_update([_node(link, row) for row, _ in portion], fields, batch_size=250)


def _create(link: Link, rows: list[Known]) -> None:
    """Insert new rows level by level, so that each has its folder."""
    level: list[Known] = []
    for row in [*rows, None]:
        if level and (row is None or (row.parent is not None and row.parent.pk is None)):
            nodes = RemoteNode.objects.bulk_create([_node(link, one) for one in level], batch_size=500)
            for one, node in zip(level, nodes, strict=True):
                one.pk = node.pk
            level = []
        if row is not None:
            level.append(row)


def _node(link: Link, row: Known) -> RemoteNode:
    return RemoteNode(
        pk=row.pk,
        link=link,
        parent_id=None if row.parent is None else row.parent.pk,
        name=row.name,
        name_key=row.key,
        is_folder=row.is_folder,
        dropbox_id=row.dropbox_id,
        rev=row.rev,
        content_hash=row.hash,
        size=row.size,
        identity=row.identity,
        is_changed=row.is_changed,
    )
