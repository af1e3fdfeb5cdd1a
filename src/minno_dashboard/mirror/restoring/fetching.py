"""Reads one study from a Dropbox: its listing, its manifest and every content, checked against Dropbox's hash.

Small files come through a few lanes at once, large ones piece by piece; memory is that of the pieces under way. What
arrived is stored at once, so that a second try fetches only what is still missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from minno_dashboard.core import clock, names
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.names import fold
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.dropbox_api.port import Entry, Port
from minno_dashboard.mirror.errors import ParkItem, Rescan, Retry, RetryItem
from minno_dashboard.mirror.models import Restore
from minno_dashboard.mirror.restoring import inventory
from minno_dashboard.mirror.restoring.inventory import Told
from minno_dashboard.mirror.running import manifest
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.rebuilding import KeptVersion

Path = tuple[str, ...]
SMALL_BYTES = 1024 * 1024
LANES = 4
TRIES = 4
"""So often a content is asked for again at once where the line breaks, or where other bytes arrive."""
MAX_PROBLEMS = 200
NOTE_SECONDS = 1.0


class Stopped(Exception):
    """The worker stops; another continues the restore."""


@dataclass(frozen=True)
class ContentToFetch:
    """A content to fetch: its hash and size, and the revision at which it is found."""

    hash: str
    size: int
    rev: str


@dataclass
class Listing:
    """The content of a study's folder: files and folders of each version."""

    versions: dict[int, dict[Path, ContentToFetch]] = field(default_factory=dict)
    folders: dict[int, list[Path]] = field(default_factory=dict)


