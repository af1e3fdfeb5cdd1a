"""The versions of a study."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.responses import Status

from minno_dashboard.api.access import asked
from minno_dashboard.api.schemas import NoteIn, PublishIn, VersionIn, VersionOut, version_out
from minno_dashboard.api.scopes import READ, WRITE
from minno_dashboard.api.views.routing import Number, Study, address, router
from minno_dashboard.studies import services
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.queries import get_version

versions = router("Versions")


@versions.get(
    "/studies/{str:study}/versions", summary="List versions", **address(READ, {200: list[VersionOut]})
)
def list_versions(request: HttpRequest, study: Study) -> list[VersionOut]:
    """The newest first."""
    what = asked(request, Action.READ_FILES, study)
    newest_first = sorted(what.study.versions.all(), key=lambda one: -one.number)
    return [version_out(one) for one in newest_first]


@versions.post(
    "/studies/{str:study}/versions", summary="Make the next version", **address(WRITE, {201: VersionOut})
)
def new_version(request: HttpRequest, study: Study, body: VersionIn) -> Status[VersionOut]:
    """The newest version must be published. The next one begins with its files, or with those of `begin_from`."""
    what = asked(request, Action.MANAGE, study)
    source = get_version(what.study, body.begin_from) if body.begin_from else None
    made = services.new_version(study=what.study, by=what.user, source=source)
    return Status(201, version_out(made))


@versions.post(
    "/studies/{str:study}/publish",
    summary="Publish the version in development",
    **address(WRITE, {200: VersionOut}),
)
def publish(request: HttpRequest, study: Study, body: PublishIn) -> VersionOut:
    """Its files never change again."""
    what = asked(request, Action.MANAGE, study)
    return version_out(services.publish(study=what.study, by=what.user, note=body.note))


@versions.get(
    "/studies/{str:study}/versions/{int:number}", summary="Read a version", **address(READ, {200: VersionOut})
)
def read_version(request: HttpRequest, study: Study, number: Number) -> VersionOut:
    """One version; its files are below it."""
    return version_out(asked(request, Action.READ_FILES, study, number).version)


@versions.patch(
    "/studies/{str:study}/versions/{int:number}",
    summary="Change the note of a version",
    **address(WRITE, {200: VersionOut}),
)
def note_version(request: HttpRequest, study: Study, number: Number, body: NoteIn) -> VersionOut:
    """Its files stay what they are."""
    what = asked(request, Action.MANAGE, study, number)
    return version_out(services.note_version(version=what.version, note=body.note, by=what.user))
