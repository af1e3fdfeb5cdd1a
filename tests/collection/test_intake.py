"""The intake: what is acknowledged is in the database, everything else is refused with a reason and stores nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from minno_dashboard.collection import services
from minno_dashboard.collection.ingest import launch_token
from minno_dashboard.collection.ingest.intake import Intake, PostResponse, ReceivedPost
from minno_dashboard.collection.ingest.launch_token import LaunchToken
from minno_dashboard.collection.ingest.posts import MAX_SEQUENCE
from minno_dashboard.collection.ingest.stores import SQLiteStore, opener
from minno_dashboard.collection.models import QuarantinedBody, Session
from minno_dashboard.collection.models import Submission as Stored
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.studies.models import Experiment
from tests.collection.conftest import launched

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(token: LaunchToken) -> str:
    return launch_token.encode(token, services.token_key())


def classic(token: LaunchToken, rows: list[Any], **more: Any) -> bytes:
    meta = {
        "sessionId": token.session_id,
        "studyId": token.experiment_id,
        "versionId": token.version_id,
    }
    return json.dumps({"data": rows, **meta, **more}).encode()


async def started_in_django(token: str, user_agent: bytes) -> PostResponse:
    """Start a session as the participants' web process does."""

    def start() -> PostResponse:
        try:
            read = launch_token.decode(token, services.token_key(), now=clock.now().timestamp())
            services.start_session(token=read)
        except Refused as refused:
            return PostResponse(
                refused.status, json.dumps({"stored": False, "sentence": str(refused)}).encode()
            )
        finally:
            connection.close()
        return PostResponse(200, b"{}")

    return await asyncio.to_thread(start)


def posted(submissions: Sequence[ReceivedPost], **limits: int) -> list[tuple[int, dict[str, Any]]]:
    """Give submissions to an intake one after the other and return the answers; `limits` are the queue's."""

    async def run() -> list[PostResponse]:
        intake = Intake(
            key=services.token_key(),
            open_store=opener(connection.settings_dict),
            start=started_in_django,
            **limits,
        )
        answers = []
        for each in submissions:
            answered: asyncio.Future[PostResponse] = asyncio.get_running_loop().create_future()
            intake.take(each, answered.set_result)
            answers.append(await answered)
        await intake.close()
        return answers

    return [(answer.status, json.loads(answer.body)) for answer in asyncio.run(run())]


def posted_to(token: LaunchToken, *bodies: bytes, sequence: bytes | None = None) -> list[tuple[int, Any]]:
    return posted([ReceivedPost(text_of(token), sequence, body) for body in bodies])


def test_the_first_post_starts_the_session_and_everything_is_stored_as_it_came(
    experiment: Experiment,
) -> None:
    token = launched(experiment)
    bodies = [
        classic(token, [{"taskName": "mgr", "PROLIFIC_PID": "abc"}]),
        classic(token, [{"$isTouch": True, "x": "\u05e9\u05dc\u05d5\u05dd", "n": None}], taskName="iat", **{"$key": 1}),
        json.dumps([{"taskName": "bare"}]).encode(),
        b"taskName,rt\r\ncsv,120\r\n",
        b'{"data":[{"half":"\\ud83d"}]}',
    ]  # fmt: skip
    assert posted_to(token, *bodies) == [(200, {"stored": True})] * len(bodies)
    stored = Stored.objects.order_by("pk")
    assert [each.body.encode() for each in stored] == bodies
    assert [each.task for each in stored] == ["mgr", "iat", "bare", "csv", ""]
    assert [each.kind for each in stored] == ["json", "json", "json", "csv", "json"]
    session = Session.objects.get()
    assert session.pk == token.session_id
    assert (session.submission_count, session.byte_count) == (5, sum(map(len, bodies)))
    assert session.progress == "csv"
    assert abs(session.last_post_at - clock.now()) < timedelta(hours=1)
    assert stored[0].received_at == pytest.approx(session.started_at, abs=timedelta(hours=1))


