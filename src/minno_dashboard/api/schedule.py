"""What is tidied up once a day."""

from __future__ import annotations

from datetime import timedelta

from minno_dashboard.api import services
from minno_dashboard.jobs.registry import every


@every(timedelta(days=1), "api.tidy")
def tidy() -> None:
    """Delete tokens that ended a while ago."""
    services.forget_ended()
