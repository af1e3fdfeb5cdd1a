"""Deactivating somebody and handing the studies over; the space that people use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from minno_dashboard.accounts.models import AuditEntry, User
from minno_dashboard.administration import queries
from minno_dashboard.files import services as files
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.administration.conftest import make


@pytest.fixture
def study(alice: User) -> Study:
    """A study of alice with two files, published, with a second version."""
    study = studies.create_study(owner=alice, name="Mood")
    tree = study.versions.get().tree
    files.write_file(tree=tree, path="a.txt", source=b"12345", expected_blob=files.ANYTHING, by=alice)
    files.write_file(tree=tree, path="b.txt", source=b"123456789", expected_blob=files.ANYTHING, by=alice)
    studies.publish(study=study, by=alice)
    studies.new_version(study=study, by=alice)
    return study


def test_the_same_bytes_of_one_owner_count_once(study: Study, alice: User, bob: User) -> None:
    assert queries.stored_by_owner() == {alice.pk: queries.Stored(studies=1, files=4, bytes=14)}
    assert queries.bytes_of(alice) == 14
    assert queries.bytes_of(bob) == 0


def test_the_list_shows_studies_and_space(
    study: Study,
    dana: User,
    as_user: Callable[[User], Client],
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for number in range(30):
        make(f"user{number}")
    client = as_user(dana)
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        page = client.get("/admin/users/").content.decode()
    assert "1 study · 14 bytes" in page


def test_the_studies_go_to_somebody_else(
    study: Study, alice: User, bob: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    studies.create_study(owner=bob, name="mood")
    deleted = studies.create_study(owner=alice, name="Old")
    studies.delete_study(study=deleted, by=alice)
    inside, client = as_user(alice), as_user(dana)
    address = f"/admin/users/{alice.pk}/hand-over/"
    assert "The 2 studies" in client.get(address).content.decode()
    page = client.post(
        address, {"studies": "give", "to": "BOB@lab.example.org"}, follow=True
    ).content.decode()
    assert "2 studies transferred to bob" in page
    study.refresh_from_db()
    assert (study.owner, study.name) == (bob, "Mood (2)")
    assert Study.objects.get(pk=deleted.pk).owner == bob
    alice.refresh_from_db()
    assert not alice.is_active
    assert inside.get("/studies/").status_code == 302
    assert AuditEntry.objects.filter(action="study.transfer", actor=dana).count() == 2


def test_a_deactivated_user_may_keep_the_studies(
    study: Study, alice: User, dana: User, as_user: Callable[[User], Client]
) -> None:
    as_user(dana).post(f"/admin/users/{alice.pk}/hand-over/", {"studies": "keep", "to": "nobody"})
    alice.refresh_from_db()
    study.refresh_from_db()
    assert (alice.is_active, study.owner) == (False, alice)


@pytest.mark.parametrize("to", ["nobody", "alice", "erin"])
def test_a_wrong_receiver_changes_nothing(
    study: Study, alice: User, dana: User, erin: User, as_user: Callable[[User], Client], to: str
) -> None:
    User.objects.filter(pk=erin.pk).update(is_active=False)
    answer = as_user(dana).post(f"/admin/users/{alice.pk}/hand-over/", {"studies": "give", "to": to})
    assert answer.status_code in (404, 422)
    assert 'role="alert"' in answer.content.decode()
    alice.refresh_from_db()
    assert alice.is_active


def test_nobody_removes_themself(dana: User, erin: User, as_user: Callable[[User], Client]) -> None:
    assert as_user(dana).post(f"/admin/users/{dana.pk}/hand-over/", {}).status_code == 403