def test_a_repeated_sequence_is_one_submission(experiment: Experiment) -> None:
    token = launched(experiment)
    body = classic(token, [{"a": 1}])
    assert posted_to(token, body, body, body, sequence=b"7") == [(200, {"stored": True})] * 3
    named = classic(token, [{"a": 1}], **{"$sequence": 8})
    assert posted_to(token, named, named) == [(200, {"stored": True})] * 2
    assert sorted(Stored.objects.values_list("sequence", flat=True)) == [7, 8]
    assert Session.objects.get().submission_count == 2
    assert posted_to(token, body, body) == [(200, {"stored": True})] * 2  # without a number each is one
    assert Session.objects.get().submission_count == Stored.objects.count() == 4


def test_plain_data_takes_a_classic_body_of_a_session_that_is_there(experiment: Experiment) -> None:
    token = launched(experiment)
    services.start_session(token=token)
    good = classic(token, [{"a": 1}])
    as_text = json.dumps({**json.loads(good), "sessionId": str(token.session_id)}).encode()
    assert (
        posted([ReceivedPost("", None, good), ReceivedPost("", None, as_text)])
        == [(200, {"stored": True})] * 2
    )
    wrong = {
        "unknown_session": {"sessionId": token.session_id + 1},
        "wrong_version": {"versionId": "f" * 40},
    }
    for reason, change in wrong.items():
        body = json.dumps({**json.loads(good), **change}).encode()
        [(status, told)] = posted([ReceivedPost("", None, body)])
        assert (status in (404, 409), told["reason"], told["stored"]) == (True, reason, False)
    for missing in ("sessionId", "studyId", "versionId"):
        body = json.dumps({k: v for k, v in json.loads(good).items() if k != missing}).encode()
        assert posted([ReceivedPost("", None, body)])[0][0] == 404
    other = json.dumps({**json.loads(good), "studyId": "e" * 40}).encode()
    assert posted([ReceivedPost("", None, other)])[0][1]["reason"] == "unknown_session"
    assert Stored.objects.count() == 2


def test_tests_and_negative_sessions_are_answered_and_not_stored(experiment: Experiment) -> None:
    token = launched(experiment, session_id=-5)
    [(status, told)] = posted_to(token, classic(token, [{}]))
    assert (status, told["stored"], told["reason"]) == (200, False, "test")
    [(status, told)] = posted([ReceivedPost("", None, classic(token, [{}]))])
    assert (status, told["stored"], told["reason"]) == (200, False, "test")
    assert not Stored.objects.exists()
    assert not Session.objects.exists()


def test_a_forged_address_and_anothers_session_are_refused(experiment: Experiment) -> None:
    token, other = launched(experiment), launched(experiment)
    services.start_session(token=other)
    text = text_of(token)
    for forged in ("x", text[:-2] + "zz", "../" + text, text.split(".")[0], "é" * 50, "A" * 9000):
        [(status, told)] = posted([ReceivedPost(forged, None, classic(token, [{}]))])
        assert (status, told["reason"]) == (404, "unknown_address"), forged[:20]
    [(status, told)] = posted_to(token, classic(other, [{}]))
    assert (status, told["reason"]) == (409, "wrong_session")
    [(status, told)] = posted_to(token, classic(token, [{}], versionId="0" * 40))
    assert (status, told["reason"]) == (409, "wrong_version")
    assert not Stored.objects.exists()
    assert Session.objects.count() == 1


def test_a_closed_session_refuses_but_takes_what_was_on_its_way_or_is_known_to_be_missing(
    experiment: Experiment,
) -> None:
    token = launched(experiment)
    services.finish_session(token=token)
    assert posted_to(token, classic(token, [{}]))[0][0] == 200
    Session.objects.update(finished_at=clock.now() - timedelta(hours=1))
    [(status, told)] = posted_to(token, classic(token, [{}]))
    assert (status, told["reason"], told["stored"]) == (410, "closed_session", False)
    Session.objects.update(data_pending=True)
    assert posted_to(token, classic(token, [{}]))[0][0] == 200
    assert Stored.objects.count() == 2


