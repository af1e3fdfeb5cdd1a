"""One run of one mirror, under its lease: look, repair, prove, until nothing is left to do.

State is compared, never queued: whatever ends a run, the next one begins by comparing. Nothing here sleeps; a wait
is the link's `not_before`.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from minno_dashboard.core import clock
from minno_dashboard.jobs.lease import Lease, LeaseLost
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import installation
from minno_dashboard.mirror.errors import MirrorError, NeedsUser, Rescan, Retry
from minno_dashboard.mirror.models import TAKEN_OVER, Link
from minno_dashboard.mirror.running import account_info, manifest, resend_limit
from minno_dashboard.mirror.running.looking import DropboxReader
from minno_dashboard.mirror.running.proving import prove
from minno_dashboard.mirror.running.repairing import Repairer
from minno_dashboard.mirror.running.resend_limit import SavedAgain
from minno_dashboard.mirror.running.run_context import Check, RunContext
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.mirror.sending.executor import JobUnderWay
from minno_dashboard.mirror.sending.uploads import WaitsForTurn
from minno_dashboard.mirror.wanted import slice_reader

log = logging.getLogger(__name__)

MAX_ROUNDS = 40
"""A run that is not done after so many looks begins anew later; a plan needs one or two."""
JOB_LOOK = timedelta(seconds=1)


def run(
    link: Link, lease: Lease, is_stopping: Check = lambda: False, may_take_long: Check = lambda: True
) -> None:
    """Work on a link until it is proven, must wait, or used up its time; then give the lease back."""
    context = RunContext(link, lease, is_stopping, may_take_long)
    try:
        _work(context)
    except LeaseLost:
        log.warning("the mirror of user %d is with another worker now", link.user_id)
        ledger.note_late_call(link)
        return
    except MirrorError as error:
        backoff.after(link, lease, error, context.ending(error))
    except JobUnderWay:
        lease.release(**context.ending(), not_before=clock.now() + JOB_LOOK)
    except WaitsForTurn:
        since = link.waits_since or context.planned_at
        lease.release(**context.ending(), **backoff.standing(link), waits_since=since)
    except SavedAgain:
        lease.keep(resend_limit.MIN_RESEND_SECONDS, **context.ending(), **backoff.standing(link))
    except Exception as error:
        log.exception("the mirror of user %d met an error of ours", link.user_id)
        ours = Retry(f"ours:{type(error).__name__}")
        backoff.after(link, lease, ours, context.ending(ours))
    else:
        again_since = context.planned_at if context.is_out_of_time else None
        lease.release(**context.ending(), **backoff.standing(link), waits_since=again_since)
    finally:
        context.close()


def _work(context: RunContext) -> None:
    """Check that this Dashboard may write, compare and repair, then wait for calls under way."""
    link = context.link
    try:
        if link.reason == TAKEN_OVER:
            raise NeedsUser(TAKEN_OVER)
        installation.check_place(link)
        account_info.ask_first(context)
        if not slice_reader.is_behind(link):
            manifest.refresh_if_quiet(link, context.lease)
        _look_repair_prove(context)
    finally:
        context.wait_for_transfers()


def _look_repair_prove(context: RunContext) -> None:
    """Look, repair and prove, round by round, until the proof; rounds that gave way to a newer save do not count."""
    reader = DropboxReader(context)
    repairer = Repairer(context, reader)
    rounds = 0
    while rounds - repairer.outrun_plans < MAX_ROUNDS:
        rounds += 1
        if context.should_stop():
            context.is_out_of_time = not context.is_stopping()
            return
        try:
            reader.look()
            if repairer.repair() and prove(context, reader):
                context.is_proven = True
                account_info.ask_daily(context)
                return
        except Rescan as error:
            reader.doubt(error)
        reader.wait_if_unsettled()
    raise Retry("no_end")
