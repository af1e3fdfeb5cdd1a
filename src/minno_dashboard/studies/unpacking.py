"""An uploaded zip or tar is looked into, and unpacked into a folder of the study where the person wants that."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.files import limits, removal, services
from minno_dashboard.files.models import Blob, Node, Upload
from minno_dashboard.studies import imports
from minno_dashboard.studies.import_contents import ImportContents, Path
from minno_dashboard.studies.tar_reading import ENDINGS as TAR_ENDINGS
from minno_dashboard.studies.zip_names import Guess, NamesUndeclared

ARCHIVE_ENDINGS = (".zip", *TAR_ENDINGS)
"""Endings of the files that the study page offers to unpack, in lower case."""
MAX_SHOWN_PATHS = 200
MAX_SHOWN_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: counts, the first paths, what is in the way, and the encodings its names may have."""

    files: int = 0
    bytes: int = 0
    paths: list[str] = field(default_factory=list)
    litter: int = 0
    problems: list[str] = field(default_factory=list)
    encoding: str = ""
    guesses: list[Guess] = field(default_factory=list)


def look_into(upload: Upload, zip_names: str = "") -> Contents:
    """Say what an upload that has arrived would become, unpacked; nothing is changed.

    Where names do not declare their encoding and none is chosen, they are read by the likeliest.

    Raises:
        UploadOffset: not everything has arrived.
        Invalid: the chosen encoding is not known, or does not fit.
    """
    try:
        return _contents(upload, zip_names, [])
    except NamesUndeclared as question:
        if not question.guesses:
            return Contents(
                problems=[gettext("The names in this zip cannot be read in any encoding that is known here.")]
            )
        return _contents(upload, question.guesses[0].encoding, question.guesses)


def _contents(upload: Upload, zip_names: str, guesses: list[Guess]) -> Contents:
    try:
        with imports.opened(services.arrived_file(upload), zip_names, name=upload.path) as found:
            problems = imports.problems_of(found)
    except imports.ImportRefused as refusal:
        return Contents(problems=refusal.problems)
    paths = sorted("/".join(path) for path in found.files)
    return Contents(
        files=len(paths),
        bytes=found.bytes,
        paths=paths[:MAX_SHOWN_PATHS],
        litter=len(found.litter),
        problems=problems[:MAX_SHOWN_PROBLEMS],
        encoding=zip_names,
        guesses=guesses,
    )


def unpack(*, upload: Upload, by: User, zip_names: str = "") -> Node | None:
    """Put what an archive holds into the folder it was uploaded to, and drop the archive; all of it or nothing.

    Returns the new folder that everything is in where a name was taken, or None.

    Raises:
        ImportRefused: something is in the way.
        NamesUndeclared: an encoding must be chosen first.
        UploadOffset: not everything has arrived.
        Invalid, Frozen, NotFound, TooLarge: see `unpack_into`.
    """
    blobs: dict[Path, Blob] = {}
    try:
        with imports.opened(services.arrived_file(upload), zip_names, name=upload.path) as found:
            imports.refuse_problems(found)
            _check_room(upload, found)
            blobs = imports.store_all(found, lambda _: None)
        with transaction.atomic():
            # What has arrived counts as used; unpacked it must not count twice.
            Upload.objects.filter(pk=upload.pk).delete()
            folder = services.unpack_into(
                tree=upload.tree,
                parent=upload.parent,
                name=_stem(upload.path),
                files=blobs,
                folders=found.folders,
                by=by,
            )
    except Exception:
        removal.drop(blob.pk for blob in blobs.values())
        raise
    services.abandon_upload(upload=upload)
    return folder


def _check_room(upload: Upload, found: ImportContents) -> None:
    """Refuse what is more than the owner has room for, before anything is stored."""
    largest = max((size for size, _ in found.files.values()), default=0)
    limits.check_before(upload.tree, size=largest, replaced=upload.size)
    limits.check_room(upload.tree, size=found.bytes, replaced=upload.size)


def _stem(path: str) -> str:
    """Return an archive's name without its ending, as the name of a folder."""
    name = path.rsplit("/", 1)[-1]
    for ending in sorted(ARCHIVE_ENDINGS, key=len, reverse=True):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return names.clean(name[: -len(ending)]).rstrip(" .") or name
    return name
