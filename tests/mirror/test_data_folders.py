"""Participants' data in Dropboxes: they come to those alone who asked and may read them, change, stop and leave."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.collection import data_folders as kept
from minno_dashboard.collection.models import DataFolder, Session, Submission
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.files.models import Blob
from minno_dashboard.jobs.models import Job
from minno_dashboard.mirror.connecting import data_opt_in
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import study_badge
from minno_dashboard.results import data_files
from minno_dashboard.studies import services, sharing
from minno_dashboard.studies.models import Collaboration, Experiment, Study
from minno_dashboard.studies.queries import newest_version
from tests.mirror.conftest import ANNA, BEN, MirrorWorld, person
from tests.mirror.test_shared import save, shared

pytestmark = pytest.mark.django_db
DATA, DAY = "/Studies/Faces/data", 86_400


@pytest.fixture
def study(anna: User) -> Study:
    """A study of anna's that collected one session."""
    made = services.create_study(owner=anna, name="Faces", kind="html")
    save(made, b"one")
    Experiment.objects.create(study=made, created_at=clock.now(), name="index")
    return made


def take_part(study: Study, text: str = "left") -> Session:
    """Let a participant finish."""
    version, now = newest_version(study), clock.now()
    session = Session.objects.create(
        experiment=Experiment.objects.get(study=study), version=version, version_state=version.state,
        started_at=now, last_post_at=now, finished_at=now, state="finished", submission_count=1,
    )  # fmt: skip
    body = json.dumps({"data": [{"name": text, "latency": 5, "taskName": "iat"}]})
    Submission.objects.create(session=session, sequence=1, received_at=now, size=len(body), body=body)
    kept.data_changed(study.pk)
    return session


def work(world: MirrorWorld, seconds: float = 70) -> None:
    """Let time pass, and do what the schedule and the worker do."""
    world.time.advance(seconds)
    data_opt_in.begin_and_end_folders()
    data_files.enqueue_due()
    for job in Job.objects.filter(kind=data_files.JOB, finished_at=None):
        data_files.make(job.args)
        Job.objects.filter(pk=job.pk).update(finished_at=clock.now())
    world.settle()


def data(world: MirrorWorld, email: str) -> dict[str, bytes]:
    return {path: text for path, text in world.files(email).items() if "/data/" in path}


def test_data_come_are_replaced_are_proven_and_go_again(
    world: MirrorWorld, anna: User, study: Study, client: Client
) -> None:
    world.connect(anna, ANNA)
    world.control.write_file(ANNA, f"{DATA}/mine.txt", b"the user's own")
    first = take_part(study)
    work(world)
    assert list(data(world, ANNA)) == [f"{DATA}/mine.txt"], "nothing comes that nobody asked for"
    client.force_login(anna)
    page = f"/studies/{study.public_id}/data/"
    assert "Write the data to my Dropbox" in client.get(page).content.decode()
    client.post(f"{page}dropbox/", {"wanted": "on"})
    assert "The files are being made" in client.get(page).content.decode()
    assert study_badge(anna, study).state != "proven"
    work(world)
    there = data(world, ANNA)
    day = f"{DATA}/raw/{clock.now():%Y-%m-%d}.jsonl"
    assert {f"{DATA}/trials.csv", f"{DATA}/codebook.csv", day, f"{DATA}/raw/sessions.jsonl"} <= there.keys()
    assert str(first.pk).encode() in there[f"{DATA}/trials.csv"]
    assert there[f"{DATA}/mine.txt"] == b"the user's own"
    assert study_badge(anna, study).state == "proven"
    assert "1 session: in your Dropbox, proven" in client.get(page).content.decode()

    work(world, DAY)
    world.control.clear_records()
    second = take_part(study, "right")
    assert study_badge(anna, study).state != "proven", "what is not there yet is not called proven"
    work(world)
    now = data(world, ANNA)
    assert str(second.pk).encode() in now[f"{DATA}/trials.csv"]
    assert now[day] == there[day], "the file of a past day is as it was"
    assert "2 sessions: in your Dropbox, proven" in client.get(page).content.decode()

    services.rename_study(study=study, name="Places", by=anna)
    work(world)
    assert set(data(world, ANNA)) == {path.replace("Faces", "Places") for path in now}
    client.post(f"{page}dropbox/", {"wanted": "off"})
    work(world)
    assert data(world, ANNA) == {}
    aside = {path: text for path, text in world.control.files(ANNA).items() if path.endswith("/mine.txt")}
    assert list(aside.values()) == [b"the user's own"], "what is the user's is kept, wherever its folder goes"
    assert not DataFolder.objects.exists(), "nothing is made for nobody"
    assert "/Studies/Places/v1/task.js" in world.files(ANNA)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"study.send_data", "study.stop_sending_data"} <= actions
    assert Link.objects.get().removal_question is None


