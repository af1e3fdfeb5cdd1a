"""The frame that every page stands in."""

from __future__ import annotations

import sqlite3

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock, errors
from minno_dashboard.studies.models import Study
from minno_dashboard.ui.middleware import RefusedMiddleware


def page(user: User | AnonymousUser, path: str = "/studies/") -> str:
    """Render an error page as one of the simplest pages of the site."""
    request = RequestFactory().get(path)
    request.user = user
    return render_to_string("ui/error.html", {"status": 404, "title": "T", "sentence": "S"}, request)


@pytest.mark.django_db
def test_the_top_bar_shows_admin_only_to_admins() -> None:
    researcher = User.objects.create(username="dana", email="dana@lab.example", full_name="Dana")
    assert "Edit configuration" not in page(researcher)
    assert ">Admin<" not in page(researcher)
    assert "Logout" in page(researcher)
    researcher.role = User.Role.ADMIN
    assert "Edit configuration" in page(researcher)


def test_a_visitor_sees_no_logout() -> None:
    assert "Logout" not in page(AnonymousUser())


@pytest.mark.django_db
def test_a_user_name_is_escaped() -> None:
    html = page(
        User.objects.create(username="x", email="x@lab.example", full_name="<script>alert(1)</script>")
    )
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("This study is not here."), 404),
        (errors.NotAllowed("You may only read this study."), 403),
        (errors.Conflict("Somebody saved it first."), 409),
        (errors.Invalid("A name cannot be empty."), 422),
        (errors.TooLarge("This file is larger than 1 GB."), 413),
        (errors.TooMany("Wait 3 minutes.", retry_after_seconds=180), 429),
        (errors.Unavailable("Dropbox does not answer."), 503),
    ],
)
def test_a_refusal_becomes_a_page_or_json_with_its_sentence(error: Exception, status: int) -> None:
    middleware = RefusedMiddleware(lambda request: HttpResponse())
    request: HttpRequest = RequestFactory().get("/studies/")
    request.user = AnonymousUser()
    html = middleware.process_exception(request, error)
    assert html is not None
    assert html.status_code == status
    assert str(error) in html.content.decode()

    scripted = RequestFactory().get("/studies/", headers={"X-Requested-With": "fetch"})
    json = middleware.process_exception(scripted, error)
    assert json is not None
    assert json.status_code == status
    assert json.headers["Content-Type"] == "application/json"
    assert str(error) in json.content.decode()


def test_an_unexpected_exception_is_left_to_django() -> None:
    middleware = RefusedMiddleware(lambda request: HttpResponse())
    assert middleware.process_exception(RequestFactory().get("/"), ValueError("x")) is None


@pytest.mark.django_db
def test_an_unknown_address_has_a_page_with_a_sentence(client: Client) -> None:
    answer = client.get("/there/is/nothing/", headers={"Accept": "text/html"})
    assert answer.status_code in (302, 404)
    json = client.get("/there/is/nothing/", headers={"X-Requested-With": "fetch"})
    assert json.status_code in (401, 404)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_held_up_is_said_and_nothing_is_changed(client: Client) -> None:
    """Another program holds the database for longer than a request waits."""
    user = User.objects.create(username="dana", email="dana@lab.example", last_seen_at=clock.now())
    client.force_login(user)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(connection.settings_dict["NAME"])
        other.execute("BEGIN IMMEDIATE")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        other = connection.copy("other")
        other.set_autocommit(False)
        other.cursor().execute("LOCK TABLE studies_study IN ACCESS EXCLUSIVE MODE")
    try:
        response = client.post(
            "/studies/new/", {"name": "A study", "kind": "html"}, headers={"X-Requested-With": "fetch"}
        )
    finally:
        other.rollback()
        other.close()
        connection.close()
    assert response.status_code == 503
    assert "Nothing was changed" in response.json()["error"]
    assert not Study.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_where_the_database_cannot_grow_logging_in_says_so() -> None:
    user = User.objects.create(username="dana", email="dana@lab.example")
    user.set_password("a long password")
    user.save()
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute("CREATE TABLE filler (bytes)")
        cursor.execute(f"PRAGMA max_page_count = {pages + 3}")
        try:
            _fill(cursor)
            answers = [
                Client(raise_request_exception=False).post(
                    "/login/", {"name": "dana", "password": "a long password"}
                )
                for _ in range(40)
            ]
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filler")
    full = [one for one in answers if one.status_code == 503]
    assert full, "the last rows fitted into pages that are there; 40 sessions do not"
    assert all("The disk of this Dashboard is full" in one.content.decode() for one in full)
    assert {one.status_code for one in answers} <= {302, 503}


def _fill(cursor: CursorWrapper) -> None:
    for size in (3000, 100, 1):
        with pytest.raises(DatabaseError, match="full"):
            _insert_for_ever(cursor, size)


def _insert_for_ever(cursor: CursorWrapper, size: int) -> None:
    while True:
        cursor.execute("INSERT INTO filler VALUES (randomblob(%s))", [size])
