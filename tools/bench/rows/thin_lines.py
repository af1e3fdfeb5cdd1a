"""Thin, far and lossy lines: first mirrors at the line's own pace, and saved edits that do not wait for them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dropbox_simulator.content import ContentHasher
from tools.bench import workload
from tools.bench.bench import Bench, Maker, say, until
from tools.bench.dropbox import APP_KEY
from tools.bench.installation import Installation
from tools.bench.measure import MEGABYTE, Goal, Measure, ReportRow
from tools.bench.models import line_floor
from tools.bench.processes import Failed, Running
from tools.bench.verify import must_hold

PICTURES, EDITS = "Study of pictures", "Study of edits"
PATH = "scripts/task.js"
FLOOR_FACTOR, CARRIED_FACTOR, EDIT_SECONDS = 1.10, 1.05, 5.0
LIMIT = 600.0
BETWEEN_EDITS = 3.0
SMALL_BYTES = 10_000


@dataclass(frozen=True)
class Load:
    """What crosses a line: so many large files of one size, so many small ones."""

    key: str
    model: str
    files: int
    size: int
    small: int = 0

    def write(self, folder: Path, *, is_full: bool) -> int:
        """Write the files, few where it is only tried whether everything works; return their bytes."""
        share = 1 if is_full else 8
        size = workload.few_large(folder, files=max(1, self.files // share), size=self.size // share)
        if self.small:
            size += workload.many_small(folder, files=self.small // share, folders=4, size=SMALL_BYTES)
        return size

    def words(self) -> str:
        """Say what it is."""
        small = f" and {self.small} × {SMALL_BYTES // 1000} KB" if self.small else ""
        return f"{self.files} files × {self.size / MEGABYTE:g} MB{small}"


LOADS = (
    Load("line-1", "1-mbit", 6, MEGABYTE),
    Load("line-10", "10-mbit", 40, MEGABYTE),
    Load("line-100", "100-mbit", 6, 50 * MEGABYTE, 100),
    Load("line-10-far", "10-mbit-far", 40, MEGABYTE),
    Load("line-10-lossy", "10-mbit-lossy", 40, MEGABYTE),
    Load("line-10-far-lossy", "10-mbit-far-lossy", 40, MEGABYTE),
    Load("line-100-far-lossy", "100-mbit-far-lossy", 6, 50 * MEGABYTE, 100),
)


def first_mirror(load: Load) -> Maker:
    """Return what mirrors a study for the first time over the load's line; rclone does the same."""
    return lambda bench: iter([_first_mirror(bench, load)])


def _first_mirror(bench: Bench, load: Load) -> ReportRow:
    source = bench.fresh("pictures")
    size = load.write(source, is_full=bench.sizes.is_full)
    with bench.installation(load.key) as installation:
        email = installation.user("ada")
        installation.import_study("ada", PICTURES, source)
        ours = installation.sync("ada", model=load.model, changed=size)
        must_hold(bench.dropbox, email, f"/Studies/{PICTURES}/v1", source)
    floor = line_floor(load.model, size)
    say(f"  {load.key}: {_told(ours, size, floor)}; {ours.by_route}")
    row = ReportRow(
        key=load.key,
        work=f"first mirror of {load.words()}",
        model=load.model,
        ours=ours,
        goals=[
            Goal("calls took ÷ the line's floor", FLOOR_FACTOR, ours.busy_seconds / floor),
            Goal("bytes on the line ÷ bytes changed", CARRIED_FACTOR, ours.bytes_carried / size),
        ],
        notes=[
            f"The line needs {floor:.1f} s for these bytes; the mirror's calls took {ours.busy_seconds / floor:.3f} × so "
            f"long, with {ours.bytes_carried / size:.3f} bytes on the line for each byte changed."
        ],
    )
    for flags in bench.peers[:1]:
        with bench.rclone(load.key) as rclone:
            peer = row.peers[flags] = rclone.sync(source, model=load.model, flags=flags, changed=size)
        say(f"  rclone {flags}: {_told(peer, size, floor)}")
        row.notes.append(
            f"rclone, {flags}: its calls took {peer.busy_seconds / floor:.3f} × so long, "
            f"with {peer.bytes_carried / size:.3f} bytes on the line for each byte changed."
        )
    return row


def _told(measure: Measure, size: int, floor: float) -> str:
    return (
        f"{measure.seconds:.1f} s ({measure.busy_seconds:.1f} s of calls), {measure.busy_seconds / floor:.3f} × the floor, "
        f"{measure.bytes_carried / size:.3f} × the bytes"
    )


BESIDE = (
    Load("edit-line-1", "1-mbit", 3, 8 * MEGABYTE),
    Load("edit-line-10", "10-mbit", 10, 20 * MEGABYTE),
)


