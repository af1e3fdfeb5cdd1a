"""Several editors of one study at the same time, over the addresses of the page: whatever was acknowledged is there.

Each editor does what the page does: it saves the text it has with the blob it started from; told of a conflict, it takes
what is there and puts its own line to it; told that the file is gone, it brings it back. Every line is another one, so
a text that was written over by somebody who had not seen it is found by the line that is missing.
"""

from __future__ import annotations

import json
import random
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.files import queries as files
from minno_dashboard.files import store
from minno_dashboard.files.models import FileVersion, Node
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study
from tests.files.test_races import together
from tests.studies.conftest import person, share, write

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 20261126
EDITORS, SAVES, MAX_TRIES = 4, 12, 200


class Editor:
    """One person's page with one file open."""

    def __init__(self, study: Study, user: User, node_id: int, seed: int) -> None:
        self.base = f"/studies/{study.public_id}/v1/"
        self.client = Client()
        self.client.force_login(user)
        self.name, self.node_id = user.username, node_id
        self.random = random.Random(seed)
        self.acknowledged: list[str] = []
        self.told = 0

    def post(self, address: str, **body: Any) -> Any:
        return self.client.post(self.base + address, json.dumps(body), content_type="application/json")

    def work(self) -> None:
        for number in range(SAVES):
            self.disturb()
            self.save(f"{self.name} {number}")

    def disturb(self) -> None:
        """Do now and then what others do to a file that somebody has open."""
        deed = self.random.randrange(8)
        if deed == 0:
            self.post("delete", ids=[self.node_id])
        elif deed == 1:
            self.post("rename", id=self.node_id, name=f"{self.name}-{self.random.randrange(100)}.js")

    def save(self, line: str) -> None:
        now = self.load()
        for _ in range(MAX_TRIES):
            text = f"{now['text']}{line}\n"
            answer = self.post(
                f"files/{self.node_id}/save", text=text, blob=now["blob"], bom=False, newline="\n"
            )
            if answer.status_code == 200:
                self.acknowledged.append(line)
                return
            assert answer.status_code == 409, answer.content
            self.told += 1
            now = answer.json()["theirs"] or self.load()
        pytest.fail(f"{line} was not saved in {MAX_TRIES} tries")

    def load(self) -> Any:
        for _ in range(MAX_TRIES):
            answer = self.client.get(f"{self.base}files/{self.node_id}")
            if answer.status_code == 200:
                return answer.json()["file"]
            assert answer.status_code == 404
            # Somebody else may have brought it back a moment ago, and then it is not deleted (422).
            assert self.post("bring-back", ids=[self.node_id]).status_code in (200, 404, 422)
        return pytest.fail("the file did not come back")


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
def test_what_several_editors_were_told_is_saved_is_there(seed: int) -> None:
    owner = person("alice")
    study = services.create_study(owner=owner, name="Together")
    write(study, "task.js", b"begin\n")
    node = Node.objects.get()
    people = [owner, *(person(f"editor{number}") for number in range(EDITORS - 1))]
    for user in people[1:]:
        share(study, user, status="accepted", file_access="edit")
    editors = [Editor(study, user, node.pk, seed + number) for number, user in enumerate(people)]

    together(*(partial(editor.work) for editor in editors))

    acknowledged = [line for editor in editors for line in editor.acknowledged]
    assert len(acknowledged) == EDITORS * SAVES, f"seed {seed}"
    text = editors[0].load()["text"]
    assert sorted(text.splitlines()) == sorted(["begin", *acknowledged]), f"seed {seed}"
    # Nobody wrote over anybody: each state holds the one before, and each can be had again.
    states = [store.read_verified(one.blob).decode() for one in FileVersion.objects.order_by("pk")]
    assert len(states) == len(acknowledged) + 1
    assert all(later.startswith(earlier) for earlier, later in pairwise(states))
    assert states[-1] == text
    tree = study.versions.get().tree
    assert tree.revision >= len(states)
    assert [entry.id for entry in files.listing(tree)] == [node.pk]
    assert sum(editor.told for editor in editors) > 0, "they never met: the test shows nothing"
