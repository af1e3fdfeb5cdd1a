"""The page for ethics committees says what the database really holds, and changes with the settings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.collection import services as collection
from minno_dashboard.collection.models import PersonalLink, QuarantinedBody, Session
from minno_dashboard.results import retention, schedule, stored_data
from minno_dashboard.studies.models import Experiment, Study
from tests.collection.conftest import launched, make_experiment
from tests.results.conftest import NOON, session_of
from tests.studies.conftest import person, share

NOT_OF_PARTICIPANTS = {"DataFolder", "DataFile", "DataDeletion", "ErasedSession"}
"""Tables of the app that hold nothing of a participant: files made of the others, counts, and dead random numbers."""


def test_every_column_that_holds_something_of_a_participant_is_on_the_page() -> None:
    models = [
        one
        for one in apps.get_app_config("collection").get_models()
        if one.__name__ not in NOT_OF_PARTICIPANTS
    ]
    columns = {f"{model.__name__}.{field.name}" for model in models for field in model._meta.concrete_fields}
    said = [*stored_data.RECORDED.values(), stored_data.AS_SET]
    assert set().union(*said) == columns
    assert sum(map(len, said)) == len(columns), "each column stands in one place"
    elsewhere = {
        model.__name__
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model in (Session, PersonalLink)
    }
    assert elsewhere <= {one.__name__ for one in models}, "no other app keeps rows of a participant"


def text_of(client: Client, study: Study) -> str:
    return client.get(f"/studies/{study.public_id}/data/stored/?as=text").content.decode()


def test_the_page_says_what_a_session_really_holds(
    client: Client, study: Study, alice: User, now: list[datetime], settings: LazySettings
) -> None:
    settings.SERVER_URL = "https://lab.example.org"
    client.force_login(alice)
    plain = make_experiment(study, name="plain")
    bare = collection.start_session(token=launched(plain), user_agent="Firefox")
    assert (bare.user_agent, bare.params, bare.participant_key, bare.link) == ("", {}, "", None)
    said = text_of(client, study)
    for sentence in (
        "Not the browser’s name and version.", "So far none was stored.", "No personal links.",
        "No code by which two sessions", "Sessions stored now: 1, of which deleted and not yet removed for good: 0.", "No automatic deletion is set.",
        "at lab.example.org", "In nobody’s Dropbox", "People who may read the data in the Dashboard: alice.",
    ):  # fmt: skip
        assert sentence in said

    asking = make_experiment(study, name="asking", stores_user_agent=True, recruitment="prolific")
    link = PersonalLink.objects.create(experiment=asking, label="P1", created_at=NOON)
    token = launched(asking, params={"PROLIFIC_PID": "5f"}, participant_key="k", link=link.pk)
    full = collection.start_session(token=token, user_agent="Firefox")
    assert (full.user_agent, full.participant_key, full.link) == ("Firefox", "k", link)
    retention.set_retention(study=study, months=6, typed_name="Faces", by=alice)
    member = person("carol")
    share(study, member, status="accepted", file_access="read", sees_data=True)
    share(study, person("dora"), status="accepted", file_access="edit", sees_data=False)
    said = text_of(client, study)
    for sentence in (
        "in these experiments: asking.", "Stored so far: PROLIFIC_PID.", "Personal links: 1",
        "A code computed from", "Sessions stored now: 2,", "Until 6 months after a session ended",
        "in the Dashboard: alice, carol.",
    ):  # fmt: skip
        assert sentence in said
    assert "5f" not in said
    assert said.splitlines()[3].startswith("Recorded")
    Experiment.objects.update(stores_user_agent=False)
    assert "of earlier sessions; it is not stored any more" in text_of(client, study)
    assert "lab.example.org" in client.get(f"/studies/{study.public_id}/data/stored/").content.decode()


@pytest.mark.django_db
def test_submissions_that_could_not_be_read_are_removed_after_thirty_days(
    experiment: Experiment, now: list[datetime]
) -> None:
    made = session_of(experiment, at=NOON)
    for number in range(2):
        QuarantinedBody.objects.create(
            session=made, received_at=NOON + timedelta(days=number), reason="x", size=1, body=b"x"
        )
    now.append(NOON + timedelta(days=29, hours=23))
    schedule.purge_unreadable()
    assert QuarantinedBody.objects.count() == 2
    now.append(NOON + timedelta(days=30))
    schedule.purge_unreadable()
    assert QuarantinedBody.objects.count() == 1
