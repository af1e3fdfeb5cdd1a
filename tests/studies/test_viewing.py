"""Files to look at and to play without a study page: the examples, and what a read-only link opens."""

from __future__ import annotations

import base64

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.files.models import Blob, Node
from minno_dashboard.studies import playing, services, sharing, starters
from minno_dashboard.studies.models import Study
from tests.studies.conftest import person, write
from tests.studies.test_playing import PAGE

pytestmark = pytest.mark.django_db


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def all_of(example: starters.Example) -> list[str]:
    return [path for path, _ in starters.files_of(example)]


@pytest.mark.parametrize("example", starters.EXAMPLES, ids=lambda one: one.slug)
def test_an_example_is_looked_at_and_played_without_a_copy(example: starters.Example) -> None:
    bob = person("bob")
    client, base = logged_in(bob), f"/studies/examples/{example.slug}/"
    page = client.get(base).content.decode()
    top = client.get(f"{base}play").json()["files"]
    for path in all_of(example):
        assert f'data-path="{path}"' in page
        looked_at = client.get(base, {"file": path}).content.decode()
        assert "data-text" in looked_at or 'class="by-link-picture"' in looked_at
        played, raw = Client().get(f"{top}{path}"), client.get(f"{base}raw/{path}")
        assert (played.status_code, raw.status_code) == (200, 200)
        assert played["Content-Security-Policy"].startswith("sandbox")
        assert "allow-same-origin" not in played["Content-Security-Policy"]
        assert "default-src 'none'" in raw["Content-Security-Policy"]
        assert b"".join(raw.streaming_content) == dict(starters.files_of(example))[path].read_bytes()
    assert not Study.objects.exists()
    assert not Blob.objects.exists()
    assert not Node.objects.exists()


def test_an_example_lists_each_folder_before_what_it_holds() -> None:
    page = logged_in(person("bob")).get("/studies/examples/reaction-time/").content.decode()
    places = [
        page.index(f"<bdi>{name}</bdi>")
        for name in ("images", "left.svg", "text", "goodbye.html", "README.md")
    ]
    assert places == sorted(places)
    assert page.index('by-link-level-1"') > page.index('by-link-level-0"')


@pytest.mark.parametrize("path", ["none.js", "../starters.py", "/etc/passwd", "images", "", "a\0b"])
def test_nothing_but_its_files_is_in_an_example(path: str) -> None:
    client, base = logged_in(person("bob")), "/studies/examples/reaction-time/"
    top = client.get(f"{base}play").json()["files"]
    asked = path.replace("\0", "%00")
    assert Client().get(f"{top}{asked}").status_code == 404
    assert client.get(f"{base}raw/{asked}").status_code == 404
    if path:
        assert client.get(base, {"file": path}).status_code == 404
    assert client.get("/studies/examples/nothing/").status_code == 404


def test_the_key_of_an_example_ends_with_its_persons_password_and_with_the_person() -> None:
    bob = person("bob")
    key = playing.make_key_of_example(user=bob, example=starters.EXAMPLES[0])
    assert Client().get(f"/play/{key}/files/index.html").status_code == 200
    bob.set_password("another passphrase")
    bob.save()
    assert Client().get(f"/play/{key}/files/index.html").status_code == 404
    key = playing.make_key_of_example(user=bob, example=starters.EXAMPLES[0])
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert Client().get(f"/play/{key}/files/index.html").status_code == 404


@pytest.fixture
def linked(alice: User) -> Study:
    study = services.create_study(owner=alice, name="Playing", kind="html")
    write(study, "index.html", PAGE)
    write(study, "js/a.js", b"let a = 1;")
    return study


def played_by_link(study: Study) -> str:
    """Make a link, or another one, and return where a visitor's preview of it is."""
    code = sharing.make_link(study=study, by=study.owner)
    answer = Client().get(f"/view/{code}/play")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert "no-store" in Client().get(f"/view/{code}/")["Cache-Control"]
    top = str(answer.json()["files"])
    key = top.split("/")[2].split(":")[0]
    assert code not in top
    assert code.encode() not in base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)), (
        "a study knows its own address"
    )
    return top


def test_whoever_has_the_link_plays_the_study_and_leaves_nothing(linked: Study) -> None:
    top = played_by_link(linked)
    visitor = Client()
    page = visitor.get(f"{top}index.html")
    assert f'<base href="{top}">' in page.content.decode()
    assert page["Content-Security-Policy"].startswith("sandbox")
    assert b"".join(visitor.get(f"{top}js/a.js").streaming_content) == b"let a = 1;"
    posted = visitor.post(top.replace("/files/", "/data"), b"{}", content_type="application/json")
    assert posted.json() == {"stored": False}
    assert not visitor.cookies


@pytest.mark.parametrize("end", ["renewed", "revoked", "archived", "deleted", "a newer version"])
def test_a_preview_by_link_ends_with_what_the_link_opens(linked: Study, end: str) -> None:
    top = played_by_link(linked)
    assert Client().get(f"{top}js/a.js").status_code == 200
    alice = linked.owner
    match end:
        case "renewed":
            sharing.make_link(study=linked, by=alice)
        case "revoked":
            sharing.revoke_link(study=linked, by=alice)
        case "archived":
            services.archive_study(study=linked, by=alice)
        case "deleted":
            services.delete_study(study=linked, by=alice)
        case _:
            services.publish(study=linked, by=alice)
            services.new_version(study=linked, by=alice)
    answer = Client().get(f"{top}js/a.js")
    assert answer.status_code == 404
    assert b"This preview has ended." in answer.content


def test_a_link_made_after_the_one_before_was_revoked_does_not_open_its_previews_again(linked: Study) -> None:
    top = played_by_link(linked)
    sharing.revoke_link(study=linked, by=linked.owner)
    played_by_link(linked)
    assert Client().get(f"{top}js/a.js").status_code == 404


def test_a_text_that_begins_with_an_empty_line_keeps_it(linked: Study) -> None:
    write(linked, "js/b.js", b"\nlet b = 2;")
    code = sharing.make_link(study=linked, by=linked.owner)
    page = Client().get(f"/view/{code}/?file=js/b.js").content.decode()
    assert ">\n\nlet b = 2;</pre>" in page  # the first line end is left out by browsers
