"""Signs that are none, answers that are none, and clocks that were wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.dropbox_api import mtime_signature
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages.mirror_status import status
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import ROOT, add, edit, is_whole
from tests.mirror.test_calls import study_of


@pytest.fixture
def study(world: MirrorWorld, anna: User) -> Study:
    """A study of 12 files in 2 folders that stands in the Dropbox."""
    made = study_of(anna, 12, folders=2)
    world.connect(anna, ANNA)
    world.settle()
    return made


@pytest.mark.parametrize("folder", ["/My data", f"{ROOT}/folder 0/mine"])
def test_two_thousand_files_of_the_user_are_no_newer_database(
    world: MirrorWorld, anna: User, study: Study, folder: str
) -> None:
    for number in range(2000):
        world.control.write_file(ANNA, f"{folder}/{number}.txt", f"the user's own {number}".encode())
    edit(study, anna)
    services.prove_now(user=anna)
    world.settle()
    assert status(anna)["state"] == "proven"
    found = world.files(ANNA)
    assert {path: found[path] for path in expected(anna)} == expected(anna)


def test_marks_are_a_sign_only_beyond_chance() -> None:
    assert mtime_signature.is_more_than_chance(1, 1)
    assert mtime_signature.is_more_than_chance(3, 5)
    assert not mtime_signature.is_more_than_chance(0, 0)
    assert not mtime_signature.is_more_than_chance(1, 30)
    assert not mtime_signature.is_more_than_chance(9, 2000)
    assert mtime_signature.is_more_than_chance(40, 2000)


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"entries": null}', '{"entries": [], "cursor": 1}'])
@pytest.mark.parametrize(
    "route",
    ["files/list_folder/continue", "files/upload$", ".*finish_batch_v2", ".*append_batch", "files/move_v2"],
)
def test_an_answer_that_cannot_be_understood_is_tried_again(
    world: MirrorWorld, anna: User, study: Study, route: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.control.add_fault(
        faults.status(200, body, content_type="application/json", when="after"), route=route, times=1
    )
    edit(study, anna)
    add(study, anna, 8)
    world.settle()
    assert is_whole(world, anna)
    assert "met an error of ours" not in caplog.text


def test_waits_that_a_wrong_clock_stored_are_not_waited_for(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    ahead = clock.now() + timedelta(days=40)
    Link.objects.filter(user=anna).update(
        not_before=ahead, next_proof_at=ahead, listed_at=ahead, last_error="throttled"
    )
    edit(study, anna)
    assert status(anna)["not_before"] is None
    world.run()
    assert world.files(ANNA) == expected(anna)
    world.settle()
    assert is_whole(world, anna)
    link = Link.objects.get(user=anna)
    assert link.next_proof_at is not None
    assert link.next_proof_at < clock.now() + timedelta(days=1)


def test_a_probe_that_a_wrong_clock_stored_is_made(world: MirrorWorld, anna: User, study: Study) -> None:
    ahead = clock.now() + timedelta(days=40)
    Link.objects.filter(user=anna).update(
        state=Link.State.NEEDS_USER, reason="suspended", reason_at=ahead, probe_at=ahead
    )
    world.settle()
    assert is_whole(world, anna)
