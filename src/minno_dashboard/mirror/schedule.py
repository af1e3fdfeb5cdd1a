"""The mirror's periodic work."""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.jobs import registry
from minno_dashboard.mirror.connecting import data_opt_in
from minno_dashboard.mirror.pages import emails
from minno_dashboard.mirror.running import history

log = logging.getLogger(__name__)


@registry.every(timedelta(days=1), "mirror: forget runs of 90 days ago")
def forget_history() -> None:
    """Delete old history."""
    if forgotten := history.forget():
        log.info("forgot %d runs and restores of more than 90 days ago", forgotten)


@registry.every(timedelta(hours=1), "mirror: tell by mail what waits for people")
def tell_of_what_waits() -> None:
    """Mail people for whom a mirror has waited for a day."""
    if posted := emails.tell_of_what_waits():
        log.info("posted %d letters about mirrors that wait", posted)


@registry.every(timedelta(minutes=5), "mirror: begin and end folders of data")
def begin_and_end_data_folders() -> None:
    """Have data files written only for studies that some connected Dropbox may still receive."""
    data_opt_in.begin_and_end_folders()
