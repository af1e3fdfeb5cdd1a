"""What an import found in a folder, zip or tar: files with a way to read them, folders, system files, and problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.system_files import is_litter

MAX_THINGS = 100_000
MAX_BYTES = 20 * 1024**3
MAX_RATIO = 200
"""Real files shrink to a hundredth at best; deflate can do 1 : 1,032, which is what bombs use."""
SMALL_BYTES = 10 * 1024 * 1024
"""Files up to this size may shrink as much as they like: a spread sheet of zeros is no bomb."""
SMALL_ZIP_BYTES = 256 * 1024 * 1024
"""All files of a zip together may be so large whatever the zip's own size: many small bombs are one, too."""

Path = tuple[str, ...]
Opener = Callable[[], Iterator[bytes]]


@dataclass
class ImportContents:
    """Files with their sizes and openers, folders, system files that are left out, and problems, one sentence each."""

    files: dict[Path, tuple[int, Opener]] = field(default_factory=dict)
    folders: dict[Path, None] = field(default_factory=dict)
    litter: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    bytes: int = 0

    def refuse(self, path: str, reason: str) -> None:
        """Add a problem."""
        self.problems.append(f"{names.quoted(path)}: {reason}")

    def leaves_out(self, parts: Path, *, is_folder: bool = False) -> bool:
        """Return whether a path is a system file; such a file is counted."""
        if not is_litter(parts):
            return False
        if not is_folder:
            self.litter.append("/".join(parts))
        return True

    def add(self, path: str, parts: Path, size: int, opener: Opener | None) -> None:
        """Add a file, or a folder (no opener), under its checked and cleaned names."""
        if self.leaves_out(parts, is_folder=opener is None):
            return
        try:
            cleaned = tuple(names.check_path(parts))
        except Invalid as refusal:
            self.refuse(path, str(refusal))
            return
        if opener is None:
            self.folders[cleaned] = None
        elif cleaned in self.files:
            self.refuse(path, gettext("this name occurs twice."))
        else:
            self.files[cleaned] = (size, opener)
            self.bytes += size


def refuse_hostile_path(found: ImportContents, path: str) -> bool:
    """Return whether an archive's path must not be unpacked, and add a problem if so."""
    if path.startswith("/") or path[1:3] == ":/":
        found.refuse(path, gettext("its path is absolute; only paths inside the study can be imported."))
    elif ".." in path.split("/"):
        found.refuse(path, gettext("its path leads outside the study."))
    else:
        return False
    return True


def parts_of(path: str) -> Path:
    """Return the names of an archive's path; `.` and empty names are left out."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


def too_much(things: int, size: int) -> list[str]:
    """Return which limit is exceeded: of files and folders, or of bytes."""
    problems = []
    if things > MAX_THINGS:
        problems.append(
            gettext("There are %(things)s files and folders; a study can have at most %(most_things)s.")
            % {"things": things, "most_things": MAX_THINGS}
        )
    if size > MAX_BYTES:
        problems.append(
            gettext("Unpacked there are %(size)s bytes; a study can be imported with at most %(most_bytes)s.")
            % {"size": size, "most_bytes": MAX_BYTES}
        )
    return problems


def grows_like_a_bomb(packed: int, unpacked: int) -> str:
    """Return the sentence that refuses a zip bomb, "" for any other archive."""
    if unpacked <= SMALL_ZIP_BYTES or unpacked <= MAX_RATIO * packed:
        return ""
    return gettext(
        "This zip would grow from %(compress_size)s to %(file_size)s bytes, as a zip bomb does."
    ) % {
        "compress_size": packed,
        "file_size": unpacked,
    }
