"""What `make soak` found, each told again in the fewest words."""

from __future__ import annotations

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.mirror import services
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.queries import status
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, World
from tests.mirror.test_calls import study_of


def test_what_the_user_put_into_a_folder_a_moment_ago_survives_its_removal(world: World, anna: User) -> None:
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    top = f"/Studies/{study.name}/v1"
    world.control.write_file(ANNA, f"{top}/notes.txt", b"the user's notes")
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert set(world.files(ANNA)) == {f"{top}/notes.txt"}
    assert status(anna)["state"] == "proven"


def test_who_connects_again_still_waits_as_long_as_dropbox_asked(world: World, anna: User) -> None:
    study_of(anna, 1)
    world.connect(anna, ANNA)
    world.control.add_fault(faults.plain_throttle(240), route="files/upload", times=1)
    world.run()
    wait = Link.objects.get(user=anna).not_before
    assert wait is not None
    world.connect(anna, ANNA)
    assert Link.objects.get(user=anna).not_before == wait
    world.settle()
    inside = {one.route for one in world.simulator.recorder.calls_inside_retry_after()}
    assert inside <= {"users/get_current_account", "users/get_space_usage"}, "only what connecting takes"
    assert status(anna)["state"] == "proven"
