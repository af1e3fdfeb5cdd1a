"""Imports studies from a folder, a zip or a tar: everything is checked first, then all of it is imported or nothing.

What is looked for: names the product refuses, names that are one for Dropbox, links and devices, absolute and `..`
paths, encryption, and zip bombs. All problems are told together. Files that systems leave by themselves are left out.
"""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path

from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.core.errors import Refused
from minno_dashboard.files import removal, store
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Blob
from minno_dashboard.studies import services
from minno_dashboard.studies.import_contents import MAX_THINGS, ImportContents, too_much
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.tar_reading import ENDINGS as TAR_ENDINGS
from minno_dashboard.studies.tar_reading import look_into_tar
from minno_dashboard.studies.type_detection import kind_of_files
from minno_dashboard.studies.zip_directory import ZipBroken
from minno_dashboard.studies.zip_members import MemberBroken
from minno_dashboard.studies.zip_reading import look_into_zip

Progress = Callable[[int], None]
_TAR_ERRORS = (tarfile.TarError, zlib.error, LZMAError, EOFError)


@dataclass(frozen=True, slots=True)
class ImportedStudy:
    """The study, and the paths that were left out because systems leave such files by themselves."""

    study: Study
    litter: list[str]


class ImportRefused(Refused):
    """Nothing was imported; `problems` has one sentence for each obstacle."""

    def __init__(self, problems: list[str]) -> None:
        said = ngettext(
            "Nothing was imported, because of one problem.",
            "Nothing was imported, because of %(count)s problems.",
            len(problems),
        )
        super().__init__(said % {"count": len(problems)})
        self.problems = problems


def import_study(
    *,
    owner: User,
    name: str,
    source: Path,
    kind: str = "",
    progress: Progress | None = None,
    zip_names: str = "",
) -> ImportedStudy:
    """Make a study of everything in a folder, zip or tar; `progress` is told how many bytes are stored each time.

    Without `kind` it is recognised from the files.
    `zip_names` is the encoding of names in a zip that do not declare theirs, or `auto` for the best guess.

    Raises:
        ImportRefused: something is in the way; nothing was imported.
        NamesUndeclared: names in the zip need an encoding to be chosen.
        Invalid: the study's name is refused or taken, or the encoding does not fit.
    """
    services.check_new_name(owner=owner, name=name)
    with opened(source, zip_names) as found:
        refuse_problems(found)
        blobs = store_all(found, progress or (lambda _: None))
    study = services.create_study(
        owner=owner,
        name=name,
        kind=kind or _recognised(blobs),
        fill=lambda tree: files.fill_tree(tree=tree, files=blobs, folders=found.folders, by=owner),
    )
    return ImportedStudy(study, found.litter)


def _recognised(blobs: dict[tuple[str, ...], Blob]) -> str:
    return kind_of_files(("/".join(path), blob) for path, blob in blobs.items()) or Study.Kind.HTML


def refuse_problems(found: ImportContents) -> None:
    """Refuse what has problems.

    Raises:
        ImportRefused: with all of them.
    """
    if problems := problems_of(found):
        raise ImportRefused(problems)


def problems_of(found: ImportContents) -> list[str]:
    """Return the obstacles to importing what was found, one sentence each."""
    return found.problems or _as_a_whole(found)


@contextmanager
def opened(source: Path, zip_names: str = "", *, name: str = "") -> Iterator[ImportContents]:
    """List a folder, zip or tar, and keep it open for reading.

    `name` is what an archive is called where its file has another name: the ending tells a tar from a zip.

    Raises:
        ImportRefused: it cannot be read.
        NamesUndeclared, Invalid: see `import_study`.
    """
    if source.is_dir():
        yield _look_into_folder(source)
        return
    name = name or source.name
    try:
        if name.lower().endswith(TAR_ENDINGS):
            with tarfile.open(source) as archive:
                yield look_into_tar(archive, source.stat().st_size)
            return
        with source.open("rb") as stream:
            yield look_into_zip(stream, source.stat().st_size, zip_names)
    except ZipBroken as error:
        raise ImportRefused(
            [
                gettext("%(name)s is not a complete zip file (%(error)s).")
                % {"name": names.quoted(name), "error": gettext(str(error))}
            ]
        ) from error
    except _TAR_ERRORS as error:
        raise ImportRefused(
            [gettext("%(name)s is not a complete tar file.") % {"name": names.quoted(name)}]
        ) from error
    except OSError as error:
        raise ImportRefused(
            [
                gettext("%(quoted)s cannot be read (%(strerror)s).")
                % {"quoted": names.quoted(str(source)), "strerror": error.strerror or type(error).__name__}
            ]
        ) from error


