"""A benchmark counts only when the Dropbox holds exactly what it should."""

from __future__ import annotations

from pathlib import Path

from dropbox_simulator.content import PIECE_BYTES, ContentHasher
from tools.bench.dropbox import SimulatedDropbox
from tools.bench.processes import Failed


def hashes(folder: Path) -> dict[str, str]:
    """Return Dropbox's content hash of every file by its path in the folder."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            hasher = ContentHasher()
            with path.open("rb") as stream:
                while piece := stream.read(PIECE_BYTES):
                    hasher.update(piece)
            found[path.relative_to(folder).as_posix()] = hasher.hexdigest()
    return found


def must_hold(dropbox: SimulatedDropbox, email: str, place: str, source: Path) -> None:
    """Raise Failed unless a folder of an account holds exactly the files of a folder of this computer."""
    held: dict[str, str] = dropbox.control("contents", account=email)
    there = {path[len(place) + 1 :]: value for path, value in held.items() if path.startswith(place + "/")}
    wanted = hashes(source)
    if there != wanted:
        differing = sorted(set(there.items()) ^ set(wanted.items()))[:5]
        raise Failed(
            f"{place} of {email} holds {len(there)} files, wanted are {len(wanted)}; for example {differing}"
        )
