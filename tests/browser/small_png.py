"""Pictures for the manual, small: a PNG with a palette of its 256 most frequent colours.

A page has a few hundred colours, most of them shades of its letters' edges; the rare ones become the nearest kept.
Format: https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE = 256


def with_palette(png: bytes) -> bytes:
    """Return the same picture with at most 256 colours; it comes as 8-bit RGB or RGBA, as Chromium makes it."""
    chunks = list(_chunks(png))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    assert (depth, kind) in ((8, 2), (8, 6)), "another kind of PNG"
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    size = 4 if kind == 6 else 3
    rows = [
        [row[at : at + 3] for at in range(0, width * size, size)]
        for row in _rows(data, width * size, size, height)
    ]
    frequent = [colour for colour, _ in Counter(pixel for row in rows for pixel in row).most_common(_PALETTE)]
    index = {colour: number for number, colour in enumerate(frequent)}

    def nearest(colour: bytes) -> int:
        if colour not in index:
            index[colour] = min(
                range(len(frequent)),
                key=lambda n: sum((a - b) ** 2 for a, b in zip(frequent[n], colour, strict=True)),
            )
        return index[colour]

    lines = b"".join(b"\0" + bytes(nearest(pixel) for pixel in row) for row in rows)
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(frequent)),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert png.startswith(_SIGNATURE)
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _rows(data: bytes, width: int, size: int, height: int) -> Iterator[bytes]:
    """Undo the five filters of PNG, row by row."""
    above = bytes(width)
    for number in range(height):
        start = number * (width + 1)
        how, row = data[start], bytearray(data[start + 1 : start + 1 + width])
        for at in range(width) if how else ():
            left = row[at - size] if at >= size else 0
            up = above[at]
            corner = above[at - size] if at >= size else 0
            row[at] = (row[at] + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[how]) & 255
        above = bytes(row)
        yield above


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))
