"""Small line plots as SVG: no script, no style, readable as a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

WIDTH, HEIGHT, MARGIN = 320, 96, 6


def line(points: Sequence[tuple[date, int]]) -> str:
    """Return the points of a polyline: days to the right, amounts upwards from zero."""
    if not points:
        return ""
    first, last = points[0][0].toordinal(), points[-1][0].toordinal()
    most = max(value for _, value in points) or 1
    across = max(1, last - first)
    placed = [
        (
            MARGIN + (day.toordinal() - first) / across * (WIDTH - 2 * MARGIN),
            HEIGHT - MARGIN - value / most * (HEIGHT - 2 * MARGIN),
        )
        for day, value in points
    ]
    if len(placed) == 1:
        placed.append((WIDTH - MARGIN, placed[0][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
