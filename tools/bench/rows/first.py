"""The first mirror of many small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.bench import workload
from tools.bench.bench import Bench, say
from tools.bench.measure import Goal, ReportRow
from tools.bench.models import commit_floor
from tools.bench.rclone import BEST
from tools.bench.verify import must_hold

STUDY = "Study of many"
CALLS, FALLBACK_CALLS = 65, 10_100
FLOOR_FACTOR = 1.2
FASTER_THAN = {BEST: 10.0, "defaults": 30.0}


def first_mirror(bench: Bench) -> Iterator[ReportRow]:
    """Mirror a study for the first time; rclone does the same."""
    yield _first(bench, "first", bench.model, peers=bench.peers)


def without_append_batch(bench: Bench) -> Iterator[ReportRow]:
    """Mirror a study for the first time into a Dropbox that does not know `append_batch`."""
    bench.dropbox.control("set_behaviour", disabled_routes=["files/upload_session/append_batch"])
    try:
        row = _first(bench, "fallback", bench.model, peers=())
    finally:
        bench.dropbox.control("set_behaviour", disabled_routes=[])
    row.work += ", `append_batch` switched off"
    row.goals = [Goal("calls", _calls(bench, FALLBACK_CALLS, 1.01), row.ours.calls)]
    yield row


def pessimistic(bench: Bench) -> Iterator[ReportRow]:
    """Mirror a study for the first time into the Dropbox of the pessimistic model."""
    row = _first(bench, "pessimistic", "slow", peers=())
    row.goals = [goal for goal in row.goals if goal.what == "calls"]
    yield row


def _calls(bench: Bench, most: int, share: float) -> float:
    """Return the target of a full run, or for less work what it comes to."""
    return most if bench.sizes.is_full else 25 + bench.sizes.small_files * share


def _first(bench: Bench, key: str, model: str, *, peers: tuple[str, ...]) -> ReportRow:
    sizes = bench.sizes
    source = bench.fresh("files")
    size = workload.many_small(source, files=sizes.small_files, folders=sizes.small_folders)
    with bench.installation(key) as installation:
        email = installation.user("ada")
        installation.import_study("ada", STUDY, source)
        ours = installation.sync("ada", model=model, changed=size)
        must_hold(bench.dropbox, email, f"/Studies/{STUDY}/v1", source)
    say(f"  mirror: {ours.seconds:.1f} s, {ours.calls} calls")
    floor = commit_floor(model, sizes.small_files)
    row = ReportRow(
        key=key,
        work=f"first mirror of {sizes.small_files:,} files × 4 KB in {sizes.small_folders} folders",
        model=model,
        ours=ours,
        goals=[
            Goal("calls", _calls(bench, CALLS, 0.01), ours.calls),
            Goal("time ÷ commit floor", FLOOR_FACTOR, ours.seconds / floor),
        ],
        notes=[f"Committing alone costs {floor:.1f} s in this model."],
    )
    for flags in peers:
        _compare(bench, row, source, size, flags)
    return row


def _compare(bench: Bench, row: ReportRow, source: Path, size: int, flags: str) -> None:
    with bench.rclone("first") as rclone:
        peer = rclone.sync(source, model=row.model, flags=flags, changed=size)
        if flags == BEST:
            check = rclone.check(source, model=row.model)
            row.notes.append(f"rclone check afterwards: {check.calls} calls, {check.seconds:.1f} s.")
    say(f"  rclone {flags}: {peer.seconds:.1f} s, {peer.calls} calls")
    row.peers[flags] = peer
    if flags in FASTER_THAN:
        ratio = peer.seconds / row.ours.seconds
        row.goals.append(Goal(f"× faster than rclone, {flags}", FASTER_THAN[flags], ratio, at_least=True))
