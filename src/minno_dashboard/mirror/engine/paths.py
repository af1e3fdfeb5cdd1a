"""Which paths meet: two steps may change places, or be done at once, only when none of their paths do."""

from __future__ import annotations

from minno_dashboard.core.names import fold


class Footprint:
    """Paths that steps touch, each with a level (1 or higher).

    Two paths meet when they are equal as Dropbox compares names, or when one lies above the other.
    """

    def __init__(self) -> None:
        """Start untouched."""
        self._at: dict[str, int] = {}
        self._below: dict[str, int] = {}

    def level(self, path: str) -> int:
        """Return the highest level among the touched paths that this one meets, 0 where it meets none."""
        folded = fold(path)
        highest = max(self._at.get(folded, 0), self._below.get(folded, 0))
        for above in _above(folded):
            highest = max(highest, self._at.get(above, 0))
        return highest

    def add(self, path: str, level: int) -> None:
        """Touch a path."""
        folded = fold(path)
        self._at[folded] = max(level, self._at.get(folded, 0))
        for above in _above(folded):
            if self._below.get(above, 0) < level:
                self._below[above] = level


def _above(path: str) -> list[str]:
    """Return the paths of the folders above, without the app folder itself, which nothing touches."""
    above: list[str] = []
    cut = path.rfind("/")
    while cut > 0:
        above.append(path[:cut])
        cut = path.rfind("/", 0, cut)
    return above
