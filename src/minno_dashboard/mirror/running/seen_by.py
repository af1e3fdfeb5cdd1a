"""Which processes have looked into a Dropbox: one that has not may have been given an older database meanwhile."""

from __future__ import annotations

from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.stored import Learned

MAX_PROCESSES = 8
"""So many processes are known to have looked; one more looks again now and then."""


def has_looked(link: Link) -> bool:
    """Say whether the process that holds the lease has looked."""
    return link.lease_owner in link.learned.get("readers", [])


def with_reader(link: Link) -> Learned:
    """Return what the link has learned, with the holder of the lease among those who have looked."""
    return {
        **link.learned,
        "readers": [*link.learned.get("readers", [])[1 - MAX_PROCESSES :], link.lease_owner],
    }
