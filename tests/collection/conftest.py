"""A study with an experiment, and launch tokens as a launch page holds them."""

from __future__ import annotations

from typing import Any

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.ingest.launch_token import LaunchToken
from minno_dashboard.core import clock, ids
from minno_dashboard.files import queries as files
from minno_dashboard.studies import queries, services
from minno_dashboard.studies.models import Condition, Experiment, ExperimentFile, Study
from tests.studies.conftest import person, write


@pytest.fixture
def alice(db: None) -> User:
    """The owner."""
    return person("alice")


@pytest.fixture
def study(alice: User) -> Study:
    """A study of alice's with one page."""
    made = services.create_study(owner=alice, name="Faces", kind="html")
    write(made, "index.html", b"<p>Hello</p>")
    return made


@pytest.fixture
def experiment(study: Study) -> Experiment:
    """Its page, made an experiment."""
    return make_experiment(study)


def make_experiment(study: Study, **values: Any) -> Experiment:
    """Make the page of a study an experiment with these settings."""
    version = queries.newest_version(study)
    node = files.node_at(tree=version.tree, path="index.html")
    assert node is not None
    made = Experiment.objects.create(study=study, created_at=clock.now(), **{"name": "index", **values})
    ExperimentFile.objects.create(experiment=made, version=version, node=node)
    return made


def with_conditions(experiment: Experiment, *names: str, quota: int | None = None) -> None:
    """Give an experiment conditions."""
    for position, name in enumerate(names):
        Condition.objects.create(experiment=experiment, name=name, position=position, quota=quota)


def launched(experiment: Experiment, **values: Any) -> LaunchToken:
    """Return the token that a fresh launch page would hold."""
    version = queries.newest_version(experiment.study)
    now = int(clock.now().timestamp())
    fields: dict[str, Any] = {
        "experiment": experiment.pk,
        "version": version.pk,
        "experiment_id": experiment.public_id,
        "version_id": version.launch_id,
        "session_id": ids.session_id(),
        "issued_at": now,
        "expires_at": now + 3600,
    }
    return LaunchToken(**{**fields, **values})
