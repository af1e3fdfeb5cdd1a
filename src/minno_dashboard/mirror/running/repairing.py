"""Second part of a run, repair: plans the steps that make the Dropbox equal to the Dashboard, and carries them out."""

from __future__ import annotations

from datetime import datetime

from minno_dashboard.core import clock
from minno_dashboard.mirror.connecting import installation
from minno_dashboard.mirror.errors import NeedsUser, Retry
from minno_dashboard.mirror.known.rows import RemoteRows
from minno_dashboard.mirror.models import PLANNED_REMOVAL, Doubt, Intent, Link, RemoteNode, Taken
from minno_dashboard.mirror.planner.guard import (
    Verdict,
    planned_removal,
    right_after_look,
    without_blind_steps,
    without_steps_inside,
)
from minno_dashboard.mirror.planner.model import Plan, Policy
from minno_dashboard.mirror.planner.plan import plan
from minno_dashboard.mirror.running import plan_scope, resend_limit
from minno_dashboard.mirror.running.free_space import FreeSpace
from minno_dashboard.mirror.running.looking import DropboxReader
from minno_dashboard.mirror.running.run_context import RunContext
from minno_dashboard.mirror.sending.executor import Executor, PlanLimits
from minno_dashboard.mirror.sending.ledger import PlanLedger
from minno_dashboard.mirror.sending.uploads import WaitsForTurn
from minno_dashboard.mirror.stored import RemovalQuestion
from minno_dashboard.mirror.wanted import data_folders, slice_reader
from minno_dashboard.mirror.wanted.tree_slice import Slice

MAX_DAMAGED = 3
"""So often bytes may arrive other than they were sent before the run waits a while."""


