"""Exports studies to a zip or folder: written beside the target, and renamed only when complete."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from minno_dashboard.core import names
from minno_dashboard.core.errors import Refused
from minno_dashboard.files import queries as files
from minno_dashboard.files import store, zips
from minno_dashboard.files.models import Blob
from minno_dashboard.studies.models import Version

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """How many files were written, and the paths of those left out because their stored bytes are damaged."""

    files: int
    damaged: list[str]


def export_version(*, version: Version, target: Path, progress: Progress | None = None) -> Exported:
    """Write a version's files to a new zip (a target ending in `.zip`) or a new or empty folder.

    Damaged files are left out and named; the others are written.

    Raises:
        Refused: the target is there already, or cannot be written.
    """
    _refuse_existing(target)
    entries = files.listing(version.tree)
    damaged: list[str] = []
    partial = target.parent / f".{target.name[:40]}.{uuid.uuid4().hex[:8]}.partial"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix.lower() == ".zip":
            _write_zip(partial, entries, damaged, progress or (lambda _: None))
        else:
            _write_folder(partial, entries, damaged, progress or (lambda _: None))
            if target.is_dir():
                target.rmdir()
        partial.replace(target)
    except OSError as error:
        raise Refused(f"{names.quoted(str(target))} cannot be written ({error.strerror}).") from error
    finally:
        _remove(partial)
    return Exported(sum(not entry.is_folder for entry in entries) - len(damaged), damaged)


def _refuse_existing(target: Path) -> None:
    if target.is_dir() and target.suffix.lower() != ".zip":
        if any(target.iterdir()):
            raise Refused(f"The folder {names.quoted(str(target))} is not empty; name a new one.")
    elif os.path.lexists(target):
        raise Refused(f"{names.quoted(str(target))} is there already; name another target.")


def _write_zip(
    partial: Path, entries: Iterable[files.TreeEntry], damaged: list[str], progress: Progress
) -> None:
    with partial.open("xb") as stream:
        for piece in zips.zip_of(((entry.path, entry) for entry in entries), damaged):
            stream.write(piece)
            progress(len(piece))


def _write_folder(
    partial: Path, entries: Iterable[files.TreeEntry], damaged: list[str], progress: Progress
) -> None:
    partial.mkdir()
    for entry in entries:
        path = partial / entry.path
        if entry.is_folder:
            path.mkdir()
            continue
        try:
            with path.open("xb") as stream:
                for piece in store.read_pieces(Blob(sha256=entry.sha256, size=entry.size)):
                    stream.write(piece)
                    progress(len(piece))
        except store.DamagedBlob:
            path.unlink()
            damaged.append(entry.path)
            continue
        moment = entry.changed_at.timestamp()
        os.utime(path, (moment, moment))


def _remove(partial: Path) -> None:
    if partial.is_dir():
        shutil.rmtree(partial)
    else:
        partial.unlink(missing_ok=True)
