"""Duplicates, delays and shuffles the entries of listings, which no documentation excludes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from dropbox_simulator.metadata import Metadata
from dropbox_simulator.namespace import Namespace

REMEMBERED = 20
"""How many entries told lately may be told again."""


def disordered(namespace: Namespace, entries: Sequence[Metadata], seed: str) -> list[Metadata]:
    """Return a page's entries as the behaviour's switches say; the same for the same seed."""
    behaviour, dice = namespace.behaviour, random.Random(seed)
    told = list(entries)
    if behaviour.repeated_entries != "none":
        repeated = [entry for entry in entries if dice.random() < 0.3]
        if behaviour.repeated_entries == "earlier":
            repeated += [entry for entry in namespace.told if dice.random() < 0.2]
        for entry in repeated:
            told.insert(dice.randint(0, len(told)), entry)
        namespace.told = [*namespace.told, *entries][-REMEMBERED:]
    if behaviour.shuffled_entries:
        dice.shuffle(told)
    return told
