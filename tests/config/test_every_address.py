"""Every address of the site as every kind of visitor: an address without a row in the table fails."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import FileVersion, Node, Tree, Upload
from minno_dashboard.studies import services, sharing
from minno_dashboard.studies.models import Study
from tests.config.addresses import (
    ADDRESSES,
    ADMINS,
    BOTH,
    CHANGE_A_TREE,
    KEY,
    LINK,
    LOGGED_IN,
    NOT_STUDIES,
    OPEN,
    OTHERS,
    TABLE,
    WHILE_ACTING,
    routes,
)
from tests.config.world import World, visitor, world
from tests.studies.conftest import person
from tests.studies.test_access import MATRIX, PUBLIC

__all__ = ["world"]
pytestmark = pytest.mark.django_db


def test_every_address_has_a_row_and_a_name_of_its_own() -> None:
    assert set(ADDRESSES) == set(TABLE)
    assert len(ADDRESSES) == len(list(routes()))


KINDS = [kind for kind in MATRIX if kind not in ("nobody", "deactivated owner")]


def outcome(answer: HttpResponse) -> str:
    """Return "in", "no", "not there" or "log in"."""
    if answer.status_code == 302 and answer["Location"].startswith("/login/"):
        return "log in"
    if answer.status_code == 401:
        return "log in"
    return {403: "no", 404: "not there"}.get(answer.status_code, "in")


def expected(name: str, kind: str, rights: set[str]) -> str:
    need = TABLE[name].need
    if need in (OPEN, LINK, KEY):
        return "in"
    if kind == "anonymous":
        return "log in"
    if need == LOGGED_IN:
        return "in"
    if need == ADMINS:
        return "in" if kind.startswith("admin") else "no"
    if need in rights:
        return "in"
    if need in ("answer", OTHERS):
        return "not there"
    return "no" if "see" in rights else "not there"


@pytest.mark.parametrize("name", TABLE)
def test_each_visitor_gets_exactly_as_far_as_the_table_says(world: World, name: str) -> None:
    wrong = []
    for is_public in (False, True):
        Study.objects.filter(pk=world.study.pk).update(is_public=is_public)
        for kind in KINDS:
            rights = set(MATRIX[kind].split())
            rights |= set(PUBLIC.split()) if is_public and kind != "anonymous" else set()
            with visitor(world, kind) as client:
                answer = world.ask(client, name)
                wanted, found = expected(name, kind, rights), outcome(answer)
                if TABLE[name].need == OPEN and found in ("not there", "log in"):
                    found = "in"  # a code that is not known, the way from the front door to the login page
                if found != wanted or answer.status_code >= 500:
                    wrong.append(
                        f"{kind}{', public' if is_public else ''}: {found} {answer.status_code}, not {wanted}"
                    )
                if wanted in ("no", "not there", "log in") and answer.status_code != 302:
                    assert "see" in rights or b"Faces" not in answer.content, kind
        if TABLE[name].need in NOT_STUDIES:
            break
    assert wrong == []


@pytest.mark.parametrize("name", TABLE)
def test_an_admin_who_acts_as_the_owner_reaches_the_studies_and_nothing_else(world: World, name: str) -> None:
    admin = person("ada", role=User.Role.ADMIN)
    with visitor(world, "owner") as client:
        client.logout()
        client.force_login(admin)
        begun = client.post(f"/admin/users/{world.study.owner_id}/act-as/", {"reason": "to look at v1"})
        assert begun["Location"] == "/studies/"
        answer = world.ask(client, name)
        wanted = "not there" if TABLE[name].need == OTHERS else "in"
        found = outcome(answer)
        if TABLE[name].need == OPEN and found in ("not there", "log in"):
            found = "in"  # a file the player does not have, the way out
        assert found == (wanted if name in WHILE_ACTING else "no"), answer.status_code
        if name not in WHILE_ACTING:
            assert b"Faces" not in answer.content


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.need not in (OPEN,)])
def test_each_address_takes_only_its_method(world: World, name: str) -> None:
    """Nothing changes by following a link: what changes something answers no GET."""
    with visitor(world, "admin who owns it") as client:
        if " " in name:
            assert client.options(world.address(name)).status_code == 405
        elif name in BOTH:
            assert client.delete(world.address(name)).status_code == 405
        elif TABLE[name].method == "GET":
            assert client.post(world.address(name)).status_code == 405
        else:
            assert client.get(world.address(name)).status_code == 405


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.need not in NOT_STUDIES])
def test_nothing_of_a_deleted_study_is_reached_but_bringing_it_back(world: World, name: str) -> None:
    services.delete_study(study=world.study, by=world.study.owner)
    for kind in ("owner", "editor", "reader", "stranger", "pending"):
        with visitor(world, kind) as client:
            found = outcome(world.ask(client, name))
            may_delete = kind in ("owner", "editor")
            if may_delete and TABLE[name].need in ("see", "delete"):
                assert found in ("in", "not there"), kind
            else:
                assert found == ("no" if may_delete and name != "answer_invitation" else "not there"), kind


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.need == LINK])
def test_a_link_that_ended_opens_nothing(world: World, name: str) -> None:
    assert world.ask(Client(), name).status_code == 200
    for end in (
        lambda: services.archive_study(study=world.study, by=world.study.owner),
        lambda: services.delete_study(study=world.study, by=world.study.owner),
        lambda: sharing.revoke_link(study=world.study, by=world.study.owner),
        lambda: sharing.make_link(study=world.study, by=world.study.owner),
    ):
        with transaction.atomic():
            end()
            answer = world.ask(Client(), name)
            assert answer.status_code == 404
            assert b"Faces" not in answer.content
            transaction.set_rollback(True)


def content_of(tree: Tree) -> tuple[Any, ...]:
    """Return all that a tree is: its rows as they are stored, and its revision."""
    rows = Node.objects.filter(tree=tree).order_by("pk").values_list()
    histories = FileVersion.objects.filter(node__tree=tree).order_by("pk").values_list()
    return (
        list(rows),
        list(histories),
        Tree.objects.values_list("revision", "is_frozen", "changed_at").get(pk=tree.pk),
    )


def finish_upload_first(world: World, client: Client, name: str) -> None:
    if name == "finish_upload":
        files.append_upload(upload=world.upload, offset=0, piece=b"abc")
    if name == "unpack_upload":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as one:
            one.writestr("unpacked.js", "")
        whole = archive.getvalue()
        Upload.objects.filter(pk=world.upload.pk).update(path="many.zip", size=len(whole))
        files.append_upload(upload=world.upload, offset=0, piece=whole)


@pytest.mark.parametrize("name", TABLE)
def test_no_address_changes_the_tree_of_a_published_version(world: World, name: str) -> None:
    """And each address that is made to change a tree does so while it is in development: the test can see it."""
    tree = world.study.versions.get().tree
    finish_upload_first(world, Client(), name)
    if name in CHANGE_A_TREE:
        with visitor(world, "owner") as client:
            before = content_of(tree)
            answer = world.ask(client, name)
            assert answer.status_code in (200, 201, 204), answer.content
            assert content_of(tree) != before
    services.publish(study=world.study, by=world.study.owner)
    frozen = content_of(tree)
    for kind in ("owner", "admin who owns it", "editor"):
        for has_next in (False, True):
            with visitor(world, kind) as client:
                if has_next:
                    services.new_version(study=world.study, by=world.study.owner)
                answer = world.ask(client, name)
                assert content_of(tree) == frozen, kind
                if name in CHANGE_A_TREE:
                    assert answer.status_code in (403, 409), (kind, answer.content)
