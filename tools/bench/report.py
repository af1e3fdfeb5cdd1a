"""The report: a table for people, written over `docs/benchmarks.md` between two marks."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.bench import plot
from tools.bench.measure import MEGABYTE, Goal, Measure, ReportRow
from tools.bench.models import WORDS
from tools.bench.processes import ROOT

BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"


def machine() -> str:
    """Describe the computer by cores, memory and Python alone."""
    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    return f"{os.cpu_count()} cores, {page * pages / 2**30:.0f} GiB of memory, Python {platform.python_version()}"


def load_text(before: float, after: float) -> str:
    """Say how busy the computer was; what is measured is one process or two, and the simulated Dropbox one more."""
    cores = os.cpu_count() or 1
    busy = " Others kept it busy: the times are too long." if before > cores else ""
    return f"Load of the computer: {before:.1f} before, {after:.1f} after, on {cores} cores.{busy}"


def seconds(value: float) -> str:
    """Write a time in a few characters."""
    if value < 0.1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s" if value >= 100 else f"{value:.1f} s"


def number(value: float, unit: str) -> str:
    """Write a number with its unit."""
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
    return f"{text} {unit}".rstrip()


def goal_text(goal: Goal) -> str:
    """Write what was to be reached and what was."""
    sign = "≥" if goal.at_least else "≤"
    verdict = "✓" if goal.is_met else "✗"
    return (
        f"{verdict} {goal.what} {sign} {number(goal.allowed, goal.unit)}: {number(goal.reached, goal.unit)}"
    )


def measure_text(measure: Measure) -> str:
    """Write calls and time of one measure."""
    if not measure.by_route:
        return seconds(measure.seconds)
    return f"{measure.calls:,} calls, {seconds(measure.seconds)}"


def ratios(row: ReportRow) -> str:
    """Write how many times more calls and time the fastest peer needed."""
    best = row.best_peer()
    if best is None or not row.ours.seconds:
        return "–"
    _, peer = best
    calls = f"{peer.calls / row.ours.calls:,.0f} × calls, " if row.ours.calls else ""
    return f"{calls}{peer.seconds / row.ours.seconds:,.1f} × time"


def table(rows: Sequence[ReportRow]) -> list[str]:
    """Write the table of all rows."""
    lines = [
        "| work | model | mirror | targets | rclone | fastest rclone ÷ mirror |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        goals = "<br>".join(goal_text(goal) for goal in row.goals)
        peers = "<br>".join(f"{name}: {measure_text(peer)}" for name, peer in row.peers.items()) or "–"
        lines.append(
            f"| {row.work} | {row.model} | {measure_text(row.ours)} | {goals} | {peers} | {ratios(row)} |"
        )
    return lines


def details(rows: Sequence[ReportRow]) -> list[str]:
    """Write the calls by route and the rest of what was measured."""
    lines = [
        "| work | who | calls by route | sent ÷ changed | largest header | calls took | peak memory | processor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for who, measure in (("mirror", row.ours), *row.peers.items()):
            if not measure.by_route:
                continue
            routes = ", ".join(
                f"{name.removeprefix('files/')} {count:,}" for name, count in measure.by_route.items()
            )
            ratio = (
                f"{measure.sent_ratio:.3f}" if measure.sent_ratio is not None else f"{measure.bytes_sent:,} B"
            )
            peak = f"{measure.peak_bytes / MEGABYTE:.0f} MB" if measure.peak_bytes else "–"
            lines.append(
                f"| {row.work} | {who} | {routes} | {ratio} | {measure.largest_header:,} B "
                f"| {seconds(measure.busy_seconds)} | {peak} | {seconds(measure.cpu_seconds)} |"
            )
    return lines


def markdown(rows: Sequence[ReportRow]) -> str:
    """Write everything that was measured."""
    models = sorted({row.model for row in rows}, key=list(WORDS).index)
    met = sum(goal.is_met for row in rows for goal in row.goals)
    total = sum(len(row.goals) for row in rows)
    lines = [
        f"Written {datetime.now(tz=UTC):%Y-%m-%d} on {machine()}. {met} of {total} targets are met.",
        "",
        *(f"- Model `{model}`: {WORDS[model]}." for model in models),
        "",
        "![First mirror: time and calls](images/bench-first.svg)",
        "",
        "![Calls of everyday changes](images/bench-calls.svg)",
        "",
        *table(rows),
        "",
        "### In detail",
        "",
        *details(rows),
        "",
        *(f"- {row.work}: {note}" for row in rows for note in row.notes),
    ]
    return "\n".join(lines)


def write(rows: Sequence[ReportRow], docs: Path = ROOT / "docs") -> None:
    """Write the results into the page, with their plots and as JSON beside it."""
    page = docs / "benchmarks.md"
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{markdown(rows)}\n\n{END}{after}", encoding="utf-8")
    (docs / "images").mkdir(exist_ok=True)
    (docs / "images/bench-first.svg").write_text(plot.first_mirror(rows), encoding="utf-8")
    (docs / "images/bench-calls.svg").write_text(plot.calls(rows), encoding="utf-8")
    values = json.dumps([row.as_json() for row in rows], indent=1, ensure_ascii=False)
    (docs / "benchmarks.json").write_text(values + "\n", encoding="utf-8")


def earlier(docs: Path = ROOT / "docs") -> dict[str, ReportRow]:
    """Return the rows that were written last time, by their keys."""
    file = docs / "benchmarks.json"
    if not file.exists():
        return {}
    return {
        values["key"]: ReportRow.from_json(values) for values in json.loads(file.read_text(encoding="utf-8"))
    }
