"""Finds due mirrors: those with unmirrored changes, those whose proof is due, and those whose back-off is over."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q

from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import DataFolder
from minno_dashboard.core import clock
from minno_dashboard.files.models import Tree
from minno_dashboard.jobs.lease import MAX_WAIT, Lease, claim, is_free
from minno_dashboard.jobs.worker import place_name
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.models import PLANNED_REMOVAL, Doubt, Link, Taken
from minno_dashboard.mirror.running import runner
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.mirror.wanted.layout import followers
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Study, Version

LEASE_SECONDS = float(settings.LEASE_SECONDS)
AT_ONCE = 200
PROBE_LATEST = timedelta(hours=1)
"""So long after `MAX_WAIT` a probe may be set at most."""
MAX_LONG_RUNS = 4
"""Half of a worker's lanes."""


class LongRuns:
    """Limits how many runs of a worker may take long at once; the other lanes stay free for short work."""

    def __init__(self, most: int = MAX_LONG_RUNS) -> None:
        self._left, self._lock = most, threading.Lock()

    @property
    def is_one_free(self) -> bool:
        """Return whether another run may take long now."""
        return self._left > 0

    @contextmanager
    def one_run(self) -> Iterator[Callable[[], bool]]:
        """Yield a function that returns whether this run may take long; once True, it stays True until the run ends."""
        is_held = False

        def may_take_long() -> bool:
            nonlocal is_held
            with self._lock:
                if not is_held and self._left > 0:
                    self._left -= 1
                    is_held = True
            return is_held

        try:
            yield may_take_long
        finally:
            with self._lock:
                self._left += is_held


