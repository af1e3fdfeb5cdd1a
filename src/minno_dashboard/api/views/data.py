"""Participants' data: sessions, and their rows, a page at a time; the cursor goes on where a program stopped."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query

from minno_dashboard.api.access import asked
from minno_dashboard.api.schemas import DataPage, SessionPage, session_out
from minno_dashboard.api.scopes import DATA
from minno_dashboard.api.views.routing import Study, address, router
from minno_dashboard.results import queries
from minno_dashboard.results.selection import Selection
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.models import Study as StudyRow

data = router("Data")
Cursor = Annotated[
    str,
    Query(
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="`next_cursor` of an earlier answer; empty to begin.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="How many sessions at most.")]
Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="Only sessions of this version.")]


@data.get("/studies/{str:study}/sessions", summary="List sessions", **address(DATA, {200: SessionPage}))
def list_sessions(
    request: HttpRequest,
    study: Study,
    cursor: Cursor = "",
    limit: Limit = 50,
    version: Version = None,
    finished: bool = False,
    tests: bool = False,
) -> SessionPage:
    """Sessions, the earliest start first. `next_cursor` also works at the end: asked again later, it gives what started since."""
    what = asked(request, Action.READ_DATA, study)
    page = queries.page_of_sessions(
        _selection(what.study, version, finished, tests), cursor, size=limit, oldest_first=True
    )
    last = queries.cursor_of(page.sessions[-1]) if page.sessions else cursor
    return SessionPage(
        items=[session_out(one) for one in page.sessions], next_cursor=last, has_more=bool(page.next_cursor)
    )


@data.get("/studies/{str:study}/data", summary="Read rows of data", **address(DATA, {200: DataPage}))
def read_data(
    request: HttpRequest,
    study: Study,
    cursor: Cursor = "",
    limit: Limit = 50,
    version: Version = None,
    finished: bool = True,
    tests: bool = False,
) -> DataPage:
    """The rows of whole sessions, with the columns of the tidy download. Without `finished=false` only sessions that ended are given, so that none is given half. A session's rows never come in two answers."""
    what = asked(request, Action.READ_DATA, study)
    page = queries.page_of_rows(_selection(what.study, version, finished, tests), cursor, size=limit)
    return DataPage(
        # Text, as in the list of sessions: larger numbers than 2^53 are not exact in R and JavaScript.
        items=[{**row, "session_id": str(row["session_id"])} for row in page.rows],
        sessions=page.session_count,
        problems=page.problem_count,
        next_cursor=page.next_cursor,
        has_more=page.has_more,
    )


def _selection(study: StudyRow, version: int | None, finished: bool, tests: bool) -> Selection:
    return Selection(
        study=study,
        version_numbers=(version,) if version else (),
        is_finished_only=finished,
        has_tests=tests,
    )
