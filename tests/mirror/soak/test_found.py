"""What random stories found, each told again in the fewest words."""

from __future__ import annotations

from dropbox_simulator import faults
from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.mirror.connecting import services
from minno_dashboard.studies import services as studies
from tests.mirror.conftest import ANNA, MirrorWorld
from tests.mirror.test_calls import study_of


def test_a_removal_broken_off_beside_the_users_own_file_goes_on(world: MirrorWorld, anna: User) -> None:
    study = study_of(anna, 4)
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    top = f"/Studies/{study.name}/v1"
    world.control.write_file(ANNA, f"{top}/notes.txt", b"the user's notes")
    services.prove_now(user=anna)
    world.settle()
    world.control.add_fault(faults.status(503), route="files/delete.*", times=3)
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert set(world.files(ANNA)) == {f"{top}/notes.txt"}


def test_folders_that_an_interrupted_call_brought_along_are_known_as_ours(
    world: MirrorWorld, anna: User
) -> None:
    study = studies.create_study(owner=anna, name="Folders")
    world.connect(anna, ANNA)
    services.choose_policy(user=anna, keep_deleted=False)
    world.settle()
    tree = study.versions.get().tree
    above = files.make_folder(tree=tree, parent=None, name="above", by=anna)
    files.make_folder(tree=tree, parent=above, name="inside", by=anna)
    world.control.add_fault(faults.reset(when="after"), route="files/create_folder.*", times=1)
    world.run()
    studies.delete_study(study=study, by=anna)
    world.settle()
    assert not [path for path in world.control.tree(ANNA) if path.startswith("/Studies/")]


def test_seed_178_a_readme_edited_twice_goes_aside_once(world: MirrorWorld, anna: User) -> None:
    """Told by seed 178 of the first stories: the simulator gave one id to two files, and the mirror turned in circles."""
    world.simulator.behaviour.delete_forgets_id = False
    world.connect(anna, ANNA)
    world.settle()
    world.control.delete(ANNA, "/README.txt")
    services.prove_now(user=anna)
    world.settle()
    world.control.write_file(ANNA, "/README.txt", b"the user's words")
    services.prove_now(user=anna)
    world.settle()
    aside = next(path for path in world.control.tree(ANNA) if path.startswith("/README ("))
    world.control.write_file(ANNA, aside, b"the user's other words")
    services.prove_now(user=anna)
    world.control.clear_records()
    world.settle()
    assert world.calls() == ["files/list_folder/continue"]
    assert world.control.files(ANNA)[aside] == b"the user's other words"
