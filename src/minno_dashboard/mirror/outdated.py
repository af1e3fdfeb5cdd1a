"""What has been among the deleted things of a Dropbox for too long."""

from __future__ import annotations

from minno_dashboard.core import clock
from minno_dashboard.core.names import fold
from minno_dashboard.mirror.engine.model import DELETED, Policy
from minno_dashboard.mirror.engine.removals import is_outdated
from minno_dashboard.mirror.models import Link, RemoteNode


def outdated(link: Link) -> set[int]:
    """Return the rows, directly in the folder of deleted things, that hold something of ours for too long."""
    policy = Policy(today=f"{clock.now():%Y-%m-%d}")
    found = RemoteNode.objects.filter(
        link=link, parent__parent=None, parent__name_key=fold(DELETED), name_key__lt=policy.oldest_kept
    ).values_list("pk", "name", "identity")
    old = [(pk, identity) for pk, name, identity in found if is_outdated(name, policy)]
    return {pk for pk, identity in old if identity is not None or _holds_ours(pk)}


def _holds_ours(folder: int) -> bool:
    """Say whether anything of ours lies in a folder that is the user's."""
    folders = [folder]
    while folders:
        inside = RemoteNode.objects.filter(parent__in=folders)
        if inside.filter(identity__isnull=False).exists():
            return True
        folders = list(inside.filter(is_folder=True).values_list("pk", flat=True))
    return False
