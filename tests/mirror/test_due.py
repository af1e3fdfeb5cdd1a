"""Which mirrors are due, and in which order."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dropbox as sdk
import pytest
import requests

from dropbox_simulator import mount
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.services import ANYTHING, write_file
from minno_dashboard.jobs import worker
from minno_dashboard.mirror.dropbox_api import transport
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.mirror.running import due_links
from minno_dashboard.mirror.sending import uploads
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.services import create_study
from tests.mirror.conftest import ANNA, BEN, MirrorWorld, expected

NEW_WORKER = "test:2:bb"


def linked(world: MirrorWorld, user: User, email: str) -> Study:
    study = create_study(owner=user, name="Study")
    world.connect(user, email)
    world.settle()
    world.control.clear_records()
    return study


def save(study: Study, user: User, text: str = "new") -> None:
    tree = study.versions.get().tree
    write_file(tree=tree, path="a.js", source=text.encode(), expected_blob=ANYTHING, by=user)


def test_a_worker_that_begins_proves_at_once_so_that_a_save_need_not_wait_for_it(
    world: MirrorWorld, anna: User
) -> None:
    study = linked(world, anna, ANNA)
    begun = due_links.DueMirrors(worker_begins=True)
    while work := begun.claim_next(NEW_WORKER):
        work()
    assert world.calls() == ["files/list_folder/continue"]
    assert begun.claim_next(NEW_WORKER) is None
    world.control.clear_records()
    save(study, anna)
    while work := begun.claim_next(NEW_WORKER):
        work()
    assert world.calls() == ["files/upload", "files/list_folder/continue"]


def test_workers_that_take_turns_do_not_look_anew_each_time(world: MirrorWorld, anna: User) -> None:
    study = linked(world, anna, ANNA)
    counts = []
    for number, owner in enumerate((NEW_WORKER, "test:3:cc", NEW_WORKER, "test:3:cc")):
        world.control.clear_records()
        save(study, anna, f"save {number}")
        while work := due_links.DueMirrors().claim_next(owner):
            work()
        counts.append(len(world.calls()))
    assert counts == [3, 3, 2, 2]


def test_who_saved_comes_before_whose_proof_is_due(world: MirrorWorld, anna: User, ben: User) -> None:
    linked(world, anna, ANNA)
    study = linked(world, ben, BEN)
    Link.objects.update(next_proof_at=clock.now())
    due_links.note_changes()
    assert [link.user for link in due_links.due()] == [anna, ben]
    save(study, ben)
    due_links.note_changes()
    assert [link.user for link in due_links.due()] == [ben, anna]


def test_leases_of_a_process_that_is_no_more_are_given_back_and_no_others(
    world: MirrorWorld, anna: User, ben: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user, email in ((anna, ANNA), (ben, BEN)):
        linked(world, user, email)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    here = worker.place_name()
    machine = tmp_path / "machine-id"
    machine.write_text("of another machine of the same host name")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(worker, "MACHINE", machine)
        there = worker.place_name()
    assert here != there
    until = clock.now() + timedelta(minutes=1)
    for user, place in ((anna, here), (ben, there)):
        owner = f"{place}:{dead.stdout.strip()}:aabbccdd"
        Link.objects.filter(user=user).update(lease_owner=owner, lease_until=until)
    due_links.release_the_dead()
    held = Link.objects.filter(lease_until__isnull=False)
    assert [link.user for link in held] == [ben]


def test_a_file_saved_again_while_it_is_sent_waits_a_second_and_is_sent_once_more(
    world: MirrorWorld, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = linked(world, anna, ANNA)
    saved: list[str] = []

    def session() -> requests.Session:
        made = mount(sdk.create_session(), world.simulator)
        send = made.send

        def send_and_save(request: requests.PreparedRequest, **more: Any) -> requests.Response:
            answer = send(request, **more)
            if "files/upload" in str(request.url) and len(saved) < 5:
                saved.append("again")
                save(study, anna, f"again {len(saved)}")
            return answer

        monkeypatch.setattr(made, "send", send_and_save)
        return made

    monkeypatch.setattr(transport, "new_session", session)
    save(study, anna)
    world.run()
    assert world.calls() == ["files/upload"]
    assert status(anna)["state"] == "running"
    saved += ["enough"] * 5
    world.settle()
    assert world.calls() == ["files/upload", "files/upload", "files/list_folder/continue"]
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"


def test_short_work_passes_mirrors_that_take_long_and_they_take_turns(
    world: MirrorWorld, anna: User, ben: User
) -> None:
    theirs = linked(world, ben, BEN)
    ours = linked(world, anna, ANNA)
    tree = ours.versions.get().tree
    for number in range(uploads.SHORT_FILES + 20):
        write_file(tree=tree, path=f"{number}.js", source=b"x" * number, expected_blob=ANYTHING, by=anna)
    world.time.advance(60)
    long_runs = due_links.LongRuns(1)
    mirrors = due_links.DueMirrors(long_runs=long_runs)

    def work() -> list[str]:
        world.control.clear_records()
        while run := mirrors.claim_next(NEW_WORKER):
            run()
        return [route for route in world.calls() if "list_folder" not in route]

    with long_runs.one_run() as another_may_take_long:
        assert another_may_take_long()
        assert work() == []  # nobody's turn, and not asked again and again
        assert Link.objects.get(user=anna).waits_since
        save(theirs, ben)
        assert work()[:1] == ["files/upload"]
        assert status(ben)["state"] == "proven"
        world.time.advance(60)
        save(ours, anna, "just saved")
        assert work() == ["files/upload"]  # it does not wait for the turn of its own mirror
        assert world.files(ANNA)["/Studies/Study/v1/a.js"] == b"just saved"
    assert "files/upload_session/finish_batch_v2" in work()
    assert world.files(ANNA) == expected(anna)
    assert status(anna)["state"] == "proven"
    assert Link.objects.get(user=anna).waits_since is None
    assert long_runs.is_one_free
