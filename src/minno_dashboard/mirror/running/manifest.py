"""`MANIFEST.json` and `verify.py` at the root of a Dropbox: the list of the copy's files, and a program that checks it offline.

Both are written at a quiet moment only, never with a save: ten minutes without a change, at the proof that is due
then. Until the next such moment the last ones are what the Dropbox should hold. The manifest is written line by line,
the studies first, then one line for each file, so that neither writing nor reading it needs memory for all files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max

from minno_dashboard.core import clock
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files import store
from minno_dashboard.files.models import Node
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.models import Doubt, Link, Manifest, Parked, Taken
from minno_dashboard.mirror.running import verify
from minno_dashboard.mirror.wanted.layout import Layout
from minno_dashboard.studies.models import Study, Version

QUIET = timedelta(minutes=10)
COLUMNS = ("path", "size", "sha256", "dropbox_content_hash")
AT_ONCE = 2000
ABOUT = (
    "What this copy held at the moment given by 'describes'. verify.py, beside this file, checks it without a network. "
    "Changes made since that moment are in the folders already and will be listed here at the next quiet moment."
)


def is_stale(link: Link) -> bool:
    """Return whether anything that a link follows changed since its manifest was made, or there is no manifest yet."""
    changed_at = last_change(link)
    if changed_at is None:
        return False
    kept = Manifest.objects.filter(link=link).select_related("verify").first()
    return kept is None or kept.describes_at <= changed_at or kept.verify.sha256 != _program()[1]


def last_change(link: Link) -> datetime | None:
    """Return when a study that a link has taken over, or a tree of it, was last changed; None where there is none."""
    taken = Taken.objects.filter(link=link, kind=Taken.Kind.STUDY, is_released=False).values("object_id")
    studies = Study._base_manager.filter(pk__in=taken)
    found = studies.aggregate(study=Max("changed_at"), tree=Max("versions__tree__changed_at"))
    return max((at for at in found.values() if at is not None), default=None)


def refresh_if_quiet(link: Link, lease: Lease) -> bool:
    """Write the manifest again where it is stale and nothing changed for ten minutes; return whether it was written.

    The link must not be behind. What changes meanwhile makes the attempt void: that was no quiet moment.
    """
    before = last_change(link)
    if before is None or clock.now() - before < QUIET or not is_stale(link):
        return False
    describes_at = clock.now()
    blob = store.put(_encoded(lines(link, describes_at, lease.renew)))
    program = store.put(_program()[0])
    if last_change(link) != before:
        return False
    with lease.fenced():
        Manifest.objects.update_or_create(
            link=link, defaults={"blob": blob, "verify": program, "describes_at": describes_at}
        )
        doubts = [Doubt(link=link, identity=identity) for identity in ("manifest", "verify")]
        Doubt.objects.bulk_create(doubts, ignore_conflicts=True)
    return True


def lines(link: Link, describes_at: datetime, renew: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Yield the manifest of a link, a line at a time."""
    layout = Layout(link.user)
    places = list(_places(layout))
    head = {
        "format": verify.FORMAT,
        "about": ABOUT,
        "describes": _moment(describes_at),
        "dashboard": settings.SERVER_URL,
        "user": link.user.get_username(),
    }
    yield "{\n"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {_compact(value)},\n"
    yield '"studies": ['
    for number, (study, path, versions) in enumerate(places):
        yield f"{',' if number else ''}\n{_compact(_study(study, path, versions))}"
    yield f'\n],\n"columns": {_compact(COLUMNS)},\n"files": ['
    left_out = {int(one[5:]) for one in _parked(link) if one.startswith("node:")}
    separator = "\n"
    for _, path, versions in places:
        for version in versions:
            renew()
            for row in _files(version, f"{path}/v{version.number}", left_out):
                yield f"{separator}{_compact(row)}"
                separator = ",\n"
    yield "\n]\n}\n"


