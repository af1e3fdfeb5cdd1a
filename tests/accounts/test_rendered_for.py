"""A page that was rendered for one user never writes as another: every form and every script."""

from __future__ import annotations

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.studies.models import Study

pytestmark = pytest.mark.django_db


def person(name: str, role: str = User.Role.RESEARCHER) -> User:
    return User.objects.create(username=name, email=f"{name}@lab.example", role=role, password="!")


@pytest.fixture
def alice() -> User:
    return person("alice")


def test_a_form_of_another_user_is_refused_and_shows_what_was_typed(alice: User) -> None:
    bob = Client()
    bob.force_login(person("bob"))
    typed = {"name": "Typed <b>by</b> Alice", "password": "hush", "rendered_for": str(alice.pk)}
    answer = bob.post("/studies/new/", typed)
    assert answer.status_code == 403
    assert b"Typed &lt;b&gt;by&lt;/b&gt; Alice" in answer.content
    assert b"hush" not in answer.content
    assert b"alice" not in answer.content  # who has which number is nobody's business
    assert not Study.objects.exists()


def test_a_script_of_another_user_is_refused_with_a_word(alice: User) -> None:
    bob = Client()
    bob.force_login(person("bob"))
    headers = {"X-Rendered-For": str(alice.pk), "X-Requested-With": "fetch"}
    answer = bob.post("/studies/new/", {"name": "Hers"}, headers=headers)
    assert (answer.status_code, answer.json()["reason"], answer.json()["name"]) == (403, "other_user", "bob")
    assert not Study.objects.exists()


@pytest.mark.parametrize("named", ["own", "nobody"])
def test_ones_own_page_and_a_program_that_names_nobody_write(alice: User, named: str) -> None:
    client = Client()
    client.force_login(alice)
    given = {"rendered_for": str(alice.pk)} if named == "own" else {}
    assert client.post("/studies/new/", {"name": "Hers", **given}).status_code == 302
    assert Study.objects.get().owner == alice


def test_forms_end_where_acting_as_somebody_begins_and_ends(alice: User) -> None:
    ada = Client(enforce_csrf_checks=True)
    ada.force_login(person("ada", User.Role.ADMIN))
    page = ada.get(f"/admin/users/{alice.pk}/act-as/")
    before = str(page.context["csrf_token"])
    begun = ada.post(f"/admin/users/{alice.pk}/act-as/", {"reason": "to help", "csrfmiddlewaretoken": before})
    assert begun.status_code == 302
    refused = ada.post("/studies/new/", {"name": "Ada's", "csrfmiddlewaretoken": before})
    assert refused.status_code == 403
    assert not Study.objects.exists()
