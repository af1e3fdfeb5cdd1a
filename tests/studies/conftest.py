"""People and a study with files."""

from __future__ import annotations

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.studies import queries, services
from minno_dashboard.studies.models import Collaboration, Study


def person(name: str, *, role: str = User.Role.RESEARCHER) -> User:
    """Make a person who may come in."""
    return User.objects.create(username=name, email=f"{name}@lab.example.org", role=role)


@pytest.fixture
def alice(db: None) -> User:
    """The owner."""
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Somebody else."""
    return person("bob")


@pytest.fixture
def study(alice: User) -> Study:
    """A study of alice's with one file."""
    study = services.create_study(owner=alice, name="Faces")
    write(study, "task.js", b"one")
    return study


def write(study: Study, path: str, content: bytes) -> None:
    """Write a file of the newest version."""
    tree = queries.newest_version(study).tree
    files.write_file(tree=tree, by=None, path=path, source=content, expected_blob=files.ANYTHING)


def share(study: Study, user: User, **values: object) -> Collaboration:
    """Make somebody a collaborator."""
    return Collaboration.objects.create(study=study, user=user, invited_at=clock.now(), **values)
