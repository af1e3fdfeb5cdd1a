"""Faults of Dropbox, of the network and of ourselves: the mirror ends equal, and says how it stands meanwhile."""

from __future__ import annotations

import logging

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.jobs.lease import claim
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.models import Link, Parked, RemoteNode
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running import due_links
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies import services as studies
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, APP_KEY, BEN, MirrorWorld, expected
from tests.mirror.test_calls import is_equal, study_of

WRITES = "files/(upload|move|copy|delete|create|upload_session/finish).*"


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A small study that stands in the Dropbox."""
    made = study_of(anna, 30, folders=2)
    world.connect(anna, ANNA)
    world.settle()
    world.control.clear_records()
    return made


def edit(study: Study, user: User, path: str = "folder 0/0.js", data: bytes = b"edited") -> None:
    tree = study.versions.order_by("-number")[0].tree
    files.write_file(tree=tree, path=path, source=data, expected_blob=files.ANYTHING, by=user)


def many_changes(study: Study, user: User) -> None:
    tree = study.versions.get().tree
    files.rename(node=Node.objects.get(tree=tree, name="folder 1"), name="folder z", by=user)
    files.delete(nodes=list(Node.objects.filter(tree=tree, name__in=["0.js", "2.js"])), by=user)
    for number in range(12):
        edit(study, user, f"new/{number}.js", f"new {number}".encode())


def test_lost_answers_of_every_write(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.add_fault(faults.reset(when="after"), route=WRITES, nth=(1, 2, 4))
    many_changes(study, anna)
    world.settle()
    assert is_equal(world, anna)
    uploaded = [record["route"] for record in world.control.records()]
    assert uploaded.count("files/upload_session/append_batch") <= 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["reset", "hang", "500", "truncate"])
def test_every_third_call_fails(world: MirrorWorld, anna: User, study: Study, kind: str, when: str) -> None:
    effects = {
        "reset": faults.reset(when=when),  # type: ignore[arg-type]
        "hang": faults.hang(when=when),  # type: ignore[arg-type]
        "500": faults.status(500, "<html>sorry</html>", when=when),  # type: ignore[arg-type]
        "truncate": faults.truncate(),
    }
    world.control.add_fault(effects[kind], probability=0.33, seed=5, times=30)
    many_changes(study, anna)
    world.settle()
    assert is_equal(world, anna)


@pytest.mark.parametrize("effect", [faults.throttle(retry_after=15), faults.throttle(retry_after=None), faults.plain_throttle(300), faults.throttle("too_many_write_operations", 2)])  # fmt: skip
def test_a_pause_that_dropbox_asks_for_is_kept(
    world: MirrorWorld, anna: User, study: Study, effect: faults.Effect
) -> None:
    world.control.add_fault(effect, route="files/.*", times=2)
    edit(study, anna)
    world.run()
    assert status(anna)["state"] == "waiting"
    before = len(world.calls())
    world.run()
    assert len(world.calls()) == before
    world.settle()
    assert is_equal(world, anna)


def test_an_expired_token_is_refreshed_in_the_middle(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.expire_tokens(ANNA)
    many_changes(study, anna)
    world.settle()
    assert is_equal(world, anna)
    assert world.calls().count("oauth2/token") == 1


def test_a_revoked_connection_needs_the_user_and_heals_by_connecting_again(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.unlink(ANNA)
    edit(study, anna)
    world.settle()
    assert status(anna)["state"] == "needs_user"
    assert Link.objects.get(user=anna).reason == "reconnect"
    before = len(world.calls())
    world.settle()
    assert len(world.calls()) == before
    world.connect(anna, ANNA)
    world.settle()
    assert is_equal(world, anna)


def test_a_token_endpoint_in_trouble_disconnects_nobody(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.expire_tokens(ANNA)
    world.control.add_fault(faults.status(500, "no"), route="oauth2/token", times=3)
    edit(study, anna)
    world.settle()
    assert is_equal(world, anna)


def test_a_wrong_secret_pauses_everybody_until_the_admin_acts(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    secret = world.control.change_secret()
    world.control.expire_tokens(ANNA)
    edit(study, anna)
    world.settle()
    assert status(anna)["state"] == "needs_admin"
    save_section("dropbox", {"is_enabled": True, "app_key": APP_KEY}, {"app_secret": secret})
    services.follow_configuration(app_key=APP_KEY)
    world.settle()
    assert is_equal(world, anna)


def test_a_reset_cursor_is_answered_by_a_full_listing(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.reset_cursors(ANNA)
    edit(study, anna)
    world.settle()
    assert "files/list_folder" in world.calls()
    assert is_equal(world, anna)


def test_without_append_batch_files_go_one_by_one(world: MirrorWorld, anna: User) -> None:
    world.control.add_fault(
        faults.status(404, '{"error_summary": "unknown"}'), route="files/upload_session/append_batch"
    )
    study_of(anna, 30)
    world.connect(anna, ANNA)
    world.settle()
    assert is_equal(world, anna)
    assert world.calls().count("files/upload_session/start") == 31
    assert "no_batch_until" in Link.objects.get(user=anna).learned


def test_a_full_dropbox_needs_the_user_and_heals(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.set_quota(ANNA, 100)
    edit(study, anna, "more.js", b"x" * 5000)
    files.delete(nodes=[Node.objects.get(tree=study.versions.get().tree, name="4.js")], by=anna)
    world.settle()
    assert status(anna)["state"] == "needs_user"
    assert Link.objects.get(user=anna).reason == "full"
    assert "/Studies/Many/v1/folder 0/4.js" not in world.files(ANNA)
    world.control.set_quota(ANNA, 10**9)
    world.time.advance(3700)
    world.settle()
    assert is_equal(world, anna)


def test_a_name_that_dropbox_refuses_is_parked_and_the_rest_goes_on(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    refused = {".tag": "path", "path": {".tag": "disallowed_name"}}
    world.control.add_fault(
        faults.entry_failures(refused, 3), route="files/upload_session/finish_batch_v2", times=1
    )
    for number in range(6):
        edit(study, anna, f"n{number}.js", f"n {number}".encode())
    world.settle()
    parked = Parked.objects.get()
    assert parked.reason == "disallowed_name"
    assert status(anna)["state"] != "proven"
    missing = set(expected(anna)) - set(world.files(ANNA))
    assert missing == {parked.path}
    node = Node.objects.get(pk=int(parked.identity.partition(":")[2]))
    files.rename(node=node, name="another.js", by=anna)
    world.settle()
    assert is_equal(world, anna)
    assert not Parked.objects.exists()


def test_an_edit_of_the_user_in_dropbox_is_kept_beside_ours(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    path = "/Studies/Many/v1/folder 0/0.js"
    world.control.write_file(ANNA, path, b"the user's work")
    edit(study, anna)
    world.settle()
    kept = [name for name, data in world.files(ANNA).items() if data == b"the user's work"]
    assert len(kept) == 1
    assert "changed in Dropbox" in kept[0]
    assert world.files(ANNA)[path] == b"edited"
    assert status(anna)["state"] == "proven"


def test_what_the_user_moves_in_dropbox_goes_back_without_a_byte(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.rename(ANNA, "/Studies/Many/v1/folder 0", "/mine")
    services.prove_now(user=anna)
    world.settle()
    assert is_equal(world, anna)
    assert not [route for route in world.calls() if "upload" in route]


def test_a_mass_removal_in_dropbox_waits_for_the_user(world: MirrorWorld, anna: User, study: Study) -> None:
    world.control.delete(ANNA, "/Studies/Many")
    services.prove_now(user=anna)
    world.settle()
    assert status(anna)["state"] == "needs_user"
    link = Link.objects.get(user=anna)
    assert (link.reason, link.removal_question["removed"]) == ("mass_removal_in_dropbox", 30)
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert is_equal(world, anna)


def test_a_mass_removal_of_ours_waits_for_the_user(world: MirrorWorld, anna: User, study: Study) -> None:
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert Link.objects.get(user=anna).reason == "mass_removal_planned"
    assert "/Studies/Many/v1/folder 0/0.js" in world.files(ANNA)
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert world.files(ANNA) == {}
    assert status(anna)["state"] == "proven"


def test_a_study_that_is_brought_back_answers_the_question_by_itself(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert status(anna)["state"] == "needs_user"
    studies.bring_back_study(study=Study._base_manager.get(pk=study.pk), by=anna)
    world.settle()  # no time passes: nothing waits for Dropbox
    assert Link.objects.get(user=anna).removal_question is None
    assert status(anna)["state"] == "proven"
    assert is_equal(world, anna)


def test_a_deleted_app_folder_comes_back_when_the_user_says_so(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.delete_app_folder(ANNA)
    services.prove_now(user=anna)
    world.settle()
    assert Link.objects.get(user=anna).reason == "mass_removal_in_dropbox"
    services.confirm_removal(user=anna, accept=True)
    world.settle()
    assert is_equal(world, anna)


def test_another_account_begins_anew_and_the_old_one_keeps_its_files(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    old = world.control.files(ANNA)
    services.unlink(user=anna)
    assert status(anna)["state"] == "off"
    world.connect(anna, BEN)
    world.settle()
    assert world.files(BEN) == expected(anna)
    assert world.control.files(ANNA) == old


def test_the_same_account_again_sends_nothing_twice(world: MirrorWorld, anna: User, study: Study) -> None:
    services.unlink(user=anna)
    edit(study, anna)
    world.connect(anna, ANNA)
    world.control.clear_records()
    world.settle()
    assert is_equal(world, anna)
    # The marker, which whoever has just consented takes over, and the edit.
    assert [route for route in world.calls() if "upload" in route] == ["files/upload"] * 2


def test_a_lost_database_adopts_what_is_there(world: MirrorWorld, anna: User, study: Study) -> None:
    RemoteNode.objects.all().delete()
    Link.objects.update(cursor="", needs_listing=True, wants_everything=True)
    world.settle()
    assert is_equal(world, anna)
    assert not [route for route in world.calls() if "upload" in route]


def test_a_worker_paused_past_its_lease_changes_nothing(world: MirrorWorld, anna: User, study: Study) -> None:
    edit(study, anna)
    due_links.note_changes()
    link = Link.objects.get(user=anna)
    stale = claim(link, owner="a", seconds=10)
    assert stale is not None
    world.time.advance(11)
    world.settle()
    assert is_equal(world, anna)
    before = list(RemoteNode.objects.order_by("pk").values())
    edit(study, anna, data=b"later")
    due_links.note_changes()
    due_links.run_claimed(link, stale)
    assert list(RemoteNode.objects.order_by("pk").values()) == before
    world.settle()
    assert is_equal(world, anna)


def test_tokens_are_in_no_log_and_no_column(
    world: MirrorWorld, anna: User, study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    given = world.control.authorise(ANNA)
    caplog.set_level(logging.DEBUG)
    for logger in ("dropbox", "urllib3"):
        logging.getLogger(logger).setLevel(logging.DEBUG)
    world.control.add_fault(faults.reset(when="after"), route="files/.*", times=2)
    services.link(
        user=anna,
        app_key=Link.objects.get().app_key,
        grant=Grant(given["access_token"], clock.now(), given["refresh_token"], given["account_id"]),
    )
    edit(study, anna)
    world.settle()
    secrets = [given["access_token"], given["refresh_token"], "the-very-secret-secret-of-the-app"]
    assert not [secret for secret in secrets if secret in caplog.text]
    stored = str(list(Link.objects.values()))
    assert not [secret for secret in secrets if secret in stored]
