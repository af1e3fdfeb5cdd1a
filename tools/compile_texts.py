"""Compiles the translations (`.po`, in git) into what Django loads (`.mo`, beside them); standard library only.

Run as `python -m tools.compile_texts`; set-up does it where a `.po` changed.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "src/minno_dashboard/locale"

# What the numbers of a compiled catalogue mean: GNU gettext manual, "The Format of GNU MO Files".
MAGIC = 0x950412DE
HEADER_BYTES = 28


def sources() -> list[Path]:
    """Return every catalogue there is."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))


def entries(text: str) -> Iterator[dict[str, str]]:
    """Yield each message of a `.po` as its fields (`msgctxt`, `msgid`, `msgstr[0]` …), without fuzzy ones."""
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        field, is_fuzzy = "", False
        for line in block.splitlines():
            if line.startswith("#"):
                is_fuzzy = is_fuzzy or (line.startswith("#,") and "fuzzy" in line)
                continue
            key, _, quoted = line.partition(" ") if not line.startswith('"') else (field, "", line)
            field = key
            fields[field] = fields.get(field, "") + ast.literal_eval(quoted)
        if "msgid" in fields and (not is_fuzzy or not fields["msgid"]):
            yield fields


def pairs(text: str) -> dict[str, str]:
    """Return what a compiled catalogue maps: messages (with context and plural joined as gettext does) to texts."""
    found: dict[str, str] = {}
    for one in entries(text):
        key = one["msgid"]
        if "msgid_plural" in one:
            key = f"{key}\0{one['msgid_plural']}"
        if "msgctxt" in one:
            key = f"{one['msgctxt']}\4{key}"
        texts = [one[name] for name in sorted(one) if name.startswith("msgstr")]
        if all(texts):
            found[key] = "\0".join(texts)
    return found


def compiled(text: str) -> bytes:
    """Return a `.po` as the bytes of its `.mo`."""
    items = sorted((key.encode(), value.encode()) for key, value in pairs(text).items())
    table_bytes = 8 * len(items)
    offset = HEADER_BYTES + 2 * table_bytes
    tables: list[bytes] = []
    strings = b""
    for column in (0, 1):
        for item in items:
            tables.append(struct.pack("<2I", len(item[column]), offset + len(strings)))
            strings += item[column] + b"\0"
    header = struct.pack("<7I", MAGIC, 0, len(items), HEADER_BYTES, HEADER_BYTES + table_bytes, 0, offset)
    return header + b"".join(tables) + strings


def main() -> None:
    """Compile every catalogue."""
    for source in sources():
        source.with_suffix(".mo").write_bytes(compiled(source.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
