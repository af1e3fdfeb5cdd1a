"""Studies from a folder or a zip: first everything is looked at, then either all of it comes in or nothing.

What is looked for: names the product refuses, names that are one for Dropbox, links and devices, absolute and `..`
paths, encryption, and zip bombs. All problems are told together.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.utils.translation import gettext, ngettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.files import services as files
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study

MOST_THINGS = 100_000
MOST_BYTES = 20 * 1024**3
MOST_RATIO = 200
"""Real files shrink to a hundredth at best; deflate can do 1 : 1,032, which is what bombs use."""
SMALL_BYTES = 10 * 1024 * 1024
"""Files up to this size may shrink as much as they like: a spread sheet of zeros is no bomb."""
SMALL_ZIP_BYTES = 256 * 1024 * 1024
"""All files of a zip together may be so large whatever the zip's own size: many small bombs are one, too."""

Progress = Callable[[int], None]
Opener = Callable[[], IO[bytes]]


class ImportRefused(Refused):
    """Nothing was imported; `problems` has one sentence for each thing that is in the way."""

    def __init__(self, problems: list[str]) -> None:
        said = ngettext(
            "Nothing was imported: One thing is in the way.",
            "Nothing was imported: %(count)s things are in the way.",
            len(problems),
        )
        super().__init__(said % {"count": len(problems)})
        self.problems = problems


