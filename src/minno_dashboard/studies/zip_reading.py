"""Checks a zip before anything of it is unpacked."""

from __future__ import annotations

import stat
from functools import partial
from typing import IO

from django.utils.translation import gettext

from minno_dashboard.studies import zip_members
from minno_dashboard.studies.import_contents import (
    MAX_RATIO,
    SMALL_BYTES,
    ImportContents,
    grows_like_a_bomb,
    parts_of,
    refuse_hostile_path,
    too_much,
)
from minno_dashboard.studies.zip_directory import Member, members_of
from minno_dashboard.studies.zip_names import read_names


def look_into_zip(stream: IO[bytes], archive_bytes: int, encoding: str) -> ImportContents:
    """Return the content of a zip; `encoding` is that of names that do not declare theirs, if one was chosen.

    Raises:
        ZipBroken: its list of files cannot be read.
        NamesUndeclared: an encoding must be chosen first.
        Invalid: the names are not of the encoding that was chosen.
    """
    found = ImportContents()
    members = members_of(stream, archive_bytes)
    unpacked = sum(member.size for member in members)
    found.problems += too_much(len(members), unpacked)
    if bomb := grows_like_a_bomb(archive_bytes, unpacked):
        found.problems.append(bomb)
    if sum(member.packed_size for member in members) > archive_bytes:
        found.problems.append(gettext("Files in this zip overlap, as in a zip bomb."))
    if found.problems:
        return found
    for member, name in zip(members, read_names(members, encoding), strict=True):
        # Windows programs write `\`; no name that is accepted here has one.
        _look_at(found, stream, member, name.replace("\\", "/"))
    return found


def _look_at(found: ImportContents, stream: IO[bytes], member: Member, path: str) -> None:
    if refuse_hostile_path(found, path):
        return
    parts = parts_of(path)
    if not parts or found.leaves_out(parts, is_folder=path.endswith("/")):
        return
    if reason := _hostile(member):
        found.refuse(path, reason)
    elif path.endswith("/") or stat.S_IFMT(member.mode) == stat.S_IFDIR:
        found.add(path, parts, 0, None)
    elif reason := zip_members.why_not(member):
        found.refuse(path, reason)
    else:
        found.add(path, parts, member.size, partial(zip_members.contents, stream, member))


def _hostile(member: Member) -> str:
    """Return why a member must not be unpacked, "" if it may be."""
    kind = stat.S_IFMT(member.mode)
    if kind == stat.S_IFLNK:
        return gettext("it is a link; only what it points to could be imported.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return gettext("it is neither a file nor a folder but a device, pipe or socket.")
    if member.size > SMALL_BYTES and member.size > MAX_RATIO * max(member.packed_size, 1):
        return gettext("it would grow from %(compress_size)s to %(file_size)s bytes, as in a zip bomb.") % {
            "compress_size": member.packed_size,
            "file_size": member.size,
        }
    return ""
