"""An admin acting as somebody: explicit, bounded, in the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from minno_dashboard.accounts import services as accounts
from minno_dashboard.accounts.models import AuditEntry, SignIn, User
from minno_dashboard.administration import acting
from minno_dashboard.files import services as files
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.administration.conftest import make


@pytest.fixture
def study(alice: User) -> Study:
    """A study of alice with a file."""
    study = studies.create_study(owner=alice, name="Mood of Alice")
    tree = study.versions.get().tree
    files.write_file(tree=tree, path="a.txt", source=b"hello", expected_blob=files.ANYTHING, by=alice)
    return study


@pytest.fixture
def acting_client(study: Study, alice: User, dana: User, as_user: Callable[[User], Client]) -> Client:
    """A browser in which dana, an admin, acts as alice."""
    client = as_user(dana)
    answer = client.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "She asked me to look at v1"})
    assert answer["Location"] == "/studies/"
    return client


def test_without_acting_an_admin_sees_nobodys_studies(
    study: Study, dana: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(dana)
    assert "Mood of Alice" not in client.get("/studies/").content.decode()
    assert client.get(f"/studies/{study.public_id}/").status_code == 404


def test_the_admin_sees_what_the_user_sees_below_a_banner(acting_client: Client, study: Study) -> None:
    page = acting_client.get("/studies/").content.decode()
    assert "Mood of Alice" in page
    assert "You are acting as" in page
    assert "User management" not in page
    assert acting_client.get(f"/studies/{study.public_id}/").status_code == 200


def test_every_change_is_the_admins_in_the_log(
    acting_client: Client, study: Study, alice: User, dana: User
) -> None:
    acting_client.post(f"/studies/{study.public_id}/archive/")
    began = AuditEntry.objects.get(action="acting.begin")
    assert (began.actor, began.target, began.details["reason"]) == (
        dana,
        "alice",
        "She asked me to look at v1",
    )
    tried = AuditEntry.objects.get(action="acting.change")
    assert (tried.actor, tried.target) == (dana, "alice")
    assert tried.details["request"] == f"POST /studies/{study.public_id}/archive/"
    done = AuditEntry.objects.get(action="study.archive")
    assert (done.actor, done.actor_name) == (dana, "dana as alice")


def test_an_acting_admin_reaches_only_studies(acting_client: Client, study: Study, alice: User) -> None:
    """Every address outside the studies refuses, whatever the app."""
    for path in (
        "/settings/",
        "/admin/users/",
        "/admin/configuration/",
        "/admin/audit/",
        "/new-password/",
        "/login/",
    ):
        answer = acting_client.get(path)
        assert answer.status_code == 403, path
        assert "While you act as someone else" in answer.content.decode()
    member = [study.public_id]
    for path in (
        reverse("save_password"),
        reverse("save_email"),
        reverse("log_out_everywhere"),
        reverse("dropbox_connect"),
        reverse("dropbox_stop"),
        reverse("leave_study", args=member),
        reverse("transfer_study", args=member),
        reverse("act_as", args=[alice.pk]),
    ):
        assert acting_client.post(path).status_code == 403, path
    assert not AuditEntry.objects.filter(action="acting.change").exists(), "nothing was even tried"


def test_ending_acting_makes_the_admin_themself_again(acting_client: Client) -> None:
    page = acting_client.post("/act-as/end/", follow=True).content.decode()
    assert "User management" in page
    assert "You are acting as" not in page
    assert "Mood of Alice" not in acting_client.get("/studies/").content.decode()
    assert AuditEntry.objects.filter(action="acting.end", target="alice").exists()


def test_acting_leaves_the_last_visit_of_the_user_unchanged(acting_client: Client, alice: User) -> None:
    before = SignIn.objects.filter(user=alice).count()
    acting_client.get("/studies/")
    alice.refresh_from_db()
    assert alice.last_seen_at is None
    assert SignIn.objects.filter(user=alice).count() == before


def test_acting_ends_after_its_time_and_with_the_admin_role(
    acting_client: Client, dana: User, erin: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = acting_client.session
    session[acting.SESSION_KEY] = {**session[acting.SESSION_KEY], "until": 0}
    session.save()
    assert "Mood of Alice" not in acting_client.get("/studies/").content.decode()
    acting_client.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "Once more, please"})
    assert "Mood of Alice" in acting_client.get("/studies/").content.decode()
    accounts.change_role(by=erin, user=dana, role=User.Role.RESEARCHER)
    assert "Mood of Alice" not in acting_client.get("/studies/").content.decode()


def test_nobody_acts_as_an_admin_or_without_a_reason(
    alice: User, bob: User, dana: User, erin: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(dana)
    assert client.post(f"/admin/users/{erin.pk}/act-as/", {"reason": "Good reasons"}).status_code == 403
    assert client.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "  "}).status_code == 422
    accounts.deactivate(by=dana, user=bob)
    assert client.post(f"/admin/users/{bob.pk}/act-as/", {"reason": "Good reasons"}).status_code == 403
    assert (
        as_user(alice).post(f"/admin/users/{bob.pk}/act-as/", {"reason": "Good reasons"}).status_code == 403
    )
    assert not AuditEntry.objects.filter(action="acting.begin").exists()


def test_a_forged_session_of_another_admin_counts_for_nothing(
    study: Study, alice: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    client = as_user(make("omar"))
    session = client.session
    session[acting.SESSION_KEY] = {"user": alice.pk, "admin": dana.pk, "until": 9e12}
    session.save()
    assert "Mood of Alice" not in client.get("/studies/").content.decode()
