"""Studies: the list, one of them, and what is done to it as a whole."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query
from ninja.responses import Status

from minno_dashboard.api.access import asked, token_of
from minno_dashboard.api.schemas import DuplicateIn, StudyChange, StudyIn, StudyOut, StudyPage, study_out
from minno_dashboard.api.scopes import READ, WRITE
from minno_dashboard.api.views.routing import Study, address, router
from minno_dashboard.studies import services
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.queries import Which, get_study, page_of_studies, row_of

studies = router("Studies")
Search = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]


@studies.get("/studies", summary="List studies", **address(READ, {200: StudyPage}))
def list_studies(
    request: HttpRequest,
    which: Which = Which.ALL,
    search: Search = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 50,
) -> StudyPage:
    """The studies that the token's owner sees, the latest changed first. `all` leaves out archived and deleted ones; `search` looks for all its words in name, description and owner."""
    user = token_of(request).user
    found = page_of_studies(user, which=which, search=search, number=page, size=page_size)
    return StudyPage(
        items=[study_out(row) for row in found.rows],
        total=found.total,
        page=page,
        page_size=page_size,
    )


@studies.post("/studies", summary="Make a study", **address(WRITE, {201: StudyOut}))
def create_study(request: HttpRequest, body: StudyIn) -> Status[StudyOut]:
    """The study belongs to the token's owner and has v1 in development, without files."""
    user = token_of(request).user
    made = services.create_study(
        owner=user, name=body.name, kind=body.kind, description=body.description.strip()
    )
    return Status(201, _again(request, made.public_id))


@studies.get("/studies/{str:study}", summary="Read a study", **address(READ, {200: StudyOut}))
def read_study(request: HttpRequest, study: Study) -> StudyOut:
    """One study, with what the token's owner may do to it."""
    what = asked(request, Action.SEE, study)
    return study_out(row_of(what.user, what.study))


@studies.patch(
    "/studies/{str:study}", summary="Rename, describe or archive a study", **address(WRITE, {200: StudyOut})
)
def change_study(request: HttpRequest, study: Study, body: StudyChange) -> StudyOut:
    """What is left out stays as it is."""
    what = asked(request, Action.MANAGE, study)
    if body.name is not None:
        services.rename_study(study=what.study, name=body.name, by=what.user)
    if body.description is not None:
        services.describe_study(study=what.study, description=body.description.strip(), by=what.user)
    if body.archived is not None:
        archive = services.archive_study if body.archived else services.unarchive_study
        archive(study=what.study, by=what.user)
    return _again(request, study)


@studies.delete("/studies/{str:study}", summary="Delete a study", **address(WRITE, {204: None}))
def delete_study(request: HttpRequest, study: Study) -> Status[None]:
    """The study can be brought back for 30 days."""
    what = asked(request, Action.DELETE, study)
    services.delete_study(study=what.study, by=what.user)
    return Status(204, None)


@studies.post(
    "/studies/{str:study}/bring-back", summary="Bring a deleted study back", **address(WRITE, {200: StudyOut})
)
def bring_back_study(request: HttpRequest, study: Study) -> StudyOut:
    """Where its name is taken meanwhile, it comes back as `name (2)`."""
    what = asked(request, Action.DELETE, study)
    services.bring_back_study(study=what.study, by=what.user)
    return _again(request, study)


@studies.post(
    "/studies/{str:study}/duplicate", summary="Duplicate a study", **address(WRITE, {201: StudyOut})
)
def duplicate_study(request: HttpRequest, study: Study, body: DuplicateIn) -> Status[StudyOut]:
    """A study of the token's owner with the files of the newest version."""
    what = asked(request, Action.DUPLICATE, study)
    copy = services.duplicate_study(study=what.study, by=what.user, name=body.name or "")
    return Status(201, _again(request, copy.public_id))


def _again(request: HttpRequest, study: Study) -> StudyOut:
    user = token_of(request).user
    return study_out(row_of(user, get_study(user, study)))
