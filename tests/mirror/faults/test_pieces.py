"""Large files: row 25 of the failure catalogue, and what rows 30 and 31 mean for them."""

from __future__ import annotations

import pytest

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.mirror.running.due_links import DueMirrors, note_changes
from minno_dashboard.mirror.sending import uploads
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import MirrorWorld
from tests.mirror.faults.conftest import ROOT, edit, is_whole, kept

MIB = 1024 * 1024
LARGE = bytes(range(256)) * (4096 * 6)
ABOUT_US = 20_000
"""The files about the copy have less bytes together."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of one MiB: a file of six is as large here as one of a hundred is elsewhere."""
    monkeypatch.setattr(uploads, "PIECE_BYTES", MIB)


def commits(world: MirrorWorld) -> list[str]:
    """Return the paths brought into being, in their order."""
    found: list[str] = []
    for record in world.control.records():
        if record["status"] != 200:
            continue
        if record["route"] == "files/upload":
            found.append(record["arg"]["path"])
        elif record["route"].endswith("finish_batch_v2"):
            found += [one["commit"]["path"] for one in record["arg"]["entries"]]
    return found


def test_g25_a_large_file_goes_in_pieces_resumes_after_a_restart_and_is_overtaken(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    edit(study, anna, "large.bin", LARGE)
    world.control.add_fault(faults.reset(), route="files/upload_session/append_v2", nth=(2,), times=1)
    world.run()  # ends with the broken connection
    held = kept(anna)["sessions"][0]["offset"]
    assert held > 0
    sent = world.simulator.recorder.bytes_sent()
    edit(study, anna, "folder 0/0.js", b"a small change that came later")
    world.settle()
    assert is_whole(world, anna)
    assert world.simulator.recorder.bytes_sent() - sent <= len(LARGE) - held + ABOUT_US
    assert commits(world) == [f"{ROOT}/folder 0/0.js", f"{ROOT}/large.bin"]


def test_g25_a_save_in_the_middle_of_a_large_upload_is_in_dropbox_before_it(
    world: MirrorWorld, anna: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BUDGET_BYTES", 2 * MIB)
    edit(study, anna, "large.bin", LARGE)
    saved: list[int] = []

    def looks() -> bool:
        if not saved and kept(anna)["sessions"]:
            edit(study, anna, "folder 0/0.js", b"saved while the large file was under way")
            note_changes()  # as the worker does each half second
            saved.append(1)
        return False

    work = DueMirrors(looks).claim_next("test:1:aa")
    assert work is not None
    work()
    world.settle()
    assert is_whole(world, anna)
    assert commits(world) == [f"{ROOT}/folder 0/0.js", f"{ROOT}/large.bin"]
    assert world.simulator.recorder.bytes_sent() <= len(LARGE) + ABOUT_US


def test_g30_an_append_whose_answer_was_lost_goes_on_where_dropbox_is(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.add_fault(faults.reset(when="after"), route="files/upload_session/append_v2", times=1)
    edit(study, anna, "large.bin", LARGE)
    world.settle()
    assert is_whole(world, anna)
    assert world.simulator.recorder.bytes_sent() <= len(LARGE) + MIB + ABOUT_US


def test_g31_a_byte_that_dropbox_stores_wrongly_is_found_and_repaired(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    world.control.add_fault(faults.corrupt_stored_byte(), route="files/upload", times=1)
    edit(study, anna)
    world.settle()
    assert is_whole(world, anna)
