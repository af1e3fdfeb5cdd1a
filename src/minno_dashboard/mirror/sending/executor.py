"""Carries out a plan: each step by the cheapest call, by one writer; results are stored as they arrive."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar, cast

from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Node
from minno_dashboard.mirror.dropbox_api.port import BatchJob, Entry, Outcome, Port, Relocation, Removal
from minno_dashboard.mirror.errors import Ambiguous, MirrorError, ParkItem, Rescan, RetryItem
from minno_dashboard.mirror.known import journal_lag
from minno_dashboard.mirror.models import Parked
from minno_dashboard.mirror.planner.guard import is_emptying
from minno_dashboard.mirror.planner.model import (
    DELETED,
    Adopt,
    Content,
    Copy,
    Desired,
    Disown,
    MakeFolder,
    Move,
    Plan,
    Remove,
    Step,
    UploadFile,
)
from minno_dashboard.mirror.sending.ledger import PlanLedger
from minno_dashboard.mirror.sending.upload_lanes import UnderWay
from minno_dashboard.mirror.sending.uploads import MAX_URGENT, Turn, Uploader, WaitsForTurn
from minno_dashboard.mirror.stored import Expected
from minno_dashboard.mirror.wanted.layout import numbers
from minno_dashboard.mirror.wanted.slice_reader import is_outrun
from minno_dashboard.mirror.wanted.tree_slice import Slice

MAX_SINGLE_STEPS = 3
"""So many moves, copies or removals are made one by one: a batch needs a second call to learn its end."""
MAX_AT_ONCE = 1000
MAX_LOOKED_FOR = 20
"""So many things that were not there to be removed are asked for one by one; more are learnt by reading."""
LOOKS = 3
"""So often a job is looked at before the run lets go of it."""

S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class PlanLimits:
    """What a run allows one plan: its deadline, whether it may take long, and which earlier plan is unfinished."""

    should_stop: Callable[[], bool]
    may_begin_nothing: Callable[[], bool]
    """Whether nothing large may be begun any more, though the plan may go on beside what is under way."""
    may_take_long: Callable[[], bool]
    unfinished_since: datetime | None


class JobUnderWay(Exception):
    """An asynchronous batch has not ended yet; its result is read later."""


class Executor:
    """Carries out one plan, and keeps how it ended.

    Afterwards `gave_way` says that newer changes go first, `must_wait` that the plan needs a turn to take long, and
    `needs_reading` that Dropbox must be read before the next plan.
    """

    def __init__(
        self,
        port: Port,
        ledger: PlanLedger,
        slice_: Slice,
        read_ahead: Callable[[], None],
        under_way: UnderWay,
        limits: PlanLimits,
        room: int | None = None,
    ) -> None:
        """Take what a plan was made of; `room` are the free bytes of the Dropbox, None where it was never full."""
        self._port, self._ledger, self._limits = port, ledger, limits
        self._read_ahead, self._under_way, self._room = read_ahead, under_way, room
        self._sources, self._marks = slice_.sources, slice_.marks
        self._rows = {row.key: row for row in slice_.remote}
        self._parked = {one.identity: one for one in Parked.objects.filter(link=ledger.link)}
        self._sizes = {
            row.identity: row.content.size for row in slice_.remote if row.identity and row.content
        }
        self._below: dict[str | None, list[Desired]] = defaultdict(list)
        for node in slice_.desired:
            self._below[node.parent].append(node)
        self.needs_reading = False
        self.gave_way = self.must_wait = False

    def carry_out(self, plan: Plan) -> None:
        """Carry out the steps in order, until one fails that later ones may depend on.

        Raises:
            MirrorError: one that concerns the whole account.
            JobUnderWay: a batch was handed over and has no end yet.
            LeaseLost: another worker has the link.
        """
        for batch in plan.batches:
            if self._limits.should_stop():
                return
            todo = [step for step in batch if not self._is_parked(step)]
            if not todo:
                continue
            if not self._carry_out_batch(todo):
                return

    def remains(self, plan: Plan) -> bool:
        """Return whether the plan has a step that is not parked."""
        return any(not self._is_parked(step) for step in plan.steps)

    def _carry_out_batch(self, batch: Sequence[Step]) -> bool:
        """Carry out steps of one kind; return whether the plan can continue."""
        match batch[0]:
            case Adopt() | Disown():
                self._own(cast("Sequence[Adopt | Disown]", batch))
            case UploadFile():
                return self._upload(cast("Sequence[UploadFile]", batch))
            case Move():
                self._in_portions(cast("Sequence[Move]", batch), self._move_one, self._move_many)
            case Copy():
                self._in_portions(cast("Sequence[Copy]", batch), self._copy_one, self._copy_many)
            case MakeFolder():
                self._in_portions(cast("Sequence[MakeFolder]", batch), self._make_one, self._make_many)
            case Remove():
                self._in_portions(cast("Sequence[Remove]", batch), self._remove_one, self._remove_many)
        return not self._ledger.is_blocked

    # --- what is parked ---

    def _is_parked(self, step: Step) -> bool:
        """Return whether Dropbox refused this very step before: the same place and content."""
        parked = self._parked.get(self._identity(step) or "")
        if parked is None:
            return False
        target = step.to_path if isinstance(step, Move | Copy) else (step.paths or ("",))[0]
        hash = step.content.hash if isinstance(step, UploadFile) else ""
        return (parked.path, parked.content_hash) == (target, hash)

    def _identity(self, step: Step) -> str | None:
        if isinstance(step, Move | Remove | Disown):
            row = self._rows.get(step.key)
            return row.identity if row is not None else None
        return step.identity

    # --- without a call ---

    def _own(self, steps: Sequence[Adopt | Disown]) -> None:
        pairs = [(int(one.key), one.identity if isinstance(one, Adopt) else None) for one in steps]
        with self._ledger.lease.fenced():
            self._ledger.rows.own(pairs)

    # --- contents ---

    def _upload(self, files: Sequence[UploadFile]) -> bool:
        files = self._that_fit(files)
        limits = self._limits
        turn = Turn(limits.may_begin_nothing, self._is_outrun, limits.may_take_long, self._urgent)
        uploader = Uploader(self._port, self._ledger, self._open, turn, self._read_ahead, self._under_way)
        try:
            is_all = uploader.send(files)
        except WaitsForTurn:
            self.must_wait = True
            return False
        except Ambiguous as error:
            self._ledger.note(error)
            return False
        self.gave_way = uploader.gives_way
        # What makes room comes after the uploads, also where some did not fit.
        return (is_all or self._ledger.is_full) and not self._ledger.is_blocked

    def _that_fit(self, files: Sequence[UploadFile]) -> Sequence[UploadFile]:
        """Return the files that fit, the smallest first where not all do; park the others."""
        if self._room is None:
            return files
        left, fitting = self._room, set[str]()
        for one in sorted(files, key=self._needs):
            if self._needs(one) <= left:
                left -= self._needs(one)
                fitting.add(one.identity)
        kept_out = [one for one in files if one.identity not in fitting]
        if kept_out:
            self._ledger.record([(one, ParkItem("full")) for one in kept_out])
        return [one for one in files if one.identity in fitting]

    def _needs(self, one: UploadFile) -> int:
        """Return how many bytes a file takes beyond what it replaces."""
        before = self._sizes.get(one.identity, 0) if one.replaces_rev else 0
        return max(0, one.content.size - before)

    def _is_outrun(self) -> bool:
        """Return whether something changed since the plan was made; also renews the lease."""
        self._ledger.renew_when_due()
        return is_outrun(self._ledger.link, self._marks)

    def _urgent(self, files: Sequence[UploadFile]) -> frozenset[str]:
        """Return the files saved since an unfinished earlier plan; they are sent first."""
        if self._limits.unfinished_since is None:
            return frozenset()
        saved: list[tuple[datetime, int]] = []
        for portion in in_portions(numbers([one.identity for one in files], "node")):
            nodes = Node.objects.filter(pk__in=portion, changed_at__gte=self._limits.unfinished_since)
            saved += nodes.order_by("-changed_at").values_list("changed_at", "pk")[:MAX_URGENT]
        return frozenset(f"node:{pk}" for _, pk in sorted(saved)[-MAX_URGENT:])

    def _open(self, identity: str) -> BinaryIO:
        """Open the bytes of a file; runs in the lanes and uses no database."""
        source = self._sources[identity]
        if not source.sha256:
            return io.BytesIO(source.text)
        try:
            return store.open_blob(Blob(sha256=source.sha256, size=source.content.size))
        except store.DamagedBlob as error:
            raise ParkItem("damaged_here") from error
        except OSError as error:
            raise ParkItem("unreadable_here") from error

    # --- single calls ---

    def _in_portions(
        self, steps: Sequence[S], one: Callable[[S], None], many: Callable[[Sequence[S]], None]
    ) -> None:
        if len(steps) <= MAX_SINGLE_STEPS:
            for step in steps:
                if self._ledger.is_blocked:
                    return
                one(step)
            return
        for portion in in_portions(steps, MAX_AT_ONCE):
            if self._ledger.is_blocked:
                return
            try:
                many(portion)
            except ParkItem:  # the call was refused as a whole: find the step that it was for
                half = len(portion) // 2
                self._in_portions(portion[:half], one, many)
                self._in_portions(portion[half:], one, many)

    def _call(self, kind: str, step: Step, expected: list[Expected], call: Callable[[], Entry]) -> None:
        """Make one call and store its result."""
        self._ledger.expect(kind, expected)
        try:
            outcome: Outcome = call()
        except Ambiguous:
            self._ledger.leave_open()
            raise
        except (RetryItem, ParkItem, Rescan) as error:
            outcome = error
        except MirrorError:
            with self._ledger.lease.fenced():
                self._ledger.settle()
            raise
        self._record([(step, outcome)])

    def _move_one(self, step: Move) -> None:
        self._call("move", step, [], lambda: self._port.move(step.from_path, step.to_path))

    def _copy_one(self, step: Copy) -> None:
        self._call("copy", step, self._expected(step), lambda: self._port.copy(step.from_path, step.to_path))

    def _make_one(self, step: MakeFolder) -> None:
        self._call("folder", step, self._expected(step), lambda: self._port.create_folder(step.path))

    def _remove_one(self, step: Remove) -> None:
        self._call("remove", step, [], lambda: self._port.delete(step.path, rev=step.rev))

    def _expected(self, step: Copy | MakeFolder) -> list[Expected]:
        """Return what a call will create; for a copied folder, all that is desired below it."""
        if isinstance(step, MakeFolder):
            return [_promise(step.identity, step.path, None)]
        row = self._rows.get(step.key)
        content = row.content if row is not None else None
        expected = [_promise(step.identity, step.to_path, content)]
        waiting = [(step.identity, step.to_path)] if content is None else []
        while waiting:
            folder, path = waiting.pop()
            for node in self._below.get(folder, ()):
                expected.append(_promise(node.identity, f"{path}/{node.name}", node.content))
                if node.content is None:
                    waiting.append((node.identity, f"{path}/{node.name}"))
        return expected

    # --- batches ---

    def _move_many(self, steps: Sequence[Move]) -> None:
        entries = [Relocation(one.from_path, one.to_path) for one in steps]
        self._call_many("move", steps, [], lambda: self._port.move_batch(entries))

    def _copy_many(self, steps: Sequence[Copy]) -> None:
        entries = [Relocation(one.from_path, one.to_path) for one in steps]
        expected = [one for step in steps for one in self._expected(step)]
        self._call_many("copy", steps, expected, lambda: self._port.copy_batch(entries))

    def _make_many(self, steps: Sequence[MakeFolder]) -> None:
        paths = [one.path for one in steps]
        expected = [one for step in steps for one in self._expected(step)]
        self._call_many("folder", steps, expected, lambda: self._port.create_folder_batch(paths))

    def _remove_many(self, steps: Sequence[Remove]) -> None:
        entries = [Removal(one.path, one.rev) for one in steps]
        self._call_many("remove", steps, [], lambda: self._port.delete_batch(entries))

    def _call_many(
        self, kind: str, steps: Sequence[Step], expected: list[Expected], launch: Callable[[], BatchJob]
    ) -> None:
        self._ledger.expect(kind, expected)
        job: BatchJob | None = None
        try:
            job = launch()
            for _ in range(LOOKS):
                if job.outcomes is not None:
                    break
                job = self._port.check_job(job)
        except MirrorError as error:
            if job is not None and job.outcomes is None and job.job_id:
                self._ledger.wait_for_job(job.route, job.job_id)
            elif isinstance(error, ParkItem):
                with self._ledger.lease.fenced():
                    self._ledger.settle()
            else:
                self._ledger.leave_open()
            raise
        if job.outcomes is None:
            self._ledger.wait_for_job(job.route, job.job_id)
            raise JobUnderWay
        if len(job.outcomes) != len(steps):
            self._ledger.leave_open()
            raise Ambiguous("garbled")
        self._record(list(zip(steps, job.outcomes, strict=True)))

    # --- results ---

    def _record(self, results: Sequence[tuple[Step, Outcome]]) -> None:
        is_unknown = any(isinstance(outcome, Ambiguous) for _, outcome in results)
        results = self._with_what_is_gone(results)
        with self._ledger.lease.fenced():
            for step, outcome in results:
                if isinstance(outcome, Entry):
                    self._record_one(step, outcome)
                else:
                    target = step.to_path if isinstance(step, Move | Copy) else step.paths[0]
                    self._ledger.note(outcome, identity=self._identity(step), path=target)
                    if isinstance(outcome, Rescan) and isinstance(step, Move | Copy):
                        self._ledger.surprising.append((None, step.from_path))
            self._remember_last(results)
            is_open = is_unknown or self.needs_reading
            if not is_open:
                self._ledger.settle()
        if is_open:  # what lies below a copied folder is recognised when it is read
            self._ledger.leave_open()

    def _remember_last(self, results: Sequence[tuple[Step, Outcome]]) -> None:
        """Store the last of these writes: a listing that shows it shows all of them."""
        for step, outcome in reversed(results):
            if isinstance(outcome, Entry) and outcome.kind != "deleted":
                is_removal = isinstance(step, Remove)
                last = journal_lag.removed(step.paths[0]) if is_removal else journal_lag.written(outcome)
                self._ledger.wrote(last)
                return

    def _with_what_is_gone(self, results: Sequence[tuple[Step, Outcome]]) -> Sequence[tuple[Step, Outcome]]:
        """Count a removal as done where Dropbox, asked again, has nothing at the path."""
        missing = [
            step
            for step, outcome in results
            if isinstance(step, Remove) and isinstance(outcome, Rescan) and outcome.reason == "not_found"
        ]
        if not missing or len(missing) > MAX_LOOKED_FOR:
            return results
        gone = {step.path for step in missing if self._port.get_metadata(step.path) is None}
        return [
            (step, Entry("deleted", "", step.path))
            if isinstance(step, Remove) and step.path in gone and isinstance(outcome, Rescan)
            else (step, outcome)
            for step, outcome in results
        ]

    def _must_be_told(self, step: Move) -> bool:
        """Return whether listings must show the content of a moved folder: it is ours and not deleted."""
        is_folder = self._rows[step.key].content is None
        return is_folder and not step.aside and not step.to_path.startswith(f"/{DELETED}/")

    def _record_one(self, step: Step, entry: Entry) -> None:
        rows, run = self._ledger.rows, self._ledger.run
        match step:
            case Move():
                rows.moved(int(step.key), step.to_path, entry, aside=step.aside)
                if self._must_be_told(step):
                    self._ledger.must_be_told(int(step.key))
                self.needs_reading |= is_emptying(step)
                run.moved += 1
            case Copy():
                rows.made(step.identity, step.to_path, entry)
                run.copied += 1
                self.needs_reading |= entry.kind == "folder"
            case MakeFolder():
                rows.made(step.identity, step.path, entry)
            case Remove():
                rows.removed(int(step.key))
                run.removed += 1


def _promise(identity: str, path: str, content: Content | None) -> Expected:
    return {
        "identity": identity,
        "path": path,
        "hash": content.hash if content else "",
        "size": content.size if content else 0,
    }
