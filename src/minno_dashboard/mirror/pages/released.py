"""Copies of studies that are no longer shared with the user: they stay in the Dropbox and are not updated any more."""

from __future__ import annotations

from minno_dashboard.mirror.known.rows import names_to
from minno_dashboard.mirror.models import Link, RemoteNode, Taken


def no_longer_updated(link: Link) -> list[str]:
    """Return the paths of such copies in this Dropbox."""
    released = Taken.objects.filter(link=link, kind=Taken.Kind.STUDY, is_released=True)
    identities = [f"study:{pk}" for pk in released.values_list("object_id", flat=True)]
    copies = RemoteNode.objects.filter(link=link, identity__in=identities).select_related(
        "parent__parent__parent"
    )
    return sorted("/".join(names_to(copy)) for copy in copies)
