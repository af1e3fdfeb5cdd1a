"""What the pages of sharing answer, and what they never tell."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed
from minno_dashboard.files import services as files
from minno_dashboard.files.models import FileVersion, Node
from minno_dashboard.studies import queries, services, sharing
from minno_dashboard.studies.models import Collaboration, Study
from tests.studies.conftest import person, share, write


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_share_of_another_study_cannot_be_reached_through_ones_own(
    alice: User, bob: User, study: Study
) -> None:
    others = share(study, person("carol"), status="accepted")
    own = services.create_study(owner=bob, name="Own")
    client = logged_in(bob)
    for verb in ("change", "remove"):
        address = f"/studies/{own.public_id}/sharing/{others.pk}/{verb}/"
        assert client.post(address, {"files": "none", "data": "visible"}).status_code == 404
    client.post(f"/studies/{own.public_id}/sharing/transfer/", {"share": others.pk})
    others.refresh_from_db()
    assert (others.file_access, others.study) == ("read", study)
    assert Study.objects.get(pk=own.pk).owner == bob


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"who": "bob", "files": "owner", "data": "visible"}, 422),
        ({"who": "bob", "files": "", "data": "visible"}, 422),
        ({"who": "bob", "files": "none", "data": "invisible"}, 422),
        ({"who": "", "files": "read"}, 422),
        ({}, 422),
    ],
)
def test_a_refused_invitation_shows_the_page_with_what_was_typed(
    alice: User, bob: User, study: Study, form: dict[str, str], status: int
) -> None:
    answer = logged_in(alice).post(f"/studies/{study.public_id}/sharing/invite/", form)
    assert answer.status_code == status
    assert f'value="{form.get("who", "")}"' in answer.content.decode()
    assert not Collaboration.objects.exists()


def test_an_editor_who_does_not_see_the_data_is_not_asked_about_it(
    alice: User, bob: User, study: Study
) -> None:
    share(study, bob, status="accepted", file_access="edit")
    carol = share(study, person("carol"), status="accepted", sees_data=True)
    client = logged_in(bob)
    page = client.get(f"/studies/{study.public_id}/sharing/").content.decode()
    assert 'name="data"' not in page
    client.post(f"/studies/{study.public_id}/sharing/{carol.pk}/change/", {"files": "edit"})
    carol.refresh_from_db()
    assert (carol.file_access, carol.sees_data) == ("edit", True)
    client.post(
        f"/studies/{study.public_id}/sharing/{carol.pk}/change/", {"files": "edit", "data": "invisible"}
    )
    carol.refresh_from_db()
    assert carol.sees_data


def test_a_reader_sees_who_works_on_it_and_nobody_who_was_only_invited(
    alice: User, bob: User, study: Study
) -> None:
    share(study, bob, status="accepted")
    for name, status in (("carol", "pending"), ("dora", "declined")):
        share(study, person(name), status=status)
    page = logged_in(bob).get(f"/studies/{study.public_id}/sharing/").content.decode()
    assert "bob" in page
    assert "carol" not in page
    assert "dora" not in page
    assert "Invite somebody" not in page
    assert "Read-only link" not in page


def test_a_public_study_does_not_tell_who_works_on_it(alice: User, bob: User, study: Study) -> None:
    share(study, person("carol"), status="accepted")
    sharing.set_public(study=study, is_public=True, by=alice)
    client = logged_in(bob)
    told = client.get("/studies/?which=public").content + client.get(f"/studies/{study.public_id}/").content
    assert b"Faces" in told
    assert b"carol" not in told


def test_names_are_text_wherever_they_are_shown(alice: User, bob: User) -> None:
    evil = "<img src=x onerror=alert(1)>"
    for user in (alice, bob):
        user.full_name = evil
        user.save()
    study = services.create_study(owner=alice, name="Evil", description=evil)
    sharing.invite(study=study, who="bob", file_access="edit", sees_data=True, by=alice)
    services.publish(study=study, by=alice, note=evil)
    code = sharing.make_link(study=study, by=alice)
    base = f"/studies/{study.public_id}/"
    pages = [
        logged_in(bob).get("/messages/"),
        *(
            logged_in(alice).get(address)
            for address in ("/studies/", base, f"{base}sharing/", f"{base}activity/", f"{base}versions/")
        ),
        Client().get(f"/view/{code}/"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert b"<img src=x" not in page.content


def test_what_a_link_opens_is_told_to_nobody_and_runs_nowhere(
    alice: User, study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    write(study, "page.html", b"<script>alert(1)</script>")
    share(study, person("carol"), status="accepted")
    code = sharing.make_link(study=study, by=alice)
    client = Client()
    page = client.get(f"/view/{code}/?file=page.html")
    assert b"&lt;script&gt;alert(1)" in page.content
    assert b"carol" not in page.content
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    raw = client.get(f"/view/{code}/raw/page.html")
    assert raw["Content-Type"].startswith("text/plain")
    assert "sandbox" in raw["Content-Security-Policy"]
    with caplog.at_level(logging.DEBUG):
        assert client.get(f"/view/{code}/raw/none.js").status_code == 404
        assert client.get(f"/view/{code}/?file=../../etc/passwd").status_code == 404
        assert client.get(f"/view/{code[:-1]}/").status_code == 404
    assert client.get(f"/view/{code}/download").status_code == 200
    assert code not in json.dumps(client.cookies.output())


def test_the_sharing_page_asks_as_much_for_many_members_as_for_one(
    alice: User, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        share(study, person(f"member{number}"), status="accepted")
    client = logged_in(alice)
    client.get("/studies/")
    for address in (
        f"/studies/{study.public_id}/sharing/",
        "/messages/",
        f"/studies/{study.public_id}/activity/",
    ):
        with django_assert_max_num_queries(16):
            assert client.get(address).status_code == 200


def test_comparing_takes_as_many_queries_as_ever(
    alice: User, study: Study, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(200):
        write(study, f"f/{number}.txt", str(number).encode())
    services.publish(study=study, by=alice)
    services.new_version(study=study, by=alice)
    client = logged_in(alice)
    client.get("/studies/")
    with django_assert_max_num_queries(18):
        answer = client.get(f"/studies/{study.public_id}/versions/compare/?from=1&to=2")
    assert "hold the same 201 files" in " ".join(answer.content.decode().split())
    assert queries.get_study(alice, study.public_id).versions.count() == 2
    assert client.get(f"/studies/{study.public_id}/versions/compare/?from=9&to=2").status_code == 404
    assert client.get(f"/studies/{study.public_id}/versions/compare/?from=x&to=").status_code == 200


def test_a_public_study_tells_strangers_nothing_of_its_past_and_of_who_works_on_it(
    alice: User, bob: User, study: Study
) -> None:
    carol = User.objects.create(username="carol", email="carol@lab.example.org", full_name="Carol Hidden")
    share(study, carol, status="accepted", file_access="edit")
    tree = study.versions.get().tree
    files.write_file(tree=tree, by=carol, path="task.js", source=b"secret", expected_blob=files.ANYTHING)
    files.write_file(tree=tree, by=carol, path="task.js", source=b"shown", expected_blob=files.ANYTHING)
    files.write_file(tree=tree, by=carol, path="private.js", source=b"", expected_blob=None)
    files.delete(nodes=[Node.objects.get(name="private.js")], by=carol)
    node = Node.objects.get(name="task.js")
    old = FileVersion.objects.filter(node=node).order_by("pk")[1]
    services.publish(study=study, by=carol, note="What it is for")
    sharing.set_public(study=study, is_public=True, by=alice)
    top = f"/studies/{study.public_id}"
    past = [f"v1/files/{node.pk}/history", f"v1/files/{node.pk}/history/{old.pk}", "v1/deleted"]
    stranger, reader = logged_in(bob), logged_in(person("reader"))
    share(study, User.objects.get(username="reader"), status="accepted", file_access="read")
    for address in past:
        assert stranger.get(f"{top}/{address}").status_code == 403
        assert reader.get(f"{top}/{address}").status_code == 200
    assert "Carol Hidden" in reader.get(f"{top}/{past[0]}").content.decode()
    assert reader.get(f"{top}/v1/deleted").json()["deleted"][0]["name"] == "private.js"
    pages = [
        "/", "/versions/", "/versions/compare/", "/v1/tree", f"/v1/files/{node.pk}", "/v1/find?q=shown", "/v1/here",
    ]  # fmt: skip
    for page in pages:
        answer = stranger.post(f"{top}{page}") if page == "/v1/here" else stranger.get(f"{top}{page}")
        assert answer.status_code == 200, page
        for hidden in ("Carol", "carol", "private.js", "secret", "Deleted files"):
            assert hidden not in answer.content.decode(), (page, hidden)
    assert "What it is for" in stranger.get(f"{top}/versions/").content.decode()
    assert "Carol Hidden" in reader.get(f"{top}/versions/").content.decode()
    assert "Deleted files" in reader.get(f"{top}/").content.decode()


def test_a_study_that_was_given_away_cannot_be_given_away_again_by_who_owned_it(
    alice: User, bob: User, study: Study
) -> None:
    """As when two windows give it to two people at the same moment: both were asked while it was still theirs."""
    to_bob = share(study, bob, status="accepted")
    to_carol = share(study, person("carol"), status="accepted")
    sharing.transfer(study=study, share_id=to_bob.pk, by=alice)
    with pytest.raises(NotAllowed, match="Only the owner"):
        sharing.transfer(study=study, share_id=to_carol.pk, by=alice)
    assert Study.objects.get(pk=study.pk).owner == bob
    assert Collaboration.objects.filter(pk=to_carol.pk).exists()


def test_a_note_is_compared_with_what_is_stored_and_not_with_what_was_read_before(
    alice: User, study: Study
) -> None:
    services.publish(study=study, by=alice, note="first")
    read_before = queries.get_version(queries.get_study(alice, study.public_id))
    services.note_version(
        version=queries.get_version(queries.get_study(alice, study.public_id)), note="second", by=alice
    )
    services.note_version(version=read_before, note="first", by=alice)
    assert study.versions.get().note == "first"
