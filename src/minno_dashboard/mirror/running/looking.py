"""First part of a run, look: reads the Dropbox where its content is in doubt, and stores what was found."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from minno_dashboard.core import clock
from minno_dashboard.mirror.connecting import installation
from minno_dashboard.mirror.dropbox_api.port import BatchJob, Entry
from minno_dashboard.mirror.errors import LookLater, MirrorError, NeedsUser, ParkItem, Rescan, Retry
from minno_dashboard.mirror.known import journal_lag, listing_reader
from minno_dashboard.mirror.models import PLANNED_REMOVAL, Intent
from minno_dashboard.mirror.running import seen_by
from minno_dashboard.mirror.running.run_context import RunContext
from minno_dashboard.mirror.sending.executor import JobUnderWay
from minno_dashboard.mirror.stored import LastWrite
from minno_dashboard.mirror.wanted import slice_reader

log = logging.getLogger(__name__)

MAX_SURPRISES = 6
"""So often a run may find the Dropbox other than it knew before it waits a while."""
LISTING_EVERY, LISTING_MAY_WAIT = timedelta(days=7), timedelta(days=1)
MAX_PATHS_LOOKED_AT = 20
"""So many paths at most are read one by one, where listings do not explain why calls are refused."""


class DropboxReader:
    """Reads one Dropbox during a run; `surprises` counts how often it differed from what was known."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._ahead = listing_reader.Ahead()
        self.surprises = 0

    def look(self) -> None:
        """Read the Dropbox where its content is in doubt.

        Raises:
            LookLater: too little is known to make a plan, and listings cannot be read or lag.
            NeedsUser: the user must answer a question before anything is written.
            JobUnderWay: an asynchronous batch has not ended yet.
        """
        link = self._run.link
        is_new_here = not seen_by.has_looked(link)
        if is_new_here:
            self._run.save(learned=journal_lag.looking_now(link.learned))
        try:
            if link.needs_listing or self._is_listing_due:
                self._finish_jobs()
                self._list_everything()
            elif link.needs_reading or is_new_here or Intent.objects.filter(link=link).exists():
                self._finish_jobs()
                self.read_changes()
        except LookLater as error:  # what is saved is sent all the same, by what is known
            is_known = link.listed_at is not None
            if not is_known or (is_new_here and error.reason != "lagging"):
                raise
        self._check_questions()
        if is_new_here:
            self._run.save(learned=seen_by.with_reader(link))

    def read_changes(self) -> None:
        """Read the changes since the cursor and store them.

        Raises:
            LookLater: the journal lags behind our own last write, or did a moment ago.
            NeedsUser: the user must answer a question before anything is written.
        """
        self._refuse_while_postponed()
        run = self._run
        try:
            reading = listing_reader.read_changes(run.link, run.port, run.lease, self._ahead)
        except LookLater as error:
            self._postpone(error.reason)
        self._store(reading)

    def read_ahead(self) -> None:
        """Read one more page of changes while calls are under way; uses no database, runs in the lanes."""
        self._ahead.read(self._run.port, self._run.link.cursor)

    def read_paths(self, paths: Sequence[tuple[str | None, str]]) -> None:
        """Read the metadata of the paths of refused steps, where a listing did not explain the refusal.

        Raises:
            NeedsUser: the user must answer a question before anything is written.
        """
        run, some = self._run, list(dict.fromkeys(paths))[:MAX_PATHS_LOOKED_AT]
        reading = listing_reader.look_at(run.link, run.port, run.lease, some)
        run.record.drifted += reading.doubts
        self._check_questions()

    def doubt(self, error: Rescan) -> None:
        """Have the Dropbox read, or everything listed, in the next round: it differed from what was known."""
        self._run.read_at = None
        self.surprises += 1
        if error.is_full:
            self._run.save(needs_listing=True, learned=journal_lag.relisting(self._run.link.learned))
        else:
            self._run.save(needs_reading=True)

    def wait_if_unsettled(self) -> None:
        """End a run that found the Dropbox other than known too often: something else writes into it.

        Raises:
            LookLater: it did.
        """
        if self.surprises > MAX_SURPRISES:
            self._run.save(wants_everything=True)
            self._postpone("unsettled")

    # --- listings ---

    @property
    def _is_listing_due(self) -> bool:
        """Return whether everything was last listed a week ago; for a day more, changes are sent first."""
        listed_at = self._run.link.listed_at
        if listed_at is None or listed_at > clock.now():
            return True
        late = clock.now() - listed_at - LISTING_EVERY
        return late > LISTING_MAY_WAIT or (late > timedelta(0) and not slice_reader.is_behind(self._run.link))

    def _list_everything(self) -> None:
        """List everything; if Dropbox fails at it, ask for smaller pages the next time."""
        self._refuse_while_postponed()
        run = self._run
        limit = run.link.learned.get("page", listing_reader.MAX_PAGE)
        try:
            self._store(listing_reader.read_everything(run.link, run.port, run.lease))
        except LookLater as error:
            self._postpone(error.reason)
        except ParkItem as error:
            log.info("Dropbox refuses to list everything (%s)", error.reason)
            self._postpone("relisting")
        except Retry as error:
            if error.reason.startswith("http_") or error.reason == "no_answer":
                smaller = max(listing_reader.MIN_PAGE, limit // 2)
                run.save(learned={**run.link.learned, "page": smaller})
            raise
        if "page" in run.link.learned:
            largest = run.link.learned.copy()
            largest.pop("page", None)
            run.save(learned=largest)

    def _store(self, reading: listing_reader.Reading) -> None:
        """Store when the Dropbox was read, how many differences were found, and that looks are not postponed."""
        self._run.read_at = reading.at
        self._run.record.drifted += reading.doubts
        if "look" in self._run.link.learned:
            self._run.save(learned=journal_lag.looking_now(self._run.link.learned))
        self._check_questions()

    def _postpone(self, reason: str) -> NoReturn:
        """Postpone the next look, longer each time.

        Raises:
            LookLater: always.
        """
        self._run.save(learned=journal_lag.waiting_longer(self._run.link.learned, reason))
        raise LookLater(reason, journal_lag.seconds_left(self._run.link.learned))

    def _refuse_while_postponed(self) -> None:
        """Raise LookLater until the moment to which the next look was postponed."""
        left = journal_lag.seconds_left(self._run.link.learned)
        if left:
            raise LookLater(journal_lag.reason(self._run.link.learned), left)

    # --- before a listing, and after it ---

    def _finish_jobs(self) -> None:
        """Check that asynchronous batches of ours have ended, before their outcome is read.

        Raises:
            JobUnderWay: one has not.
        """
        run = self._run
        intents = Intent.objects.filter(link=run.link, job__isnull=False)
        for pk, stored in [(one.pk, one.job) for one in intents if one.job is not None]:
            last: LastWrite | None = None
            try:
                job = run.port.check_job(BatchJob(stored["route"], stored["job_id"]))
                if job.outcomes is None:
                    raise JobUnderWay
                last = _last_write(job)
            except Retry:
                raise
            except MirrorError as error:
                log.info("a batch of ours is unknown to Dropbox (%s); its outcome is looked at", error.reason)
            with run.lease.fenced():
                Intent.objects.filter(pk=pk).update(job=None)
            if last is not None:
                run.save(last_write=last)

    def _check_questions(self) -> None:
        """Raise NeedsUser while the user has not answered the question about what was found in the Dropbox."""
        link = self._run.link
        installation.check_marker(link)
        asked = link.removal_question
        if asked and not link.removal_answer and asked["reason"] != PLANNED_REMOVAL:
            raise NeedsUser(asked["reason"])


def _last_write(job: BatchJob) -> LastWrite | None:
    """Return the listing entry that shows the last write of a batch."""
    made = next((one for one in reversed(job.outcomes or ()) if isinstance(one, Entry)), None)
    if made is None:
        return None
    is_removal = job.route == "delete_batch"
    return journal_lag.removed(made.path_lower) if is_removal else journal_lag.written(made)
