"""Tags: each person's own, also on the studies of others."""

from __future__ import annotations

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Conflict, Invalid, NotFound
from minno_dashboard.studies import services, tags
from minno_dashboard.studies.models import Collaboration, Study, Tag
from tests.studies.conftest import share


def entered(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_there_are_24_different_colours() -> None:
    assert len({colour.code for colour in tags.PALETTE}) == 24
    assert len({colour.name for colour in tags.PALETTE}) == 24


def test_a_tag_is_made_changed_and_removed(alice: User, study: Study) -> None:
    client = entered(alice)
    client.post("/tags/", {"text": "  pilot   data ", "colour": "42D692"})
    tag = Tag.objects.get()
    assert (tag.text, tag.colour, tag.user) == ("pilot data", "42D692", alice)
    client.post(f"/studies/{study.public_id}/tags/", {"tag": tag.pk})
    assert "1 study" in client.get("/tags/").content.decode()
    client.post(f"/tags/{tag.pk}/", {"text": "פיילוט", "colour": "FB4C2F"})
    page = client.get("/studies/").content.decode()
    assert 'tag-FB4C2F" dir="auto">פיילוט' in " ".join(page.split())
    client.post(f"/tags/{tag.pk}/remove/")
    assert not Tag.objects.exists()
    assert Study.objects.filter(pk=study.pk).exists()


def test_the_same_text_and_colour_twice_is_refused_and_what_was_typed_stays(alice: User, bob: User) -> None:
    tags.create_tag(user=alice, text="pilot", colour="42D692")
    tags.create_tag(user=alice, text="pilot", colour="FB4C2F")
    tags.create_tag(user=bob, text="pilot", colour="42D692")
    answer = entered(alice).post("/tags/", {"text": "pilot", "colour": "42D692"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "You already have a tag" in page
    assert 'value="pilot"' in page
    with pytest.raises(Conflict):
        tags.change_tag(tag=Tag.objects.get(user=alice, colour="FB4C2F"), text="pilot", colour="42D692")


@pytest.mark.parametrize(
    ("text", "colour"),
    [("", "42D692"), ("   ", "42D692"), ("x" * 61, "42D692"), ("x", "123456"), ("a\0", "42D692")],
)
def test_an_invalid_tag_is_refused(alice: User, text: str, colour: str) -> None:
    with pytest.raises(Invalid):
        tags.create_tag(user=alice, text=text, colour=colour)


def test_a_reader_tags_and_nobody_else_sees_it(alice: User, bob: User, study: Study) -> None:
    share(study, bob, file_access=Collaboration.Files.READ, status=Collaboration.Status.ACCEPTED)
    entered(bob).post(f"/studies/{study.public_id}/tags/", {"new": "of bob"})
    assert "of bob" in entered(bob).get("/studies/").content.decode()
    for path in ("/studies/", "/tags/", f"/studies/{study.public_id}/tags/"):
        assert "of bob" not in entered(alice).get(path).content.decode()


def test_nobody_reaches_the_tags_of_another(alice: User, bob: User, study: Study) -> None:
    tag = tags.create_tag(user=alice, text="mine")
    client = entered(bob)
    assert client.get(f"/tags/{tag.pk}/").status_code == 404
    assert client.post(f"/tags/{tag.pk}/remove/").status_code == 404
    assert client.get(f"/studies/{study.public_id}/tags/").status_code == 404
    own = services.create_study(owner=bob, name="Own")
    client.post(f"/studies/{own.public_id}/tags/", {"tag": tag.pk})
    assert not own.tags.exists()
    with pytest.raises(NotFound):
        tags.get_tag(bob, tag.pk)


def test_setting_tags_leaves_those_of_others(alice: User, bob: User, study: Study) -> None:
    theirs = tags.create_tag(user=bob, text="theirs")
    theirs.studies.add(study)
    one, two = tags.create_tag(user=alice, text="one"), tags.create_tag(user=alice, text="two")
    tags.set_tags(user=alice, study=study, tag_ids=[str(one.pk)])
    tags.set_tags(user=alice, study=study, tag_ids=[str(two.pk)], new_text=" ONE ")
    assert {tag.text for tag in study.tags.all()} == {"one", "two", "theirs"}
    tags.set_tags(user=alice, study=study, tag_ids=[])
    assert [tag.text for tag in study.tags.all()] == ["theirs"]


def test_the_list_is_filtered_by_any_of_the_chosen_tags(alice: User, study: Study) -> None:
    other, third = (services.create_study(owner=alice, name=name) for name in ("Voices", "Words"))
    red, blue = tags.create_tag(user=alice, text="red"), tags.create_tag(user=alice, text="blue")
    red.studies.add(study)
    blue.studies.add(other)
    client = entered(alice)

    def shown(query: str) -> set[str]:
        rows = client.get(f"/studies/{query}").context["rows"]
        return {row.study.name for row in rows}

    assert shown("") == {"Faces", "Voices", "Words"}
    assert shown(f"?tag={red.pk}") == {"Faces"}
    assert shown(f"?tag={red.pk}&tag={blue.pk}") == {"Faces", "Voices"}
    assert shown(f"?tag={red.pk}&q=voices") == set()
    assert shown("?tag=999999999999999999999999") == set()
    page = client.get(f"/studies/?which=mine&tag={red.pk}").content.decode()
    assert f'href="?which=mine&amp;tag={red.pk}&amp;tag={blue.pk}"' in page, "another tag is added"
    assert 'href="?which=mine" aria-current' in " ".join(page.split()), "the chosen one is taken off"
    assert third.tags.count() == 0


def test_names_of_tags_are_escaped(alice: User, study: Study) -> None:
    tags.set_tags(user=alice, study=study, tag_ids=[], new_text="<script>alert(1)</script>")
    for path in ("/studies/", "/tags/"):
        assert "<script>alert" not in entered(alice).get(path).content.decode()
