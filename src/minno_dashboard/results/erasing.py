"""Erasing one participant for good: at once and without undo, with a receipt that holds nothing of the participant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection import places
from minno_dashboard.collection.data_folders import data_changed
from minno_dashboard.collection.models import (
    ClientError,
    ErasedSession,
    PersonalLink,
    QuarantinedBody,
    Session,
    Submission,
)
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, Invalid, NotFound
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.core.query_batches import in_portions
from minno_dashboard.results import data_requests
from minno_dashboard.results.deleting import SESSIONS_IN_A_PORTION, check_name, remove_sessions
from minno_dashboard.results.models import Erasure
from minno_dashboard.studies.models import Study

REFUSED_FOR = timedelta(days=60)
"""How long an erased session cannot begin again: longer than a launch token is valid."""
MAX_SESSIONS = 1000
"""More sessions than that are not one participant's."""


@dataclass(frozen=True, slots=True)
class Who:
    """How to find a participant; `parameter` names a URL parameter, "" for any."""

    found_by: Erasure.FoundBy
    value: str
    parameter: str = ""

    def matches(self, params: Mapping[str, object]) -> bool:
        """Return whether these URL parameters are the participant's."""
        return self.value in ([params.get(self.parameter)] if self.parameter else params.values())


@dataclass(frozen=True, slots=True)
class FoundParticipant:
    """The sessions and personal links that a study holds of one participant."""

    sessions: list[Session]
    links: list[PersonalLink]

    @property
    def size(self) -> int:
        """How many sessions and links there are, to notice that more came meanwhile."""
        return len(self.sessions) + len(self.links)

    def counts(self) -> dict[str, int]:
        """Return how many rows of each kind would be removed."""
        ids = [one.pk for one in self.sessions]
        return {
            "sessions": len(ids),
            "submissions": Submission.objects.filter(session__in=ids).count(),
            "quarantined": QuarantinedBody.objects.filter(session__in=ids).count(),
            "errors": ClientError.objects.filter(session_id__in=ids).count(),
            "links": len(self.links),
        }


def find_participant(study: Study, who: Who) -> FoundParticipant:
    """Return what a study holds of a participant, deleted sessions that can still come back too.

    Sessions that were started by the same personal link, or by the same known participant of an experiment, belong to
    the participant.

    Raises:
        Invalid: the value is empty, or it is that of more than a thousand sessions.
    """
    if not who.value:
        raise Invalid(gettext("Enter a value. Nothing was erased."))
    of_study = Session.objects.filter(experiment__study=study)
    links = PersonalLink.objects.filter(experiment__study=study)
    found, link_ids = _directly(who, of_study, links)
    _check_size(found)
    link_ids |= set(of_study.filter(pk__in=found).exclude(link=None).values_list("link", flat=True))
    same = Q(pk__in=found) | Q(link__in=link_ids)
    keys = of_study.filter(same).exclude(participant_key="").order_by()
    known: dict[int, set[str]] = defaultdict(set)
    for experiment, key in keys.values_list("experiment", "participant_key"):
        known[experiment].add(key)
    for experiment, of_experiment in known.items():
        _check_size(of_experiment)
        same |= Q(experiment=experiment, participant_key__in=of_experiment)
    wanted = of_study.filter(same).select_related("experiment").defer("study_state")
    sessions = list(wanted.order_by("started_at", "pk")[: MAX_SESSIONS + 1])
    _check_size([one.pk for one in sessions])
    link_ids |= {one.link_id for one in sessions if one.link_id is not None}
    return FoundParticipant(sessions, list(links.filter(pk__in=link_ids).order_by("pk")))


def _directly(
    who: Who, sessions: QuerySet[Session], links: QuerySet[PersonalLink]
) -> tuple[list[int], set[int]]:
    """Return the ids of the sessions and of the links that have the value themselves."""
    if who.found_by == Erasure.FoundBy.LABEL:
        return [], set(links.filter(label=who.value).values_list("pk", flat=True)[: MAX_SESSIONS + 1])
    if who.found_by == Erasure.FoundBy.SESSION:
        number = whole_number(who.value)
        return (
            [] if number is None else list(sessions.filter(pk=number).values_list("pk", flat=True))
        ), set()
    by_params = sessions.exclude(params={}).order_by().values_list("pk", "params").iterator()
    of_links = links.exclude(params={}).order_by().values_list("pk", "params").iterator()
    return [pk for pk, params in by_params if who.matches(params)], {
        pk for pk, params in of_links if who.matches(params)
    }


def _check_size(found: Collection[object]) -> None:
    if len(found) > MAX_SESSIONS:
        raise Invalid(
            gettext(
                "More than 1,000 sessions have this value, so it is not one participant's. Nothing was erased."
            )
        )


