"""Orders the steps of one phase so that as many as possible are in one batch."""

from __future__ import annotations

from collections.abc import Sequence

from minno_dashboard.mirror.planner.model import (
    Adopt,
    Copy,
    Disown,
    MakeFolder,
    Move,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.planner.paths import Footprint

_KINDS = (Disown, Adopt, Move, Copy, UploadFile, MakeFolder, Remove)


def in_layers(steps: Sequence[Step]) -> list[Step]:
    """Sort steps, given in a valid order, into as few batches as that order allows.

    A step comes in the layer after the last earlier step that one of its paths meets. Steps whose paths never meet
    may change places without either noticing, so a thousand swaps take three layers and not three thousand.
    """
    touched = Footprint()
    layered: list[tuple[int, int, Step]] = []
    for step in steps:
        layer = 1 + max(map(touched.level, step.paths), default=0)
        for path in step.paths:
            touched.add(path, layer)
        layered.append((layer, _KINDS.index(type(step)), step))
    layered.sort(key=lambda entry: entry[:2])
    return [step for _, _, step in layered]
