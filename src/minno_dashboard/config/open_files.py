"""The limit of open sockets and files of a process."""

from __future__ import annotations

import resource

WANTED = 16_384


def allow_many() -> None:
    """Raise this process's limit of open files as far as the system allows, up to `WANTED`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
