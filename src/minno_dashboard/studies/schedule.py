"""Periodic work of the app `studies`."""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.jobs import registry
from minno_dashboard.studies import link_invitations, presence, services

log = logging.getLogger(__name__)


@registry.every(timedelta(days=1), "studies: remove those deleted 30 days ago")
def purge_deleted() -> None:
    """Remove studies whose 30 days to be brought back are over."""
    if purged := services.purge_deleted():
        log.info("removed %d studies deleted more than 30 days ago", purged)


@registry.every(timedelta(days=1), "studies: forget invitations by link that are over")
def forget_invitations() -> None:
    """Remove invitations whose link works no more."""
    link_invitations.forget_old()


@registry.every(timedelta(hours=1), "studies: forget who had files open")
def forget_gone() -> None:
    """Remove the signs of life of those who left."""
    presence.forget_gone()
