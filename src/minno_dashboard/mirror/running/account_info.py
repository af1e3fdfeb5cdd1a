"""Asks Dropbox for the owner and the space of an account, which Settings shows: at first, then once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.running.run_context import RunContext
from minno_dashboard.mirror.stored import Learned

ASK_EVERY = timedelta(days=1)


def ask_first(run: RunContext) -> None:
    """Ask for owner and space where the owner is not known yet."""
    if not run.link.account_email:
        _ask_both(run)


def ask_daily(run: RunContext) -> None:
    """Ask for owner and space where the stored answer is a day old; not in a run that uploaded files."""
    if not run.record.uploaded and _is_old(run.link):
        _ask_both(run)


def ask_space(run: RunContext) -> int:
    """Ask Dropbox for its space, store the answer, and return the free bytes."""
    space = run.port.space()
    learned: Learned = {**run.link.learned, "space_at": clock.now().isoformat()}
    run.save(space_used=space.used, space_allocated=space.allocated, learned=learned)
    return space.allocated - space.used


def _ask_both(run: RunContext) -> None:
    account = run.port.account()
    run.save(account_name=account.name, account_email=account.email)
    ask_space(run)


def _is_old(link: Link) -> bool:
    asked = link.learned.get("space_at")
    last = link.linked_at if asked is None else datetime.fromisoformat(asked)
    return clock.now() - last > ASK_EVERY
