"""The first mirror of a few large files: as fast as the line, in little memory."""

from __future__ import annotations

from collections.abc import Iterator

from tools.bench import workload
from tools.bench.bench import Bench, say
from tools.bench.measure import MEGABYTE, Goal, ReportRow
from tools.bench.models import line_floor
from tools.bench.verify import must_hold

STUDY = "Study of videos"
MODEL = "line"
CALLS, SHARE_OF_LINE, MEGABYTES_ABOVE_IDLE = 310, 90.0, 128.0
PIECE = 16 * 1024 * 1024


def large_files(bench: Bench) -> Iterator[ReportRow]:
    """Mirror a study of large files; rclone does the same."""
    sizes = bench.sizes
    source = bench.fresh("videos")
    size = workload.few_large(source, files=sizes.large_files, size=sizes.large_bytes)
    with bench.installation("large") as installation:
        email = installation.user("ada")
        installation.settle("ada")
        idle = installation.sync("ada", model="off")
        installation.import_study("ada", STUDY, source)
        ours = installation.sync("ada", model=MODEL, changed=size)
        must_hold(bench.dropbox, email, f"/Studies/{STUDY}/v1", source)
    say(f"  mirror: {ours.seconds:.1f} s, {ours.calls} calls, {ours.peak_bytes / MEGABYTE:.0f} MB")
    floor = line_floor(MODEL, size)
    above = (ours.peak_bytes - idle.peak_bytes) / MEGABYTE
    pieces = -(-sizes.large_bytes // PIECE)
    row = ReportRow(
        key="large",
        work=f"{sizes.large_files} files × {sizes.large_bytes // MEGABYTE} MB",
        model=MODEL,
        ours=ours,
        goals=[
            Goal("calls", CALLS if sizes.is_full else 10 + sizes.large_files * pieces, ours.calls),
            Goal("of the line", SHARE_OF_LINE, 100 * floor / ours.seconds, "%", at_least=True),
            Goal("memory above idle", MEGABYTES_ABOVE_IDLE, above, "MB"),
        ],
        notes=[
            f"The line needs {floor:.0f} s for these bytes; an idle run takes {idle.peak_bytes / MEGABYTE:.0f} MB."
        ],
    )
    for flags in bench.peers[:1]:
        with bench.rclone("large") as rclone:
            row.peers[flags] = rclone.sync(source, model=MODEL, flags=flags, changed=size)
    yield row