class Repairer:
    """Repairs one Dropbox during a run; `outrun_plans` counts plans that gave way to what was saved meanwhile."""

    def __init__(self, run: RunContext, reader: DropboxReader) -> None:
        self._run, self._reader = run, reader
        self._space, self._sent = FreeSpace(run), resend_limit.RecentUploads()
        self._unfinished_since: datetime | None = run.link.waits_since
        self._damaged = 0
        self.outrun_plans = 0

    def repair(self) -> bool:
        """Plan and carry out; return whether desired and remote tree are equal, as far as we know.

        Raises:
            NeedsUser: the user must confirm a mass removal first.
            SavedAgain: the plan consists only of files that were uploaded less than 1 s ago.
            WaitsForTurn: the plan takes long, and other links have the lanes for that.
            MirrorError: any error that concerns the whole account.
        """
        link = self._run.link
        if not slice_reader.is_behind(link):
            return True
        self._run.planned_at = clock.now()
        slice_ = slice_reader.read(link)
        policy = Policy(today=f"{clock.now():%Y-%m-%d}", keep_deleted=link.keep_deleted)
        whole = plan(slice_.desired, slice_.remote, policy)
        plan_ledger = PlanLedger(link, self._run.lease, RemoteRows(link, slice_.desired), self._run.record)
        executor = self._executor(plan_ledger, slice_)
        if not executor.remains(whole):
            self._take_over(slice_)
            return True
        self._sent.refuse(whole)
        self._ask_before_mass_removal(whole, slice_)
        steps = self._steps_for_now(whole, executor)
        if steps is None:
            self._reader.read_changes()
            return False
        removed_before, self._run.read_at = self._run.record.removed, None
        plan_scope.remember(link, self._run.lease, whole, slice_)
        self._claim_if_due()
        try:
            executor.carry_out(steps)
        finally:
            self._run.save(learned=plan_ledger.learned)
        self._space.settle(plan_ledger, self._run.record.removed - removed_before)
        self._settle(steps, executor, plan_ledger)
        return False

    def _executor(self, plan_ledger: PlanLedger, slice_: Slice) -> Executor:
        run = self._run
        return Executor(
            run.port,
            plan_ledger,
            slice_,
            self._reader.read_ahead,
            run.under_way,
            PlanLimits(run.should_stop, run.may_begin_nothing, run.may_take_long, self._unfinished_since),
            self._space.to_fill(),
        )

    # --- before the steps ---

    def _steps_for_now(self, whole: Plan, executor: Executor) -> Plan | None:
        """Return the steps of a plan that may be carried out now; None where the Dropbox must be read before any."""
        steps = self._without_unlisted_copies(whole)
        sighted = without_blind_steps(steps)
        if executor.remains(sighted):
            return sighted
        return None if self._run.read_at is None else right_after_look(steps)

    def _without_unlisted_copies(self, steps: Plan) -> Plan:
        """Return the steps outside of copied folders whose content no listing has shown yet."""
        copied = Intent.objects.filter(link=self._run.link, kind="copy", job__isnull=True)
        tops = [one["path"] for intent in copied for one in intent.expected[:1]]
        return without_steps_inside(steps, tops) if tops else steps

    def _ask_before_mass_removal(self, steps: Plan, slice_: Slice) -> None:
        """Raise NeedsUser before a plan that removes much; delete a question that no plan needs any more."""
        link, removal = self._run.link, planned_removal(steps, slice_.remote)
        if removal.removed:
            files = RemoteNode.objects.filter(link=link, is_folder=False, identity__isnull=False)
            total = files.exclude(identity__startswith=f"{data_folders.FILE}:").count()
            removal = Verdict(removal.removed, total)
        asked = link.removal_question
        is_asked = asked is not None and asked["reason"] == PLANNED_REMOVAL
        if not removal.must_wait:
            if is_asked:
                self._run.save(removal_question=None, removal_answer="")
            return
        if is_asked and link.removal_answer:
            return
        question: RemovalQuestion = {
            "reason": PLANNED_REMOVAL,
            "removed": removal.removed,
            "total": removal.total,
        }
        self._run.save(removal_question=question, removal_answer="")
        raise NeedsUser(PLANNED_REMOVAL)

    def _claim_if_due(self) -> None:
        """Write the marker of this Dashboard, where it is due, before anything else is written."""
        run = self._run
        if installation.is_claim_due(run.link, is_changed=run.record.drifted > 0):
            installation.claim(run.link, run.port, run.lease)

    # --- after the steps ---

    def _settle(self, steps: Plan, executor: Executor, plan_ledger: PlanLedger) -> None:
        """Act on what was met while steps were carried out: read, wait, or let the next plan go on."""
        run, gave_way = self._run, executor.gave_way
        self.outrun_plans += gave_way
        if not executor.must_wait:
            self._unfinished_since = run.planned_at if gave_way else None
        self._sent.note(steps, is_well=not (plan_ledger.trouble or plan_ledger.is_full or gave_way))
        if plan_ledger.needs_reading or executor.needs_reading:
            self._reader.surprises += plan_ledger.needs_reading
            run.save(needs_reading=True)
        if plan_ledger.surprising and self._reader.surprises > 1:
            self._reader.read_paths(plan_ledger.surprising)
        if plan_ledger.whole_account is not None:
            raise plan_ledger.whole_account
        self._wait_after_item_errors({one.reason for one in plan_ledger.trouble})
        if executor.must_wait and not run.link.needs_reading:
            raise WaitsForTurn

    def _wait_after_item_errors(self, reasons: set[str]) -> None:
        """Have the run wait after temporary errors of single items.

        Raises:
            Retry: the Dropbox is locked by another writer, or damages bytes on the way.
        """
        if "lock" in reasons:
            raise Retry("lock", 1.0)
        self._damaged += "damaged_on_the_way" in reasons
        if self._damaged >= MAX_DAMAGED:
            raise Retry("damaged_on_the_way", 60.0)

    def _take_over(self, slice_: Slice) -> None:
        """Store the revisions that were read before the plan turned out empty."""
        link = self._run.link
        with self._run.lease.fenced():
            for mark in slice_.marks:
                taken, is_new = Taken.objects.get_or_create(
                    link=link,
                    kind=mark.kind,
                    object_id=mark.object_id,
                    defaults={"revision": mark.revision, "noted_revision": mark.revision},
                )
                if not is_new and taken.revision < mark.revision:
                    Taken.objects.filter(pk=taken.pk).update(revision=mark.revision)
            Doubt.objects.filter(link=link, identity__in=slice_.doubts).delete()
            # A run that ends here leaves the proof due; green only after Dropbox has been asked once more.
            asked = {"needs_reading": True} if self._run.read_at is None else {}
            Link.objects.filter(pk=link.pk).update(next_proof_at=clock.now(), **asked)
            if slice_.is_everything:
                Link.objects.filter(pk=link.pk).update(wants_everything=False)
            if link.removal_question:
                Link.objects.filter(pk=link.pk).update(removal_question=None, removal_answer="")
        link.wants_everything = link.wants_everything and not slice_.is_everything
        link.removal_question, link.removal_answer = None, ""
