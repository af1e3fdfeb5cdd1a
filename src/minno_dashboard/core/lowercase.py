"""The lower case by which Dropbox compares names: one character to one character, as in Unicode 4.1.

Dropbox was begun on Python 2.5 and still compares names as its `unicode.lower()` did: 893 pairs, the simple
lower-case mappings of Unicode 4.1 (the facts agree with the table a Dropbox engineer published as `dbxcase`).
Python 3's own `lower()` knows later letters and differs on 542 code points, so it must not be used for this.
"""

from __future__ import annotations

# `first-last+distance` for neighbours, `first/last+distance` for every second code point; hexadecimal, decimal.
RUNS = """
41-5A+32 C0-D6+32 D8-DE+32 100/12E+1 130-199 132/136+1 139/147+1 14A/176+1 178-121 179/17D+1 181+210
182/184+1 186+206 187+1 189-18A+205 18B+1 18E+79 18F+202 190+203 191+1 193+205 194+207 196+211 197+209
198+1 19C+211 19D+213 19F+214 1A0/1A4+1 1A6+218 1A7+1 1A9+218 1AC+1 1AE+218 1AF+1 1B1-1B2+217 1B3/1B5+1
1B7+219 1B8+1 1BC+1 1C4+2 1C5+1 1C7+2 1C8+1 1CA+2 1CB/1DB+1 1DE/1EE+1 1F1+2 1F2/1F4+1 1F6-97 1F7-56
1F8/21E+1 220-130 222/232+1 23B+1 23D-163 241+83 386+38 388-38A+37 38C+64 38E-38F+63 391-3A1+32
3A3-3AB+32 3D8/3EE+1 3F4-60 3F7+1 3F9-7 3FA+1 400-40F+80 410-42F+32 460/480+1 48A/4BE+1 4C1/4CD+1
4D0/4F8+1 500/50E+1 531-556+48 10A0-10C5+7264 1E00/1E94+1 1EA0/1EF8+1 1F08-1F0F-8 1F18-1F1D-8
1F28-1F2F-8 1F38-1F3F-8 1F48-1F4D-8 1F59/1F5F-8 1F68-1F6F-8 1F88-1F8F-8 1F98-1F9F-8 1FA8-1FAF-8
1FB8-1FB9-8 1FBA-1FBB-74 1FBC-9 1FC8-1FCB-86 1FCC-9 1FD8-1FD9-8 1FDA-1FDB-100 1FE8-1FE9-8 1FEA-1FEB-112
1FEC-7 1FF8-1FF9-128 1FFA-1FFB-126 1FFC-9 2126-7517 212A-8383 212B-8262 2160-216F+16 24B6-24CF+26
2C00-2C2E+48 2C80/2CE2+1 FF21-FF3A+32 10400-10427+40
"""


def _pairs() -> dict[int, int]:
    """Expand the ranges into a table for `str.translate`."""
    table: dict[int, int] = {}
    for word in RUNS.split():
        cut = max(word.rfind("+"), word.rfind("-"))
        ends, distance = word[:cut], int(word[cut:])
        step = 2 if "/" in ends else 1
        first, _, last = ends.replace("/", "-").partition("-")
        for code in range(int(first, 16), int(last or first, 16) + 1, step):
            table[code] = code + distance
    return table


LOWER: dict[int, int] = _pairs()
