"""Periodic work of the app `files`."""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.files import removal, verification
from minno_dashboard.files.services import uploads
from minno_dashboard.jobs import registry

log = logging.getLogger(__name__)


@registry.every(timedelta(hours=1), "files: verify stored bytes")
def verify_stored_bytes() -> None:
    """Verify a part of the stored bytes, so that each is read once a week."""
    if damaged := verification.verify_due():
        log.error("%d stored files are damaged; run: minno-dashboard doctor", damaged)


@registry.every(timedelta(days=1), "files: remove what nothing points to")
def remove_unreferenced() -> None:
    """Remove stored bytes that nothing has pointed to for 30 days, and uploads left unfinished for seven."""
    unfinished = uploads.collect_uploads()
    removed = removal.collect()
    if removed or unfinished:
        log.info("removed %d unreferenced blobs and %d unfinished uploads", removed, unfinished)
