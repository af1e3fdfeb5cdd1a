"""Switching synchronization off stops every mirror, also one at work, and switching it on goes on from there."""

from __future__ import annotations

from minno_dashboard.accounts.models import User
from minno_dashboard.config.sources import all_sources
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Tree
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.studies.services import create_study
from tests.mirror.conftest import ANNA, APP_KEY, MirrorWorld, anna, world

__all__ = ["anna", "world"]  # fixtures of the mirror's tests


def switch(is_on: bool) -> None:
    save_section("dropbox", {"is_enabled": is_on, "app_key": APP_KEY}, {})


def study_with_folders(owner: User, count: int) -> Tree:
    tree = create_study(owner=owner, name="Stroop").versions.get().tree
    for number in range(count):
        files.make_folder(tree=tree, parent=None, name=f"folder {number}", by=owner)
        files.write_file(tree=tree, path=f"{number}.js", source=b"%d" % number, expected_blob=None, by=owner)
    return tree


def test_nothing_is_begun_while_it_is_off_and_the_links_stay(world: MirrorWorld, anna: User) -> None:
    world.connect(anna, ANNA)
    study_with_folders(anna, 2)
    switch(False)
    sealed = Link.objects.get().sealed_refresh_token
    world.control.clear_records()
    assert all(source.claim_next("test:1:aa") is None for source in all_sources(lambda: False)[:2])
    assert world.calls() == []
    link = Link.objects.get()
    assert (link.state, link.sealed_refresh_token) == (Link.State.ACTIVE, sealed)


def test_a_mirror_at_work_stops_and_goes_on_later(world: MirrorWorld, anna: User) -> None:
    world.connect(anna, ANNA)
    tree = study_with_folders(anna, 40)
    asked: list[str] = []

    def admin_switches_it_off_meanwhile() -> bool:
        if not asked and any("upload" in route for route in world.calls()):
            switch(False)
            asked.append("off")
        return False

    mirrors = all_sources(admin_switches_it_off_meanwhile, look_seconds=0)[0]
    for number in range(3):  # bytes that are sent one after the other
        files.write_file(
            tree=tree,
            path=f"large {number}",
            source=bytes([number]) * (20 * 1024 * 1024),
            expected_blob=None,
            by=anna,
        )
    work = mirrors.claim_next("test:1:aa")
    assert work
    work()
    assert asked
    assert len(world.files(ANNA)) < 43, "it stopped on the way"
    link = Link.objects.get()
    assert link.state == Link.State.ACTIVE
    assert link.lease_until is None, "nobody holds it"
    assert mirrors.claim_next("test:1:aa") is None
    switch(True)
    world.settle()
    assert len(world.files(ANNA)) == 43
