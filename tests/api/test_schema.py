"""Schemathesis asks every address what its document promises, with good input and with bad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import ChecksConfig, PositiveDataAcceptanceConfig, SchemathesisConfig

from minno_dashboard.accounts.models import LoginFailure, User
from minno_dashboard.api import endpoints
from minno_dashboard.config.wsgi import application
from minno_dashboard.files.queries import node_at
from minno_dashboard.studies import sharing
from minno_dashboard.studies.experiments import add_experiment
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.queries import newest_version
from tests.api.conftest import Program

EXAMPLES = 6
SEED = 20261124
OPERATIONS = sorted(
    (path, method.upper()) for path, methods in endpoints.document()["paths"].items() for method in methods
)
# Rules that no schema tells (names that a device on Windows has, a study of the name, a version that is published)
# are refused with 422, and conflicts with 409.
ACCEPTED = ["2xx", "304", "401", "403", "404", "409", "422"]


@pytest.fixture(scope="module")
def document() -> schemathesis.BaseSchema:
    """The OpenAPI document, asked of our own WSGI application."""
    config = SchemathesisConfig(seed=SEED)
    config.projects.default.checks = ChecksConfig(
        positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=ACCEPTED)
    )
    loaded = schemathesis.openapi.from_dict(endpoints.document(), config=config)
    loaded.app = application
    return loaded


@pytest.fixture(autouse=True)
def _connection() -> Iterator[None]:
    """Keep the connection of the test between requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_address_keeps_what_its_document_promises(
    document: schemathesis.BaseSchema,
    program: Program,
    study: Study,
    alice: User,
    bob: User,
    path: str,
    method: str,
) -> None:
    share = sharing.invite(study=study, who="bob", file_access="read", sees_data=False, by=alice)
    version = newest_version(study)
    node = node_at(tree=version.tree, path="task.js")
    assert node
    made = add_experiment(study=study, version=version, node=node, by=alice)
    known = {
        "experiment": made.public_id,
        "study": study.public_id,
        "number": 1,
        "path": "task.js",
        "member": share.pk,
    }
    real = {name: value for name, value in known.items() if f"{{{name}}}" in path} or None
    operation = document[path][method]
    good, bad = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    cases = [operation.as_strategy(good, path_parameters=real), operation.as_strategy(good)]
    if operation.body or operation.query or operation.path_parameters:
        cases.append(operation.as_strategy(bad))

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(cases))
    def ask(case: Case[Any]) -> None:
        LoginFailure.objects.all().delete()  # it sends wrong tokens, too, and would be asked to wait
        case.call_and_validate(headers={"Authorization": f"Bearer {program.code}"})

    ask()
