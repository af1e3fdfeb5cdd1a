"""Looks into a tar (also `.tar.gz`, `.tar.bz2`, `.tar.xz`) before anything of it is unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext

from minno_dashboard.studies.import_contents import (
    ImportContents,
    grows_like_a_bomb,
    parts_of,
    refuse_hostile_path,
    too_much,
)

ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
PIECE_BYTES = 1024 * 1024


def look_into_tar(archive: tarfile.TarFile, archive_bytes: int) -> ImportContents:
    """Return what is in a tar; reading stops as soon as it is known to be too much."""
    found = ImportContents()
    things = unpacked = 0
    for member in archive:
        things, unpacked = things + 1, unpacked + member.size
        problems = too_much(things, unpacked)
        if bomb := grows_like_a_bomb(archive_bytes, unpacked):
            problems.append(bomb)
        if problems:
            found.problems += problems
            break
        _look_at(found, archive, member)
    return found


def _look_at(found: ImportContents, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = member.name
    if refuse_hostile_path(found, path):
        return
    parts = parts_of(path)
    if not parts or found.leaves_out(parts, is_folder=member.isdir()):
        return
    if member.issym() or member.islnk():
        found.refuse(path, gettext("it is a link; only what it points to could be imported."))
    elif member.isdir():
        found.add(path, parts, 0, None)
    elif member.isfile():
        found.add(path, parts, member.size, partial(_contents, archive, member))
    else:
        found.refuse(path, gettext("it is neither a file nor a folder but a device, pipe or socket."))


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise tarfile.ReadError
    with stream:
        while piece := stream.read(PIECE_BYTES):
            yield piece
