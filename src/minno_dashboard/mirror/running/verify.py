#!/usr/bin/env python3
"""Checks, without any network, that this copy holds exactly what MANIFEST.json says.

Run it in the folder of the copy:  python3 verify.py      (Windows:  py verify.py)
or name the folder:                python3 verify.py "Apps/Minno"

It needs Python 3.8 or later and nothing else. It reads files and changes nothing. It ends with status 0 when every
file is there byte for byte, 1 when something is missing or other than it should be, 2 when it could not check.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import unicodedata
from typing import Iterable, NamedTuple, Sequence, Sized

MANIFEST = "MANIFEST.json"
FORMAT = "minno-dashboard manifest 1"
PIECE_BYTES = 1024 * 1024
MAX_SHOWN = 50
BESIDE = ("manifest.json", "verify.py", "readme.txt", ".minno-dashboard.json")
LITTER = (".ds_store", "desktop.ini", "thumbs.db", ".dropbox", "icon\r")


class CannotCheck(Exception):
    """The manifest is not there or cannot be understood."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a folder, say what was found, and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(
        description="Check this copy against its MANIFEST.json, without a network."
    )
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("folder", nargs="?", default=here, help="the copy (default: the folder of this file)")
    parser.add_argument("--quiet", action="store_true", help="print no progress and no remarks")
    chosen = parser.parse_args(arguments)
    try:
        manifest = read_manifest(chosen.folder)
        return check(chosen.folder, manifest, is_quiet=chosen.quiet)
    except CannotCheck as error:
        print(f"NOT CHECKED: {error}", file=sys.stderr)
        return 2


class FolderManifest(NamedTuple):
    """The moment that a manifest describes, and of each file its path, size in bytes, SHA-256 and Dropbox's hash."""

    describes: str
    files: list[tuple[str, int, str, str]]


def read_manifest(folder: str) -> FolderManifest:
    """Return the manifest of a folder.

    Raises:
        CannotCheck: there is none, or it is damaged or of another kind.
    """
    path = os.path.join(folder, MANIFEST)
    try:
        with open(path, encoding="utf-8") as stream:
            manifest = json.load(stream)
    except OSError as error:
        raise CannotCheck(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise CannotCheck(f"{path} is damaged ({error}).") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CannotCheck(f"{path} is of a kind that this program does not know.")
    rows = manifest.get("files")
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 4 for row in rows):
        raise CannotCheck(f"{path} has no list of files.")
    for row in rows:
        if any(part in ("", ".", "..") for part in row[0].split("/")) or "\\" in row[0] or ":" in row[0][:2]:
            raise CannotCheck(f"{path} names a file outside of the folder.")
    return FolderManifest(str(manifest.get("describes", "an unknown moment")), [tuple(row) for row in rows])


def check(folder: str, manifest: FolderManifest, *, is_quiet: bool = False) -> int:
    """Compare every file with the manifest, print what was found, and return the exit status."""
    rows = manifest.files
    shows_progress = sys.stdout.isatty() and not is_quiet
    print(f"{count(rows)}, {size_words(sum(row[1] for row in rows))}, as of {moment(manifest)}.")
    there = Places(folder)
    wrong = []
    for number, (path, size, sha256, _) in enumerate(rows, 1):
        if shows_progress:
            print(f"\rChecking {number} of {len(rows)} ", end="", flush=True)
        problem = look(there.find(path), size, sha256)
        if problem:
            wrong.append(f"{problem}: {path}")
    if shows_progress:
        print("\r", end="")
    for line in wrong[:MAX_SHOWN]:
        print(line)
    if len(wrong) > MAX_SHOWN:
        print(f"and {len(wrong) - MAX_SHOWN} more")
    others = there.others(row[0] for row in rows)
    if others and not is_quiet:
        print(f"Beside them: {count(others)} that the manifest does not name, newer ones or your own.")
    if wrong:
        print(f"NOT IDENTICAL: {len(wrong)} of {count(rows)} missing or other than they should be.")
        return 1
    print(f"IDENTICAL: {count(rows)} here, byte for byte.")
    return 0


def look(place: str | None, size: int, sha256: str) -> str:
    """Say what is wrong with one file, "" where nothing is."""
    if place is None:
        return "MISSING"
    digest = hashlib.sha256()
    try:
        with open(place, "rb") as stream:
            if os.fstat(stream.fileno()).st_size != size:
                return "OTHER SIZE"
            for piece in iter(lambda: stream.read(PIECE_BYTES), b""):
                digest.update(piece)
    except OSError as error:
        return f"UNREADABLE ({error.strerror})"
    return "" if digest.hexdigest() == sha256 else "OTHER CONTENT"


class Places:
    """The files below a folder, found as Dropbox finds them: however accents are composed, upper or lower case."""

    def __init__(self, folder: str) -> None:
        """Look which files there are; what was deleted and Dropbox's own folders are passed over."""
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        top = long_path(os.path.abspath(folder))
        for here, folders, names in os.walk(top):
            if here == top:
                folders[:] = [one for one in folders if one.lower() != "deleted" and one[:8] != ".dropbox"]
            below = "" if here == top else os.path.relpath(here, top).replace(os.sep, "/") + "/"
            for name in names:
                path, place = unicodedata.normalize("NFC", below + name), os.path.join(here, name)
                self._exact[path] = place
                self._folded[folded(path)] = place

    def find(self, path: str) -> str | None:
        """Return where a file of the manifest lies, None where it is not there."""
        return self._exact.get(unicodedata.normalize("NFC", path)) or self._folded.get(folded(path))

    def others(self, known: Iterable[str]) -> list[str]:
        """Return the files that are neither known nor of the copy itself."""
        unknown = self._folded.keys() - {folded(path) for path in known}
        return [one for one in unknown if one not in BESIDE and one.rpartition("/")[2] not in LITTER]


def folded(path: str) -> str:
    """Return a path so that two spellings of one name are equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).lower())


def long_path(path: str) -> str:
    """Let Windows take paths of more than 260 characters."""
    if os.name != "nt" or path.startswith("\\\\?\\"):
        return path
    return "\\\\?\\UNC\\" + path[2:] if path.startswith("\\\\") else "\\\\?\\" + path


def moment(manifest: FolderManifest) -> str:
    """Return the moment that a manifest describes, for people."""
    return manifest.describes.replace("T", " ").replace("Z", " UTC")


def count(things: Sized) -> str:
    """Return a number of files with its noun."""
    return "1 file" if len(things) == 1 else f"{len(things):,} files"


def size_words(size: int) -> str:
    """Return a number of bytes with its unit."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


if __name__ == "__main__":
    sys.exit(main())
