"""`make soak`: random stories about the whole mirror, on two processes, until as many as asked for are played.

`make soak SEEDS=20000 [FROM=n]` plays them and prints each seed that fails with the command that replays it;
`make soak SEED=n` replays one and makes its story as short as it can. Nothing outside a temporary folder is touched.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mirror.soak.stage import SoakInstallation

PROCESSES = 2
PORTION = 5
PROGRESS_SECONDS = 10.0
_installations: list[SoakInstallation] = []


@dataclass
class Sum:
    """What a portion of seeds came to."""

    seeds: int = 0
    calls: int = 0
    happened: int = 0
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, other: Sum) -> None:
        """Take another portion in."""
        self.seeds += other.seeds
        self.calls += other.calls
        self.happened += other.happened
        self.failures.update(other.failures)


def set_up(folder: str) -> None:
    """Make an installation in this process: settings, a database in memory, people."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
        "MINNO_DATA_DIR": tempfile.mkdtemp(dir=folder),
        "MINNO_SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests",
        "MINNO_LOG_LEVEL": "CRITICAL",
        "DATABASE_URL": "",
    }
    import django

    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, serialize=False)
    from tests.mirror.soak.stage import SoakInstallation

    _installations.append(SoakInstallation(Path(os.environ["MINNO_DATA_DIR"])))
    gc.freeze()


def play_portion(seeds: range) -> Sum:
    """Play some seeds in this process."""
    from tests.mirror.soak.play import play
    from tests.mirror.soak.story import tell

    done = Sum()
    for seed in seeds:
        outcome = play(tell(seed), _installations[0])
        done.add(Sum(1, outcome.calls, outcome.happened))
        if outcome.failure:
            done.failures[seed] = outcome.failure.splitlines()[0][:200]
    return done


def portions(first: int, count: int) -> Iterator[range]:
    """Cut the seeds into portions."""
    for start in range(first, first + count, PORTION):
        yield range(start, min(start + PORTION, first + count))


def soak(first: int, count: int, folder: str, processes: int = PROCESSES) -> Sum:
    """Play all seeds on some processes; say how far it is, and each failure as it comes."""
    total, began, said = Sum(), time.monotonic(), 0.0
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, set_up, (folder,)) as pool:
        for future in as_completed([pool.submit(play_portion, one) for one in portions(first, count)]):
            part = future.result()
            total.add(part)
            for seed, failure in sorted(part.failures.items()):
                print(f"make soak SEED={seed}    # {failure}", flush=True)
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"{total.seeds} of {count} seeds, {_rate(total, began)}", flush=True)
    print(
        f"{total.seeds} seeds from {first}: {total.happened} things happened, {total.calls} calls,"
        f" {len(total.failures)} failures, {_rate(total, began)}"
    )
    kinds = Counter(text[:60] for text in total.failures.values())
    for kind, times in kinds.most_common():
        print(f"{times:6} × {kind}")
    return total


def _rate(total: Sum, began: float) -> str:
    return f"{total.seeds / (time.monotonic() - began):.1f} seeds/s"


def replay(seed: int, folder: str) -> bool:
    """Replay one seed; where it fails, make its story short and tell it. Answer whether it went well."""
    set_up(folder)
    from tests.mirror.soak import minimise, story
    from tests.mirror.soak.play import play

    installation = _installations[0]
    told = story.tell(seed)
    outcome = play(told, installation)
    if not outcome.failure:
        print(minimise.tell(told, outcome))
        return True
    print(outcome.failure, "\nmaking it short …", flush=True)
    print(minimise.tell(*minimise.minimise(told, lambda one: play(one, installation))))
    return False


def main() -> int:
    """Do what the command line asks for; exit status 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20_000, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first one")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="how many at once")
    parser.add_argument("--seed", type=int, help="replay this one")
    given = parser.parse_args()
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    folder = tempfile.mkdtemp(prefix="minno-soak-", dir=memory if memory.is_dir() else None)
    try:
        if given.seed is not None:
            return 0 if replay(given.seed, folder) else 1
        return 1 if soak(given.first, given.seeds, folder, given.processes).failures else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
