"""The account and the app: rows 4, 5, 6, 7, 8 and 35 of the failure catalogue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dropbox_simulator import faults
from dropbox_simulator.catalogue import Failures
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Node
from minno_dashboard.mirror.connecting import app_settings, services
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.models import Link
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ABOUT_THE_COPY, ANNA, APP_KEY, BEN, MirrorWorld, expected
from tests.mirror.faults.conftest import (
    ROOT,
    add,
    edit,
    is_whole,
    kept,
    link_of,
    refuse_uploads,
    says,
    sent,
    shown_to_admin,
    spend,
)
from tests.mirror.test_calls import study_of


def test_g04_a_wrong_app_secret_pauses_everybody_tells_the_admin_and_touches_no_link(
    world: MirrorWorld, anna: User, ben: User, study: Study, admin: User, failures: Failures
) -> None:
    others = study_of(ben, 3, name="Ben's")
    world.connect(ben, BEN)
    world.settle()
    failures.cause(4)
    world.control.expire_tokens(ANNA)
    world.control.expire_tokens(BEN)
    before = kept(anna)
    edit(study, anna)
    edit(others, ben)
    world.run()
    for user in (anna, ben):
        assert (link_of(user).state, link_of(user).reason) == ("needs_admin", "app_refused")
        says(user, "needs_admin", "Dropbox refuses this Dashboard's app key.", "Everything is safe here.")
    assert "Dropbox has refused this app key and its secret" in shown_to_admin(admin)
    assert "2 mirrors are paused" in shown_to_admin(admin)
    calls = spend(world, hours=2)
    assert len(calls) <= 20
    assert {record["status"] for record in world.control.records()} <= {400, 401}
    assert kept(anna)["rows"] == before["rows"]
    assert kept(anna)["tokens"] == before["tokens"]
    app_settings.save(actor=admin, is_enabled=True, app_key=APP_KEY, app_secret=world.control.app().secret)
    world.settle()
    assert is_whole(world, anna)
    assert is_whole(world, ben, BEN)
    assert "are paused" not in shown_to_admin(admin)


def test_g04_a_secret_that_is_set_right_at_dropbox_heals_by_itself(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    failures.cause(4)
    world.control.expire_tokens(ANNA)
    edit(study, anna)
    world.run()
    assert link_of(anna).state == "needs_admin"
    failures.heal()
    spend(world, hours=0.5)
    assert is_whole(world, anna)


def test_g04_a_disabled_app_is_the_admins_and_heals_when_it_is_enabled(
    world: MirrorWorld, anna: User, study: Study, admin: User, failures: Failures
) -> None:
    failures.cause(5)
    edit(study, anna)
    world.run()
    assert (link_of(anna).state, link_of(anna).reason) == ("needs_admin", "app_refused")
    assert "1 mirror is paused" in shown_to_admin(admin)
    failures.heal()
    spend(world, hours=0.5)
    assert is_whole(world, anna)


def test_g05_another_app_key_asks_to_reconnect_and_begins_a_new_epoch_in_a_new_folder(
    world: MirrorWorld, anna: User, study: Study, admin: User
) -> None:
    old = world.control.files(ANNA)
    before = kept(anna)
    app = world.control.create_app("Second", secret="the-second-secret-of-all")
    app_settings.save(actor=admin, is_enabled=True, app_key=app.key, app_secret=app.secret)
    edit(study, anna)
    assert spend(world, hours=24) == []
    assert link_of(anna).reason == "other_app_key"
    says(
        anna,
        "needs_user",
        "The administrator connected this Dashboard to another app at Dropbox.",
        buttons=["Reconnect"],
    )
    assert kept(anna)["rows"] == before["rows"]
    given = world.control.authorise(ANNA, app.key)
    grant = Grant(
        given["access_token"],
        clock.now() + timedelta(hours=4),
        given["refresh_token"],
        given["account_id"],
        " ".join(oauth_calls.SCOPES),
    )
    services.link(user=anna, app_key=app.key, grant=grant)
    world.settle()
    assert link_of(anna).epoch == 2
    assert world.control.files(ANNA) == old
    found = world.control.files(ANNA, app.key)
    assert {path: data for path, data in found.items() if path not in ABOUT_THE_COPY} == expected(anna)


def test_g06_another_account_begins_a_new_epoch_and_reuses_nothing(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    old = world.control.files(ANNA)
    before = link_of(anna)
    world.connect(anna, BEN)
    world.settle()
    after = link_of(anna)
    assert (after.epoch, after.account_id != before.account_id) == (before.epoch + 1, True)
    assert is_whole(world, anna, BEN)
    assert world.control.files(ANNA) == old


def test_g07_the_same_account_again_keeps_what_is_known_and_reads_the_difference(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    services.unlink(user=anna)
    says_off = link_of(anna)
    assert (says_off.state, says_off.sealed_refresh_token) == ("off", "")
    edit(study, anna)
    world.control.rename(ANNA, f"{ROOT}/folder 1", "/elsewhere")
    assert spend(world, hours=24) == []
    world.connect(anna, ANNA)
    world.control.clear_records()
    world.settle()
    assert is_whole(world, anna)
    assert link_of(anna).epoch == 1
    assert sent(world) == [f"{ROOT}/folder 0/0.js"]
    assert "files/list_folder" in world.calls()


@pytest.mark.parametrize("count", [2, 20])
@pytest.mark.parametrize("keeps_deleted", [True, False])
def test_g08_a_full_dropbox_stops_uploads_and_lets_moves_and_removals_through(
    world: MirrorWorld, anna: User, study: Study, failures: Failures, count: int, keeps_deleted: bool
) -> None:
    services.choose_policy(user=anna, keep_deleted=keeps_deleted)
    failures.cause(8)
    add(study, anna, count, size=5000)
    tree = study.versions.get().tree
    files.delete(nodes=[Node.objects.get(tree=tree, name="4.js", parent__name="folder 0")], by=anna)
    files.rename(node=Node.objects.get(tree=tree, name="folder 1"), name="other", by=anna)
    world.run()
    assert (link_of(anna).state, link_of(anna).reason) == ("needs_user", "full")
    says(
        anna,
        "needs_user",
        "Your Dropbox is full: some files do not fit.",
        "Free up space in Dropbox, or delete files here; the rest then follows automatically.",
    )
    assert f"{ROOT}/folder 0/4.js" not in world.files(ANNA)
    assert f"{ROOT}/other/1.js" in world.files(ANNA)
    sent = world.simulator.recorder.bytes_sent()
    assert sent <= count * 5000 * 1.1
    calls = spend(world, hours=72)
    assert world.simulator.recorder.bytes_sent() <= 4 * 5000 * 1.1
    assert 3 <= calls.count("users/get_space_usage") <= 80
    failures.heal()
    spend(world, hours=24.1)
    assert is_whole(world, anna)


@pytest.mark.parametrize(
    "tag",
    ["team_folder_insufficient_space", "member_folder_insufficient_space", "upload_traffic_limit_reached"],
)
def test_g08_a_teams_limits_are_the_same_to_the_user(
    world: MirrorWorld, anna: User, study: Study, tag: str
) -> None:
    refuse_uploads(world, tag)
    edit(study, anna)
    world.run()
    assert link_of(anna).reason == "full"
    assert world.calls().count("files/upload") == 1
    spend(world, hours=24)
    assert len(sent(world)) <= 24
    world.control.clear_faults()
    spend(world, hours=24.1)
    assert is_whole(world, anna)


def test_g35_a_suspended_account_is_probed_once_a_day(
    world: MirrorWorld, anna: User, study: Study, failures: Failures
) -> None:
    before = kept(anna)
    failures.cause(35)
    edit(study, anna)
    world.run()
    assert link_of(anna).reason == "suspended"
    says(anna, "needs_user", "Dropbox says that your account is suspended.", "Everything is safe here.")
    assert 1 <= len(spend(world, hours=72)) <= 12
    assert kept(anna)["rows"] == before["rows"]
    failures.heal()
    spend(world, hours=25)
    assert is_whole(world, anna)


@pytest.mark.parametrize("tag", ["no_write_permission", "operation_suppressed", "access_restricted"])
def test_g35_a_policy_that_forbids_writing_is_probed_once_a_day(
    world: MirrorWorld, anna: User, study: Study, tag: str
) -> None:
    refuse_uploads(world, tag)
    edit(study, anna)
    world.run()
    assert link_of(anna).reason == "no_permission"
    says(
        anna,
        "needs_user",
        "Dropbox does not let the Dashboard write into its folder.",
        buttons=["Reconnect"],
    )
    spend(world, hours=72)
    assert len(sent(world)) <= 3
    world.control.clear_faults()
    spend(world, hours=25)
    assert is_whole(world, anna)


def test_g35_a_403_and_a_missing_permission_keep_the_connection(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.remove_scope("files.content.write", account=ANNA)
    edit(study, anna)
    world.run()
    assert link_of(anna).reason == "missing_scope"
    says(anna, "needs_user", "Dropbox says that a permission is missing.", buttons=["Reconnect"])
    assert spend(world, hours=24) == []
    world.connect(anna, ANNA)
    world.settle()
    assert is_whole(world, anna)
    world.control.add_fault(faults.json_error(403, {".tag": "team_access_denied"}), route="files/.*")
    edit(study, anna, data=b"once more")
    world.run()
    assert link_of(anna).reason == "no_permission"
    assert Link.objects.get(user=anna).sealed_refresh_token
    world.control.clear_faults()
    spend(world, hours=25)
    assert is_whole(world, anna)
