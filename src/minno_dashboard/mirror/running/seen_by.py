"""Which processes have looked into a Dropbox: one that has not may have been given an older database meanwhile."""

from __future__ import annotations

from typing import Any

from minno_dashboard.mirror.models import Link

MOST = 8
"""So many processes are known to have looked; one more looks again now and then."""


def has_looked(link: Link) -> bool:
    """Say whether the process that holds the lease has looked."""
    return link.lease_owner in link.pace.get("readers", [])


def with_reader(link: Link) -> dict[str, Any]:
    """Return the link's pace with the holder of the lease among those who have looked."""
    return {**link.pace, "readers": [*link.pace.get("readers", [])[1 - MOST :], link.lease_owner]}
