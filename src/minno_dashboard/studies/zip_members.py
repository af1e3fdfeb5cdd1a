"""Unpacks one member of a zip in pieces, checked against its announced size and its CRC-32."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Protocol

from django.utils.translation import gettext, gettext_noop

from minno_dashboard.studies.zip_directory import Member

PIECE_BYTES = 1024 * 1024
_HEADER = struct.Struct("<4s5H3L2H")
DEFLATE64 = 9
_METHODS = {1: "Shrink", 6: "Implode", DEFLATE64: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd"}  # fmt: skip

DAMAGED = gettext_noop("its bytes in the zip are damaged. Download or create the zip again.")


class MemberBroken(Exception):
    """A member cannot be unpacked; the text says why."""


class _Unpacker(Protocol):
    def __call__(self, packed: bytes, most: int, /) -> tuple[bytes, bytes]:
        """Unpack some bytes to at most `most`; return them, and what is to be given again."""
        ...


def why_not(member: Member) -> str:
    """Return why a member cannot be unpacked whatever its bytes are; "" if it can."""
    if member.is_encrypted:
        return gettext("it is encrypted; unpack it with its password first.")
    if member.method not in (0, 8, 12, 14):
        method = _METHODS.get(member.method, str(member.method))
        return gettext(
            "it is packed by the method %(method)s, which cannot be read here. Unpack the zip on your computer and import the folder."
        ) % {"method": method}
    return ""


def contents(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    """Yield a member's bytes; the last step proves that they are whole.

    Raises:
        MemberBroken: they are not those that were packed.
    """
    found = crc = 0
    try:
        for piece in _unpacked(stream, member):
            found += len(piece)
            crc = zlib.crc32(piece, crc)
            if found > member.size:
                break
            yield piece
    except (zlib.error, lzma.LZMAError, EOFError, OSError, struct.error, ValueError) as error:
        raise MemberBroken(gettext(DAMAGED)) from error
    if (found, crc) != (member.size, member.crc):
        raise MemberBroken(gettext(DAMAGED))


def _unpacked(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    stream.seek(member.offset)
    mark, *_, name_bytes, extra_bytes = _HEADER.unpack(stream.read(_HEADER.size))
    if mark != b"PK\x03\x04":
        raise ValueError
    at = member.offset + _HEADER.size + name_bytes + extra_bytes
    left, waiting = member.packed_size, b""
    unpack = _unpacker(member)
    while True:
        stream.seek(at)
        if not waiting and left:
            waiting = stream.read(min(left, PIECE_BYTES))
            at, left = at + len(waiting), left - len(waiting)
            if not waiting:
                raise EOFError
        piece, rest = unpack(waiting, PIECE_BYTES)
        if not piece and rest == waiting and not left:
            return
        waiting = rest
        yield piece


def _unpacker(member: Member) -> _Unpacker:
    makers: dict[int, Callable[[], _Unpacker]] = {
        0: lambda: lambda packed, most: (packed, b""),
        8: _deflated,
        12: lambda: _with_max_length(bz2.BZ2Decompressor()),
        14: lambda: _lzma(member),
    }
    return makers[member.method]()


def _deflated() -> _Unpacker:
    reader = zlib.decompressobj(-zlib.MAX_WBITS)

    def unpack(packed: bytes, most: int, /) -> tuple[bytes, bytes]:
        return reader.decompress(packed, most), reader.unconsumed_tail

    return unpack


def _with_max_length(reader: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> _Unpacker:
    """Unpack with a reader that keeps by itself what it has not unpacked yet."""

    def unpack(packed: bytes, most: int, /) -> tuple[bytes, bytes]:
        if reader.eof:
            return b"", b""
        piece = reader.decompress(packed, most)
        return piece, b""

    return unpack


def _lzma(member: Member) -> _Unpacker:
    """Unpack a member that begins with four bytes of a zip's own, and then with the properties of LZMA."""
    reader = _with_max_length(lzma.LZMADecompressor(lzma.FORMAT_ALONE))
    size = -1 if member.flags & 0x2 else member.size
    began = False

    def unpack(packed: bytes, most: int, /) -> tuple[bytes, bytes]:
        nonlocal began
        if not began and packed:
            began = True
            properties = 4 + int.from_bytes(packed[2:4], "little")
            packed = packed[4:properties] + struct.pack("<q", size) + packed[properties:]
        return reader(packed, most)

    return unpack