class DueMirrors:
    """The worker's source of due mirrors; when the worker starts, every mirror is due."""

    def __init__(
        self,
        is_stopping: Callable[[], bool] = lambda: False,
        *,
        worker_begins: bool = False,
        long_runs: LongRuns | None = None,
    ) -> None:
        self._is_stopping, self._worker_begins = is_stopping, worker_begins
        self._long_runs = long_runs or LongRuns()

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim the mirror that has waited longest and return its run, or None."""
        if not siteconfig.dropbox().is_enabled:
            return None
        if self._worker_begins:
            prove_all_anew()
            self._worker_begins = False
        note_changes()
        for link in due(may_take_long=self._long_runs.is_one_free):
            if lease := claim(link, owner=owner, seconds=LEASE_SECONDS):
                return lambda link=link, lease=lease: self._run(link, lease)  # type: ignore[misc]
        return None

    def _run(self, link: Link, lease: Lease) -> None:
        with self._long_runs.one_run() as may_take_long:
            run_claimed(link, lease, self._is_stopping, may_take_long)


def run_claimed(
    link: Link,
    lease: Lease,
    is_stopping: Callable[[], bool] = lambda: False,
    may_take_long: Callable[[], bool] = lambda: True,
) -> None:
    """Run a claimed link, reading its row again first."""
    Link.objects.filter(pk=link.pk, is_hurried=True).update(is_hurried=False)
    runner.run(Link.objects.select_related("user").get(pk=link.pk), lease, is_stopping, may_take_long)


def due(*, user: User | None = None, may_take_long: bool = True) -> Iterable[Link]:
    """Return the links (of one user, or of all) that are due now.

    Changes of mirrors that stand come first, then first mirrors, then those that wait for their turn to take long,
    which `may_take_long` leaves out; among equals those that have waited longest.
    """
    at = clock.now()
    release_the_dead()
    is_behind = Exists(Taken.objects.filter(link=OuterRef("pk"), noted_revision__gt=F("revision")))
    in_doubt = Exists(Doubt.objects.filter(link=OuterRef("pk")))
    wants = (
        Q(wants_everything=True)
        | Q(needs_listing=True)
        | Q(needs_reading=True)
        | Q(next_proof_at__lte=at)
        | Q(next_proof_at__gt=at + MAX_WAIT)
        | is_behind
        | in_doubt
    )
    works = backoff.IS_WORKING & wants
    has_come = Q(probe_at__lte=at) | Q(probe_at__gt=at + MAX_WAIT + PROBE_LATEST)
    probes = Q(state__in=[Link.State.NEEDS_USER, Link.State.NEEDS_ADMIN]) & has_come
    found = Link.objects.filter(is_free(at), user__is_active=True).filter(works | probes)
    if user is not None:
        found = found.filter(user=user)
    waits_for_turn = Q(waits_since__isnull=False, is_hurried=False)
    if not may_take_long:
        found = found.exclude(waits_for_turn)
    found = found.annotate(
        is_behind=is_behind, waits_for_turn=ExpressionWrapper(waits_for_turn, BooleanField())
    )
    order = ("waits_for_turn", "wants_everything", "-is_behind", "waits_since", "next_proof_at", "pk")
    return found.order_by(*order)[:10]


def prove_all_anew() -> None:
    """Make every proof due: at the start of a worker the database may be older than the Dropboxes (a restored backup).

    Found out now it costs one call while nothing else is to do; found out by the next save, that save would wait.
    """
    now = clock.now()
    Link.objects.filter(backoff.IS_WORKING, next_proof_at__gt=now).update(next_proof_at=now)


def release_the_dead() -> None:
    """Release leases held by processes of this host that have exited."""
    here = f"{place_name()}:"
    held = Link.objects.filter(lease_owner__startswith=here, lease_until__isnull=False)
    for pk, owner, token in held.values_list("pk", "lease_owner", "lease_token"):
        number = owner.removeprefix(here).partition(":")[0]
        if number.isdigit() and not _is_alive(int(number)):
            Link.objects.filter(pk=pk, lease_token=token).update(
                lease_owner="", lease_until=None, lease_token=token + 1
            )


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def note_changes() -> None:
    """Store for every follower how far changed trees are, and mark them settled, so that the next query stays small."""
    studies = list(Study._base_manager.exclude(revision=F("settled_revision"))[:AT_ONCE])
    for study in studies:
        note_study(study)
    trees = list(Tree.objects.exclude(revision=F("settled_revision")).values_list("pk", "revision")[:AT_ONCE])
    for pk, revision in trees:
        _note_tree(pk, revision)
    for folder in DataFolder.objects.exclude(files_revision=F("settled_revision"))[:AT_ONCE]:
        _note_data(folder)


@transaction.atomic
def note_study(study: Study) -> None:
    """Store for every follower how far a study and its trees are; for a purged study this cannot be found out later."""
    links = dict(Link.objects.filter(user__in=followers(study)).values_list("pk", "user_id"))
    known = Taken.objects.filter(kind=Taken.Kind.STUDY, object_id=study.pk)
    lost = known.exclude(link__in=links.keys())
    lost.update(is_released=True, noted_revision=study.revision)
    trees = Version.objects.filter(study=study).values_list("tree_id", "tree__revision")
    for link in links:
        _note(link, Taken.Kind.STUDY, study.pk, study.revision)
        for tree, revision in trees:
            _note(link, Taken.Kind.TREE, tree, revision)
    _ask_anew(links)
    Study._base_manager.filter(pk=study.pk, revision=study.revision).update(settled_revision=study.revision)


@transaction.atomic
def _note_tree(pk: int, revision: int) -> None:
    version = Version.objects.filter(tree=pk).select_related("study").first()
    if version is not None:
        links = list(Link.objects.filter(user__in=followers(version.study)).values_list("pk", flat=True))
        for link in links:
            _note(link, Taken.Kind.TREE, pk, revision)
        _ask_anew(links)
    Tree.objects.filter(pk=pk, revision=revision).update(settled_revision=revision)


@transaction.atomic
def _note_data(folder: DataFolder) -> None:
    """Store how far a study's data files are, for all who asked for them; the right to them is checked later."""
    asked = data_folders.asked_for().filter(study=folder.study_id)
    links = list(asked.values_list("link_id", flat=True))
    for link in links:
        _note(link, Taken.Kind.DATA, folder.study_id, folder.files_revision)
    _ask_anew(links)
    DataFolder.objects.filter(pk=folder.pk, files_revision=folder.files_revision).update(
        settled_revision=folder.files_revision
    )


def _ask_anew(links: Iterable[int]) -> None:
    """Make links due that wait for a turn or a look, and have links that ask about a removal plan again."""
    links = list(links)
    Link.objects.filter(pk__in=links, waits_since__isnull=False).update(is_hurried=True)
    asking = Link.objects.filter(state=Link.State.NEEDS_USER, reason=PLANNED_REMOVAL)
    asking.filter(pk__in=links).update(probe_at=clock.now())
    Link.objects.filter(pk__in=links, last_error__in=backoff.LOOKS).update(not_before=None)


def _note(link: int, kind: str, object_id: int, revision: int) -> None:
    """Raise the noted revision of one link; the revision taken over stays the same."""
    row, is_new = Taken.objects.get_or_create(
        link_id=link, kind=kind, object_id=object_id, defaults={"noted_revision": revision}
    )
    if not is_new:
        Taken.objects.filter(pk=row.pk, noted_revision__lt=revision).update(noted_revision=revision)
        if row.is_released:
            Taken.objects.filter(pk=row.pk).update(is_released=False)
