"""The app's periodic work."""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.jobs import registry
from minno_dashboard.results import data_files, data_requests, deleting, erasing, retention

log = logging.getLogger(__name__)


@registry.every(timedelta(hours=1), "results: remove downloads older than 7 days")
def expire_downloads() -> None:
    """Remove the files of downloads whose seven days are over."""
    if expired := data_requests.expire_downloads():
        log.info("removed the files of %d downloads", expired)


@registry.every(timedelta(days=1), "results: delete data older than studies keep them")
def delete_old_data() -> None:
    """Delete the data of studies that keep them for some months only."""
    if deleted := retention.delete_old_data():
        log.info("deleted %d sessions older than their studies keep data", deleted)


@registry.every(timedelta(days=1), "results: remove data deleted 30 days ago")
def purge_deleted_data() -> None:
    """Remove data whose 30 days to be brought back are over."""
    if removed := deleting.purge_deleted():
        log.info("removed %d sessions deleted more than 30 days ago", removed)


@registry.every(timedelta(days=1), "results: remove submissions that could not be read, 30 days later")
def purge_unreadable() -> None:
    """Remove submissions that could not be read once their 30 days are over."""
    if removed := deleting.purge_unreadable():
        log.info("removed %d submissions that could not be read", removed)


@registry.every(timedelta(days=1), "results: forget the numbers of sessions erased 60 days ago")
def forget_erased_sessions() -> None:
    """Remove the numbers of erased sessions that no page can begin again."""
    if removed := erasing.forget_erased_sessions():
        log.info("forgot the numbers of %d erased sessions", removed)


@registry.every(timedelta(seconds=5), "results: make the files of data folders")
def make_data_files() -> None:
    """Enqueue the making of files for every data folder that is due."""
    data_files.enqueue_due()