def erase_participant(*, study: Study, who: Who, size: int | None, typed_name: str, by: User) -> Erasure:
    """Remove everything that the study holds of one participant, and return the receipt.

    `size` is that of the participant that was shown to whoever confirms it.

    Raises:
        Invalid: the study's name was not typed, or the study has nothing of such a participant.
        Conflict: more or less is found than was shown.
    """
    check_name(study, typed_name)
    with transaction.atomic():
        for number in study.experiments.order_by("pk").values_list("pk", flat=True):
            places.lock_experiment(number)
        found = find_participant(study, who)
        if not found.size:
            raise Invalid(gettext("This study has nothing of such a participant. Nothing was erased."))
        if found.size != size:
            raise Conflict(
                gettext(
                    "What is found has changed meanwhile. Nothing was erased; look at it again and confirm again."
                )
            )
        counts = _remove(found)
        data_changed(study.pk, of_past_days=True)
        data_requests.remove_downloads(study)
        receipt = Erasure.objects.create(
            study=study,
            by=by,
            by_name=str(by)[:200],
            at=clock.now(),
            found_by=who.found_by,
            parameter=who.parameter,
            counts=counts,
        )
        record(
            actor=by,
            action=AuditAction.STUDY_ERASE_PARTICIPANT,
            target=study.name,
            study=study.public_id,
            receipt=receipt.pk,
            counts=counts,
        )
    return receipt


def _remove(found: FoundParticipant) -> dict[str, int]:
    """Remove the rows; the experiments of the study are locked, so that no session begins meanwhile."""
    ids, counts, now = [one.pk for one in found.sessions], Counter[str](), clock.now()
    ErasedSession.objects.bulk_create(
        [ErasedSession(session_id=pk, erased_at=now) for pk in ids], ignore_conflicts=True
    )
    for portion in in_portions(ids, SESSIONS_IN_A_PORTION):
        counts.update(remove_sessions(portion))
    counts["links"] = len(found.links)
    PersonalLink.objects.filter(pk__in=[one.pk for one in found.links]).delete()
    return dict(counts)


def get_receipt(study: Study, number: int) -> Erasure:
    """Return a receipt of a study.

    Raises:
        NotFound: the study has none of this number.
    """
    found = Erasure.objects.filter(study=study, pk=number).select_related("study").first()
    if found is None:
        raise NotFound(gettext("This study has no such receipt."))
    return found


def named_counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return how many rows of each kind, with the names of the kinds."""
    names = {
        "sessions": gettext("Sessions"),
        "submissions": gettext("Submissions"),
        "errors": gettext("Errors in the participant's browser"),
        "quarantined": gettext("Submissions that could not be read, kept aside"),
        "links": gettext("Personal links, with their labels"),
    }
    return [(name, counts.get(key, 0)) for key, name in names.items()]


def also_removed() -> list[str]:
    """Return what else goes with a participant, as sentences."""
    return [
        gettext("Downloads of this study that are ready on the server, of all participants: run them again."),
        gettext(
            "The participant's rows in the data files in Dropboxes: the files are written anew, usually within some minutes."
        ),
    ]


def not_erased() -> list[str]:
    """Return what an erasure does not reach, as sentences."""
    return [
        gettext(
            "Backups of the server that were made before. Whoever restores one must erase the participant again."
        ),
        gettext("Downloads and copies of data files that somebody has already saved."),
        gettext(
            "Earlier contents of the data files, which Dropbox keeps for 30 days or more. The owner of each Dropbox can delete them there."
        ),
        gettext(
            "Data folders that were moved to Deleted in a Dropbox because sending was stopped. They stay there for 90 days, unless somebody deletes them."
        ),
        gettext("What a recruitment platform, or a web server in front of the Dashboard, has recorded."),
        gettext("Notes on other sessions, and files of the study, that mention the participant."),
    ]


def receipt_text(receipt: Erasure) -> str:
    """Return a receipt as text."""
    found_by = str(Erasure.FoundBy(receipt.found_by).label)
    lines = [
        gettext("Receipt %(number)s: a participant was erased") % {"number": receipt.pk},
        "",
        f"{gettext('Study')}: {receipt.study.name} ({receipt.study.public_id})",
        f"{gettext('Time')}: {receipt.at:%Y-%m-%d %H:%M:%S} UTC",
        f"{gettext('By')}: {receipt.by_name}",
        f"{gettext('Found by')}: {found_by} {receipt.parameter}".rstrip(),
        "",
        gettext("Removed from the database:"),
        *(f"- {name}: {count}" for name, count in named_counts(receipt.counts)),
        "",
        gettext("Removed besides:"),
        *(f"- {one}" for one in also_removed()),
        "",
        gettext("Not erased:"),
        *(f"- {one}" for one in not_erased()),
        "",
        gettext("This receipt holds nothing of the participant."),
    ]
    return "\n".join(lines) + "\n"


def forget_erased_sessions() -> int:
    """Remove the numbers of erased sessions whose pages can no longer begin them; return how many."""
    return ErasedSession.objects.filter(erased_at__lte=clock.now() - REFUSED_FOR).delete()[0]
