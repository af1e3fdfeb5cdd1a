"""The files of the benchmarks: made from a seed, the same for everybody who is measured."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

SEED = 20261123
STEM = 64 * 1024
PIECE = 1024 * 1024
# An hour ago in whole seconds: rclone then trusts its comparison of times.
AGE_SECONDS = 3600


def many_small(folder: Path, *, files: int, folders: int, size: int = 4096) -> int:
    """Write so many files of one size, spread evenly over folders; return the bytes written."""
    dice = random.Random(SEED)  # noqa: S311 - content to send, no secret
    for number in range(files):
        place = folder / f"block-{number % folders:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"trial-{number:05}.js").write_bytes(dice.randbytes(size))
    _age(folder)
    return files * size


def few_large(folder: Path, *, files: int, size: int) -> int:
    """Write so many large files, no two alike; return the bytes written."""
    dice = random.Random(SEED)  # noqa: S311 - content to send, no secret
    stem = dice.randbytes(PIECE)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        with (folder / f"video-{number:03}.mp4").open("wb") as stream:
            stream.write(f"{number:016}".encode())
            left = size - 16
            while left > 0:
                stream.write(stem[: min(left, PIECE)])
                left -= PIECE
    _age(folder)
    return files * size


def _age(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            moment = int(path.stat().st_mtime) - AGE_SECONDS
            os.utime(path, (moment, moment))


def copied(source: Path, target: Path) -> None:
    """Copy a folder with the times of its files, as a person does with a folder of the computer."""
    shutil.copytree(source, target, copy_function=shutil.copy2)


def edited(path: Path, mark: str) -> int:
    """Change a file a little, keeping its size; return its size."""
    data = path.read_bytes()
    path.write_bytes(mark.encode().ljust(32)[:32] + data[32:])
    return len(data)
