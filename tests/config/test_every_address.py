"""Every address of the site as every kind of visitor: one table; an address without a row fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from minno_dashboard.accounts.models import User
from minno_dashboard.api import endpoints
from minno_dashboard.api.models import ApiToken
from minno_dashboard.api.scopes import Scope
from minno_dashboard.core import clock
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.files import queries as file_queries
from minno_dashboard.files import services as files
from minno_dashboard.files.models import FileVersion, Node, Tree, Upload
from minno_dashboard.studies import playing, services, sharing, tags
from minno_dashboard.studies.models import Collaboration, Study, Tag
from tests.studies.conftest import person, share, write
from tests.studies.test_access import MATRIX, PUBLIC, SHARES

pytestmark = pytest.mark.django_db

OPEN, LOGGED_IN, ADMINS, LINK = "open to all", "whoever is logged in", "admins", "whoever has the link"
KEY = "whoever has the key of a preview"
OTHERS = "whose it is, and that is somebody else"
NOT_STUDIES = {OPEN, LOGGED_IN, ADMINS, LINK, KEY, OTHERS}


@dataclass(frozen=True)
class Row:
    """What one address needs: a right of the table in `studies.access`, or one of the words above."""

    method: str
    need: str
    json: dict[str, Any] | None = None
    form: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    bytes: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def get(need: str) -> Row:
    return Row("GET", need)


def post(need: str, **form: Any) -> Row:
    return Row("POST", need, form=form)


def send(need: str, **body: Any) -> Row:
    """A JSON address; words in capitals stand for ids of the world below."""
    return Row("POST", need, json=body)


def call(method: str, need: str, json: dict[str, Any] | None = None) -> Row:
    """An address of the API, by token."""
    return Row(method, need, json=json)


TEXT = {"text": "new\n", "bom": False, "newline": "\n"}

TABLE: dict[str, Row] = {
    # accounts and the site
    "front_door": get(OPEN),
    "healthz": get(OPEN),
    "login": get(OPEN),
    "logout": post(OPEN),
    "activate": get(OPEN),
    "reset": get(OPEN),
    "set_password": get(OPEN),
    "lost_password": get(OPEN),
    "confirm_email": get(OPEN),
    "replace_password": get(LOGGED_IN),
    "settings": get(LOGGED_IN),
    "save_profile": post(LOGGED_IN),
    "save_password": post(LOGGED_IN),
    "save_email": post(LOGGED_IN),
    "second_step": get(OPEN),
    "turn_second_step_on": get(LOGGED_IN),
    "turn_second_step_off": get(LOGGED_IN),
    "new_recovery_codes": get(LOGGED_IN),
    "end_session": post(OTHERS),
    "log_out_everywhere": post(LOGGED_IN),
    "save_appearance": post(LOGGED_IN),
    "add_passkey": get(LOGGED_IN),
    "begin_passkey": send(LOGGED_IN, password="wrong"),
    "finish_passkey": send(LOGGED_IN, name="Mine", credential={}),
    "remove_passkey": post(OTHERS),
    "begin_passkey_log_in": post(OPEN),
    "log_in_by_passkey": post(OPEN),
    "edit_configuration": get(ADMINS),
    "save_mail": post(ADMINS),
    "send_test_mail": post(ADMINS),
    "try_mails_again": post(ADMINS),
    "audit_log": get(ADMINS),
    "export_audit_log": get(ADMINS),
    "user_management": get(ADMINS),
    "new_user": get(ADMINS),
    "new_user_link": post(ADMINS),
    "change_user_role": post(ADMINS),
    "deactivate_user": post(ADMINS),
    "reactivate_user": post(ADMINS),
    "turn_second_step_off_for": post(ADMINS),
    "act_as": get(ADMINS),
    "end_act_as": post(LOGGED_IN),
    "usage": get(ADMINS),
    "edit_home_page": get(ADMINS),
    "save_limits": post(ADMINS),
    "import_users": get(ADMINS),
    "deactivate_and_hand_over": get(ADMINS),
    # the mirror
    "dropbox_connect": post(LOGGED_IN),
    "dropbox_set": get(OPEN),
    "dropbox_badge": get(LOGGED_IN),
    "dropbox_study_badge": get("see"),
    "dropbox_panel": get(LOGGED_IN),
    "dropbox_prove": post(LOGGED_IN),
    "dropbox_policy": post(LOGGED_IN),
    "dropbox_confirm": post(LOGGED_IN),
    "dropbox_stop": post(LOGGED_IN),
    "dropbox_restore": get(LOGGED_IN),
    "dropbox_restore_progress": get(LOGGED_IN),
    "dropbox_restore_allow": post(LOGGED_IN),
    "dropbox_webhook": get(OPEN),
    "save_dropbox_configuration": post(ADMINS),
    # the list, messages, the read-only link
    "studies": get(LOGGED_IN),
    "new_study": post(LOGGED_IN),
    "new_study_from_example": post(LOGGED_IN),
    "examples": get(LOGGED_IN),
    "tags": get(LOGGED_IN),
    "change_tag": post(OTHERS, text="Mine now", colour="#d2cccc"),
    "remove_tag": post(OTHERS),
    "messages": get(LOGGED_IN),
    "answer_invitation": post("answer", answer="accept"),
    "view_by_link": get(LINK),
    "raw_by_link": get(LINK),
    "download_by_link": get(LINK),
    # the preview: its key is made for the study's owner
    "play": get("read_files"),
    "play_file": get(KEY),
    "play_data": post(KEY),
    "play_player": get(OPEN),
    # a study
    "study": get("read_files"),
    "study_version": get("read_files"),
    "study_raw": get("read_files"),
    "tag_study": get("see"),
    "study_versions": get("read_files"),
    "compare_versions": get("read_files"),
    "duplicate_study": post("duplicate"),
    "rename_study": post("manage", name="Renamed"),
    "archive_study": post("manage"),
    "unarchive_study": post("manage"),
    "publish_study": post("manage"),
    "new_version": post("manage"),
    "roll_back": post("manage"),
    "note_version": post("manage", note="Note"),
    "delete_study": post("delete"),
    "bring_back_study": post("delete"),
    "study_activity": get("see_members"),
    "study_sharing": get("see_members"),
    "invite_member": post("share", who="dora", files="read"),
    "change_member": post("share", files="edit"),
    "remove_member": post("share"),
    "set_public": post("share", public="yes"),
    "make_link": post("share"),
    "revoke_link": post("share"),
    "transfer_study": post("transfer", share="CAROL"),
    "leave_study": post("leave"),
    # the files of a version
    "download": get("read_files"),
    "tree": get("read_files"),
    "find_in_files": get("read_files"),
    "here": send("read_files", open=["NODE"]),
    "copy_targets": get("read_files"),
    "copy_to_study": send("read_files", ids=["NODE"], study=""),
    "deleted_nodes": get("read_files"),
    "read_file": get("read_files"),
    "file_history": get("read_files"),
    "read_file_version": get("read_files"),
    "new_file": send("edit_files", parent=None, name="new.js", **TEXT),
    "new_folder": send("edit_files", parent=None, name="new"),
    "rename_node": send("edit_files", id="NODE", name="renamed.js"),
    "move_nodes": send("edit_files", ids=["NODE"], to="FOLDER"),
    "copy_nodes": send("edit_files", ids=["NODE"], to="FOLDER"),
    "duplicate_nodes": send("edit_files", ids=["NODE"]),
    "delete_nodes": send("edit_files", ids=["NODE"]),
    "bring_back_nodes": send("edit_files", ids=["GONE"]),
    "save_file": send("edit_files", blob="BLOB", **TEXT),
    "restore_file_version": send("edit_files", blob="BLOB"),
    "check_uploads": send("edit_files", parent=None, paths=["task.js"]),
    "upload_whole": Row("POST", "edit_files", query="?path=up.js&if_there=overwrite", bytes=b"up"),
    "begin_upload": send("edit_files", parent=None, path="big.bin", size=3),
    "upload": Row("PUT", "edit_files", query="?offset=0", bytes=b"abc"),
    "finish_upload": send("edit_files", if_there="overwrite"),
    # tokens and the API
    "make_token": get(LOGGED_IN),
    "revoke_token": post(OTHERS),
    "api_reference": get(LOGGED_IN),
    "api_document": get(OPEN),
    "api_nothing": get(OPEN),
    "api_token GET": call("GET", LOGGED_IN),
    "api_mirror GET": call("GET", LOGGED_IN),
    "api_studies GET": call("GET", LOGGED_IN),
    "api_studies POST": call("POST", LOGGED_IN, {"name": "Made by a program"}),
    "api_studies_study GET": call("GET", "see"),
    "api_studies_study PATCH": call("PATCH", "manage", {"name": "Renamed"}),
    "api_studies_study DELETE": call("DELETE", "delete"),
    "api_studies_study_bring_back POST": call("POST", "delete"),
    "api_studies_study_duplicate POST": call("POST", "duplicate", {}),
    "api_studies_study_publish POST": call("POST", "manage", {}),
    "api_studies_study_versions GET": call("GET", "read_files"),
    "api_studies_study_versions POST": call("POST", "manage", {}),
    "api_studies_study_versions_number GET": call("GET", "read_files"),
    "api_studies_study_versions_number PATCH": call("PATCH", "manage", {"note": "Note"}),
    "api_studies_study_versions_number_tree GET": call("GET", "read_files"),
    "api_studies_study_versions_number_zip GET": call("GET", "read_files"),
    "api_studies_study_versions_number_files_path GET": call("GET", "read_files"),
    "api_studies_study_versions_number_files_path PUT": Row(
        "PUT", "edit_files", bytes=b"new", headers={"If-Match": "*"}
    ),
    "api_studies_study_versions_number_files_path DELETE": call("DELETE", "edit_files"),
    "api_studies_study_versions_number_folders POST": call("POST", "edit_files", {"path": "new/inside"}),
    "api_studies_study_versions_number_rename POST": call(
        "POST", "edit_files", {"path": "task.js", "name": "renamed.js"}
    ),
    "api_studies_study_versions_number_move POST": call(
        "POST", "edit_files", {"paths": ["task.js"], "to": "folder"}
    ),
    "api_studies_study_versions_number_copy POST": call(
        "POST", "edit_files", {"paths": ["task.js"], "to": "folder"}
    ),
    "api_studies_study_members GET": call("GET", "see_members"),
    "api_studies_study_members POST": call("POST", "share", {"who": "dora", "files": "read"}),
    "api_studies_study_members_member PATCH": call("PATCH", "share", {"files": "edit"}),
    "api_studies_study_members_member DELETE": call("DELETE", "share"),
}
BOTH = {
    "make_token",
    "dropbox_restore",
    "rename_study",
    "new_user",
    "replace_password",
    "tags",
    "change_tag",
    "tag_study",
    "import_users",
    "deactivate_and_hand_over",
    "act_as",
    "edit_home_page",
    "turn_second_step_on",
    "turn_second_step_off",
    "new_recovery_codes",
}
"""These show a form by GET and take it by POST."""
# These change what is in the tree of a version; the others of `edit_files` only prepare or ask.
CHANGE_A_TREE = {name for name, row in TABLE.items() if row.need == "edit_files"} - {
    "check_uploads",
    "begin_upload",
    "upload",
}


def routes(
    patterns: list[URLPattern | URLResolver] | None = None, above: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield every address of the site with its name."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, f"{above}{one.pattern}")
            continue
        address = f"/{above}{one.pattern}"
        methods = endpoints.methods_of(re.sub(r"<\w+:(\w+)>", r"{\1}", address))
        for name in [f"{one.name} {method}" for method in methods] or [one.name or ""]:
            yield name, address


ADDRESSES = dict(routes())


def test_every_address_has_a_row_and_a_name_of_its_own() -> None:
    assert set(ADDRESSES) == set(TABLE)
    assert len(ADDRESSES) == len(list(routes()))


@dataclass
class World:
    """A study with everything that an address can name."""

    study: Study
    node: Node
    folder: Node
    gone: Node
    upload: Upload
    carol: Collaboration
    own: int
    code: str
    tag: Tag

    def address(self, name: str) -> str:
        old = FileVersion.objects.filter(node=self.node).order_by("pk")[0]
        values = {
            "public_id": self.study.public_id,
            "number": "1",
            "node_id": str(self.node.pk),
            "version_id": str(old.pk),
            "upload_id": self.upload.public_id,
            "share_id": str(self.own if name == "answer_invitation" else self.carol.pk),
            "user_id": str(self.carol.user_id),
            "tag_id": str(self.tag.pk),
            "sign_in_id": "999999999",
            "token_id": "999999999",
            "passkey_id": "999999999",
            "study": self.study.public_id,
            "member": str(self.carol.pk),
            "rest": "nothing",
            "path": "task.js",
            "key": playing.make_key(
                user=Study.objects.get(pk=self.study.pk).owner,
                version=self.study.versions.order_by("number")[0],
            ),
            "code": self.code if TABLE[name].need == LINK else "unknown",
        }
        return re.sub(r"<\w+:(\w+)>", lambda found: values[found[1]], ADDRESSES[name])

    def fill(self, value: Any) -> Any:
        known = {
            "NODE": self.node.pk,
            "FOLDER": self.folder.pk,
            "GONE": self.gone.pk,
            "BLOB": file_queries.blob_of(self.node).sha256,
            "CAROL": self.carol.pk,
        }
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        return known.get(value, value) if isinstance(value, str) else value

    def ask(self, client: Client, name: str) -> Any:
        """Ask for an address as its row says."""
        row = TABLE[name]
        address = self.address(name) + row.query
        if row.json is not None:
            body = json.dumps({key: self.fill(value) for key, value in row.json.items()})
            return client.generic(row.method, address, body, content_type="application/json")
        if row.bytes is not None:
            return client.generic(
                row.method,
                address,
                row.bytes,
                content_type="application/octet-stream",
                headers=row.headers or None,
            )
        return (
            client.generic(row.method, address)
            if row.method != "POST"
            else client.post(address, {key: self.fill(value) for key, value in row.form.items()})
        )


@pytest.fixture
def world() -> World:
    alice, carol = person("alice"), person("carol")
    person("dora")
    study = services.create_study(owner=alice, name="Faces of nobody")
    write(study, "task.js", b"one")
    write(study, "task.js", b"two")
    write(study, "folder/inside.js", b"inside")
    write(study, "gone.js", b"gone")
    tree = study.versions.get().tree
    at = {path: file_queries.node_at(tree=tree, path=path) for path in ("task.js", "folder", "gone.js")}
    node, folder, gone = at["task.js"], at["folder"], at["gone.js"]
    assert node
    assert folder
    assert gone
    files.delete(nodes=[gone], by=alice)
    upload = files.begin_upload(tree=tree, by=alice, parent=None, path="big.bin", size=3)
    member = share(study, carol, status="accepted", file_access="read")
    code = sharing.make_link(study=study, by=alice)
    tag = tags.create_tag(user=carol, text="Hers", colour=tags.DEFAULT)
    return World(study, node, folder, gone, upload, member, member.pk, code, tag)


KINDS = [kind for kind in MATRIX if kind not in ("nobody", "deactivated owner")]


@contextmanager
def visitor(world: World, kind: str) -> Iterator[Client]:
    """Yield a client that is this to the study; all it does is undone afterwards."""
    with transaction.atomic():
        client = Client()
        user: User | None = world.study.owner if kind == "owner" else None
        if kind not in ("owner", "anonymous"):
            user = person(
                "visitor", role=User.Role.ADMIN if kind.startswith("admin") else User.Role.RESEARCHER
            )
        if user and kind == "admin who owns it":
            Study.objects.filter(pk=world.study.pk).update(owner=user)
        world.own = world.carol.pk
        if user and kind in SHARES:
            world.own = share(world.study, user, **SHARES[kind]).pk
        if user:
            Upload.objects.filter(pk=world.upload.pk).update(by=user)
            client.force_login(user)
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token_for(user)}"
        yield client
        transaction.set_rollback(True)


def token_for(user: User) -> str:
    """Return the code of a token of this person's that may be used for everything."""
    now = clock.now()
    ApiToken.objects.create(
        user=user,
        name="of the matrix",
        fingerprint=fingerprint(f"token of {user.pk}"),
        scopes=[str(scope) for scope in Scope],
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    return f"token of {user.pk}"


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
                    found = "in"  # a code that is not known, the way from the front door to the log-in page
                if found != wanted or answer.status_code >= 500:
                    wrong.append(
                        f"{kind}{', public' if is_public else ''}: {found} {answer.status_code}, not {wanted}"
                    )
                if wanted in ("no", "not there", "log in") and answer.status_code != 302:
                    assert "see" in rights or b"Faces" not in answer.content, kind
        if TABLE[name].need in NOT_STUDIES:
            break
    assert wrong == []


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
