"""What the fault tests share: a mirrored study, and questions about state, words, calls and what was kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.mirror.known.listing_reader import WRITTEN_HERE
from minno_dashboard.mirror.models import Intent, Link, RemoteNode, UploadSession
from minno_dashboard.mirror.pages import mirror_status
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.test_calls import study_of
from tests.mirror.web.conftest import text_of

ROOT = "/Studies/Many/v1"


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Iterator[Study]:
    """A small study that stands in the Dropbox; at the end no rule of politeness was broken."""
    made = study_of(anna, 30, folders=2)
    world.connect(anna, ANNA)
    world.settle()
    world.control.clear_records()
    yield made
    world.simulator.recorder.assert_polite()


@pytest.fixture
def failures(world: MirrorWorld) -> Failures:
    """The catalogue's failures, for Anna's account."""
    return Failures(world.control, ANNA)


@pytest.fixture
def admin(db: None) -> User:
    """An admin."""
    return create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)


def edit(study: Study, user: User, path: str = "folder 0/0.js", data: bytes = b"edited") -> None:
    """Save a file."""
    tree = study.versions.order_by("-number")[0].tree
    files.write_file(tree=tree, path=path, source=data, expected_blob=files.ANYTHING, by=user)


def add(study: Study, user: User, count: int, size: int = 10, folder: str = "new") -> None:
    """Add so many small files, each with bytes of its own."""
    for number in range(count):
        edit(study, user, f"{folder}/{number}.js", f"{folder} {number} ".encode().ljust(size, b"."))


def link_of(user: User) -> Link:
    return Link.objects.get(user=user)


def is_whole(world: MirrorWorld, user: User, email: str = ANNA) -> bool:
    """Say whether the Dropbox holds exactly what it should, and the badge says so."""
    return world.files(email) == expected(user) and mirror_status.status(user)["state"] == "proven"


def _browser(user: User) -> Client:
    client = Client(headers={"host": urlsplit(settings.SERVER_URL).netloc})
    client.force_login(user)
    return client


def shown(user: User) -> tuple[str, list[str]]:
    """Return the words of the user's panel, and its buttons."""
    html = _browser(user).get(reverse("dropbox_panel")).content.decode()
    return text_of(html), [
        text_of(one).strip() for one in re.findall(r"<button.*?</button>", html, re.DOTALL)
    ]


def shown_to_admin(admin: User) -> str:
    """Return the words of the configuration page."""
    return text_of(_browser(admin).get(reverse("edit_configuration")).content.decode())


def says(user: User, state: str, *sentences: str, buttons: list[str] | None = None) -> None:
    """Check the state of the contract, the words on the panel and its buttons."""
    assert mirror_status.status(user)["state"] == state
    text, there = shown(user)
    for sentence in sentences:
        assert sentence in text
    assert there == (buttons or [])


def kept(user: User) -> dict[str, Any]:
    """Return what must survive a fault: what we know of the Dropbox, the intents, the sessions, the tokens."""
    link = link_of(user)
    return {
        "rows": list(RemoteNode.objects.filter(link=link).order_by("pk").values()),
        "intents": list(Intent.objects.filter(link=link).order_by("pk").values("kind", "expected")),
        "sessions": list(
            UploadSession.objects.filter(link=link).order_by("pk").values("session_id", "offset")
        ),
        "tokens": (bool(link.sealed_refresh_token), bool(link.sealed_access_token), link.account_id),
        "cursor": link.cursor,
    }


def refuse_uploads(world: MirrorWorld, tag: str, times: int | None = None) -> None:
    """Let Dropbox refuse what is to be written, by this tag of its write errors."""
    error = {".tag": "path", "reason": {".tag": tag}}
    world.control.add_fault(faults.json_error(409, error), route="files/upload", times=times)


def sent(world: MirrorWorld) -> list[str]:
    """Return the paths written by single uploads since the records were cleared, without what we write ourselves."""
    calls = [record for record in world.control.records() if record["route"] == "files/upload"]
    paths = [str((record["arg"] or {}).get("path", "?")) for record in calls]
    return [path for path in paths if path.rpartition("/")[2] not in WRITTEN_HERE]


def spend(world: MirrorWorld, hours: float) -> list[str]:
    """Let time pass with a worker awake all the while; return the routes called."""
    world.control.clear_records()
    end = clock.now() + timedelta(hours=hours)
    while clock.now() < end:
        world.run()
        now = clock.now()
        moments = Link.objects.values_list("not_before", "probe_at", "next_proof_at")
        ahead = [one for row in moments for one in row if one is not None and now < one < end]
        world.time.advance((min(ahead, default=end) - now).total_seconds() + 0.001)
    return world.calls()
