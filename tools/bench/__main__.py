"""`python -m tools.bench`: run the benchmarks and write `docs/benchmarks.md`.

Without options everything is run in full size, which takes about three quarters of an hour. `--rows edit,rename` runs a part and
replaces those rows of the report; `--quick` only tries whether everything works, and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tools.bench import report
from tools.bench.bench import QUICK, Bench, Sizes, say
from tools.bench.dropbox import SimulatedDropbox
from tools.bench.measure import MEGABYTE, ReportRow
from tools.bench.models import MODELS
from tools.bench.processes import ROOT, Failed
from tools.bench.rclone import BEST, FLAGS
from tools.bench.rows import MAKERS


def options(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="The mirror beside rclone.")
    parser.add_argument("--rows", default=",".join(MAKERS), help=f"some of {','.join(MAKERS)}")
    parser.add_argument("--model", choices=[name for name in MODELS if name != "off"], default="fast")
    parser.add_argument("--peers", default=f"{BEST},defaults", help=f"some of {','.join(FLAGS)}, or none")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; write nothing")
    parser.add_argument("--files", type=int, help="files of the first mirror")
    parser.add_argument("--large-files", type=int)
    parser.add_argument("--large-mb", type=int, help="size of each large file")
    parser.add_argument(
        "--folder-files", type=int, help="files of the folder that is renamed, moved, deleted"
    )
    parser.add_argument("--users", type=int)
    parser.add_argument(
        "--account-files", type=int, help="files of the account in which one change is planned"
    )
    parser.add_argument("--work", type=Path, help="where temporary files go")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where the report is written")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    return parser.parse_args(words)


def sizes_of(given: argparse.Namespace) -> Sizes:
    """Return the sizes that the options ask for."""
    named = {
        "small_files": given.files,
        "small_folders": given.files and max(1, given.files // 50),
        "large_files": given.large_files,
        "large_bytes": given.large_mb and given.large_mb * MEGABYTE,
        "folder_files": given.folder_files,
        "users": given.users,
        "account_files": given.account_files,
    }
    changes = {name: value for name, value in named.items() if value}
    return replace(QUICK if given.quick else Sizes(), **changes)


def run(given: argparse.Namespace, names: Iterable[str]) -> tuple[list[ReportRow], list[str]]:
    """Make the rows; return them, and what failed."""
    rows: list[ReportRow] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="minno-bench-", dir=given.work) as place:
        folder = Path(place)
        with SimulatedDropbox(folder) as dropbox:
            peers = tuple(name.strip() for name in given.peers.split(",") if name.strip() in FLAGS)
            bench = Bench(dropbox, folder, sizes_of(given), peers, given.model)
            for name in names:
                started, load = time.monotonic(), os.getloadavg()[0]
                say(f"{name} …")
                dropbox.control("forget")
                try:
                    for row in MAKERS[name](bench):
                        row.notes.append(report.load_text(load, os.getloadavg()[0]))
                        rows.append(row)
                except Failed as failure:
                    failures.append(f"{name}: {failure}")
                    say(f"  FAILED: {failure}")
                say(f"{name}: done in {time.monotonic() - started:.0f} s")
    return rows, failures


def main(words: list[str] | None = None) -> int:
    """Run what was asked for; exit status 1 when a row could not be made."""
    given = options(words)
    names = [name for name in given.rows.split(",") if name]
    unknown = [name for name in names if name not in MAKERS]
    if unknown:
        sys.exit(f"No such rows: {', '.join(unknown)}. There are: {', '.join(MAKERS)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every process is ended on the way out
    rows, failures = run(given, names)
    for row in rows:
        print(f"\n{row.work} ({row.model}): {report.measure_text(row.ours)}")
        for name, peer in row.peers.items():
            print(f"    rclone, {name}: {report.measure_text(peer)}")
        for goal in row.goals:
            print(f"    {report.goal_text(goal)}")
    if not (given.quick or given.dry):
        known = report.earlier(given.docs)
        known.update({row.key: row for row in rows})
        report.write(ordered(known), given.docs)
    return 1 if failures else 0


ORDER = (
    "first", "fallback", "pessimistic", "large", "rename-folder", "move-folder", "rename-study", "new-version",
    "duplicate", "delete-kept", "delete-really", "edit", "burst", "nothing", "planning", "crowd",
    "line-1", "line-10", "line-100", "line-10-far", "line-10-lossy", "line-10-far-lossy", "line-100-far-lossy",
    "edit-line-1", "edit-line-10", "edit-crowded",
)  # fmt: skip


def ordered(rows: dict[str, ReportRow]) -> list[ReportRow]:
    """Put the rows into the order of the report."""
    return sorted(rows.values(), key=lambda row: ORDER.index(row.key) if row.key in ORDER else len(ORDER))


if __name__ == "__main__":
    sys.exit(main())
