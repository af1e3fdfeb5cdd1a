"""Reads the list of members at the end of a zip, with their names as bytes; other modules decode them.

Python's `zipfile` refuses a whole zip for one name that is not the UTF-8 it says it is, and for names that differ
between the list and the member, as some programs write them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_noop

END = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_MAX_COMMENT_LENGTH = 0xFFFF
_MAX_LIST_BYTES = 256 * 1024 * 1024

NO_ZIP = gettext_noop("the list of its files is missing, so it was cut off or is no zip")
BROKEN_LIST = gettext_noop("the list of its files is damaged")
IN_PARTS = gettext_noop("it is one part of a zip in several parts; join them first")


class ZipBroken(Exception):
    """The zip cannot be read; the text is one of the reasons above."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file or folder of a zip; sizes in bytes, `offset` is where its own header begins in the file.

    `unicode_name` is the name that Info-ZIP and WinRAR add in Unicode (extra field 0x7075), "" where there is none.
    """

    raw_name: bytes
    unicode_name: str
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    mode: int

    @property
    def is_encrypted(self) -> bool:
        """Return whether a password is needed."""
        return bool(self.flags & 0x1)

    @property
    def says_utf8(self) -> bool:
        """Return whether the name is declared to be UTF-8."""
        return bool(self.flags & 0x800)


def members_of(stream: IO[bytes], archive_bytes: int) -> list[Member]:
    """Return all members of a zip, in its own order.

    Raises:
        ZipBroken: there is no list of members, or it is damaged.
    """
    try:
        count, size, offset, end = _end(stream, archive_bytes)
        if size > min(end, _MAX_LIST_BYTES):
            raise ZipBroken(BROKEN_LIST)
        before = end - size - offset  # what stands before the zip, as in a program that unpacks itself
        stream.seek(end - size)
        return list(_members(stream.read(size), count, before))
    except struct.error as error:
        raise ZipBroken(BROKEN_LIST) from error


def _end(stream: IO[bytes], archive_bytes: int) -> tuple[int, int, int, int]:
    """Return how many members there are, the size and offset of their list, and where in the file it ends."""
    start = max(0, archive_bytes - _END.size - _MAX_COMMENT_LENGTH)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(END)
    if at < 0:
        raise ZipBroken(NO_ZIP)
    _, disk, _, _, count, size, offset, _ = _END.unpack_from(tail, at)
    end = start + at
    if count == 0xFFFF or size == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        return _end64(stream, end)
    if disk:
        raise ZipBroken(IN_PARTS)
    return count, size, offset, end


def _end64(stream: IO[bytes], end: int) -> tuple[int, int, int, int]:
    """Return the same out of the larger end record of ZIP64, which stands right before its locator."""
    if end < _LOCATOR.size + _END64.size:
        raise ZipBroken(BROKEN_LIST)
    stream.seek(end - _LOCATOR.size)
    mark, _, place, _ = _LOCATOR.unpack(stream.read(_LOCATOR.size))
    for at in (place, end - _LOCATOR.size - _END64.size):
        stream.seek(at)
        found = stream.read(_END64.size)
        if mark == b"PK\x06\x07" and len(found) == _END64.size and found[:4] == b"PK\x06\x06":
            *_, count, size, offset = _END64.unpack(found)
            return count, size, offset, at
    raise ZipBroken(BROKEN_LIST)


def _members(listed: bytes, count: int, before: int) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        (mark, _, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes, comment_bytes, _, _, attributes,
         offset) = _ENTRY.unpack_from(listed, at)  # fmt: skip
        at += _ENTRY.size
        raw, extra = listed[at : at + name_bytes], listed[at + name_bytes : at + name_bytes + extra_bytes]
        at += name_bytes + extra_bytes + comment_bytes
        if mark != b"PK\x01\x02" or at > len(listed):
            raise ZipBroken(BROKEN_LIST)
        fields = dict(_fields(extra))
        size, packed, offset = _large(fields.get(0x0001, b""), size, packed, offset)
        yield Member(
            raw, _unicode_name(fields.get(0x7075, b""), raw), flags, method, crc, packed, size, offset + before,
            attributes >> 16,
        )  # fmt: skip


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _large(field: bytes, *sizes: int) -> tuple[int, int, int]:
    """Return size, packed size and offset; those that do not fit into 32 bits stand in a field of their own."""
    given = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
    size, packed, offset = (next(given, one) if one == 0xFFFFFFFF else one for one in sizes)
    return size, packed, offset


def _unicode_name(field: bytes, raw: bytes) -> str:
    """Return the name in the field, if it belongs to this name."""
    if len(field) < 5 or field[0] != 1 or struct.unpack_from("<L", field, 1)[0] != zlib.crc32(raw):
        return ""
    try:
        return field[5:].decode("utf-8")
    except UnicodeDecodeError:
        return ""
