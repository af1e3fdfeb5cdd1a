"""The benchmarks themselves: they run, and what they write is what they measured."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.bench import plot, report
from tools.bench.measure import Goal, Measure, ReportRow
from tools.bench.models import commit_floor, line_floor
from tools.bench.rows import MAKERS
from tools.bench.simulated import HashedDraft

ROOT = Path(__file__).resolve().parents[2]
OURS = Measure(calls=60, by_route={"files/upload": 60}, seconds=2.0, bytes_sent=100, bytes_changed=100)
PEER = replace(OURS, calls=6000, by_route={"files/upload": 6000}, seconds=60.0)


def row(**changes: Any) -> ReportRow:
    made = ReportRow(
        "first", "first mirror", "fast", OURS, {"32 transfers": PEER}, [Goal("calls", 65, 60)], ["A note."]
    )
    return replace(made, **changes)


def quick(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.bench", "--quick", *arguments],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("names", ["first,delete", "edit"])
def test_a_quick_run_measures_mirror_and_rclone(names: str) -> None:
    done = quick("--rows", names, "--peers", "32 transfers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" calls, ") >= len(names.split(","))


def test_rows_that_do_not_exist_are_refused_by_name() -> None:
    done = quick("--rows", "nonsense")
    assert done.returncode == 1
    assert "No such rows: nonsense" in done.stderr
    assert all(name in done.stderr for name in MAKERS)


def test_the_report_can_be_written_again_over_itself(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Title\n\nBefore.\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter.\n", encoding="utf-8")
    report.write([row()], tmp_path)
    first = page.read_text(encoding="utf-8")
    assert list(report.earlier(tmp_path)) == ["first"]
    report.write(list(report.earlier(tmp_path).values()), tmp_path)
    assert page.read_text(encoding="utf-8") == first
    assert first.startswith("# Title\n\nBefore.")
    assert first.endswith("After.\n")
    assert "old" not in first


def test_the_table_says_which_targets_are_met_and_how_much_faster_we_are() -> None:
    goals = [Goal("calls", 65, 60), Goal("× faster", 100, 30, at_least=True)]
    text = report.markdown([row(goals=goals)])
    assert "✓ calls ≤ 65: 60" in text
    assert "✗ × faster ≥ 100: 30" in text
    assert "1 of 2 targets are met" in text
    assert "100 × calls, 30.0 × time" in text


def test_a_busy_computer_is_admitted() -> None:
    assert "the times are too long" in report.load_text(1000.0, 1000.0)
    assert "too long" not in report.load_text(0.0, 1.5)


def test_plots_are_well_formed_and_carry_the_figures() -> None:
    for drawn in (plot.first_mirror([row()]), plot.calls([row(key="edit")]), plot.calls([])):
        assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - our own text
    assert "60.0 s" in plot.first_mirror([row()])


def test_the_commit_floor_counts_batches_and_files() -> None:
    assert commit_floor("fast", 10_000) == pytest.approx(10 * (0.060 + 0.040) + 20.0)
    assert line_floor("line", 400_000_000) == pytest.approx(10.0 + 2 * 0.060)
    assert line_floor("10-mbit-far", 1_250_000) == pytest.approx(1.0 + 2 * 0.300)
    assert line_floor("fast", 400_000_000) == pytest.approx(2 * 0.060)


def test_a_draft_hashes_pieces_that_arrive_in_any_order() -> None:
    in_order, shuffled = HashedDraft(), HashedDraft()
    in_order.write_at(0, b"abcdef")
    for offset, data in ((4, b"ef"), (0, b"ab"), (2, b"cd")):
        shuffled.write_at(offset, data)
    assert shuffled.seal() == in_order.seal()


def test_a_draft_with_a_gap_is_not_sealed() -> None:
    draft = HashedDraft()
    draft.write_at(3, b"late")
    with pytest.raises(ValueError, match="left out"):
        draft.seal()
