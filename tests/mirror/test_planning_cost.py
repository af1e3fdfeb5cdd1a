"""What planning one change reads: what the change touches, whatever else the account holds."""

from __future__ import annotations

import random

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.planner.model import Policy, UploadFile
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.running import due_links
from minno_dashboard.mirror.wanted import slice_reader
from minno_dashboard.mirror.wanted.layout import FIXED, Layout
from minno_dashboard.mirror.wanted.study_folders import StudyFolders
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Collaboration, Study, Version
from tests.mirror.conftest import ANNA, MirrorWorld, person
from tests.mirror.test_calls import study_of
from tools.bench.user_actions import RowCounter

MAX_ROWS, MAX_QUERIES = 20, 11
NAMES = (
    "Stroop",
    "stroop",
    "STROOP",
    "Stroop (2)",
    "stroop (2)",
    "Étude",
    "étude",
    "İz",
    "iz",
    "Free",
    "x" * 255,
)
ACCOUNTS = 5


def link_of(user: User) -> Link:
    return Link.objects.select_related("user").get(user=user)


def read_counted(user: User) -> tuple[slice_reader.Slice, RowCounter]:
    """Read what the link is behind with, and count."""
    due_links.note_changes()
    link = link_of(user)
    with RowCounter() as counter:
        found = slice_reader.read(link)
    return found, counter


@pytest.mark.parametrize("others", [0, 30])
def test_one_change_reads_few_rows_however_many_studies_there_are(
    world: MirrorWorld, anna: User, others: int
) -> None:
    first = study_of(anna, 12, folders=3)
    for _ in range(others):
        studies.duplicate_study(study=first, by=anna)
    world.connect(anna, ANNA)
    world.settle()
    tree = first.versions.get().tree
    changes = {"folder 0/0.js": b"changed", "folder 1/new.js": b"new", "same.js": b"file 1" * 5}
    for number, (path, text) in enumerate(changes.items()):
        files.write_file(tree=tree, path=path, source=text, expected_blob=files.ANYTHING, by=anna)
        found, counter = read_counted(anna)
        steps = plan(found.desired, found.remote, Policy(today=f"{clock.now():%Y-%m-%d}")).steps
        assert len(steps) == 1
        assert isinstance(steps[0], UploadFile) or path == "same.js"
        # A copy also reads the way to what it is copied from, which may lie in another study.
        assert counter.rows <= (MAX_ROWS if isinstance(steps[0], UploadFile) else 2 * MAX_ROWS), path
        assert counter.queries <= (MAX_QUERIES if number == 0 else 2 * MAX_QUERIES), path
        world.settle()


def test_twenty_changes_read_twenty_rows_each_at_most(world: MirrorWorld, anna: User) -> None:
    study = study_of(anna, 60, folders=4)
    world.connect(anna, ANNA)
    world.settle()
    tree = study.versions.get().tree
    for number in range(20):
        path = f"folder {number % 4}/{number}.js"
        files.write_file(tree=tree, path=path, source=b"changed", expected_blob=files.ANYTHING, by=anna)
    found, counter = read_counted(anna)
    assert len(found.desired) >= 20
    assert counter.rows <= 20 * MAX_ROWS
    assert counter.queries <= MAX_QUERIES


def random_account(dice: random.Random, people: list[User]) -> None:
    """Give people studies whose names clash, deleted ones among them, and share some in every way there is."""
    for number in range(dice.randint(4, 12)):
        owner = dice.choice(people)
        tree = files.create_tree()
        study = Study.objects.create(
            owner=owner,
            name=dice.choice(NAMES),
            created_at=clock.now(),
            changed_at=clock.now(),
            deleted_at=clock.now() if dice.random() < 0.15 else None,
        )
        Version.objects.create(study=study, number=1, tree=tree, created_at=clock.now())
        files.write_file(
            tree=tree, path=f"folder/{number}.js", source=b"x", expected_blob=files.ANYTHING, by=owner
        )
        for other in people:
            if other != owner and dice.random() < 0.7:
                Collaboration.objects.create(
                    study=study,
                    user=other,
                    file_access=dice.choice(Collaboration.Files.values),
                    status=dice.choice([*Collaboration.Status.values, Collaboration.Status.ACCEPTED]),
                    invited_at=clock.now(),
                )


def identities() -> list[str]:
    """Return everything that could be in anybody's Dropbox."""
    return [
        *FIXED,
        *(f"owner:{pk}" for pk in User.objects.values_list("pk", flat=True)),
        *(f"study:{pk}" for pk in Study.objects.values_list("pk", flat=True)),
        *(f"version:{pk}" for pk in Version.objects.values_list("pk", flat=True)),
        *(f"node:{pk}" for pk in Node.objects.values_list("pk", flat=True)),
    ]


def test_what_is_looked_up_alone_is_what_all_looked_up_together_are(db: None) -> None:
    seed = random.SystemRandom().randrange(10**6)
    people = [person(name) for name in ("anna", "ben", "cleo")]
    for account in range(ACCOUNTS):
        Study.objects.all().delete()
        random_account(random.Random(seed + account), people)
        for user in people:
            all_folders = StudyFolders(user).all()
            everything = Layout(user)
            assert everything.study_ids == all_folders.keys()
            whole = everything.resolve(identities())
            for identity in identities():
                alone = Layout(user).resolve([identity])
                assert alone.get(identity) == whole.get(identity), (seed + account, user, identity)
                assert alone.items() <= whole.items()


def test_a_study_renamed_in_any_way_is_found_by_its_new_name(anna: User) -> None:
    study = studies.create_study(owner=anna, name="Élan")
    studies.rename_study(study=study, name="İdea", by=anna)
    assert Study.objects.get(name_key="idea") == study
