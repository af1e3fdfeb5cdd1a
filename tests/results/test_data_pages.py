"""Study → Data: sessions listed, narrowed, marked and looked at; nobody without data access sees any."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.collection.models import ClientError, Session
from minno_dashboard.core import clock
from minno_dashboard.results import queries
from minno_dashboard.results.selection import Selection
from minno_dashboard.results.stages import Stage
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import make_experiment
from tests.results.conftest import session_of
from tests.studies.conftest import person, share


def test_sessions_are_listed_with_their_state_and_narrowed(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    old = clock.now() - timedelta(hours=2)
    other = make_experiment(study, name="other")
    made = {
        Stage.STARTED: session_of(experiment, submission_count=0),
        Stage.RUNNING: session_of(experiment),
        Stage.STALLED: session_of(experiment, at=old),
        Stage.FINISHED: session_of(experiment, at=old, state="finished"),
        Stage.SCREENED_OUT: session_of(other, state="screened_out", is_test=True),
    }
    base = f"/studies/{study.public_id}/data/"
    page = client.get(base).content.decode()
    assert all(f'value="{one.pk}"' in page for one in made.values())
    for stage, session in made.items():
        found = client.get(base, {"stage": stage.value}).context["sessions"]
        assert [one.pk for one, _ in found] == [session.pk], stage
        assert found[0][1] == queries.NAMES[stage]
    only = client.get(base, {"experiment": other.pk}).context
    assert [one.pk for one, _ in only["sessions"]] == [made[Stage.SCREENED_OUT].pk]
    assert only["counts"] == queries.Counts(started=1, sent_data=1, finished=0, screened_out=1, stalled=0)
    without = client.get(base, {"tests": "without"}).context["counts"]
    assert (without.started, without.finished, without.stalled) == (4, 1, 1)
    assert client.get(base, {"tests": "only", "version": "1"}).context["counts"].started == 1
    assert sum(started for _, started, _ in client.get(base).context["days"]) == 5


def test_pages_hold_every_session_once_in_order_and_cost_the_same(
    study: Study, experiment: Experiment
) -> None:
    other = make_experiment(study, name="other")
    now = clock.now()
    made = [
        session_of([experiment, other][number % 2], at=now - timedelta(minutes=number // 3)).pk
        for number in range(23)
    ]
    for oldest_first in (False, True):
        seen: list[Session] = []
        cursor, counts = "", set()
        while True:
            with CaptureQueriesContext(connection) as asked:
                page = queries.page_of_sessions(
                    Selection(study, has_tests=True), cursor, size=5, oldest_first=oldest_first
                )
            counts.add(len(asked))
            seen += page.sessions
            cursor = page.next_cursor
            if not cursor:
                break
        assert sorted(one.pk for one in seen) == sorted(made)
        order = [(one.started_at, one.pk) for one in seen]
        assert order == sorted(order, reverse=not oldest_first)
        assert counts == {2}
        assert "collection_submission" not in asked[-1]["sql"]


@pytest.mark.parametrize("cursor", ["x", "20261128T010203.000000-", "20261128T010203.000000-²", "-5"])
def test_a_cursor_of_nobody_is_refused(client: Client, study: Study, alice: User, cursor: str) -> None:
    client.force_login(alice)
    assert client.get(f"/studies/{study.public_id}/data/", {"after": cursor}).status_code == 422


def test_a_session_shows_its_rows_what_could_not_be_read_and_errors(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    made = session_of(
        experiment,
        '{"data": [{"name": "<b>שאלה</b>", "serial": 0, "response": "x"}], "sessionId": 1}',
        '{"data": [',
        at=clock.now() - timedelta(days=1),
    )
    ClientError.objects.create(
        experiment=experiment,
        version=made.version,
        session_id=made.pk,
        at=clock.now(),
        kind="script",
        message="x is not defined",
        file="task.js",
        line=7,
    )
    answer = client.get(f"/studies/{study.public_id}/data/sessions/{made.pk}/")
    page = answer.content.decode()
    first, second = answer.context["submissions"]
    assert dict(zip(first.columns, first.rows[0], strict=True))["trial_name"] == "<b>שאלה</b>"
    assert second.problem
    assert second.raw == '{"data": ['
    for shown in (
        "&lt;b&gt;שאלה",
        "Stalled.",
        "The participant may have left",
        "x is not defined",
        "task.js:7",
    ):
        assert shown in page
    elsewhere = session_of(make_experiment(make_other(alice)))
    assert client.get(f"/studies/{study.public_id}/data/sessions/{elsewhere.pk}/").status_code == 404


def make_other(owner: User) -> Study:
    from minno_dashboard.studies import services
    from tests.studies.conftest import write

    made = services.create_study(owner=owner, name="Other", kind="html")
    write(made, "index.html", b"<p>Hello</p>")
    return made


def test_sessions_are_marked_together_and_only_those_of_the_study(
    client: Client, study: Study, experiment: Experiment, alice: User
) -> None:
    client.force_login(alice)
    mine = [session_of(experiment) for _ in range(3)]
    elsewhere = session_of(make_experiment(make_other(alice)))
    base = f"/studies/{study.public_id}/data/"

    def mark(what: str, note: str = "") -> None:
        ids = [mine[0].pk, mine[1].pk, elsewhere.pk, "x"]
        client.post(f"{base}mark/", {"session": ids, "mark": what, "note": note})

    def states() -> list[tuple[bool, bool, str]]:
        return [
            (one.is_test, one.is_excluded, one.note)
            for one in Session.objects.filter(pk__in=[*(one.pk for one in mine), elsewhere.pk]).order_by(
                "started_at"
            )
        ]

    mark("test")
    mark("exclude")
    mark("note", "phoned")
    mark("anything")
    untouched = (False, False, "")
    assert states() == [(True, True, "phoned"), (True, True, "phoned"), untouched, untouched]
    mark("no_test")
    mark("include")
    assert states()[0] == (False, False, "phoned")
    assert AuditEntry.objects.filter(action="study.mark_data").count() == 5


def test_the_header_links_to_data_for_those_who_have_it(client: Client, study: Study, alice: User) -> None:
    reader, data = person("reader"), person("data")
    share(study, reader, status="accepted", file_access="read", sees_data=False)
    share(study, data, status="accepted", file_access="read", sees_data=True)
    link = f"/studies/{study.public_id}/data/".encode()
    for user, sees in ((alice, True), (data, True), (reader, False)):
        client.force_login(user)
        assert (link in client.get(f"/studies/{study.public_id}/").content) == sees
        assert client.get(link.decode()).status_code == (200 if sees else 403)