def read_head(pieces: Iterator[bytes]) -> dict[str, object]:
    """Return a manifest without its list of files, which is not read; {} where it is no manifest.

    A manifest that somebody wrote anew in another form is read too, if it is small.
    """
    head, rest = bytearray(), b""
    for piece in pieces:
        head += piece
        before, mark, _ = bytes(head).partition(b'\n"files": [')
        if mark:
            rest = mark + b"]}"
            head = bytearray(before)
            break
        if len(head) > MAX_HEAD_BYTES:
            return {}
    try:
        found = json.loads((bytes(head) + rest).decode("utf-8-sig"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("format") == verify.FORMAT else {}


MAX_HEAD_BYTES = 32 * 1024 * 1024


def _program() -> tuple[bytes, str]:
    """Return the text of `verify.py` and its SHA-256."""
    text = Path(verify.__file__).read_bytes()
    hasher = Hasher()
    hasher.update(text)
    return text, hasher.sha256()


def _encoded(texts: Iterator[str]) -> Iterator[bytes]:
    """Yield texts as UTF-8 bytes in larger chunks."""
    piece = bytearray()
    for text in texts:
        piece += text.encode()
        if len(piece) > store.PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _places(layout: Layout) -> Iterator[tuple[Study, str, list[Version]]]:
    """Yield each study with its folder in the Dropbox and its versions, sorted by folder."""
    desired = layout.resolve([f"study:{pk}" for pk in layout.study_ids])
    paths: dict[int, str] = {}
    for pk in layout.study_ids:
        names, here = list[str](), desired.get(f"study:{pk}")
        while here is not None:
            names.append(here.name)
            here = None if here.parent is None else desired.get(here.parent)
        paths[pk] = "/".join(reversed(names))
    for portion in in_portions(sorted(paths, key=lambda pk: paths[pk])):
        studies = Study.objects.select_related("owner").in_bulk(portion)
        versions: dict[int, list[Version]] = {}
        rows = Version.objects.filter(study__in=portion).select_related("tree").order_by("number")
        for version in rows:
            versions.setdefault(version.study_id, []).append(version)
        for pk in portion:
            if pk in studies:
                yield studies[pk], paths[pk], versions.get(pk, [])


def _study(study: Study, path: str, versions: list[Version]) -> dict[str, object]:
    return {
        "path": path,
        "id": study.public_id,
        "name": study.name,
        "description": study.description,
        "kind": study.kind,
        "owner": study.owner.get_username(),
        "revision": study.revision,
        "created": _moment(study.created_at),
        "archived": _moment(study.archived_at),
        "versions": [
            {
                "number": one.number,
                "state": one.state,
                "published": _moment(one.published_at),
                "began_from": one.began_from,
                "note": one.note,
                "revision": one.tree.revision,
            }
            for one in versions
        ],
    }


def _parked(link: Link) -> Iterator[str]:
    yield from Parked.objects.filter(link=link).values_list("identity", flat=True)


def _files(version: Version, path: str, left_out: set[int]) -> Iterator[tuple[str, int, str, str]]:
    """Yield path, size and hashes of each file of a version; only the folders are held in memory."""
    living = Node.objects.filter(tree=version.tree_id, deleted_at=None)
    folders = {
        pk: (parent, name)
        for pk, parent, name in living.filter(is_folder=True).values_list("pk", "parent_id", "name")
    }
    ways: dict[int | None, str] = {None: path}

    def way(folder: int | None) -> str:
        if folder not in ways:
            parent, name = folders[folder]  # type: ignore[index]
            ways[folder] = f"{way(parent)}/{name}"
        return ways[folder]

    rows = living.filter(is_folder=False).order_by("pk").values_list(
        "pk", "parent_id", "name", "blob__size", "blob__sha256", "blob__dropbox_hash"
    )  # fmt: skip
    for pk, parent, name, size, sha256, dropbox_hash in rows.iterator(chunk_size=AT_ONCE):
        if pk not in left_out:
            yield f"{way(parent)}/{name}", size, sha256, dropbox_hash
