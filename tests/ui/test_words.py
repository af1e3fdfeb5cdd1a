"""Times, sizes and counts as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from minno_dashboard.ui import words

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (9, "just now"),
        (10, "10 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "yesterday"),
        (2 * 86400, "2 days ago"),
        (31 * 86400, "2026-10-23"),
        (-3600, "2026-11-23 13:00"),
    ],
)
def test_a_moment_is_told_by_its_distance(seconds: int, said: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), now=NOW) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (150 * 1024, "150 KB"),
        (1_258_291, "1.2 MB"),
        (1 << 30, "1 GB"),
        (5 << 40, "5 TB"),
    ],
)
def test_a_size_has_a_unit(count: int, said: str) -> None:
    assert words.size(count) == said


def test_a_count_has_its_noun() -> None:
    assert words.plural(1, "file") == "1 file"
    assert words.plural(1204, "file") == "1,204 files"
    assert words.plural(0, "study", "studies") == "0 studies"