ROLES = {
    "editor with data": ("edit", True),
    "reader with data": ("read", True),
    "data only": ("none", True),
    "editor": ("edit", False),
    "reader": ("read", False),
    "stranger": None,
    "pending": ("read", True),
    "admin": None,
    "public": None,
}


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_may_read_the_data_receive_them(
    world: MirrorWorld, anna: User, ben: User, study: Study, role: str
) -> None:
    world.connect(anna, ANNA)
    world.connect(ben, BEN)
    given = ROLES[role]
    if role == "pending":
        sharing.invite(study=study, who="ben", file_access="read", sees_data=True, by=anna)
    elif given is not None:
        shared(study, ben, given[0], sees_data=given[1])
    if role == "admin":
        User.objects.filter(pk=ben.pk).update(role=User.Role.ADMIN)
        ben.refresh_from_db()
    Study.objects.filter(pk=study.pk).update(is_public=role == "public")
    take_part(study)
    work(world)
    data_opt_in.switch_on(user=anna, study=study)
    work(world)
    may_read = given is not None and given[1] and role != "pending"
    if may_read:
        data_opt_in.switch_on(user=ben, study=study)
    else:
        with pytest.raises(Refused):
            data_opt_in.switch_on(user=ben, study=study)
        # However the wish came into the database: it gives no right.
        link = Link.objects.get(user=ben)
        link.data_opt_ins.create(study=study, account_id=link.account_id, at=clock.now())
        Link.objects.update(wants_everything=True)
    work(world)
    assert f"{DATA}/trials.csv" in data(world, ANNA)
    there = "/Shared with me/anna/Faces/data/trials.csv"
    assert (there in data(world, BEN)) is may_read
    assert bool(data(world, BEN)) is may_read
    if may_read:
        assert study_badge(ben, study).state == "proven"
    has_files = given is not None and given[0] != "none" and role != "pending"
    assert ("/Shared with me/anna/Faces/v1/task.js" in world.files(BEN)) is has_files


def test_an_admin_who_acts_as_somebody_cannot_ask_for_data(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.connect(anna, ANNA)
    token = admin_acting.set(person("root"))
    try:
        with pytest.raises(Refused):
            data_opt_in.switch_on(user=anna, study=study)
    finally:
        admin_acting.reset(token)


@pytest.mark.parametrize("end", ["no data", "removed", "deleted", "transferred"])
def test_a_lost_right_ends_it_and_what_was_there_goes_to_the_deleted_things(
    world: MirrorWorld, anna: User, ben: User, study: Study, end: str
) -> None:
    world.connect(ben, BEN)
    share = shared(study, ben, "read", sees_data=True)
    take_part(study)
    data_opt_in.switch_on(user=ben, study=study)
    work(world)
    assert data(world, BEN)
    if end == "no data":
        sharing.change_share(share=share, file_access="read", sees_data=False, by=anna)
    elif end == "removed":
        sharing.remove_member(share=share, by=anna)
    elif end == "deleted":
        services.delete_study(study=study, by=anna)
    else:
        sharing.transfer(study=study, share_id=share.pk, by=anna)
    secret = take_part(study, "later")
    work(world)
    work(world)
    everything = world.control.files(BEN)
    if end == "transferred":
        assert str(secret.pk).encode() in everything[f"{DATA}/trials.csv"], "the new owner may read them"
        return
    assert data(world, BEN) == {}
    assert not [path for path, text in everything.items() if str(secret.pk).encode() in text]
    assert not DataFolder.objects.exists()
    assert Link.objects.get(user=ben).state == Link.State.ACTIVE
    if end == "no data":
        sharing.change_share(share=share, file_access="read", sees_data=True, by=anna)
        work(world)
        work(world)
        again = data(world, BEN)["/Shared with me/anna/Faces/data/trials.csv"]
        assert str(secret.pk).encode() in again


def test_another_dropbox_account_receives_nothing_until_it_is_asked_for_again(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.connect(anna, ANNA)
    take_part(study)
    data_opt_in.switch_on(user=anna, study=study)
    work(world)
    assert data(world, ANNA)
    world.connect(anna, BEN)
    take_part(study)
    work(world)
    assert data(world, BEN) == {}
    data_opt_in.switch_on(user=anna, study=study)
    work(world)
    assert f"{DATA}/trials.csv" in data(world, BEN)


def test_data_that_the_user_changes_or_removes_in_dropbox_come_back_and_theirs_stays(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.connect(anna, ANNA)
    take_part(study)
    data_opt_in.switch_on(user=anna, study=study)
    work(world)
    before = data(world, ANNA)
    world.control.write_file(ANNA, f"{DATA}/sessions.csv", b"my notes")
    world.control.delete(ANNA, f"{DATA}/raw")
    Link.objects.update(needs_reading=True)
    work(world)
    after = data(world, ANNA)
    assert before.items() <= after.items()
    assert b"my notes" in after.values()
    assert Collaboration.objects.count() == 0
    assert Blob.objects.filter(unreferenced_since__isnull=False).count() == 0
