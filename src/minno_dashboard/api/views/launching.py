"""Experiments with their launch addresses, and personal links."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query
from ninja.responses import Status

from minno_dashboard.api.access import asked
from minno_dashboard.api.schemas import (
    ExperimentChange,
    ExperimentIn,
    ExperimentOut,
    LinkOut,
    LinkPage,
    LinksIn,
    experiment_out,
)
from minno_dashboard.api.scopes import LAUNCH, LAUNCH_READ
from minno_dashboard.api.views.routing import Study, address, router
from minno_dashboard.collection import personal_links
from minno_dashboard.collection.models import PersonalLink
from minno_dashboard.collection.personal_links import Recipient
from minno_dashboard.core.errors import NotFound
from minno_dashboard.files import queries as files
from minno_dashboard.runtime.launching import launch_address
from minno_dashboard.studies import experiments
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.models import Experiment, Version

launching = router("Experiments")
ExperimentId = Annotated[str, Path(description="The id of an experiment.")]


@launching.get(
    "/studies/{str:study}/experiments",
    summary="List experiments",
    **address(LAUNCH_READ, {200: list[ExperimentOut]}),
)
def list_experiments(request: HttpRequest, study: Study) -> list[ExperimentOut]:
    """All experiments of the study, each with the address that launches it in the newest version."""
    what = asked(request, Action.SEE_MEMBERS, study)
    return [_out(one, what.version) for one in experiments.experiments_of(what.study)]


@launching.post(
    "/studies/{str:study}/experiments",
    summary="Make an experiment",
    **address(LAUNCH, {201: ExperimentOut}, 409),
)
def add_experiment(request: HttpRequest, study: Study, body: ExperimentIn) -> Status[ExperimentOut]:
    """A file of the newest version becomes an experiment; a closed one of the same file and name opens again."""
    what = asked(request, Action.LAUNCH, study)
    node = files.node_at(tree=what.version.tree, path=body.path)
    if node is None or node.is_folder:
        raise NotFound("There is no file of this path in the newest version.")
    made = experiments.add_experiment(
        study=what.study, version=what.version, node=node, by=what.user, name=body.name
    )
    return Status(201, _out(made, what.version))


@launching.patch(
    "/studies/{str:study}/experiments/{str:experiment}",
    summary="Close or open an experiment",
    **address(LAUNCH, {200: ExperimentOut}, 409),
)
def change_experiment(
    request: HttpRequest, study: Study, experiment: ExperimentId, body: ExperimentChange
) -> ExperimentOut:
    """A closed experiment starts no session any more; sessions that are running can finish."""
    what = asked(request, Action.LAUNCH, study)
    found = experiments.get_experiment(what.study, experiment)
    change = experiments.close_experiment if body.closed else experiments.reopen_experiment
    return _out(change(experiment=found, by=what.user), what.version)


@launching.get(
    "/studies/{str:study}/experiments/{str:experiment}/links",
    summary="List personal links",
    **address(LAUNCH, {200: LinkPage}),
)
def list_links(
    request: HttpRequest,
    study: Study,
    experiment: ExperimentId,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="The id of the last link that is known.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> LinkPage:
    """Links in the order in which they were made, with how many sessions began by each."""
    what = asked(request, Action.LAUNCH, study)
    found = experiments.get_experiment(what.study, experiment)
    links = list(personal_links.links_of(found).filter(pk__gt=after)[: limit + 1])
    counted = personal_links.counted_links(found, links[:limit])
    return LinkPage(
        items=[_link(found, what.version, one, count) for one, count in counted], has_more=len(links) > limit
    )


@launching.post(
    "/studies/{str:study}/experiments/{str:experiment}/links",
    summary="Create personal links",
    **address(LAUNCH, {201: list[LinkOut]}),
)
def create_links(
    request: HttpRequest, study: Study, experiment: ExperimentId, body: LinksIn
) -> Status[list[LinkOut]]:
    """One link for each label, in their order."""
    what = asked(request, Action.LAUNCH, study)
    found = experiments.get_experiment(what.study, experiment)
    made = personal_links.make_links(
        experiment=found,
        recipients=[Recipient(label) for label in body.labels],
        is_resumable=body.resumable,
        by=what.user,
    )
    return Status(201, [_link(found, what.version, one, 0) for one in made])


def _out(experiment: Experiment, version: Version) -> ExperimentOut:
    return experiment_out(experiment, launch_address(experiment, version))


def _link(experiment: Experiment, version: Version, link: PersonalLink, sessions: int) -> LinkOut:
    return LinkOut(
        id=link.pk,
        label=link.label,
        address=launch_address(experiment, version, link=link),
        resumable=link.is_resumable,
        revoked=link.revoked_at is not None,
        sessions=sessions,
    )