@dataclass
class Found:
    """What was found in a folder or zip: files with their openers, folders, problems."""

    files: dict[tuple[str, ...], tuple[int, Opener]] = field(default_factory=dict)
    folders: dict[tuple[str, ...], None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    bytes: int = 0

    def refuse(self, path: str, reason: str) -> None:
        """Note a problem."""
        self.problems.append(f"{names.quoted(path)}: {reason}")

    def add(self, path: str, parts: tuple[str, ...], size: int, opener: Opener | None) -> None:
        """Note a file, or a folder (no opener), under its checked and cleaned names."""
        try:
            cleaned = tuple(names.check_path(parts))
        except Invalid as refusal:
            self.refuse(path, str(refusal))
            return
        if opener is None:
            self.folders[cleaned] = None
        elif cleaned in self.files:
            self.refuse(path, gettext("this name is there twice."))
        else:
            self.files[cleaned] = (size, opener)
            self.bytes += size


def import_study(
    *, owner: User, name: str, source: Path, kind: str, progress: Progress | None = None
) -> Study:
    """Make a study of everything in a folder or zip; `progress` is told how many bytes are stored since the last time.

    Raises:
        ImportRefused: something is in the way; nothing was imported.
        Invalid: the study's name is refused or taken.
    """
    services.check_new_name(owner=owner, name=name)
    with _opened(source) as found:
        problems = found.problems or _as_a_whole(found)
        if problems:
            raise ImportRefused(problems)
        blobs = _store(found, progress or (lambda _: None))
    return services.create_study(
        owner=owner,
        name=name,
        kind=kind,
        fill=lambda tree: files.fill_tree(tree=tree, files=blobs, folders=found.folders, by=owner),
    )


@contextmanager
def _opened(source: Path) -> Iterator[Found]:
    if source.is_dir():
        yield _look_into_folder(source)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield _look_into_zip(archive, source.stat().st_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ImportRefused(
            [
                gettext("%(name)s is not a whole zip file (%(error)s).")
                % {"name": names.quoted(source.name), "error": error}
            ]
        ) from error
    except OSError as error:
        raise ImportRefused(
            [
                gettext("%(quoted)s cannot be read (%(strerror)s).")
                % {"quoted": names.quoted(str(source)), "strerror": error.strerror}
            ]
        ) from error


def _store(found: Found, progress: Progress) -> dict[tuple[str, ...], Blob]:
    blobs: dict[tuple[str, ...], Blob] = {}
    for path, (_, opener) in found.files.items():
        with opener() as stream:
            blobs[path] = store.put(_told(stream, progress))
    return blobs


def _told(stream: IO[bytes], progress: Progress) -> Iterator[bytes]:
    for piece in store.pieces(stream):
        progress(len(piece))
        yield piece


def _as_a_whole(found: Found) -> list[str]:
    """Return the problems that only all paths together show."""
    problems = _limits(len(found.files) + len(found.folders), found.bytes)
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for path in _with_folders([*found.folders, *found.files]):
        other = seen.setdefault(tuple(map(names.fold, path)), path)
        if other != path:
            problems.append(
                gettext(
                    "%(one)s and %(other)s differ only in upper and lower case;"
                    " Dropbox and many computers hold them for one."
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


def _limits(things: int, size: int) -> list[str]:
    problems = []
    if things > MOST_THINGS:
        problems.append(
            gettext("There are %(things)s files and folders; a study can have at most %(most_things)s.")
            % {"things": things, "most_things": MOST_THINGS}
        )
    if size > MOST_BYTES:
        problems.append(
            gettext("Unpacked there are %(size)s bytes; a study can be imported with at most %(most_bytes)s.")
            % {"size": size, "most_bytes": MOST_BYTES}
        )
    return problems


def _look_into_folder(folder: Path) -> Found:
    found = Found()
    waiting: list[tuple[Path, tuple[str, ...]]] = [(folder, ())]
    while waiting and len(found.files) + len(found.folders) <= MOST_THINGS:
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
    found: Found,
    entry: os.DirEntry[str],
    parts: tuple[str, ...],
    waiting: list[tuple[Path, tuple[str, ...]]],
) -> None:
    path, file = "/".join(parts), Path(entry.path)
    if entry.is_symlink():
        found.refuse(path, gettext("it is a link; only what it points to could be imported."))
    elif entry.is_dir():
        found.add(path, parts, 0, None)
        waiting.append((file, parts))
    elif not entry.is_file():
        found.refuse(path, gettext("it is neither a file nor a folder but a device, pipe or socket."))
    elif not os.access(file, os.R_OK):
        found.refuse(path, gettext("it may not be read."))
    else:
        found.add(path, parts, entry.stat().st_size, lambda: file.open("rb"))


def _look_into_zip(archive: zipfile.ZipFile, archive_bytes: int) -> Found:
    found = Found()
    members = archive.infolist()
    unpacked = sum(info.file_size for info in members)
    found.problems += _limits(len(members), unpacked)
    if unpacked > SMALL_ZIP_BYTES and unpacked > MOST_RATIO * archive_bytes:
        found.problems.append(
            gettext("This zip would grow from %(compress_size)s to %(file_size)s bytes, as a zip bomb does.")
            % {"compress_size": archive_bytes, "file_size": unpacked}
        )
    if sum(info.compress_size for info in members) > archive_bytes:
        found.problems.append(gettext("Files in this zip overlap, as in a zip bomb."))
    if found.problems:
        return found
    for info in members:
        path = _name_in(info)
        if reason := _hostile(info, path):
            found.refuse(path, reason)
            continue
        parts = tuple(path.rstrip("/").split("/"))
        if info.is_dir():
            found.add(path, parts, 0, None)
        else:
            found.add(path, parts, info.file_size, lambda info=info: archive.open(info))  # type: ignore[misc]
    return found


def _name_in(info: zipfile.ZipInfo) -> str:
    """Return a member's name; zips of macOS hold UTF-8 without saying so, which Python reads as code page 437."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _hostile(info: zipfile.ZipInfo, path: str) -> str:
    """Return why a member of a zip must not be unpacked, "" if it may be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if path.startswith(("/", "\\")) or path[1:3] in (":/", ":\\"):
        return gettext("its path is absolute; only paths inside the study can be imported.")
    if ".." in path.replace("\\", "/").split("/"):
        return gettext("its path leads out of the study.")
    if kind == stat.S_IFLNK:
        return gettext("it is a link; only what it points to could be imported.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return gettext("it is neither a file nor a folder but a device, pipe or socket.")
    if info.flag_bits & 0x1:
        return gettext("it is encrypted; unpack it with its password first.")
    if info.file_size > SMALL_BYTES and info.file_size > MOST_RATIO * max(info.compress_size, 1):
        return gettext("it would grow from %(compress_size)s to %(file_size)s bytes, as in a zip bomb.") % {
            "compress_size": info.compress_size,
            "file_size": info.file_size,
        }
    return ""
