"""The badge never says more than is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dropbox_simulator import Simulator
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.services import write_file
from minno_dashboard.mirror.models import Link, Parked, Taken
from minno_dashboard.mirror.pages import mirror_status
from minno_dashboard.studies.models import Study, Version
from minno_dashboard.studies.services import create_study, delete_study
from tests.mirror.web.conftest import browser_of, configure, connect

ANNA = "anna@dropbox.example"


@pytest.fixture
def study(alice: User) -> Study:
    """A study of Alice's."""
    return create_study(owner=alice, name="Stroop")


def mirrored(user: User) -> Link:
    """Act as the runner at the end of a run: everything is taken over and proven."""
    link = Link.objects.get(user=user)
    Taken.objects.filter(link=link).delete()
    for study in Study.objects.filter(owner=user):
        Taken.objects.create(link=link, kind=Taken.Kind.STUDY, object_id=study.pk, revision=study.revision)
    for version in Version.objects.filter(study__owner=user).select_related("tree"):
        Taken.objects.create(
            link=link, kind=Taken.Kind.TREE, object_id=version.tree_id, revision=version.tree.revision
        )
    Link.objects.filter(pk=link.pk).update(
        proven_at=clock.now(), proven_files=1, wants_everything=False, needs_listing=False
    )
    return Link.objects.get(pk=link.pk)


@pytest.fixture
def proven(configured: Simulator, alice: User, study: Study) -> Link:
    """Alice's mirror, all of it in her Dropbox."""
    connect(browser_of(alice), configured, ANNA)
    return mirrored(alice)


def test_a_new_connection_is_not_green(configured: Simulator, alice: User, study: Study) -> None:
    connect(browser_of(alice), configured, ANNA)
    assert mirror_status.badge(alice).dot == "warn"


def test_green_carries_the_age_of_the_proof(proven: Link, alice: User, study: Study) -> None:
    Link.objects.update(proven_at=clock.now() - timedelta(seconds=38))
    badge = mirror_status.badge(alice)
    assert (badge.state, badge.dot, badge.short) == ("proven", "good", "In your Dropbox")
    assert badge.full == "1 study, 1 file: identical in your Dropbox. Proven 38 s ago."
    assert (
        mirror_status.study_badge(alice, study).full
        == "This study: identical in your Dropbox. Proven 38 s ago."
    )


def test_a_saved_file_makes_it_amber_at_once(proven: Link, alice: User, study: Study) -> None:
    other = create_study(owner=alice, name="Flanker")
    mirrored(alice)
    tree = study.versions.get().tree
    write_file(tree=tree, path="a.js", source=b"1", expected_blob=None, by=alice)
    assert mirror_status.badge(alice).short == "1 change waiting to upload"
    assert mirror_status.study_badge(alice, study).state == "pending"
    assert mirror_status.study_badge(alice, other).state == "proven"


def test_a_deleted_study_makes_it_amber_until_dropbox_shows_it(
    proven: Link, alice: User, study: Study
) -> None:
    delete_study(study=study, by=alice)
    assert mirror_status.badge(alice).state == "pending"
    mirrored(alice)
    assert mirror_status.badge(alice).state == "proven"


def test_a_parked_file_is_never_green(proven: Link, alice: User) -> None:
    Parked.objects.create(
        link=proven, identity="node:1", path="/a", reason="disallowed_name", at=timezone.now()
    )
    assert mirror_status.badge(alice).dot != "good"
    assert mirror_status.status(alice)["parked"] == [
        {"path": "/a", "reason": "Dropbox does not accept this name. Rename it here."}
    ]


def test_waiting_says_until_when(proven: Link, alice: User) -> None:
    Link.objects.update(not_before=clock.now() + timedelta(minutes=5))
    badge = mirror_status.badge(alice)
    assert (badge.state, badge.short) == ("waiting", "Waiting for Dropbox")
    assert "asked us to wait until" in badge.full


@pytest.mark.parametrize(
    ("reason", "short", "action"),
    [
        ("reconnect", "Reconnect Dropbox", "reconnect"),
        ("full", "Dropbox is full", ""),
        ("mass_removal_planned", "Your decision is needed", "confirm"),
        ("never seen before", "Reconnect Dropbox", "reconnect"),
    ],
)
def test_what_needs_the_user_is_said_with_its_button(
    proven: Link, alice: User, reason: str, short: str, action: str
) -> None:
    Link.objects.update(state=Link.State.NEEDS_USER, reason=reason, reason_at=clock.now())
    badge = mirror_status.badge(alice)
    assert (badge.dot, badge.short, badge.action) == ("bad", short, action)
    assert "{" not in badge.full


def test_a_disabled_feature_is_not_green(proven: Link, alice: User) -> None:
    configure(is_enabled=False)
    assert mirror_status.badge(alice).short == "Backup paused"


def test_the_list_and_the_page_of_a_study_show_its_mark(proven: Link, alice: User, study: Study) -> None:
    client = browser_of(alice)
    row = client.get("/studies/").content.decode()
    assert "identical in your Dropbox" in row
    page = client.get(f"/studies/{study.public_id}/").content.decode()
    assert 'id="mirror-study"' in page
    fragment = client.get(f"/dropbox/studies/{study.public_id}/badge").content.decode()
    mark = fragment.split("?was=")[1].split('"')[0]
    assert client.get(f"/dropbox/studies/{study.public_id}/badge?was={mark}").status_code == 204


def test_a_strangers_study_has_no_badge(proven: Link, bob: User, study: Study) -> None:
    assert browser_of(bob).get(f"/dropbox/studies/{study.public_id}/badge").status_code == 404


def test_marks_of_many_studies_take_no_more_queries_than_those_of_one(
    proven: Link, alice: User, django_assert_max_num_queries: object
) -> None:
    for number in range(12):
        create_study(owner=alice, name=f"Study {number}")
    mirrored(alice)
    assert callable(django_assert_max_num_queries)
    with django_assert_max_num_queries(10):
        assert len(mirror_status.overview(alice).badges()) == 13
