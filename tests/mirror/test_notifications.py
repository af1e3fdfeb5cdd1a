"""What the mirror tells people who do not look: mails after a day, the history's reasons, the Dropbox's fill."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.files import services as files
from minno_dashboard.jobs import registry
from minno_dashboard.jobs.models import Job
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link, Run
from minno_dashboard.mirror.pages import emails
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running import history
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies.services import create_study
from tests.mirror.conftest import ANNA, BEN, MirrorWorld, person
from tests.mirror.faults.conftest import shown, spend

HOUR = 3600.0


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch, db: None) -> list[emails.Letter]:
    """Mail as configured, and the letters that were posted."""
    save_section("mail", {"provider": "smtp", "host": "localhost", "sender": "minno@lab.example"}, {})
    posted: list[emails.Letter] = []
    monkeypatch.setattr(emails.mail, "post", posted.append)
    return posted


def test_a_state_that_waits_for_the_user_is_told_by_one_mail_after_a_day(
    world: MirrorWorld, anna: User, post: list[emails.Letter]
) -> None:
    create_study(owner=anna, name="One")
    world.connect(anna, ANNA)
    world.settle()
    world.control.unlink(ANNA)
    services.prove_now(user=anna)
    world.run()
    assert Link.objects.get().state == "needs_user"
    world.time.advance(23 * HOUR)
    assert emails.tell_of_what_waits() == 0
    world.time.advance(2 * HOUR)
    assert [emails.tell_of_what_waits() for _ in range(3)] == [1, 0, 0]
    (letter,) = post
    assert letter.to == anna.email
    assert "Dropbox no longer accepts our connection" in letter.body
    assert letter.body.count("/settings/") == 1
    assert "{" not in letter.body
    world.connect(anna, ANNA)
    world.settle()
    world.control.unlink(ANNA)
    services.prove_now(user=anna)
    world.run()
    world.time.advance(25 * HOUR)
    assert emails.tell_of_what_waits() == 1


def test_what_waits_for_the_admin_is_told_once_to_each_admin_and_to_no_user(
    world: MirrorWorld, anna: User, ben: User, post: list[emails.Letter]
) -> None:
    root = create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)
    for user, email in ((anna, ANNA), (ben, BEN)):
        create_study(owner=user, name="One")
        world.connect(user, email)
    world.settle()
    world.control.disable_app()
    services.prove_now(user=anna)
    for _ in range(3):
        world.run()
        world.time.advance(25 * HOUR)
        emails.tell_of_what_waits()
    assert set(Link.objects.values_list("state", flat=True)) == {"needs_admin"}
    assert [letter.to for letter in post] == [root.email]
    assert post[0].body.count("/admin/configuration/") == 1


def test_nothing_is_told_of_troubles_of_dropbox_or_where_mail_is_off(world: MirrorWorld, anna: User) -> None:
    world.connect(anna, ANNA)
    world.settle()
    world.control.unlink(ANNA)
    services.prove_now(user=anna)
    world.run()
    world.time.advance(48 * HOUR)
    assert emails.tell_of_what_waits() == 0
    assert not Job.objects.exists()
    assert "mirror: tell by mail what waits for people" in registry.periodic


def test_the_history_says_why_a_run_ended(world: MirrorWorld, anna: User) -> None:
    create_study(owner=anna, name="One")
    link = world.connect(anna, ANNA)
    world.settle()
    assert Run.objects.latest("pk").outcome == history.PROVEN
    world.control.add_fault(faults.status(503), times=1)
    services.prove_now(user=anna)
    world.run()
    assert (Run.objects.latest("pk").outcome, Run.objects.latest("pk").error) == (history.WAITING, "http_503")
    world.settle()
    world.control.unlink(ANNA)
    services.prove_now(user=anna)
    world.run()
    assert (Run.objects.latest("pk").outcome, Run.objects.latest("pk").error) == (
        history.NEEDS_USER,
        "reconnect",
    )
    told = [one.did for one in history.past_runs(link)]
    assert "Reconnect Dropbox" in told[0]
    assert any("Dropbox has problems" in one for one in told)
    assert "Dropbox has problems" in shown(anna)[0]


def test_how_full_the_dropbox_is_is_asked_once_a_day(world: MirrorWorld, anna: User) -> None:
    create_study(owner=anna, name="One")
    world.connect(anna, ANNA)
    world.settle()
    world.control.write_file(ANNA, "/mine.bin", b"." * 5000)
    calls = spend(world, hours=49)
    assert 1 <= calls.count("users/get_space_usage") <= 2
    used = Link.objects.get().space_used
    assert used is not None
    assert used >= 5000


def test_the_accounts_address_is_learnt_anew_once_a_day(world: MirrorWorld, anna: User) -> None:
    create_study(owner=anna, name="One")
    world.connect(anna, ANNA)
    world.settle()
    world.control.set_email(ANNA, "anna.new@dropbox.example")
    calls = spend(world, hours=49)
    assert 1 <= calls.count("users/get_current_account") <= 2
    assert status(anna)["account"]["email"] == "anna.new@dropbox.example"
    assert "anna.new@dropbox.example" in shown(anna)[0]


def test_a_members_own_limit_in_a_team_is_what_is_shown_and_filled(world: MirrorWorld) -> None:
    world.control.create_account("Dora D", "dora@dropbox.example", quota=10**9, team=True)
    world.control.set_member_limit("dora@dropbox.example", 200_000)
    dora = person("dora")
    study = create_study(owner=dora, name="One")
    world.connect(dora, "dora@dropbox.example")
    world.settle()
    assert Link.objects.get().space_allocated == 200_000
    for name, size in (("small.bin", 50_000), ("large.bin", 250_000)):
        files.write_file(
            tree=study.versions.get().tree, path=name, source=b"." * size, expected_blob=None, by=dora
        )
    world.settle()
    assert [one["path"] for one in status(dora)["parked"]] == ["/Studies/One/v1/large.bin"]
    assert "/Studies/One/v1/small.bin" in world.files("dora@dropbox.example")
    world.control.set_member_limit("dora@dropbox.example", 0)
    services.prove_now(user=dora)
    world.settle()
    assert (status(dora)["state"], Link.objects.get().space_allocated) == ("proven", 10**9)


def test_cursors_that_are_taken_back_cost_one_listing_an_hour(world: MirrorWorld, anna: User) -> None:
    create_study(owner=anna, name="One")
    world.connect(anna, ANNA)
    world.settle()
    world.control.set_behaviour(cursor_seconds=0.0)
    services.prove_now(user=anna)
    assert spend(world, hours=5).count("files/list_folder") <= 6
    world.control.set_behaviour(cursor_seconds=None)
    spend(world, hours=2)
    assert Link.objects.get().failures == 0


def test_the_configuration_page_shows_the_webhook_address_and_that_it_is_optional(
    world: MirrorWorld, rooted: Client
) -> None:
    html = rooted.get(reverse("edit_configuration")).content.decode()
    assert ">http://127.0.0.1:8000/dropbox/webhook</textarea>" in html
    assert "Optional: on the same tab" in html


@pytest.fixture
def rooted(db: None) -> Client:
    """An admin's browser."""
    root: Any = create_user(by=None, username="root", email="root@lab.example", role=User.Role.ADMIN)
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.force_login(root)
    return client
