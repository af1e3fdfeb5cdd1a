"""Worker processes that have already read this Dropbox. Any other process reads it first: its database may be a restored backup."""

from __future__ import annotations

from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.stored import Learned

MAX_PROCESSES = 8
"""So many processes are known to have looked; one more looks again now and then."""


def has_looked(link: Link) -> bool:
    """Return whether the process that holds the lease has read the Dropbox."""
    return link.lease_owner in link.learned.get("readers", [])


def with_reader(link: Link) -> Learned:
    """Return `learned` with the holder of the lease among the processes that have read the Dropbox."""
    return {
        **link.learned,
        "readers": [*link.learned.get("readers", [])[1 - MAX_PROCESSES :], link.lease_owner],
    }
