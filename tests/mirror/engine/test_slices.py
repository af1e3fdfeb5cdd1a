"""Planning a slice has the effect of planning everything, and costs what changed."""

from __future__ import annotations

import os
import random
import secrets
import time
from dataclasses import replace
from unicodedata import normalize

from minno_dashboard.mirror.planner.model import Content, Desired, Plan, Policy, Remote
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.planner.tree import DesiredTree
from tests.mirror.engine.random_trees import Leaf, Sapling, as_desired, copy_a_folder
from tests.mirror.engine.rig import KEEP, TODAY, Rig, content
from tests.mirror.engine.slices import cut
from tests.mirror.engine.text_notation import told

SEED = os.environ.get("MINNO_PLANNER_SEED", secrets.token_hex(4))
PAIRS = int(os.environ.get("MINNO_PLANNER_PAIRS", "2500")) // 2


class SlicedRig(Rig):
    """Plans only for what changed."""

    changed: frozenset[str] = frozenset()
    largest = 0

    def plan(self) -> Plan:
        desired, remote = cut(self.changed, DesiredTree(self.desired), self.known)
        self.largest = max(self.largest, len(desired) + len(remote))
        return plan(desired, remote, self.policy)


def mirrored(tree: Sapling, chance: random.Random) -> list[Remote]:
    """A Dropbox that holds a tree, and some things of the user's, who changed a file of ours now and then."""
    rows = tree.copy()
    for _ in range(chance.choice((0, 2, 5))):
        rows.add()
    changed = chance.choice((0, 0, 0.2))
    return [
        _row(id, leaf, is_ours=id in tree.nodes, is_changed=chance.random() < changed)
        for id, leaf in rows.nodes.items()
    ]


def _row(id: int, leaf: Leaf, *, is_ours: bool, is_changed: bool) -> Remote:
    parent = None if leaf.parent is None else f"k{leaf.parent}"
    row = Remote(
        f"k{id}", parent, normalize("NFC", leaf.name), leaf.content, "?", f"n{id}" if is_ours else None
    )
    if is_ours and is_changed and leaf.content is not None:
        return replace(row, content=content("U"), is_changed=True)
    return row


def test_a_slice_leads_to_the_same_dropbox_as_the_whole() -> None:
    for number in range(PAIRS):
        seed = f"{SEED}/slice/{number}"
        chance = random.Random(seed)
        base = Sapling(chance)
        base.grow(chance.choice((5, 10, 20)))
        base.keep_names_possible()
        after = base.copy()
        after.serial += 1000
        if chance.random() < 0.3:
            copy_a_folder(after)
        after.change(chance.randint(1, 4))
        after.keep_names_possible()
        remote = mirrored(base, chance)
        desired = as_desired(after)
        policy = Policy(today=TODAY, keep_deleted=chance.random() < 0.5)
        changed = {
            f"n{id}" for id in {*base.nodes, *after.nodes} if base.nodes.get(id) != after.nodes.get(id)
        } | {row.identity for row in remote if row.is_changed and row.identity is not None}
        try:
            whole, sliced = Rig(desired, remote, policy), SlicedRig(desired, remote, policy)
            sliced.changed = frozenset(changed)
            whole.run()
            sliced.run()
            assert sliced.tree() == whole.tree()
            whole.check_the_end()
        except Exception as error:
            error.add_note(
                f"replay: MINNO_PLANNER_SEED={SEED}, pair {seed}\n{base.nodes}\n{after.nodes}\n{remote}"
            )
            raise


def test_what_is_not_in_the_slice_is_left_as_it_is() -> None:
    desired = [Desired("s", None, "S"), Desired("n", "s", "a", content("v"))]
    remote = [Remote("1", None, "S", identity="s"), Remote("2", "1", "a", content("u"), "r", "n")]
    assert told(plan(desired, remote, KEEP)) == ["replace /S/a v"]


def big_tree(files: int) -> list[Desired]:
    """A tree of studies of a thousand files each."""
    nodes = [Desired("studies", None, "Studies")]
    for study in range(files // 1000):
        nodes.append(Desired(f"s{study}", "studies", f"Study {study}"))
        for folder in range(10):
            nodes.append(Desired(f"d{study}.{folder}", f"s{study}", f"folder {folder}"))
            nodes.extend(
                Desired(
                    f"f{study}.{folder}.{i}",
                    f"d{study}.{folder}",
                    f"{i}.js",
                    Content(f"{study}.{folder}.{i}", 9),
                )
                for i in range(100)
            )
    return nodes


def seconds_for(desired: list[Desired], remote: list[Remote]) -> tuple[float, Plan]:
    """Plan, and measure the processor's time, which other work on the machine does not lengthen."""
    start = time.process_time()
    steps = plan(desired, remote, KEEP)
    return time.process_time() - start, steps


def test_a_first_mirror_of_ten_thousand_files_is_planned_in_a_second() -> None:
    seconds, steps = seconds_for(big_tree(10_000), [])
    assert len(steps.steps) == 10_000
    assert seconds < 1


def test_planning_takes_time_in_proportion_to_the_slice() -> None:
    desired = big_tree(20_000)
    remote = [
        Remote(node.identity, node.parent, node.name, node.content, "r", node.identity) for node in desired
    ]
    seconds, steps = seconds_for(desired, remote)
    assert not steps
    assert seconds < 2
    few = [node for node in desired if node.identity in ("studies", "s7", "d7.1", "f7.1.3")]
    rows = [row for row in remote if row.identity in ("studies", "s7", "d7.1", "f7.1.3")]
    few[-1] = replace(few[-1], content=content("v"))
    seconds, steps = seconds_for(few, rows)
    assert told(steps) == ["replace /Studies/Study 7/folder 1/3.js v"]
    assert seconds < 0.05


def test_the_smallest_tree_that_grows_is_a_tree() -> None:
    tree = Sapling(random.Random(1))
    tree.nodes[1] = Leaf(None, "a", None)
    assert as_desired(tree) == [Desired("n1", None, "a")]
