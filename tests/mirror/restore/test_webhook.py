"""What Dropbox tells by the webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies.services import create_study
from tests.mirror.conftest import ANNA, APP_SECRET, MirrorWorld, expected

pytestmark = pytest.mark.django_db
URL = "/dropbox/webhook"


def tell(body: bytes, signature: str | None = None) -> int:
    signed = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    client = Client(enforce_csrf_checks=True)
    headers = {"X-Dropbox-Signature": signed if signature is None else signature}
    response = client.post(URL, body, content_type="application/json", headers=headers)
    return int(response.status_code)


def naming(*accounts: Any) -> bytes:
    return json.dumps({"list_folder": {"accounts": accounts}, "delta": {"users": [1]}}).encode()


@pytest.fixture
def link(world: MirrorWorld, anna: User) -> Link:
    """A mirror that was proven half an hour ago."""
    create_study(owner=anna, name="One")
    world.connect(anna, ANNA)
    world.settle()
    world.time.advance(1800)
    world.settle()
    world.time.advance(100)
    world.control.clear_records()
    return Link.objects.get()


def test_the_challenge_is_given_back_as_plain_text(db: None) -> None:
    response = Client().get(URL, {"challenge": "<b>7</b>"})
    assert (response.status_code, response.content) == (200, b"<b>7</b>")
    assert response["Content-Type"].startswith("text/plain")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert len(Client().get(URL, {"challenge": "x" * 5000}).content) == 1000


def test_a_change_that_is_told_is_set_right_within_seconds(
    world: MirrorWorld, anna: User, link: Link
) -> None:
    world.settle()
    assert world.calls() == []
    world.control.write_file(ANNA, "/Studies/One/v1/mine.txt", b"mine")
    path = next(iter(expected(anna)), None)
    assert tell(naming(link.account_id)) == 200
    world.settle()
    assert world.calls()[0] == "files/list_folder/continue"
    assert status(anna)["state"] == "proven"
    assert path is None or path in world.files(ANNA)


def test_however_often_it_is_told_a_mirror_is_looked_at_once_a_minute(
    world: MirrorWorld, anna: User, link: Link
) -> None:
    for _ in range(30):
        assert tell(naming(link.account_id, link.account_id)) == 200
        world.settle()
    assert world.calls() == ["files/list_folder/continue"]
    due = Link.objects.get().next_proof_at
    assert due is not None
    assert due - world.time.now() <= timedelta(seconds=60)


@pytest.mark.parametrize("signature", ["", "0" * 64, "é"])
def test_a_wrong_signature_changes_nothing(link: Link, signature: str) -> None:
    before = Link.objects.values().get()
    assert tell(naming(link.account_id), signature) == 403
    assert Link.objects.values().get() == before


def test_what_is_not_understood_or_too_large_changes_nothing(link: Link) -> None:
    before = Link.objects.values().get()
    for body in (b"", b"[]", b"{", b'{"list_folder": 1}', b'{"list_folder": {"accounts": 7}}', b"\xff"):
        assert tell(body) == 400
    assert tell(b" " * (256 * 1024 + 1)) == 413
    assert tell(naming("dbid:unknown", 7, None, "x" * 10_000)) == 200
    assert Link.objects.values().get() == before


def test_a_mirror_that_is_off_or_waits_for_somebody_is_left_alone(link: Link) -> None:
    for state in (Link.State.OFF, Link.State.NEEDS_USER):
        Link.objects.update(state=state)
        before = Link.objects.values().get()
        assert tell(naming(link.account_id)) == 200
        assert Link.objects.values().get() == before
