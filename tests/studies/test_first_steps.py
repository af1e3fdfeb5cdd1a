"""The first steps on the Studies list: ticked by what is so, and gone when they are done or hidden."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.administration import acting
from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import players, services, starters
from minno_dashboard.studies.models import Study
from tests.studies.conftest import person, share, write

pytestmark = pytest.mark.django_db
STEP = re.compile(
    r'data-step="(\w+)">\s*<span class="first-step-mark">.*?visually-hidden">\s*(\S.*?)\s*</span>', re.DOTALL
)


def steps(client: Client, address: str = "/studies/") -> dict[str, dict[str, bool]]:
    """Return the steps of each list on the page, and whether each is done."""
    page = client.get(address).content.decode()
    lists = page.split('<section class="first-steps"')[1:]
    return {
        re.search(r'aria-labelledby="first-steps-(\w+)"', one)[1]: {  # type: ignore[index]
            name: said == "Done" for name, said in STEP.findall(one)
        }
        for one in lists
    }


def came_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def offer_dropbox() -> None:
    save_section("dropbox", {"is_enabled": True, "app_key": "key"}, {"app_secret": "secret"})


def test_a_newcomers_steps_are_ticked_by_what_they_did(alice: User, bob: User) -> None:
    client = came_in(alice)
    assert steps(client) == {"person": {"study": False, "files": False}}, "no Dropbox is offered here"
    offer_dropbox()
    assert steps(client) == {"person": {"study": False, "files": False, "dropbox": False}}
    theirs = services.create_study(owner=bob, name="Bob's")
    write(theirs, "task.js", b"theirs")
    share(theirs, alice, status="accepted", file_access="read")
    assert steps(client)["person"]["study"] is False, "a shared study is not one's own"
    mine = services.create_study(owner=alice, name="Faces")
    assert steps(client)["person"] == {"study": True, "files": False, "dropbox": False}
    assert f'href="/studies/{mine.public_id}/"' in client.get("/studies/").content.decode()
    write(mine, "folder/task.js", b"mine")
    assert steps(client)["person"] == {"study": True, "files": True, "dropbox": False}
    link = Link.objects.create(user=alice, account_id="dbid:a", linked_at=clock.now(), state=Link.State.OFF)
    assert steps(client)["person"]["dropbox"] is False, "it was connected once, and is no more"
    Link.objects.filter(pk=link.pk).update(state=Link.State.ACTIVE)
    assert steps(client) == {}, "all is done"
    link.delete()
    services.delete_study(study=Study.objects.get(pk=mine.pk), by=alice)
    assert steps(client)["person"] == {"study": False, "files": False, "dropbox": False}


def test_an_example_ticks_both_study_and_files_and_a_second_study_ends_the_list(alice: User) -> None:
    offer_dropbox()
    client = came_in(alice)
    client.post("/studies/new/example/")
    assert steps(client) == {"person": {"study": True, "files": True, "dropbox": False}}
    starters.start_from_example(owner=alice)
    assert steps(client) == {}


def test_steps_stand_only_above_the_whole_list(alice: User) -> None:
    client = came_in(alice)
    assert steps(client, "/studies/?sort=name")
    for filtered in ("?which=archived", "?which=shared", "?q=x", "?tag=1", "?page=2"):
        assert steps(client, f"/studies/{filtered}") == {}, filtered


def test_an_admin_sees_what_the_installation_still_needs(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.SERVER_URL = "http://127.0.0.1:8000"
    ada = person("ada", role=User.Role.ADMIN)
    client = came_in(ada)
    needed = ["dropbox", "mail", "users", "player", "address"]
    assert list(steps(client)) == ["installation", "person"]
    assert steps(client)["installation"] == dict.fromkeys(needed, False)
    save_section("dropbox", {"is_enabled": True, "app_key": "key"}, {})
    assert steps(client)["installation"]["dropbox"] is False, "the secret is missing"
    offer_dropbox()
    assert steps(client)["installation"]["dropbox"] is True
    save_section("mail", {"provider": "smtp", "host": "mail.example.org", "port": 25, "security": "none"}, {})
    person("carol")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / players.SCRIPT).write_text("player")
    players.install(tmp_path / "dist")
    assert steps(client)["installation"] == {**dict.fromkeys(needed, True), "address": False}
    settings.SERVER_URL = "https://dashboard.example.org"
    assert list(steps(client)) == ["person"], "all is done"
    assert "installation" not in steps(came_in(person("dora"))), "researchers are not bothered with it"


def test_hidden_steps_stay_hidden_and_the_empty_list_keeps_its_buttons(alice: User) -> None:
    client = came_in(alice)
    page = client.get("/studies/").content.decode()
    assert page.count("Start from an example") == 1
    assert client.post("/settings/first-steps/hide/").headers["Location"] == "/studies/"
    assert steps(came_in(User.objects.get(pk=alice.pk))) == {}
    page = client.get("/studies/").content.decode()
    assert page.count("Start from an example") == 1
    assert page.count('data-dialog="new-study"') == 2


def test_an_admin_acting_as_somebody_is_not_told_that_persons_first_steps(alice: User) -> None:
    ada = person("ada", role=User.Role.ADMIN)
    client = came_in(ada)
    assert steps(client)
    session = client.session
    acting.begin(session=session, by=ada, user=alice, reason="She asked for help")
    session.save()
    assert steps(client) == {}
    assert "Start from an example" in client.get("/studies/").content.decode()
    assert client.post("/settings/first-steps/hide/").status_code == 403
    assert not User.objects.get(pk=alice.pk).hides_first_steps
