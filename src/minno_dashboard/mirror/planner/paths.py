"""Overlapping paths: two steps may be swapped, or done at once, only if none of their paths overlap."""

from __future__ import annotations

from functools import lru_cache

from minno_dashboard.core.names import fold


class Footprint:
    """Paths that steps touch, each with a level (1 or higher).

    Two paths meet when they are equal as Dropbox compares names, or when one lies above the other.
    """

    def __init__(self) -> None:
        """Start without paths."""
        self._at: dict[str, int] = {}
        self._below: dict[str, int] = {}

    def level(self, path: str) -> int:
        """Return the highest level among the stored paths that overlap this one, 0 where none does."""
        folded, above_it = _ways(path)
        highest = max(self._at.get(folded, 0), self._below.get(folded, 0))
        for above in above_it:
            highest = max(highest, self._at.get(above, 0))
        return highest

    def add(self, path: str, level: int) -> None:
        """Store a path with its level."""
        folded, above_it = _ways(path)
        self._at[folded] = max(level, self._at.get(folded, 0))
        for above in above_it:
            if self._below.get(above, 0) < level:
                self._below[above] = level


@lru_cache(maxsize=1024)  # a path is asked about first and touched right after
def _ways(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the folded path and those of the folders above it, without the app folder."""
    folded = fold(path)
    above: list[str] = []
    cut = folded.rfind("/")
    while cut > 0:
        above.append(folded[:cut])
        cut = folded.rfind("/", 0, cut)
    return folded, tuple(above)
