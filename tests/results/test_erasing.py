"""Erasing one participant: everything of theirs goes, everything of the others stays, and the receipt names nobody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.serializers import serialize
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.collection import data_folders, personal_links, places
from minno_dashboard.collection import services as collection
from minno_dashboard.collection.models import (
    ClientError,
    ErasedSession,
    PersonalLink,
    QuarantinedBody,
    Session,
    Submission,
)
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, Invalid
from minno_dashboard.results import data_requests, deleting, erasing, schedule
from minno_dashboard.results.erasing import Who
from minno_dashboard.results.models import DataRequest, Erasure
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import launched, make_experiment, with_conditions
from tests.results.conftest import NOON, download_of, session_of
from tests.results.test_data_files import contents, make_due
from tests.studies.conftest import person, share

SECRET = "5f3e-dana-cohen"
BY_SESSION, BY_PARAMETER, BY_LABEL = Erasure.FoundBy


def database() -> str:
    """Return every row of the database as text."""
    return "\n".join(serialize("json", model._base_manager.all()) for model in apps.get_models())


def of_the_participant(experiment: Experiment, at: datetime) -> Session:
    """Make a session of the participant with one of everything that can hang on it."""
    link = PersonalLink.objects.create(
        experiment=experiment, label=SECRET, params={"who": SECRET}, created_at=at
    )
    made = session_of(
        experiment,
        json.dumps({"data": [{"name": SECRET, "latency": 1, "taskName": "iat"}]}),
        f'{{"data": [{SECRET}',
        at=at,
        link=link,
        params={"PROLIFIC_PID": SECRET},
        study_state=SECRET,
        note=SECRET,
    )
    QuarantinedBody.objects.create(session=made, received_at=at, reason="x", size=1, body=SECRET.encode())
    ClientError.objects.create(
        experiment=experiment, version=made.version, session_id=made.pk, at=at, kind="script", message=SECRET
    )
    return made


@pytest.mark.django_db(transaction=True)
def test_everything_of_the_participant_goes_and_everything_of_others_stays(
    client: Client, study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    client.force_login(alice)
    theirs = of_the_participant(experiment, NOON - timedelta(days=3))
    elsewhere = session_of(
        make_experiment(study, name="other"), at=NOON, is_test=True, params={"PROLIFIC_PID": SECRET}
    )
    deleted = session_of(experiment, at=NOON - timedelta(days=9), params={"x": SECRET})
    deleting.delete_data(
        study=study, criteria={"until": "2026-11-12"}, before=NOON, typed_name="Faces", by=alice
    )
    kept = session_of(experiment, at=NOON - timedelta(days=3), params={"PROLIFIC_PID": "other"})
    personal_links.revoke_link(experiment=experiment, link_id=PersonalLink.objects.get().pk, by=alice)
    data_folders.begin({study.pk})
    make_due()
    assert [name for name, body in contents().items() if SECRET.encode() in body]
    assert "problems.jsonl" in contents()
    ready = DataRequest.objects.get(pk=download_of(study))

    address = f"/studies/{study.public_id}/data/erase/"
    asked: dict[str, str | int] = {"found_by": "parameter", "value": SECRET}
    shown = client.post(address, asked).context
    assert {one.pk for one in shown["found"].sessions} == {theirs.pk, elsewhere.pk, deleted.pk}
    assert [count for _, count in shown["counts"]] == [3, 4, 1, 1, 1]
    confirmed = {**asked, "size": shown["found"].size}
    refused = client.post(address, {**confirmed, "study_name": "faces"})
    assert (refused.status_code, Session.objects.count()) == (422, 4)
    late = session_of(experiment, at=NOON, params={"y": SECRET})
    assert client.post(address, {**confirmed, "study_name": "Faces"}).status_code == 422
    assert Session.objects.count() == 5, "what was not shown is not erased"
    late.delete()
    assert client.post(address, {**confirmed, "study_name": " Faces "}).status_code == 302

    assert set(Session.objects.values_list("pk", flat=True)) == {kept.pk}
    assert set(Submission.objects.values_list("session", flat=True)) == {kept.pk}
    assert not data_requests.file_of(ready).exists()
    now.append(NOON + timedelta(minutes=3))
    make_due()
    files = contents()
    assert not [name for name, body in files.items() if SECRET.encode() in body]
    assert files["problems.jsonl"] == b"", (
        "a file that is removed would lie in the Dropbox's Deleted as it was"
    )
    assert str(kept.pk).encode() in files["raw/sessions.jsonl"]
    assert SECRET not in database()

    receipt = Erasure.objects.get()
    entry = AuditEntry.objects.get(action="study.erase_participant")
    assert (entry.actor, entry.details["receipt"], entry.details["counts"]) == (
        alice,
        receipt.pk,
        receipt.counts,
    )
    assert receipt.counts == {"sessions": 3, "submissions": 4, "quarantined": 1, "errors": 1, "links": 1}
    text = client.get(f"{address}receipts/{receipt.pk}/").content.decode()
    assert "Sessions: 3" in text
    assert "Backups of the server" in text
    assert SECRET not in text
    assert f"Receipt {receipt.pk}" in client.get(address).content.decode()
    assert client.get(f"{address}receipts/{receipt.pk + 1}/").status_code == 404


def test_a_participant_is_found_by_session_by_label_and_by_what_belongs_together(
    study: Study, experiment: Experiment
) -> None:
    link = PersonalLink.objects.create(experiment=experiment, label="P1", created_at=NOON)
    unused = PersonalLink.objects.create(experiment=experiment, label="P2", created_at=NOON)
    first = session_of(experiment, link=link, participant_key="k")
    second = session_of(experiment, participant_key="k", params={"PID": "7"})
    foreign = session_of(make_experiment(study, name="other"), participant_key="k", params={"SID": "7"})

    def found(how: Erasure.FoundBy, value: str, parameter: str = "") -> tuple[set[int], set[int]]:
        who = erasing.find_participant(study, Who(how, value, parameter))
        return {one.pk for one in who.sessions}, {one.pk for one in who.links}

    together = ({first.pk, second.pk}, {link.pk})
    assert found(BY_SESSION, str(second.pk)) == together
    assert found(BY_LABEL, "P1") == together
    assert found(BY_PARAMETER, "7", "PID") == together
    assert found(BY_PARAMETER, "7") == ({first.pk, second.pk, foreign.pk}, {link.pk})
    assert found(BY_LABEL, "P2") == (set(), {unused.pk})
    assert found(BY_SESSION, "P1") == found(BY_LABEL, "p1") == found(BY_PARAMETER, "7", "X") == (set(), set())


def test_a_value_of_a_thousand_known_participants_is_refused_and_not_too_large_for_the_database(
    study: Study, experiment: Experiment
) -> None:
    version = study.versions.get()
    Session.objects.bulk_create(
        Session(
            experiment=experiment, version=version, version_state="develop", started_at=NOON, last_post_at=NOON,
            params={"lang": "he"}, participant_key=f"k{number}",
        )
        for number in range(erasing.MAX_SESSIONS + 1)
    )  # fmt: skip
    with pytest.raises(Invalid, match="not one participant's"):
        erasing.find_participant(study, Who(BY_PARAMETER, "he"))
    Session.objects.all()[0].delete()
    assert len(erasing.find_participant(study, Who(BY_PARAMETER, "he")).sessions) == erasing.MAX_SESSIONS


def test_what_is_not_one_participant_is_not_erased(
    study: Study, experiment: Experiment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "MAX_SESSIONS", 2)
    for _ in range(3):
        session_of(experiment, params={"lang": "he"})
    for who, message in (
        (Who(BY_PARAMETER, "he"), "not one participant's"),
        (Who(BY_PARAMETER, ""), "Enter a value"),
        (Who(BY_PARAMETER, "fr"), "nothing of such a participant"),
    ):
        with pytest.raises(Invalid, match=message):
            erasing.erase_participant(study=study, who=who, size=3, typed_name="Faces", by=alice)
    with pytest.raises(Conflict):
        erasing.erase_participant(
            study=study,
            who=Who(BY_SESSION, str(Session.objects.all()[0].pk)),
            size=None,
            typed_name="Faces",
            by=alice,
        )
    assert Session.objects.count() == 3


def test_a_page_that_is_still_open_begins_nothing_again_and_gives_its_place_back(
    study: Study, experiment: Experiment, alice: User, now: list[datetime]
) -> None:
    with_conditions(experiment, "a", quota=1)
    token = launched(experiment)
    collection.start_session(token=token)
    who = Who(BY_SESSION, str(token.session_id))
    erasing.erase_participant(study=study, who=who, size=1, typed_name="Faces", by=alice)
    with pytest.raises(collection.StartRefused):
        collection.start_session(token=token)
    assert not collection.record_client_error(token=token, kind="script", message="x")
    assert not Session.objects.exists()
    experiment.refresh_from_db()
    assert experiment.taken == 0
    collection.start_session(token=launched(experiment))
    now.append(NOON + timedelta(days=59))
    schedule.forget_erased_sessions()
    assert ErasedSession.objects.count() == 1
    now.append(NOON + timedelta(days=60))
    schedule.forget_erased_sessions()
    assert not ErasedSession.objects.exists()


def test_a_page_that_finishes_in_the_instant_of_an_erasure_is_told_so(
    study: Study, experiment: Experiment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = launched(experiment)
    lock = places.lock_experiment

    def erase_first(number: int) -> Experiment:
        monkeypatch.setattr(places, "lock_experiment", lock)
        who = Who(BY_SESSION, str(token.session_id))
        erasing.erase_participant(study=study, who=who, size=1, typed_name="Faces", by=alice)
        return lock(number)

    collection.start_session(token=token)
    monkeypatch.setattr(places, "lock_experiment", erase_first)
    with pytest.raises(collection.StartRefused):
        collection.finish_session(token=token)


def test_only_who_may_delete_data_finds_and_erases_and_only_in_their_study(
    client: Client, study: Study, experiment: Experiment, alice: User, data_folder: Path
) -> None:
    made = session_of(experiment, at=clock.now())
    address = f"/studies/{study.public_id}/data/erase/"
    asked = {"found_by": "session", "value": str(made.pk), "size": "1", "study_name": "Faces"}
    for name, file_access, sees_data in (("bob", "read", True), ("eve", "edit", False)):
        member = person(name)
        share(study, member, status="accepted", file_access=file_access, sees_data=sees_data)
        client.force_login(member)
        assert b"data/erase/" not in client.get(f"/studies/{study.public_id}/data/").content
        assert client.post(address, asked).status_code == 403
    other = services.create_study(owner=alice, name="Other", kind="html")
    client.force_login(alice)
    assert (
        client.post(f"/studies/{other.public_id}/data/erase/", {**asked, "study_name": "Other"}).status_code
        == 422
    )
    assert Session.objects.filter(pk=made.pk).exists()
    assert client.post(address, asked).status_code == 302
    assert not Session.objects.exists()
