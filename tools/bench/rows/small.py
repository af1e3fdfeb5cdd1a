"""The everyday: one save, many saves, nothing at all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from tools.bench import workload
from tools.bench.bench import Bench, say, until
from tools.bench.installation import Installation
from tools.bench.measure import Goal, Measure, ReportRow
from tools.bench.models import MODELS

STUDY = "Study of edits"
MODEL = "far"
EDIT_CALLS, EDIT_SECONDS, BURST_CALLS = 2, 2.0, 4
SAVES, WITHIN = 10, 1.0
WATCHED_SECONDS = 5.0
LIMIT = 300.0


def _prepared(bench: Bench, installation: Installation) -> None:
    installation.user("ada")
    source = bench.fresh("files")
    workload.many_small(
        source, files=bench.sizes.small_folders, folders=max(1, bench.sizes.small_folders // 20)
    )
    installation.import_study("ada", STUDY, source)
    installation.settle("ada")


def _seen_in_dropbox(bench: Bench, since: float) -> float | None:
    """Return when the answer to the last write since a moment was on its way, None when there was none."""
    done = [
        call[2]
        for call in bench.dropbox.control("timeline")
        if call[0] in WRITES and call[3] == 200 and call[1] >= since and call[2] is not None
    ]
    return max(done, default=None)


WRITES = ("files/upload", "files/upload_session/finish_batch_v2", "files/upload_session/finish")


def one_edit(bench: Bench) -> Iterator[ReportRow]:
    """Save a file while the worker is idle; wait until it is in Dropbox, then until it is proven."""
    latencies, proofs, measures = [], [], []
    with bench.installation("edit") as installation:
        _prepared(bench, installation)
        with installation.worker() as worker:
            bench.dropbox.use(MODEL)
            for number in range(bench.sizes.edits):
                bench.quiet(worker)
                bench.dropbox.use(MODEL)
                text = f"// edit {number}\n" * 200
                at = float(installation.act("save", owner="ada", study=STUDY, path=_file(), text=text))
                until(
                    lambda at=at: _seen_in_dropbox(bench, at) is not None,  # type: ignore[misc]
                    limit=LIMIT, what="a saved file is in Dropbox",
                )  # fmt: skip
                latencies.append((_seen_in_dropbox(bench, at) or at) - at)
                until(
                    lambda at=at: _is_proven(installation, at),  # type: ignore[misc]
                    limit=LIMIT, what="a saved file is proven",
                )  # fmt: skip
                bench.quiet(worker)
                figures = bench.dropbox.figures()
                proofs.append(figures.last - at)
                measures.append(Measure.of(figures, None, changed=len(text), seconds=latencies[-1]))
    worst = max(measures, key=lambda measure: measure.calls)
    say(f"  edit: {[round(x, 2) for x in latencies]} s, {worst.by_route}")
    row = ReportRow(
        key="edit",
        work="one saved edit, the worker idle before",
        model=MODEL,
        ours=Measure(**{**vars(worst), "seconds": statistics.median(latencies), "busy_seconds": 0.0}),
        goals=[
            Goal("calls", EDIT_CALLS, worst.calls),
            Goal("save → in Dropbox (slowest)", EDIT_SECONDS, max(latencies), "s"),
        ],
        notes=[
            f"{len(latencies)} edits: in Dropbox after {statistics.median(latencies):.2f} s (median), "
            f"{max(latencies):.2f} s (slowest); proven after {statistics.median(proofs):.2f} s (median)."
        ],
    )
    _edit_by_peer(bench, row)
    yield row


def _file() -> str:
    return "block-000/trial-00000.js"


def _is_proven(installation: Installation, since: float) -> bool:
    return int(installation.act("unproven", since={"ada": since})) == 0


def _edit_by_peer(bench: Bench, row: ReportRow) -> None:
    """Let rclone follow one edit in a tree of the same files."""
    source = bench.fresh("local")
    workload.many_small(
        source, files=bench.sizes.small_folders, folders=max(1, bench.sizes.small_folders // 20)
    )
    for flags in bench.peers[:1]:
        with bench.rclone("edit") as rclone:
            rclone.has(source)
            changed = workload.edited(source / _file(), "edited")
            row.peers[flags] = rclone.sync(source, model=row.model, flags=flags, changed=changed)


def ten_saves(bench: Bench) -> Iterator[ReportRow]:
    """Save one file ten times within a second."""
    with bench.installation("burst") as installation:
        _prepared(bench, installation)
        with installation.worker() as worker:
            bench.dropbox.use(MODEL)
            bench.quiet(worker)
            bench.dropbox.use(MODEL)
            at = float(
                installation.act(
                    "save_often", owner="ada", study=STUDY, path=_file(), times=SAVES, within=WITHIN
                )
            )
            until(lambda: _is_proven(installation, at), limit=LIMIT, what="the last save is proven")
            bench.quiet(worker)
            figures = bench.dropbox.figures()
    ours = Measure.of(figures, None, changed=0, seconds=figures.last - at)
    say(f"  burst: {ours.by_route}")
    yield ReportRow(
        key="burst",
        work=f"{SAVES} saves of one file in {WITHIN:.0f} s",
        model=MODEL,
        ours=ours,
        goals=[Goal("calls", BURST_CALLS, ours.calls)],
    )


def nothing_changed(bench: Bench) -> Iterator[ReportRow]:
    """Let the worker be idle, then prove that nothing changed."""
    with bench.installation("nothing") as installation:
        _prepared(bench, installation)
        with installation.worker() as worker:
            bench.dropbox.use(bench.model)
            bench.quiet(worker)
            bench.dropbox.use(bench.model)
            time.sleep(WATCHED_SECONDS)
            worker.must_run()
            idle_calls = bench.dropbox.figures().calls
            idle_bytes = worker.resident_bytes()
        proof = installation.sync("ada", model=bench.model)
    row = ReportRow(
        key="nothing",
        work="nothing changed: a proof",
        model=bench.model,
        ours=proof,
        goals=[Goal("calls while idle", 0, idle_calls), Goal("calls of a proof", 1, proof.calls)],
        notes=[
            f"The idle worker holds {idle_bytes / 1e6:.0f} MB; a round trip is {MODELS[bench.model].round_trip} s."
        ],
    )
    source = bench.fresh("local")
    workload.many_small(
        source, files=bench.sizes.small_folders, folders=max(1, bench.sizes.small_folders // 20)
    )
    for flags in bench.peers[:1]:
        with bench.rclone("nothing") as rclone:
            rclone.has(source)
            row.peers[flags] = rclone.sync(source, model=bench.model, flags=flags)
    yield row
