"""The planner: returns the steps that change the remote tree into the desired tree."""

from __future__ import annotations

from collections.abc import Iterable

from minno_dashboard.mirror.planner.content import ContentSteps
from minno_dashboard.mirror.planner.draft import Draft
from minno_dashboard.mirror.planner.matching import recognise
from minno_dashboard.mirror.planner.model import Desired, Disown, Plan, Policy, Remote
from minno_dashboard.mirror.planner.moves import arrange
from minno_dashboard.mirror.planner.order import in_layers
from minno_dashboard.mirror.planner.removals import remove


def plan(desired: Iterable[Desired], remote: Iterable[Remote], policy: Policy) -> Plan:
    """Return the steps that make the Dropbox hold what it should, and lose nothing of the user's.

    Both sides may be slices: whatever identity is named on either side is decided, everything else is left as it
    is. Each side comes with the folders above its nodes. `docs/mirror-planner.md` says what a slice must contain.

    Pure and deterministic: the same trees, in whatever order, give the same plan. A plan may leave work for the
    next one (what lies below a copied folder is adopted then); planning again after carrying out any part of a plan
    leads to the same end, where the plan is empty.

    Raises:
        BrokenTree: one of the sides is no tree.
    """
    draft = Draft(desired, remote, policy)
    bookkeeping, unusable = recognise(draft)
    moves = arrange(draft, unusable)
    contents = ContentSteps(draft)
    copies, uploads, folders = contents.copy(), contents.upload(), contents.make_folders()
    removals = remove(draft)
    # A folder stays ours until all of ours is gone from it: a plan broken off before is found and gone on with.
    left = [step for step in removals if isinstance(step, Disown)]
    gone = in_layers([step for step in removals if not isinstance(step, Disown)])
    return Plan((*bookkeeping, *moves, *in_layers(copies), *uploads, *folders, *gone, *left))
