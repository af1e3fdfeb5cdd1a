"""The room's periodic work."""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.jobs import registry
from minno_dashboard.mirror import history

log = logging.getLogger(__name__)


@registry.every(timedelta(days=1), "mirror: forget runs of 90 days ago")
def forget_history() -> None:
    """Forget what nobody looks at any more."""
    if forgotten := history.forget():
        log.info("forgot %d runs and restores of more than 90 days ago", forgotten)