def store_all(found: ImportContents, progress: Progress) -> dict[tuple[str, ...], Blob]:
    """Store the bytes of all files; where some cannot be read, those already stored are removed again.

    Raises:
        ImportRefused: with a sentence for each file whose bytes are damaged.
    """
    blobs: dict[tuple[str, ...], Blob] = {}
    problems: list[str] = []
    for path, (_, opener) in found.files.items():
        try:
            blobs[path] = store.put(_told(opener(), progress))
        except MemberBroken as broken:
            problems.append(f"{names.quoted('/'.join(path))}: {broken}")
    if problems:
        removal.drop(blob.pk for blob in blobs.values())
        raise ImportRefused(problems)
    return blobs


def _told(pieces: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    for piece in pieces:
        progress(len(piece))
        yield piece


def _as_a_whole(found: ImportContents) -> list[str]:
    """Return the problems that concern all paths together."""
    problems = too_much(len(found.files) + len(found.folders), found.bytes)
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for path in _with_folders([*found.folders, *found.files]):
        other = seen.setdefault(tuple(map(names.fold, path)), path)
        if other != path:
            problems.append(
                gettext(
                    "%(one)s and %(other)s differ only in upper and lower case; Dropbox and many "
                    "computers treat them as one name."
                )
                % {"one": names.quoted("/".join(other)), "other": names.quoted("/".join(path))}
            )
        elif path in found.files and path in found.folders:
            problems.append(
                gettext("%(name)s is both a file and a folder.") % {"name": names.quoted("/".join(path))}
            )
        elif len(path) > 1 and path[:-1] in found.files:
            problems.append(
                gettext("%(name)s is both a file and a folder.") % {"name": names.quoted("/".join(path[:-1]))}
            )
    return problems


def _with_folders(paths: Iterable[tuple[str, ...]]) -> Iterable[tuple[str, ...]]:
    every: dict[tuple[str, ...], None] = {}
    for path in paths:
        every.update((path[:length], None) for length in range(1, len(path) + 1))
    return every


def _look_into_folder(folder: Path) -> ImportContents:
    found = ImportContents()
    waiting: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    while waiting and len(found.files) + len(found.folders) <= MAX_THINGS:
        here, parts = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            found.refuse(
                "/".join(parts), gettext("it cannot be read (%(strerror)s).") % {"strerror": error.strerror}
            )
            continue
        for entry in entries:
            _look_at_entry(found, entry, (*parts, entry.name), waiting)
    return found


def _look_at_entry(
    found: ImportContents,
    entry: os.DirEntry[str],
    parts: tuple[str, ...],
    waiting: list[tuple[Path, tuple[str, ...]]],
) -> None:
    path, file = "/".join(parts), Path(entry.path)
    if found.leaves_out(parts):
        return
    if entry.is_symlink():
        found.refuse(path, gettext("it is a link; only what it points to could be imported."))
    elif entry.is_dir():
        found.add(path, parts, 0, None)
        waiting.append((file, parts))
    elif not entry.is_file():
        found.refuse(path, gettext("it is neither a file nor a folder but a device, pipe or socket."))
    elif not os.access(file, os.R_OK):
        found.refuse(path, gettext("reading it is not permitted."))
    else:
        found.add(path, parts, entry.stat().st_size, partial(_contents, file))


def _contents(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield from store.pieces(stream)