def test_a_start_that_is_refused_stores_nothing_and_says_why(experiment: Experiment) -> None:
    Experiment.objects.update(closed_at=clock.now())
    [(status, told)] = posted_to(launched(experiment), b'{"data":[]}')
    assert status == 403
    assert "closed" in told["sentence"]
    assert not Session.objects.exists()
    assert not Stored.objects.exists()


MALFORMED = {
    "half": b'{"data":[{"a":1}',
    "NaN": b'{"data":[NaN]}',
    "no data": b'{"rows":[]}',
    "data no array": b'{"data":{"a":1}}',
    "not UTF-8": b'{"data":["\xff"]}',
    "a NUL": b"a,b\n\x00,1\n",
    "a form": b"json=%5B%5D&taskName=x",
    "HTML": b"<a>, </a>\n<b>",
    "nothing": b"",
    "a number": b"17",
    "deep": b'{"data":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
    "session": b'{"data":[],"sessionId":1e400}',
    "sequence": b'{"data":[],"$sequence":-1}',
    "long sequence": b'{"data":[],"$sequence":%d}' % (MAX_SEQUENCE + 1),
}


def test_malformed_bodies_are_refused_and_kept_aside_where_the_session_is_real(
    experiment: Experiment,
) -> None:
    stranger, token = launched(experiment), launched(experiment)
    services.start_session(token=token)
    for name, body in MALFORMED.items():
        [(status, told)] = posted_to(token, body)
        assert (status, told["reason"]) == (400, "malformed"), name
        assert posted_to(stranger, body)[0][0] == 400
        assert posted([ReceivedPost("", None, body)])[0][0] in (400, 404)
    assert posted_to(token, b'{"data":[]}', sequence=b"1.5")[0][0] == 400
    assert not Stored.objects.exists()
    kept = QuarantinedBody.objects.order_by("pk")
    assert [bytes(each.body) for each in kept] == [*MALFORMED.values(), b'{"data":[]}']
    assert {each.session_id for each in kept} == {token.session_id}
    assert all(each.reason for each in kept)
    for _ in range(2):
        posted_to(token, *([b"{"] * 20))
    assert QuarantinedBody.objects.count() == 20, "a hostile page fills the quarantine"


def test_an_overloaded_intake_says_when_to_come_back_and_stores_nothing(experiment: Experiment) -> None:
    token = launched(experiment)
    services.start_session(token=token)
    [(status, told)] = posted([ReceivedPost(text_of(token), None, b'{"data":[]}')], max_pending=0)
    assert (status, told["reason"]) == (503, "overloaded")
    [(status, told)] = posted([ReceivedPost(text_of(token), None, b'{"data":[]}')], max_pending_bytes=5)
    assert (status, told["reason"]) == (503, "overloaded")
    assert not Stored.objects.exists()


@pytest.mark.skipif("sqlite" not in str(connection.vendor), reason="fills an SQLite file")
def test_a_full_disk_is_said_and_everything_acknowledged_is_there_when_there_is_room_again(
    experiment: Experiment,
) -> None:
    token = launched(experiment)
    services.start_session(token=token)
    is_full = [True]

    def open_store() -> SQLiteStore:
        store = SQLiteStore(str(connection.settings_dict["NAME"]))
        if is_full[0]:
            store._database.execute("PRAGMA max_page_count = 1")  # as many pages as there are, none more
        return store

    async def run() -> list[int]:
        intake = Intake(key=services.token_key(), open_store=open_store, start=started_in_django)
        statuses = []
        for number in range(60):
            if number == 40:
                is_full[0] = False
            answered: asyncio.Future[PostResponse] = asyncio.get_running_loop().create_future()
            body = classic(token, ["x" * 20_000], **{"$sequence": number})
            intake.take(ReceivedPost(text_of(token), None, body), answered.set_result)
            statuses.append((await answered).status)
            if statuses[-1] == 503:
                await asyncio.sleep(0.05)
        await intake.close()
        return statuses

    statuses = asyncio.run(run())
    assert set(statuses) == {200, 503}
    assert statuses[-1] == 200
    acknowledged = [number for number, status in enumerate(statuses) if status == 200]
    assert sorted(Stored.objects.values_list("sequence", flat=True)) == acknowledged
    assert Session.objects.get().submission_count == len(acknowledged)
