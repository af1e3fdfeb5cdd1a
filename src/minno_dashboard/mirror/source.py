"""Which mirrors are due: those behind with what changed, those whose proof is due, those that look whether they heal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.files.models import Tree
from minno_dashboard.jobs.lease import Lease, claim, is_free
from minno_dashboard.jobs.worker import place_name
from minno_dashboard.mirror import runner, waiting
from minno_dashboard.mirror.desired import followers
from minno_dashboard.mirror.models import Doubt, Link, Taken
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Study, Version

LEASE_SECONDS = float(settings.LEASE_SECONDS)
AT_ONCE = 200


class DueMirrors:
    """The worker's source of mirrors; where the worker begins, every mirror is due."""

    def __init__(
        self, is_stopping: Callable[[], bool] = lambda: False, *, worker_begins: bool = False
    ) -> None:
        self._is_stopping, self._worker_begins = is_stopping, worker_begins

    def claim_next(self, owner: str) -> Callable[[], None] | None:
        """Claim the mirror that has waited longest and return its run, or None."""
        if not siteconfig.dropbox().is_enabled:
            return None
        if self._worker_begins:
            prove_all_anew()
            self._worker_begins = False
        note_changes()
        for link in due():
            if lease := claim(link, owner=owner, seconds=LEASE_SECONDS):
                return lambda link=link, lease=lease: run_claimed(link, lease, self._is_stopping)  # type: ignore[misc]
        return None


def run_claimed(link: Link, lease: Lease, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Run a link that was claimed, as it is stored now."""
    runner.run(Link.objects.select_related("user").get(pk=link.pk), lease, is_stopping)


def due(*, user: User | None = None) -> Iterable[Link]:
    """Return the links (of one user, or of all) on which somebody should work now.

    Those with changes to send come first, then those that have waited longest.
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
        | is_behind
        | in_doubt
    )
    works = waiting.IS_WORKING & wants
    probes = Q(state__in=[Link.State.NEEDS_USER, Link.State.NEEDS_ADMIN], probe_at__lte=at)
    found = Link.objects.filter(is_free(at)).filter(works | probes)
    if user is not None:
        found = found.filter(user=user)
    return found.annotate(is_behind=is_behind).order_by("-is_behind", "next_proof_at", "pk")[:10]


def prove_all_anew() -> None:
    """Make every proof due: who starts a worker may have given it an older database than the Dropboxes know.

    Found out now it costs one call while nothing else is to do; found out by the next save, that save would wait.
    """
    now = clock.now()
    Link.objects.filter(waiting.IS_WORKING, next_proof_at__gt=now).update(next_proof_at=now)


def release_the_dead() -> None:
    """Give back leases of processes of this machine that are no more."""
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
    """Note for every follower what moved past what was noted, and settle it: the next question stays small."""
    studies = list(Study._base_manager.exclude(revision=F("settled_revision"))[:AT_ONCE])
    for study in studies:
        note_study(study)
    trees = list(Tree.objects.exclude(revision=F("settled_revision")).values_list("pk", "revision")[:AT_ONCE])
    for pk, revision in trees:
        _note_tree(pk, revision)


@transaction.atomic
def note_study(study: Study) -> None:
    """Note for every follower how far a study and its trees are; of one that is removed, nobody could find it out later."""
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


def _ask_anew(links: Iterable[int]) -> None:
    """Let mirrors that ask about a removal look at once whether it is still wanted: a study may be back.

    And what waits only for a look is sent at once.
    """
    links = list(links)
    asking = Link.objects.filter(state=Link.State.NEEDS_USER, reason=runner.PLANNED)
    asking.filter(pk__in=links).update(probe_at=clock.now())
    Link.objects.filter(pk__in=links, last_error__in=waiting.LOOKS).update(not_before=None)


def _note(link: int, kind: str, object_id: int, revision: int) -> None:
    """Raise the noted revision of one link; the taken one stays what it is."""
    row, is_new = Taken.objects.get_or_create(
        link_id=link, kind=kind, object_id=object_id, defaults={"noted_revision": revision}
    )
    if not is_new:
        Taken.objects.filter(pk=row.pk, noted_revision__lt=revision).update(noted_revision=revision)
        if row.is_released:
            Taken.objects.filter(pk=row.pk).update(is_released=False)
