"""Plots as SVG written by hand: horizontal bars on a logarithmic scale, readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tools.bench.measure import ReportRow

WIDTH, LEFT, RIGHT = 860, 300, 90
BAR, GAP, GROUP_GAP, TOP = 18, 4, 16, 44
OURS, PEER = "#0b7285", "#868e96"
EVERYDAY = (
    "edit", "burst", "nothing", "rename-folder", "rename-study", "new-version", "duplicate", "delete-kept",
)  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its length, what is written at its end, whether it is ours."""

    label: str
    value: float
    text: str
    is_ours: bool


def first_mirror(rows: Sequence[ReportRow]) -> str:
    """Draw the time of the first mirror, ours and the peers'."""
    groups = []
    for row in rows:
        if row.key in ("first", "large") and row.peers:
            bars = [Bar("mirror", row.ours.seconds, f"{row.ours.seconds:,.1f} s", is_ours=True)]
            bars += [
                Bar(f"rclone, {name}", peer.seconds, f"{peer.seconds:,.1f} s", is_ours=False)
                for name, peer in row.peers.items()
            ]
            groups.append((row.work, bars))
    return _svg("First mirror, seconds", groups)


def calls(rows: Sequence[ReportRow]) -> str:
    """Draw the calls of everyday changes, ours and the peers'."""
    groups = []
    for row in rows:
        if row.key in EVERYDAY:
            bars = [Bar("mirror", row.ours.calls, f"{row.ours.calls:,}", is_ours=True)]
            bars += [
                Bar(f"rclone, {name}", peer.calls, f"{peer.calls:,}", is_ours=False)
                for name, peer in row.peers.items()
            ]
            groups.append((row.work, bars))
    return _svg("API calls", groups)


def _svg(title: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    most = max((bar.value for _, bars in groups for bar in bars), default=1.0)
    decades = max(1, math.ceil(math.log10(max(most, 1.01))))
    space = WIDTH - LEFT - RIGHT
    parts: list[str] = []
    y = TOP
    for work, bars in groups:
        parts.append(f'<text x="12" y="{y + 13}" class="work">{escape(work)}</text>')
        y += BAR + GAP
        for bar in bars:
            length = space * max(0.0, math.log10(max(bar.value, 1.0))) / decades
            colour = OURS if bar.is_ours else PEER
            parts.append(
                f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>'
                f'<rect x="{LEFT}" y="{y}" width="{max(length, 2):.1f}" height="{BAR}" rx="2" fill="{colour}"/>'
                f'<text x="{LEFT + max(length, 2) + 6:.1f}" y="{y + 13}">{escape(bar.text)}</text>'
            )
            y += BAR + GAP
        y += GROUP_GAP
    grid = "".join(
        f'<line x1="{LEFT + space * power / decades:.1f}" y1="{TOP - 8}" x2="{LEFT + space * power / decades:.1f}" '
        f'y2="{y - GROUP_GAP}" class="grid"/>'
        for power in range(decades + 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 8}" role="img" '
        f'aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
        "<style>text{font:13px system-ui,sans-serif;fill:#212529}.work{font-weight:600}"
        ".title{font-size:15px;font-weight:700}.grid{stroke:#adb5bd;stroke-opacity:.5}"
        "@media(prefers-color-scheme:dark){text{fill:#e9ecef}}</style>\n"
        f'<text x="12" y="22" class="title">{escape(title)} (logarithmic scale)</text>\n'
        + grid
        + "\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )
