"""One study with people of every kind around it, and a browser or a token for each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.api.models import ApiToken
from minno_dashboard.api.scopes import Scope
from minno_dashboard.collection.ingest.launch_token import encode
from minno_dashboard.collection.models import PersonalLink
from minno_dashboard.collection.services import token_key
from minno_dashboard.core import clock
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.files import queries as file_queries
from minno_dashboard.files import services as files
from minno_dashboard.files.models import FileVersion, Node, Upload
from minno_dashboard.runtime import files_key
from minno_dashboard.studies import experiments, link_invitations, playing, services, sharing, tags
from minno_dashboard.studies.models import Collaboration, Experiment, Study, Tag
from tests.collection.conftest import launched
from tests.config.addresses import ADDRESSES, LINK, TABLE
from tests.results.conftest import deleted_data, download_of, erased_participant, session_of
from tests.studies.conftest import person, share, write
from tests.studies.test_access import SHARES


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
    invitation_id: int
    experiment: Experiment
    link_id: int
    token: str
    session_id: int
    request_id: int
    deletion_id: int
    erasure_id: int

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
            "slug": "reaction-time",
            "sha256": file_queries.blob_of(self.node).sha256,
            "invitation_id": str(self.invitation_id),
            "path": "task.js",
            "name": "login.png" if name == "help_image" else "sharing",
            "experiment": self.experiment.public_id,
            "version": self.study.versions.order_by("number")[0].launch_id,
            "experiment_id": self.experiment.public_id,
            "link_id": str(self.link_id),
            "token": self.token,
            "session_id": str(self.session_id),
            "request_id": str(self.request_id),
            "deletion_id": str(self.deletion_id),
            "erasure_id": str(self.erasure_id),
            "key": files_key.make_key(self.node.tree_id, now=clock.now())
            if name == "launch_file"
            else playing.make_key(
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
            "SESSION": self.session_id,
        }
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        return known.get(value, value) if isinstance(value, str) else value

    def ask(self, client: Client, name: str) -> Any:
        """Ask for an address as its row says; a streamed answer is read to its end, so that its file is closed."""
        answer = self._ask(client, name)
        if answer.streaming:
            b"".join(answer.streaming_content)
        return answer

    def _ask(self, client: Client, name: str) -> Any:
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
    invited, _ = link_invitations.invite(
        study=study, email="new@lab.example.org", file_access="read", sees_data=False, by=alice
    )
    experiment = experiments.add_experiment(
        study=study, version=study.versions.get(), node=node, by=alice, name="task"
    )
    deletion = deleted_data(experiment)
    erasure = erased_participant(experiment)
    link = PersonalLink.objects.create(experiment=experiment, label="P1", created_at=clock.now())
    return World(
        study,
        node,
        folder,
        gone,
        upload,
        member,
        member.pk,
        code,
        tag,
        invited.pk,
        experiment,
        link.pk,
        encode(launched(experiment), token_key()),
        session_of(experiment).pk,
        download_of(study),
        deletion.pk,
        erasure.pk,
    )


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
