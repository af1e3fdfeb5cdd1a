"""Planning one change in a large account: how much is read, how long it takes."""

from __future__ import annotations

from collections.abc import Iterator

from tools.bench import workload
from tools.bench.bench import Bench, say
from tools.bench.measure import Goal, Measure, ReportRow

STUDY = "Study 00"
MILLISECONDS, ROWS_READ = 10.0, 20.0
STUDIES = 50


def one_change_in_a_large_account(bench: Bench) -> Iterator[ReportRow]:
    """Mirror many studies, save one file, and look at the planning alone."""
    files = bench.sizes.account_files // STUDIES
    source = bench.fresh("files")
    workload.many_small(source, files=max(2, files), folders=max(1, files // 50), size=200)
    with bench.installation("planning") as installation:
        installation.user("ada")
        installation.import_study("ada", STUDY, source)
        installation.settle("ada")
        for number in range(1, STUDIES):
            installation.act("duplicate_study", owner="ada", study=STUDY, name=f"Study {number:02}")
        installation.settle("ada")
        told = installation.act(
            "plan_one_change", owner="ada", study="Study 07", path="block-000/trial-00000.js"
        )
    say(f"  planning: {told}")
    yield ReportRow(
        key="planning",
        work=f"planning one change in an account of {told['files']:,} mirrored files",
        model="off",
        ours=Measure(calls=0, by_route={}, seconds=told["milliseconds"] / 1000),
        goals=[
            Goal("planning", MILLISECONDS, told["milliseconds"], "ms"),
            Goal("database rows read", ROWS_READ, told["rows"]),
        ],
        notes=[f"{told['queries']} queries; median of {told['repeats']} plannings of the same change."],
    )