def edits_beside(load: Load) -> Maker:
    """Return what saves small edits while large files of the same user are on a thin line."""
    return lambda bench: iter([_edits_beside(bench, load)])


def _edits_beside(bench: Bench, load: Load) -> ReportRow:
    source = bench.fresh("videos")
    load.write(source, is_full=True)
    with bench.installation(load.key) as installation:
        email = installation.user("ada")
        installation.act("make_study", owner="ada", name=EDITS, files={PATH: "// first\n"})
        installation.settle("ada")
        with installation.worker() as worker:
            bench.quiet(worker)
            bench.dropbox.use(load.model)
            installation.import_study("ada", PICTURES, source)
            _wait_for_bytes(bench, MEGABYTE // 2)
            seconds = _edits(bench, installation, worker, "ada", email)
            is_still_busy = bool(installation.act("unproven", since={"ada": time.time()}))
    if not is_still_busy:
        raise Failed("the large files arrived before the edits were made")
    return _edit_row(
        bench, load, f"a saved 1 kB edit while {load.words()} of the same user are on the line", seconds
    )


CROWD, CROWD_FILES = 50, 4
CROWDED = Load("edit-crowded", "10-mbit", CROWD, CROWD_FILES * MEGABYTE)


def an_edit_beside_long_mirrors(bench: Bench) -> Iterator[ReportRow]:
    """Save small edits of one user while the first mirrors of many others run."""
    names = [f"u{number:03}" for number in range(CROWD if bench.sizes.is_full else 3)]
    with bench.installation("crowded") as installation:
        email = installation.user("ada")
        installation.act("make_study", owner="ada", name=EDITS, files={PATH: "// first\n"})
        installation.settle("ada")
        mark = installation.folder.name
        grants = {name: bench.dropbox.authorised(f"{name}@{mark}.example.com") for name in names}
        installation.act(
            "make_pictures", grants=grants, app_key=APP_KEY, study=PICTURES, files=CROWD_FILES, size=MEGABYTE
        )
        bench.dropbox.use(CROWDED.model)
        with installation.worker() as worker:
            _wait_for_bytes(bench, 2 * MEGABYTE)
            seconds = _edits(bench, installation, worker, "ada", email)
            waiting = int(installation.act("unproven", since=dict.fromkeys(names, 0.0)))
    row = _edit_row(
        bench,
        CROWDED,
        f"a saved 1 kB edit of one user while the first mirrors of {len(names)} others run "
        f"({CROWD_FILES} × 1 MB each)",
        seconds,
    )
    row.notes.append(f"After the last edit {waiting} of the {len(names)} first mirrors were still under way.")
    yield row


def _wait_for_bytes(bench: Bench, size: int) -> None:
    """Wait until the line has carried so many bytes."""
    until(
        lambda: bench.dropbox.figures().carried >= size,
        limit=LIMIT, what="large files are on the line", every=0.25,
    )  # fmt: skip


def _edits(bench: Bench, installation: Installation, worker: Running, owner: str, email: str) -> list[float]:
    """Save a file some times; return the seconds until each text was in Dropbox."""
    found = []
    for number in range(bench.sizes.edits):
        text = f"// edit {number}\n".ljust(1000, "/")
        hasher = ContentHasher()
        hasher.update(text.encode())
        wanted, place = hasher.hexdigest(), f"/Studies/{EDITS}/v1/{PATH}"
        at = float(installation.act("save", owner=owner, study=EDITS, path=PATH, text=text))
        until(
            lambda place=place, wanted=wanted: _holds(bench, email, place, wanted),  # type: ignore[misc]
            limit=LIMIT, what="a saved edit is in Dropbox",
        )  # fmt: skip
        found.append(time.time() - at)
        worker.must_run()
        time.sleep(BETWEEN_EDITS)
    return found


def _holds(bench: Bench, email: str, path: str, content_hash: str) -> bool:
    held: dict[str, str] = bench.dropbox.control("contents", account=email)
    return held.get(path) == content_hash


def _edit_row(bench: Bench, load: Load, work: str, seconds: list[float]) -> ReportRow:
    figures = bench.dropbox.figures()
    say(f"  {load.key}: {[round(value, 2) for value in seconds]} s")
    ours = Measure.of(figures, None, changed=0, seconds=statistics.median(seconds))
    return ReportRow(
        key=load.key,
        work=work,
        model=load.model,
        ours=ours,
        goals=[Goal("save → in Dropbox (slowest)", EDIT_SECONDS, max(seconds), "s")],
        notes=[
            f"{len(seconds)} edits: in Dropbox after {statistics.median(seconds):.2f} s (median), "
            f"{max(seconds):.2f} s (slowest). The calls are all that were made meanwhile."
        ],
    )
