"""Each page asks the database as often for many things as for few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from minno_dashboard.accounts.models import User
from minno_dashboard.api.models import ApiToken
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import link_invitations, services, sharing, tags
from minno_dashboard.studies.models import Study
from tests.config.world import token_for
from tests.studies.conftest import person, share, write

pytestmark = pytest.mark.django_db
MAX_QUERIES = 50
FEW, MANY = 3, 30


class GrowingWorld:
    """Alice, an admin with a Dropbox, whose study has more of everything each time."""

    def __init__(self) -> None:
        self.alice = person("alice", role=User.Role.ADMIN)
        self.study = services.create_study(owner=self.alice, name="Faces")
        Link.objects.create(user=self.alice, account_id="dbid:alice", linked_at=clock.now())
        save_section("dropbox", {"is_enabled": True, "app_key": "key"}, {"app_secret": "secret"})
        self.client = Client()
        self.client.force_login(self.alice)
        self.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token_for(self.alice)}"
        self.made = 0

    def grow(self, until: int) -> None:
        """Add to everything until there are so many."""
        while self.made < until:
            self.made += 1
            number = self.made
            other = person(f"person-{number}")
            study = services.create_study(owner=self.alice, name=f"Study {number}")
            write(study, "task.js", b"one")
            share(study, other, status="accepted", file_access="read")
            share(self.study, other, status="accepted", file_access="read")
            link_invitations.invite(
                study=self.study,
                email=f"new-{number}@lab.example.org",
                file_access="read",
                sees_data=False,
                by=self.alice,
            )
            tags.create_tag(user=self.alice, text=f"Tag {number}").studies.add(study, self.study)
            theirs = services.create_study(owner=other, name=f"Theirs {number}")
            share(theirs, self.alice, status="pending", file_access="read")
            public = services.create_study(owner=other, name=f"Public {number}")
            sharing.set_public(study=public, is_public=True, by=other)
            gone = services.create_study(owner=self.alice, name=f"Gone {number}")
            services.delete_study(study=gone, by=self.alice)
            write(self.study, f"folder {number}/file.js", str(number).encode())
            services.publish(study=self.study, by=self.alice, note="As it is")
            services.new_version(study=self.study, by=self.alice)
            token_for(other)
            ApiToken.objects.filter(user=other).update(user=self.alice)


def counted(client: Client, address: str) -> int:
    """Return how many queries a page takes that was asked for before."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(queries)


ADDRESSES = [
    "/studies/",
    "/studies/?q=study",
    "/studies/?which=public",
    "/studies/?which=shared",
    "/studies/?which=deleted",
    "/studies/?tag=TAG",
    "/tags/",
    "/messages/",
    "/settings/",
    "/admin/users/",
    "/admin/usage/",
    "/admin/audit/",
    "/studies/STUDY/",
    "/studies/STUDY/versions/",
    "/studies/STUDY/versions/compare/",
    "/studies/STUDY/sharing/",
    "/studies/STUDY/activity/",
    "/studies/STUDY/tags/",
    "/studies/STUDY/vNEWEST/tree",
    "/studies/STUDY/vNEWEST/deleted",
    "/api/v1/studies",
    "/api/v1/studies/STUDY",
    "/api/v1/studies/STUDY/members",
    "/api/v1/studies/STUDY/versions",
    "/api/v1/studies/STUDY/versions/NEWEST/tree",
    "/api/v1/mirror",
]


def test_no_page_asks_more_often_where_there_is_more() -> None:
    world = GrowingWorld()
    found: dict[str, list[int]] = {}
    for size in (FEW, MANY):
        world.grow(size)
        newest = Study.objects.get(pk=world.study.pk).versions.count()
        tag = tags.tags_of(world.alice)[0].pk
        for address in ADDRESSES:
            named = address.replace("STUDY", world.study.public_id).replace("NEWEST", str(newest))
            found.setdefault(address, []).append(counted(world.client, named.replace("TAG", str(tag))))
    assert {address: counts for address, counts in found.items() if counts[1] > counts[0]} == {}
    assert {address: counts for address, counts in found.items() if max(counts) > MAX_QUERIES} == {}
