"""Our own troubles: rows 24 and 28 of the failure catalogue; those of real processes are in `processes`."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from minno_dashboard.accounts.models import User
from minno_dashboard.files.models import Blob, Node
from minno_dashboard.jobs.lease import claim
from minno_dashboard.mirror.models import Intent, Parked, RemoteNode
from minno_dashboard.mirror.running import due_links
from minno_dashboard.studies.models import Study
from tests.mirror.conftest import ANNA, MirrorWorld, expected
from tests.mirror.faults.conftest import (
    ROOT,
    add,
    edit,
    is_whole,
    link_of,
    says,
    sent,
    shown_to_admin,
    spend,
)

LARGE = bytes(range(256)) * (4096 * 12)


def bytes_of(name: str) -> Path:
    """Return where the bytes of a living file are stored."""
    blob = Node.objects.get(name=name, deleted_at=None).blob
    assert isinstance(blob, Blob)
    return Path(settings.BLOB_STORE) / blob.sha256[:2] / blob.sha256[2:4] / blob.sha256


@pytest.mark.parametrize("kind", ["one", "many", "large"])
@pytest.mark.parametrize("trouble", ["gone", "damaged", "unreadable"])
def test_g24_bytes_that_are_gone_damaged_or_unreadable_are_never_sent(
    world: MirrorWorld, anna: User, study: Study, admin: User, trouble: str, kind: str
) -> None:
    if kind == "many":
        add(study, anna, 12)
    edit(study, anna, "hurt.js", LARGE if kind == "large" else b"the bytes that were put")
    place = bytes_of("hurt.js")
    stored = place.read_bytes()
    if trouble == "gone":
        place.unlink()
    elif trouble == "damaged":
        place.write_bytes(b"?" + stored[1:])
    else:
        place.unlink()
        place.mkdir()
    world.settle()
    parked = Parked.objects.get()
    reason = "unreadable_here" if trouble == "unreadable" else "damaged_here"
    assert (parked.path, parked.reason) == (f"{ROOT}/hurt.js", reason)
    assert set(expected_without(anna, "hurt.js")) == set(world.files(ANNA))
    says(anna, "pending", "so nothing was sent")
    assert "1 file cannot be mirrored" in shown_to_admin(admin)
    spend(world, hours=5)
    assert sent(world) == []
    if trouble == "unreadable":
        place.rmdir()
    place.write_bytes(stored)
    spend(world, hours=2.2)
    assert is_whole(world, anna)
    assert "cannot be mirrored" not in shown_to_admin(admin)


def expected_without(user: User, name: str) -> list[str]:
    node = Node.objects.get(name=name, deleted_at=None)
    Node.objects.filter(pk=node.pk).update(deleted_at=node.created_at)
    try:
        return list(expected(user))
    finally:
        Node.objects.filter(pk=node.pk).update(deleted_at=None)


def test_g28_a_worker_that_lost_its_lease_in_the_middle_records_only_that_somebody_must_look(
    world: MirrorWorld, anna: User, study: Study
) -> None:
    edit(study, anna)
    due_links.note_changes()
    stale = claim(link_of(anna), owner="a", seconds=10)
    assert stale is not None
    world.time.advance(11)
    world.settle()
    before = list(RemoteNode.objects.order_by("pk").values())
    calls = len(world.calls())
    edit(study, anna, data=b"later")
    due_links.note_changes()
    due_links.run_claimed(link_of(anna), stale)
    assert list(RemoteNode.objects.order_by("pk").values()) == before
    assert [one.kind for one in Intent.objects.all()] == [Intent.LATE]
    assert [route for route in world.calls()[calls:] if "upload" in route] == []
    world.settle()
    assert is_whole(world, anna)