class Fetcher:
    """Reads for one restore; `problems` gets a sentence for each item that cannot be restored."""

    def __init__(self, port: Port, row: Restore, lease: Lease, is_stopping: Callable[[], bool]) -> None:
        self._port, self._row, self._lease, self._is_stopping = port, row, lease, is_stopping
        self._noted_at = 0.0
        self._damaged: set[str] = set()
        self.problems: list[str] = []

    # --- what there is ---

    def told(self) -> dict[str, Mapping[str, object]]:
        """Return what the manifests in the app folder say of the studies, by folded path."""
        heads = []
        for entry in self._pages("", recursive=False):
            if entry.kind == "file" and inventory.is_manifest(entry.name):
                try:
                    heads.append(manifest.read_head(self._port.download(entry.rev)))
                except (ParkItem, Rescan):
                    continue
        return inventory.told_studies(heads)

    def listing(self) -> Listing:
        """Return what the study's folder holds now.

        Raises:
            Rescan: it is gone.
        """
        entries = [one for one in self._pages(self._row.path, recursive=True) if one.kind != "deleted"]
        shown = {one.path_lower: one.name for one in entries}
        depth = self._row.path.count("/") + 1
        listing = Listing()
        for entry in sorted(entries, key=lambda one: one.path_lower):
            parts = entry.path_lower.split("/")
            ways = ("/".join(parts[: length + 1]) for length in range(depth, len(parts)))
            way = tuple(shown.get(one, one.rpartition("/")[2]) for one in ways)
            number = inventory.version_number(way[0]) if way else None
            if number is not None:
                self._take(listing, number, way[1:], entry)
        if not listing.versions:
            raise Rescan("not_found")
        self._count(listing)
        return listing

    def _pages(self, path: str, *, recursive: bool) -> Iterator[Entry]:
        page = self._port.list_below(path, recursive=recursive)
        yield from page.entries
        while page.has_more:
            self._lease.renew()
            page = self._port.list_more(page.cursor)
            yield from page.entries

    def _take(self, listing: Listing, number: int, path: Path, entry: Entry) -> None:
        files = listing.versions.setdefault(number, {})
        folders = listing.folders.setdefault(number, [])
        if not path:
            return
        try:
            cleaned = tuple(names.check_path(path))
        except Invalid as refusal:
            self._refuse(f"v{number}/{'/'.join(path)}", str(refusal))
            return
        if entry.kind == "folder":
            folders.append(cleaned)
        else:
            files[cleaned] = ContentToFetch(entry.content_hash, entry.size, entry.rev)

    def _count(self, listing: Listing) -> None:
        contents = [one for files in listing.versions.values() for one in files.values()]
        self._row.files, self._row.bytes = len(contents), sum(one.size for one in contents)
        self._row.files_done = self._row.bytes_done = 0
        self._note(files=self._row.files, bytes=self._row.bytes)

    def _refuse(self, path: str, reason: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{path}: {reason}")

    # --- contents ---

    def fetch(self, listing: Listing) -> dict[tuple[str, int], Blob]:
        """Fetch every content that is not stored here yet; return the blobs by hash and size."""
        uses: dict[tuple[str, int], list[ContentToFetch]] = {}
        for files in listing.versions.values():
            for one in files.values():
                uses.setdefault((one.hash, one.size), []).append(one)
        blobs: dict[tuple[str, int], Blob] = {}
        missing = []
        for key, same in uses.items():
            blob = self._here(*key)
            if blob is None:
                missing.append(same[0])
            else:
                blobs[key] = blob
                self._arrived(len(same), key[1])
        for content, blob in self._fetched(missing):
            key = (content.hash, content.size)
            if blob is not None:
                blobs[key] = blob
                self._row.failures = 0
            self._arrived(len(uses[key]), content.size)
        return blobs

    def _here(self, hash: str, size: int) -> Blob | None:
        """Return the blob that has these bytes already, verified by reading it."""
        blob = Blob.objects.filter(dropbox_hash=hash, size=size).first()
        if blob is None:
            return None
        try:
            for _ in store.read_pieces(blob):
                self._go_on()
        except store.DamagedBlob:
            self._damaged.add(hash)
            return None
        return blob

    def _fetched(self, contents: Sequence[ContentToFetch]) -> Iterator[tuple[ContentToFetch, Blob | None]]:
        """Yield each content with its blob as it arrives, None where it is not available."""
        waiting: deque[tuple[ContentToFetch, Future[bytes]]] = deque()
        with ThreadPoolExecutor(LANES, thread_name_prefix="restore") as lanes:
            try:
                for content in (one for one in contents if one.size <= SMALL_BYTES):
                    waiting.append((content, lanes.submit(self._bytes_of, content)))
                    if len(waiting) > LANES:
                        yield self._stored(*waiting.popleft())
                while waiting:
                    yield self._stored(*waiting.popleft())
            finally:
                for _, future in waiting:
                    future.cancel()
        for content in (one for one in contents if one.size > SMALL_BYTES):
            yield content, self._or_problem(content, lambda content=content: self._pieces(content))  # type: ignore[misc]

    def _stored(self, content: ContentToFetch, future: Future[bytes]) -> tuple[ContentToFetch, Blob | None]:
        return content, self._or_problem(content, lambda: iter([future.result()]))

    def _or_problem(self, content: ContentToFetch, pieces: Callable[[], Iterator[bytes]]) -> Blob | None:
        """Store bytes; an error that concerns only this content is added to the problems."""
        try:
            blob = store.put(pieces())
        except (ParkItem, RetryItem, Rescan) as error:
            self._refuse(f"content {content.hash[:12]}…", f"Dropbox did not hand it out ({error.reason}).")
            return None
        if content.hash in self._damaged and self._here(content.hash, content.size) is None:
            self._refuse(f"content {content.hash[:12]}…", "the Dashboard's own store holds it damaged.")
            return None
        return blob

    def _bytes_of(self, content: ContentToFetch) -> bytes:
        """Fetch a small file; runs in a lane and uses no database."""
        return b"".join(self._checked(content, lambda: None))

    def _pieces(self, content: ContentToFetch) -> Iterator[bytes]:
        return self._checked(content, self._go_on)

    def _checked(self, content: ContentToFetch, go_on: Callable[[], None]) -> Iterator[bytes]:
        """Yield a content's bytes, resuming after a broken connection; at the end the hash is checked.

        Raises:
            RetryItem: other bytes arrived than Dropbox says it holds.
            Retry: Dropbox wants to be left alone for a while, or the line keeps breaking.
        """
        hasher, failures = Hasher(), 0
        while hasher.size < content.size:
            before = hasher.size
            try:
                for piece in self._port.download(content.rev, offset=hasher.size):
                    hasher.update(piece)
                    yield piece
                    go_on()
            except Retry as error:
                if error.after:
                    raise
            failures = 0 if hasher.size > before else failures + 1
            if failures >= TRIES:
                raise Retry("no_answer")
        if (hasher.dropbox_hash(), hasher.size) != (content.hash, content.size):
            raise RetryItem("damaged_on_the_way")

    # --- progress ---

    def _go_on(self) -> None:
        """Renew the lease; raises Stopped where the worker stops."""
        if self._is_stopping():
            raise Stopped
        if clock.monotonic_seconds() - self._noted_at > NOTE_SECONDS:
            self._note()

    def _arrived(self, count: int, size: int) -> None:
        self._row.files_done += count
        self._row.bytes_done += count * size
        self._go_on()

    def _note(self, **more: int) -> None:
        """Store the progress, while the lease is held."""
        self._noted_at = clock.monotonic_seconds()
        done = {"files_done": self._row.files_done, "bytes_done": self._row.bytes_done}
        with self._lease.fenced():
            Restore.objects.filter(pk=self._row.pk).update(**done, **more, failures=self._row.failures)

    # --- what becomes of it ---

    def versions(
        self, listing: Listing, blobs: Mapping[tuple[str, int], Blob], told: Mapping[int, Told]
    ) -> list[KeptVersion]:
        """Return the versions; where no manifest gives a state, all but the newest are published."""
        numbers = sorted(listing.versions)
        return [
            self._version(number, listing, blobs, told.get(number), is_newest=number == numbers[-1])
            for number in numbers
        ]

    def _version(
        self,
        number: int,
        listing: Listing,
        blobs: Mapping[tuple[str, int], Blob],
        told: Told | None,
        *,
        is_newest: bool,
    ) -> KeptVersion:
        files: dict[Path, Blob] = {}
        for path, content in listing.versions[number].items():
            blob = blobs.get((content.hash, content.size))
            if blob is None:
                self._refuse(f"v{number}/{'/'.join(path)}", "its content could not be fetched.")
            else:
                files[path] = blob
        is_published = not is_newest or (told is not None and told.is_published)
        at = (told.published_at if told else None) or clock.now()
        return KeptVersion(
            number=number,
            files=files,
            folders=listing.folders[number],
            published_at=at if is_published else None,
            note=told.note if told else "",
            began_from=told.began_from if told else None,
        )

    def kind(self, told: Mapping[str, object], kept: Sequence[KeptVersion]) -> str:
        """Return the study type from the manifest, else as detected from the newest version."""
        kind = told.get("kind")
        if kind in Study.Kind.values:
            return str(kind)
        tops = [fold(path[0]) for path in kept[-1].files if len(path) == 1]
        is_html = any(name.endswith((".html", ".htm")) for name in tops)
        return str(Study.Kind.HTML if is_html else Study.Kind.MINNOJS)
