"""One run of one mirror, under its lease: read the Dropbox, plan, carry out, read again, prove.

State is compared, never queued: whatever ends a run, the next one begins by comparing. Nothing here sleeps; a wait
is the link's `not_before`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NoReturn

from minno_dashboard.core import clock
from minno_dashboard.jobs.lease import Lease, LeaseLost
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import credentials, installation
from minno_dashboard.mirror.dropbox_api.client import DropboxPort
from minno_dashboard.mirror.dropbox_api.port import Entry, Job
from minno_dashboard.mirror.errors import LookLater, MirrorError, NeedsUser, ParkItem, Rescan, Retry
from minno_dashboard.mirror.known import journal_lag, listing_reader
from minno_dashboard.mirror.known.rows import Book
from minno_dashboard.mirror.models import (
    TAKEN_OVER,
    Doubt,
    Intent,
    Link,
    Parked,
    RemoteNode,
    Run,
    Taken,
    UploadSession,
)
from minno_dashboard.mirror.planner.guard import (
    Verdict,
    planned_removal,
    right_after_look,
    without_blind_steps,
    without_steps_inside,
)
from minno_dashboard.mirror.planner.model import Plan, Policy
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.running import free_space, history, manifest, plan_scope, resend_limit, seen_by
from minno_dashboard.mirror.running.resend_limit import SavedAgain
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.mirror.sending.executor import Executor, JobUnderWay, Limits
from minno_dashboard.mirror.sending.ledger import Notes
from minno_dashboard.mirror.sending.upload_lanes import UnderWay
from minno_dashboard.mirror.sending.uploads import WaitsForTurn
from minno_dashboard.mirror.stored import LastWrite, RemovalQuestion
from minno_dashboard.mirror.wanted import data_folders, slice_reader
from minno_dashboard.mirror.wanted.deleted_folder import mirrored, not_deleted
from minno_dashboard.mirror.wanted.layout import Layout

log = logging.getLogger(__name__)

MAX_ROUNDS = 40
"""A run that is not done after so many looks begins anew later; a plan needs one or two."""
MAX_SURPRISES = 6
"""So often a run may find the Dropbox other than it knew before it waits a while."""
MAX_DAMAGED = 3
"""So often bytes may arrive other than they were sent before the run waits a while."""
MAX_RUN = timedelta(minutes=2)
"""After so long another link may have the lane."""
PROOF_EVERY = timedelta(hours=1)
LISTING_EVERY, LISTING_MAY_WAIT = timedelta(days=7), timedelta(days=1)
MAX_PATHS_LOOKED_AT = 20
"""So many paths at most are read one by one, where listings do not explain why calls are refused."""
STOP_SECONDS = 5.0
"""Calls that carry content are given up so long after the process was told to end."""
JOB_LOOK = timedelta(seconds=1)
PLANNED = "mass_removal_planned"

Stop = Callable[[], bool]


def run(
    link: Link, lease: Lease, is_stopping: Stop = lambda: False, may_take_long: Stop = lambda: True
) -> None:
    """Work on a link until it is proven, must wait, or its time is used up; then release the lease."""
    runner = _Runner(link, lease, Run(link=link, started_at=clock.now()), is_stopping, may_take_long)
    try:
        runner.work()
    except LeaseLost:
        log.warning("the mirror of user %d is with another worker now", link.user_id)
        ledger.note_late_call(link)
        return
    except MirrorError as error:
        backoff.after(link, lease, error, runner.ending(error))
    except JobUnderWay:
        lease.release(**runner.ending(), not_before=clock.now() + JOB_LOOK)
    except WaitsForTurn:
        since = link.waits_since or runner.planned_at
        lease.release(**runner.ending(), **backoff.standing(link), waits_since=since)
    except SavedAgain:
        lease.keep(resend_limit.SECONDS, **runner.ending(), **backoff.standing(link))
    except Exception as error:
        log.exception("the mirror of user %d met an error of ours", link.user_id)
        ours = Retry(f"ours:{type(error).__name__}")
        backoff.after(link, lease, ours, runner.ending(ours))
    else:
        again_since = runner.planned_at if runner.is_out_of_time else None
        lease.release(**runner.ending(), **backoff.standing(link), waits_since=again_since)
    finally:
        runner.close()


class _Runner:
    """The state of one run."""

    def __init__(self, link: Link, lease: Lease, record: Run, is_stopping: Stop, may_take_long: Stop) -> None:
        self.link, self.lease, self.history = link, lease, record
        self._port: DropboxPort | None = None
        self._is_stopping, self._may_take_long = is_stopping, may_take_long
        self._under_way = UnderWay()
        self._stops_at: float | None = None
        self._unfinished_since = link.waits_since
        self.is_out_of_time = False
        self.planned_at = clock.now()
        self._until = self.planned_at + MAX_RUN
        self._read_at: datetime | None = None
        self._surprises = self._damaged = 0
        self._left: int | None = None
        self._is_proven = self._gave_way = False
        self._ahead, self._sent = listing_reader.Ahead(), resend_limit.Sent()

    @property
    def port(self) -> DropboxPort:
        """The link's Dropbox, opened on first use."""
        if self._port is None:
            self._port = credentials.open_port(self.link)
            self._port.watch(self._allow_to_go_on)
        return self._port

    def _should_stop(self) -> bool:
        """Return whether to end; out of time, a run still sends what is saved while its last pieces are under way."""
        return self._is_stopping() or (clock.now() > self._until and not self._under_way.transfers)

    def _may_begin_nothing(self) -> bool:
        return self._is_stopping() or clock.now() > self._until

    def _allow_to_go_on(self) -> None:
        """Abort calls in every thread some seconds after the process was asked to stop; runs in their threads.

        Raises:
            ConnectionAbortedError: the process ends.
        """
        if not self._is_stopping():
            return
        now = clock.monotonic_seconds()
        self._stops_at = self._stops_at or now + STOP_SECONDS
        if now > self._stops_at:
            raise ConnectionAbortedError

    def close(self) -> None:
        """Close connections."""
        self._under_way.close()
        if self._port is not None:
            self._port.close()

    def work(self) -> None:
        """Compare and repair until nothing is left to do; then wait for calls under way."""
        try:
            self._attend()
        finally:
            self._wait_for_transfers()

    def _wait_for_transfers(self) -> None:
        """Wait for calls that carry content, so that nothing is sent twice."""
        while self._under_way.transfers:
            self.lease.renew()
            ledger.keep_sessions(self.link, self.lease, self._under_way.wait(1.0))

    def _attend(self) -> None:
        if self.link.reason == TAKEN_OVER:
            raise NeedsUser(TAKEN_OVER)
        installation.check_place(self.link)
        self._learn_whose()
        if not slice_reader.is_behind(self.link):
            manifest.refresh_if_quiet(self.link, self.lease)
        rounds = 0
        while rounds < MAX_ROUNDS:
            rounds += 1
            if self._should_stop():
                self.is_out_of_time = not self._is_stopping()
                return
            self._gave_way = False
            try:
                if self._look() and self._repair() and self._prove():
                    self._is_proven = True
                    self._look_at_room()
                    return
            except Rescan as error:
                self._doubt(is_full=error.is_full)
            rounds -= self._gave_way
            if self._surprises > MAX_SURPRISES:
                self._save(wants_everything=True)
                self._look_later("unsettled")
        raise Retry("no_end")

    def _learn_whose(self) -> None:
        if not self.link.account_email:
            self._ask_whose()
            self._room()

    def _ask_whose(self) -> None:
        account = self.port.account()
        self._save(account_name=account.name, account_email=account.email)

    def _room(self) -> int:
        """Ask for the free bytes of the Dropbox."""
        left, told = free_space.ask(self.port, self.link)
        self._save(**told)
        return left

    def _look_at_room(self) -> None:
        """Once a day, after a proof with nothing to do, ask for the owner and the space of the Dropbox, shown in Settings."""
        if not self.history.uploaded and free_space.is_due(self.link):
            self._ask_whose()
            self._room()

    def _room_to_fill(self) -> int | None:
        """Return the free bytes, None while nothing says that the Dropbox is full."""
        if not free_space.is_short(self.link):
            return None
        if self._left is None:
            self._left = free_space.usable(self._room(), self.link.learned.get("full"), clock.now())
        return self._left

    def _settle_room(self, notes: Notes, removed: int) -> None:
        """After the steps, store what was refused for lack of space, and try it again where space was freed."""
        refused = notes.refused_bytes
        if removed or refused is not None:
            self._left = None
        if refused is not None:
            left = self._room()
            # What was removed since is no sign that Dropbox refused what it had room for.
            self._save(
                learned=free_space.with_refusal(
                    min(left, refused - 1) if removed else left, refused, self.link
                )
            )
        if removed:
            ledger.try_full_again(self.link, self.lease)

    def _save(self, **fields: Any) -> None:
        with self.lease.fenced():
            Link.objects.filter(pk=self.link.pk).update(**fields)
        for name, value in fields.items():
            setattr(self.link, name, value)

    def _doubt(self, *, is_full: bool) -> None:
        self._read_at = None
        self._surprises += 1
        if not is_full:
            self._save(needs_reading=True)
            return
        self._save(needs_listing=True, learned=journal_lag.relisting(self.link.learned))

    # --- looking ---

    def _look_later(self, reason: str) -> NoReturn:
        """Postpone the next look, longer each time."""
        self._save(learned=journal_lag.waiting_longer(self.link.learned, reason))
        raise LookLater(reason, journal_lag.seconds_left(self.link.learned))

    def _refuse_while_late(self) -> None:
        """Raise LookLater while listings are known to lag."""
        left = journal_lag.seconds_left(self.link.learned)
        if left:
            raise LookLater(journal_lag.reason(self.link.learned), left)

    def _read_changes(self) -> None:
        """Read the changes since the cursor and store them.

        Raises:
            LookLater: it tells less than we know.
        """
        self._refuse_while_late()
        try:
            reading = listing_reader.read_changes(self.link, self.port, self.lease, self._ahead)
        except LookLater as error:
            self._look_later(error.reason)
        self._take_in(reading)

    def _look_at(self, paths: list[tuple[str | None, str]]) -> None:
        """Read the metadata of the paths of refused steps, where a listing did not explain the refusal."""
        some = list(dict.fromkeys(paths))[:MAX_PATHS_LOOKED_AT]
        reading = listing_reader.look_at(self.link, self.port, self.lease, some)
        self.history.drifted += reading.doubts
        self._insist()

    def _look(self) -> bool:
        """Read the Dropbox where its content is in doubt; return whether a plan can be made."""
        is_new_here = not seen_by.has_looked(self.link)
        if is_new_here:
            self._save(learned=journal_lag.looking_now(self.link.learned))
        try:
            if self.link.needs_listing or self._is_audit_due:
                self._finish_jobs()
                self._list()
            elif self.link.needs_reading or is_new_here or Intent.objects.filter(link=self.link).exists():
                self._finish_jobs()
                self._read_changes()
        except LookLater as error:  # what is saved is sent all the same, by what is known
            is_known = self.link.listed_at is not None
            if not is_known or (is_new_here and error.reason != "lagging"):
                raise
        self._insist()
        if is_new_here:
            self._save(learned=seen_by.with_reader(self.link))
        return True

    @property
    def _is_audit_due(self) -> bool:
        """Return whether everything was last listed a week ago; for a day more, changes are sent first."""
        listed_at = self.link.listed_at
        if listed_at is None or listed_at > clock.now():
            return True
        late = clock.now() - listed_at - LISTING_EVERY
        return late > LISTING_MAY_WAIT or (late > timedelta(0) and not slice_reader.is_behind(self.link))

    def _list(self) -> None:
        """List everything; if Dropbox fails at it, ask for smaller pages the next time."""
        self._refuse_while_late()
        limit = self.link.learned.get("page", listing_reader.MAX_PAGE)
        try:
            self._take_in(listing_reader.read_everything(self.link, self.port, self.lease))
        except LookLater as error:
            self._look_later(error.reason)
        except ParkItem as error:
            log.info("Dropbox refuses to list everything (%s)", error.reason)
            self._look_later("relisting")
        except Retry as error:
            if error.reason.startswith("http_") or error.reason == "no_answer":
                smaller = max(listing_reader.MIN_PAGE, limit // 2)
                self._save(learned={**self.link.learned, "page": smaller})
            raise
        if "page" in self.link.learned:
            largest = self.link.learned.copy()
            largest.pop("page", None)
            self._save(learned=largest)

    def _finish_jobs(self) -> None:
        """Wait until asynchronous batches of ours have ended, before their outcome is read."""
        intents = Intent.objects.filter(link=self.link, job__isnull=False)
        for pk, stored in [(one.pk, one.job) for one in intents if one.job is not None]:
            last: LastWrite | None = None
            try:
                job = self.port.check_job(Job(stored["route"], stored["job_id"]))
                if job.outcomes is None:
                    raise JobUnderWay
                last = _last_write(job)
            except Retry:
                raise
            except MirrorError as error:
                log.info("a batch of ours is unknown to Dropbox (%s); its outcome is looked at", error.reason)
            with self.lease.fenced():
                Intent.objects.filter(pk=pk).update(job=None)
            if last is not None:
                self._save(last_write=last)

    def _take_in(self, reading: listing_reader.Reading) -> None:
        self._read_at = reading.at
        self.history.drifted += reading.doubts
        if "look" in self.link.learned:
            self._save(learned=journal_lag.looking_now(self.link.learned))
        self._insist()

    def _insist(self) -> None:
        """Raise NeedsUser while the user has not answered the question about what was found in the Dropbox."""
        installation.check_marker(self.link)
        asked = self.link.removal_question
        if asked and not self.link.removal_answer and asked["reason"] != PLANNED:
            raise NeedsUser(asked["reason"])

    def _ask(self, reason: str, removal: Verdict) -> None:
        """Raise NeedsUser until the user has confirmed a mass removal."""
        asked = self.link.removal_question
        if self.link.removal_answer and asked and asked["reason"] == reason:
            return
        question: RemovalQuestion = {"reason": reason, "removed": removal.removed, "total": removal.total}
        self._save(removal_question=question, removal_answer="")
        raise NeedsUser(reason)

    # --- planning and doing ---

    def _repair(self) -> bool:
        """Plan and carry out; return whether desired and remote tree are equal, as far as we know."""
        if not slice_reader.is_behind(self.link):
            return True
        self.planned_at = clock.now()
        slice_ = slice_reader.read(self.link)
        policy = Policy(today=f"{clock.now():%Y-%m-%d}", keep_deleted=self.link.keep_deleted)
        steps = plan(slice_.desired, slice_.remote, policy)
        with_notes = Notes(self.link, self.lease, Book(self.link, slice_.desired), self.history)
        executor = Executor(
            self.port,
            with_notes,
            slice_,
            lambda: self._ahead.read(self.port, self.link.cursor),
            self._under_way,
            Limits(self._should_stop, self._may_begin_nothing, self._may_take_long, self._unfinished_since),
            self._room_to_fill(),
        )
        if not executor.remains(steps):
            self._take_over(slice_)
            return True
        self._sent.refuse(steps)
        self._guard(steps, slice_)
        with_held_back = steps
        steps = self._without_what_is_unknown(steps)
        sighted = without_blind_steps(steps)
        if executor.remains(sighted):
            steps = sighted
        elif self._read_at is None:
            self._read_changes()
            return False
        else:
            steps = right_after_look(steps)
        self._read_at, removed = None, self.history.removed
        plan_scope.remember(self.link, self.lease, with_held_back, slice_)
        self._claim()
        try:
            executor.carry_out(steps)
        finally:
            self._save(learned=with_notes.learned)
        self._settle_room(with_notes, self.history.removed - removed)
        self._gave_way = executor.gave_way
        if not executor.must_wait:
            self._unfinished_since = self.planned_at if executor.gave_way else None
        is_well = not (with_notes.trouble or with_notes.is_full or executor.gave_way)
        self._sent.note(steps, is_well=is_well)
        if with_notes.needs_reading or executor.needs_reading:
            self._surprises += with_notes.needs_reading
            self._save(needs_reading=True)
        if with_notes.surprising and self._surprises > 1:
            self._look_at(with_notes.surprising)
        if with_notes.whole_account is not None:
            raise with_notes.whole_account
        self._wait_where_items_ask_for_it({one.reason for one in with_notes.trouble})
        if executor.must_wait and not self.link.needs_reading:
            raise WaitsForTurn
        return False

    def _claim(self) -> None:
        """Write the marker of this Dashboard, where it is due, before anything else is written."""
        if installation.is_claim_due(self.link, is_changed=self.history.drifted > 0):
            installation.claim(self.link, self.port, self.lease)

    def _wait_where_items_ask_for_it(self, reasons: set[str]) -> None:
        """Have the run wait after temporary errors of single items.

        Raises:
            Retry: the Dropbox is locked by another writer, or damages bytes on the way.
        """
        if "lock" in reasons:
            raise Retry("lock", 1.0)
        self._damaged += "damaged_on_the_way" in reasons
        if self._damaged >= MAX_DAMAGED:
            raise Retry("damaged_on_the_way", 60.0)

    def _without_what_is_unknown(self, steps: Plan) -> Plan:
        """Return the steps outside of copied folders whose content no listing has shown yet."""
        copied = Intent.objects.filter(link=self.link, kind="copy", job__isnull=True)
        tops = [one["path"] for intent in copied for one in intent.expected[:1]]
        return without_steps_inside(steps, tops) if tops else steps

    def _guard(self, steps: Plan, slice_: slice_reader.Slice) -> None:
        """Ask the user before a plan that removes much; delete a question that no plan needs any more."""
        removal = planned_removal(steps, slice_.remote)
        if removal.removed:
            files = RemoteNode.objects.filter(link=self.link, is_folder=False, identity__isnull=False)
            total = files.exclude(identity__startswith=f"{data_folders.FILE}:").count()
            removal = Verdict(removal.removed, total)
        if removal.must_wait:
            self._ask(PLANNED, removal)
        elif self.link.removal_question and self.link.removal_question["reason"] == PLANNED:
            self._save(removal_question=None, removal_answer="")

    def _take_over(self, slice_: slice_reader.Slice) -> None:
        """Store the revisions that were read before the plan turned out empty."""
        with self.lease.fenced():
            for mark in slice_.marks:
                taken, is_new = Taken.objects.get_or_create(
                    link=self.link,
                    kind=mark.kind,
                    object_id=mark.object_id,
                    defaults={"revision": mark.revision, "noted_revision": mark.revision},
                )
                if not is_new and taken.revision < mark.revision:
                    Taken.objects.filter(pk=taken.pk).update(revision=mark.revision)
            Doubt.objects.filter(link=self.link, identity__in=slice_.doubts).delete()
            # A run that ends here leaves the proof due; green only after Dropbox has been asked once more.
            asked = {"needs_reading": True} if self._read_at is None else {}
            Link.objects.filter(pk=self.link.pk).update(next_proof_at=clock.now(), **asked)
            if slice_.is_everything:
                Link.objects.filter(pk=self.link.pk).update(wants_everything=False)
            if self.link.removal_question:
                Link.objects.filter(pk=self.link.pk).update(removal_question=None, removal_answer="")
        self.link.wants_everything = self.link.wants_everything and not slice_.is_everything
        self.link.removal_question, self.link.removal_answer = None, ""

    # --- proving ---

    def _prove(self) -> bool:
        """Read from the cursor, if nothing was read since the last write, and store the time of the proof."""
        if self._read_at is None:
            self._read_changes()
        if slice_reader.is_behind(self.link) or ledger.try_due_again(self.link, self.lease):
            return False
        if ledger.was_called_late(self.link):
            return False
        there = mirrored(self.link)
        with self.lease.fenced():
            self._forget_parked()
            is_whole = not Parked.objects.filter(link=self.link).exists()
            if is_whole:
                self._forget_refusal()
                UploadSession.objects.filter(link=self.link).delete()
            proof = {
                "proven_at": self._read_at,
                "proven_files": there.files,
                "proven_bytes": there.bytes,
            }
            every = manifest.QUIET if manifest.is_stale(self.link) else PROOF_EVERY
            next_at = {"next_proof_at": clock.now() + every}
            Link.objects.filter(pk=self.link.pk).update(**next_at, **(proof if is_whole else {}))
        return True

    def _forget_refusal(self) -> None:
        if "full" in self.link.learned:
            self._save(learned=free_space.without_refusal(self.link))

    def _forget_parked(self) -> None:
        """Delete parked items that are not desired any more; a refused removal stays while its file exists."""
        parked = {one.identity for one in Parked.objects.filter(link=self.link)}
        if not parked:
            return
        layout = Layout(self.link.user)
        undesired = parked - layout.resolve(parked).keys()
        there = not_deleted(self.link, undesired) - layout.kept(undesired)
        Parked.objects.filter(link=self.link, identity__in=undesired - there).delete()

    # --- the end ---

    def ending(self, error: MirrorError | None = None) -> dict[str, Any]:
        """Return the fields the run writes to the link besides its state (tokens, counted calls); store its history."""
        made = {} if self._port is None else self._port.calls
        if made or error is not None:
            history.keep(self.history, made, error, is_proven=self._is_proven)
        left: dict[str, Any] = {}
        if self._port is None:
            return left
        if (grant := self._port.tokens.renewed) is not None:
            credentials.store_grant(self.link, grant)
            left["sealed_access_token"] = self.link.sealed_access_token
            left["access_expires_at"] = self.link.access_expires_at
        return left | history.counted(self.link, made)


def _last_write(job: Job) -> LastWrite | None:
    """Return the listing entry that shows the last write of a batch."""
    made = next((one for one in reversed(job.outcomes or ()) if isinstance(one, Entry)), None)
    if made is None:
        return None
    is_removal = job.route == "delete_batch"
    return journal_lag.removed(made.path_lower) if is_removal else journal_lag.written(made)
