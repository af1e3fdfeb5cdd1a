"""`mirror restore` and the history of runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.mirror.models import Link, Restore, Run
from minno_dashboard.mirror.pages import panel
from minno_dashboard.mirror.restore_commands import restore
from minno_dashboard.mirror.running import history
from minno_dashboard.mirror.running.due_links import DueMirrors
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, person
from tests.mirror.restore.test_restoring import (
    PATH,
    allow_reading,
    be_quiet,
    lose_everything,
    shown,
    study,
    write,
)

__all__ = ["study"]
pytestmark = pytest.mark.django_db


def call(*arguments: str) -> str:
    done = CliRunner().invoke(restore, arguments, catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_command_brings_all_back_on_an_empty_server(world: MirrorWorld, anna: User, study: Study) -> None:
    before = shown(study)
    lose_everything()
    world.connect(person("zoe"), ANNA)
    with pytest.raises(Refused, match="Settings → Dropbox → Restore"):
        call("--user", "zoe")
    allow_reading()
    assert f"{PATH}: Restored as" in call("--user", "zoe")
    assert shown(Study.objects.get()) == before


def test_one_study_is_chosen_by_its_name_or_folder(world: MirrorWorld, anna: User, study: Study) -> None:
    allow_reading()
    call("--user", "anna", "--study", study.name)
    call("--user", "anna", "--study", PATH[1:])
    assert Study.objects.count() == 3
    with pytest.raises(NotFound, match="no study “Nothing”"):
        call("--user", "anna", "--study", "Nothing")
    with pytest.raises(NotFound, match="not connected"):
        call("--user", person("ben").username)


def test_the_history_says_what_each_run_did(world: MirrorWorld, anna: User, study: Study) -> None:
    write(study, "a.js", b"newer", anna)
    world.settle()
    world.control.write_file(ANNA, f"{PATH}/v3/a.js", b"edited in Dropbox")
    world.time.advance(3601)
    world.settle()
    shown_ = panel.panel_of(anna)
    assert shown_.drift_repaired >= 1
    assert shown_.calls_today >= 3
    told = " / ".join(one.did for one in shown_.runs)
    assert "Sent 1 file (5 bytes)" in told
    assert "made in Dropbox" in told
    world.time.advance(100 * 24 * 3600)
    assert history.forget() > 0
    assert not Run.objects.filter(started_at__lt=world.time.now() - timedelta(days=90)).exists()
    assert not Restore.objects.exists()


def test_everything_is_listed_from_scratch_once_a_week(world: MirrorWorld, anna: User, study: Study) -> None:
    listed_at = Link.objects.get().listed_at
    assert listed_at is not None
    world.control.clear_records()
    for _ in range(8):
        world.time.advance(24 * 3600)
        world.settle()
    assert world.calls().count("files/list_folder") == 1
    assert Link.objects.get().listed_at > listed_at  # type: ignore[operator]


def test_a_save_does_not_wait_for_the_weekly_listing(world: MirrorWorld, anna: User, study: Study) -> None:
    Link.objects.update(listed_at=world.time.now() - timedelta(days=7, hours=1))
    write(study, "a.js", b"newer", anna)
    world.control.clear_records()
    DueMirrors().claim_next("test:1:aa")()  # type: ignore[misc]
    assert world.calls() == ["files/upload", "files/list_folder/continue"]
    be_quiet(world)
    world.time.advance(3601)
    world.settle()
    assert world.calls()[-1] == "files/list_folder"
