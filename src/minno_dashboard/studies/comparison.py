"""Compares the files of two versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop

from minno_dashboard.core import names
from minno_dashboard.files.queries import TreeEntry, natural_key


class How(StrEnum):
    """Kind of difference: added, removed, changed or moved."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


_WORDS = (gettext_noop("added"), gettext_noop("removed"), gettext_noop("changed"), gettext_noop("moved"))
"""The same words, for the translators; the page words them for its reader."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not the same in both versions; `old` is None for an added one, `new` for a removed one."""

    how: How
    old: TreeEntry | None
    new: TreeEntry | None

    @property
    def path(self) -> str:
        """Return where the file is, or was last."""
        entry = self.new or self.old
        return entry.path if entry else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences in the order of their paths, and how many files are the same."""

    differences: list[Difference]
    same: int

    def count(self, how: How) -> int:
        """Return the number of files with this kind of difference."""
        return sum(one.how is how for one in self.differences)


def compare(old: Sequence[TreeEntry], new: Sequence[TreeEntry]) -> Comparison:
    """Compare the listings of two trees by path; an equal content that left one path for another was moved.

    Folders count by what is in them. A file whose name changed only in letter case was moved, too.
    """
    before = {names.fold(entry.path): entry for entry in old if not entry.is_folder}
    after = {names.fold(entry.path): entry for entry in new if not entry.is_folder}
    both = before.keys() & after.keys()
    changed = [key for key in both if before[key].sha256 != after[key].sha256]
    renamed = [
        key for key in both if before[key].sha256 == after[key].sha256 and before[key].path != after[key].path
    ]
    found = [Difference(How.CHANGED, before[key], after[key]) for key in changed]
    found += [Difference(How.MOVED, before[key], after[key]) for key in renamed]
    found += _come_and_gone(
        [before[key] for key in before.keys() - both], [after[key] for key in after.keys() - both]
    )
    return Comparison(
        sorted(found, key=lambda one: natural_key(one.path)), len(both) - len(changed) - len(renamed)
    )


def _come_and_gone(gone: list[TreeEntry], come: list[TreeEntry]) -> list[Difference]:
    """Match added with removed files of equal content, in the order of paths; empty files are not matched."""
    by_content: dict[str, list[TreeEntry]] = defaultdict(list)
    for entry in sorted(gone, key=lambda one: one.path, reverse=True):
        by_content[entry.sha256].append(entry)
    found = []
    for entry in sorted(come, key=lambda one: one.path):
        origins = by_content[entry.sha256] if entry.size else []
        if origins:
            found.append(Difference(How.MOVED, origins.pop(), entry))
        else:
            found.append(Difference(How.ADDED, None, entry))
    return found + [
        Difference(How.REMOVED, entry, None) for entries in by_content.values() for entry in entries
    ]
