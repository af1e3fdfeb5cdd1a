"""Random days: people work in the Dashboard and in Dropbox, the mirror runs now and then, and always ends equal."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Callable

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Refused
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.mirror.connecting.services import confirm_removal
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study, Version
from tests.mirror.conftest import ANNA, MirrorWorld, expected

NAMES = [
    "a.js",
    "b.js",
    "A.js",
    "ß.txt",
    "İ.txt",
    "ς.txt",
    "é.js",
    "e\u0301.js",
    "שלום.js",
    "😀.png",
    "x",
    "y",
    "z",
    "data",
    "Data",
]


class Day:
    """One random sequence of deeds, replayed from its seed."""

    def __init__(self, world: MirrorWorld, user: User, seed: int) -> None:
        self.world, self.user, self.rng = world, user, random.Random(seed)
        self.made_by_user: set[bytes] = set()
        self.taken_by_user: set[bytes] = set()
        self.count = 0

    # --- in the Dashboard ---

    def bytes(self) -> bytes:
        self.count += 1
        if self.rng.random() < 0.3:
            return b"the same"
        return f"content {self.count}".encode() * self.rng.choice([0, 1, 3])

    def tree(self) -> Tree | None:
        found = Version.objects.filter(study__owner=self.user, study__deleted_at=None, state="develop")
        return self.rng.choice([v.tree for v in found]) if found else None

    def node(self, tree: Tree, **condition: object) -> Node | None:
        found = list(Node.objects.filter(tree=tree, deleted_at=None, **condition).order_by("pk"))
        return self.rng.choice(found) if found else None

    def write(self, tree: Tree) -> None:
        node = self.node(tree, is_folder=False)
        if node is not None and self.rng.random() < 0.5:
            files.write_file(
                tree=tree, parent=node.parent, name=node.name, source=self.bytes(),
                expected_blob=files.ANYTHING, by=self.user,
            )  # fmt: skip
        else:
            path = "/".join(self.rng.choice(NAMES) for _ in range(self.rng.randint(1, 3)))
            files.write_file(
                tree=tree, path=path, source=self.bytes(), expected_blob=files.ANYTHING, by=self.user
            )

    def make_folder(self, tree: Tree) -> None:
        files.make_folder(
            tree=tree, parent=self.node(tree, is_folder=True), name=self.rng.choice(NAMES), by=self.user
        )

    def rename(self, tree: Tree) -> None:
        if node := self.node(tree):
            files.rename(node=node, name=self.rng.choice(NAMES), by=self.user)

    def swap(self, tree: Tree) -> None:
        one, two = self.node(tree), self.node(tree)
        if one and two and one.pk != two.pk and one.parent_id == two.parent_id:
            first, second = one.name, two.name
            files.rename(node=one, name="in between", by=self.user)
            files.rename(node=two, name=first, by=self.user)
            files.rename(node=one, name=second, by=self.user)

    def move(self, tree: Tree) -> None:
        if node := self.node(tree):
            to = self.node(tree, is_folder=True) if self.rng.random() < 0.8 else None
            files.move(nodes=[node], to=to, by=self.user)

    def copy(self, tree: Tree) -> None:
        if node := self.node(tree):
            files.copy(nodes=[node], to_tree=tree, to=self.node(tree, is_folder=True), by=self.user)

    def duplicate(self, tree: Tree) -> None:
        if node := self.node(tree):
            files.duplicate(node=node, by=self.user)

    def delete(self, tree: Tree) -> None:
        if node := self.node(tree):
            files.delete(nodes=[node], by=self.user)

    def bring_back(self, tree: Tree) -> None:
        deleted = list(Node.objects.filter(tree=tree, deleted_at__isnull=False).order_by("pk"))
        if deleted:
            files.bring_back(node=self.rng.choice(deleted), by=self.user)

    def study(self) -> None:
        own = list(Study.objects.filter(owner=self.user).order_by("pk"))
        alive = [one for one in own if one.deleted_at is None]
        dead = [one for one in own if one.deleted_at is not None]
        deed = self.rng.choice(["create", "rename", "delete", "back", "duplicate", "version", "archive"])
        if deed == "create" or not alive:
            studies.create_study(owner=self.user, name=self.rng.choice(["One", "Two", "three", "שלוש"]))
        elif deed == "rename":
            studies.rename_study(
                study=self.rng.choice(alive),
                name=self.rng.choice(["One", "one", "Two", "four"]),
                by=self.user,
            )
        elif deed == "delete" and len(alive) > 1:
            studies.delete_study(study=self.rng.choice(alive), by=self.user)
        elif deed == "back" and dead:
            studies.bring_back_study(study=self.rng.choice(dead), by=self.user)
        elif deed == "duplicate" and len(alive) < 4:
            studies.duplicate_study(study=self.rng.choice(alive), by=self.user)
        elif deed == "version":
            study = self.rng.choice(alive)
            if study.versions.count() < 3:
                studies.publish(study=study, by=self.user)
                studies.new_version(study=study, by=self.user)
        elif deed == "archive":
            studies.archive_study(study=self.rng.choice(alive), by=self.user)

    def in_dashboard(self) -> None:
        if self.rng.random() < 0.12:
            deed: Callable[[], None] = self.study
        else:
            tree = self.tree()
            if tree is None:
                return
            chosen = self.rng.choices(
                [self.write, self.make_folder, self.rename, self.swap, self.move, self.copy,
                 self.duplicate, self.delete, self.bring_back],
                [8, 2, 3, 2, 3, 2, 2, 2, 2],
            )[0]  # fmt: skip

            def deed() -> None:
                chosen(tree)

        with contextlib.suppress(Refused):
            deed()

    # --- in Dropbox ---

    def in_dropbox(self) -> None:
        control = self.world.control
        paths = [path for path in sorted(control.tree(ANNA)) if not path.startswith("/Deleted")]
        if not paths:
            return
        path = self.rng.choice(paths)
        deed = self.rng.choice(["edit", "add", "rename", "delete"])
        is_file = control.tree(ANNA)[path].get("kind", control.tree(ANNA)[path].get(".tag")) == "file"
        self.count += 1
        mine = f"the user's own {self.count}".encode()
        try:
            if deed == "edit" and is_file:
                control.write_file(ANNA, path, mine)
                self.made_by_user.add(mine)
            elif deed == "add":
                above = path.rpartition("/")[0]
                control.write_file(ANNA, f"{above}/{self.rng.choice(NAMES)}-{self.count}", mine)
                self.made_by_user.add(mine)
            elif deed == "rename" and path.count("/") > 1:
                above = path.rpartition("/")[0]
                there = control.files(ANNA)
                control.rename(ANNA, path, f"{above}/{self.rng.choice(NAMES)}")
                # Ours may be written anew before the renaming is seen; then the renamed one is the user's.
                self.taken_by_user |= {data for at, data in there.items() if f"{at}/".startswith(f"{path}/")}
            elif deed == "delete" and is_file and control.read_file(ANNA, path) not in self.made_by_user:
                control.delete(ANNA, path)
        except Exception as refused:  # noqa: BLE001 - what the user cannot do in Dropbox is not done
            assert "efus" in type(refused).__name__ or "Error" in type(refused).__name__  # noqa: PT017

    # --- the network ---

    def break_some(self) -> None:
        """Let the next calls fail in random ways."""
        for _ in range(3):
            when: faults.When = self.rng.choice(["before", "after"])
            effect = self.rng.choice(
                [
                    faults.reset(when=when),
                    faults.hang(when=when),
                    faults.status(503, "", when=when),
                    faults.truncate(),
                    faults.throttle(retry_after=self.rng.choice([None, 1, 20])),
                    faults.json_error(401, {".tag": "expired_access_token"}),
                ]
            )
            self.world.control.add_fault(
                effect, route="files/.*", probability=0.3, seed=self.rng.randrange(10**6), times=4
            )

    # --- the end of an hour ---

    def check(self) -> None:
        link = Link.objects.get(user=self.user)
        Link.objects.update(next_proof_at=None, needs_reading=True)
        for _ in range(8):
            self.world.settle()
            link.refresh_from_db()
            if link.state == Link.State.NEEDS_USER and link.removal_question:
                confirm_removal(user=self.user, accept=True)
                continue
            break
        assert (link.state, link.reason, link.last_error) == ("active", "", "")
        assert status(self.user)["state"] == "proven"
        everything = self.world.control.files(ANNA)
        wanted = expected(self.user)
        found = {path: everything.get(path) for path in wanted}
        assert found == wanted
        others = {path: data for path, data in self.world.files(ANNA).items() if path not in wanted}
        assert set(others.values()) <= self.made_by_user | self.taken_by_user, (
            "something of ours lies where it should not"
        )
        lost = self.made_by_user - set(everything.values())
        assert not lost, f"the user's own work is gone: {lost}"


def run_day(
    world: MirrorWorld, user: User, seed: int, hours: int, *, drift: bool, has_faults: bool = False
) -> None:
    sys.stdout.write(f"seed {seed}: MINNO_TEST_SEED={seed} replays it as the first\n")
    day = Day(world, user, seed)
    studies.create_study(owner=user, name="Zero")
    world.connect(user, ANNA)
    for _ in range(hours):
        for _ in range(day.rng.randint(1, 12)):
            day.in_dashboard()
            if drift and day.rng.random() < 0.25:
                day.in_dropbox()
            if has_faults and day.rng.random() < 0.3:
                world.run()
        if has_faults:
            day.break_some()
            world.settle()
            world.control.clear_faults()
        day.check()


DAYS = int(os.environ.get("MINNO_TEST_DAYS", "3"))
HOURS = int(os.environ.get("MINNO_TEST_HOURS", "8"))
SEED = int(os.environ.get("MINNO_TEST_SEED", "0")) or random.SystemRandom().randrange(10**9)


@pytest.mark.parametrize("number", range(DAYS))
def test_whatever_is_done_in_the_dashboard_stands_in_dropbox(
    world: MirrorWorld, anna: User, number: int
) -> None:
    run_day(world, anna, SEED + number, HOURS, drift=False)


@pytest.mark.parametrize("number", range(DAYS))
def test_whatever_the_user_does_in_dropbox_nothing_of_theirs_is_lost(
    world: MirrorWorld, anna: User, number: int
) -> None:
    run_day(world, anna, SEED + number, HOURS, drift=True)


@pytest.mark.parametrize("number", range(DAYS))
def test_a_random_day_with_faults_ends_with_an_equal_dropbox(
    world: MirrorWorld, anna: User, number: int
) -> None:
    run_day(world, anna, SEED + number, HOURS, drift=True, has_faults=True)


def test_a_day_over_http(world_over_http: MirrorWorld, anna: User) -> None:
    run_day(world_over_http, anna, SEED, HOURS, drift=True)
