"""Personal links of an experiment: created in bulk, listed, revoked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import PersonalLink, Session
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.studies.experiments import record_change
from minno_dashboard.studies.models import Experiment

MAX_LINKS_AT_ONCE = 10_000
MAX_LABEL_CHARACTERS = 200
MAX_PARAMS_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Recipient:
    """The participant of a link: the researcher's own label, and URL parameters of the session."""

    label: str
    params: Mapping[str, str] = field(default_factory=dict)


def numbered(count: int) -> list[Recipient]:
    """Return recipients labelled 1, 2, 3 …

    Raises:
        Invalid: there are none, or too many at once.
    """
    _check_count(count)
    return [Recipient(str(number)) for number in range(1, count + 1)]


def read_csv(content: bytes) -> list[Recipient]:
    """Return the recipients that CSV names: a label in the first column; further columns are URL parameters.

    With further columns the first line holds their names. A first line that is just `label` is a heading, too.

    Raises:
        Invalid: it is not UTF-8 text, or a line cannot be read; that is named by its number.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(gettext("The CSV file is not UTF-8 text. No link was created.")) from error
    lines = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"))), 1)
        if any(cell.strip() for cell in row)
    ]
    names: list[str] = []
    if lines and (len(lines[0][1]) > 1 or lines[0][1][0].casefold() == "label"):
        names = lines.pop(0)[1][1:]
    _check_count(len(lines))
    return [_recipient(number, row, names) for number, row in lines]


def make_links(
    *, experiment: Experiment, recipients: Sequence[Recipient], is_resumable: bool, by: User
) -> list[PersonalLink]:
    """Create a link for each recipient; a resumable one opens the same session until it is finished."""
    now = clock.now()
    with transaction.atomic():
        made = PersonalLink.objects.bulk_create(
            PersonalLink(
                experiment=experiment,
                label=one.label,
                params=dict(one.params),
                is_resumable=is_resumable,
                created_at=now,
            )
            for one in recipients
        )
        record_change(
            AuditAction.STUDY_MAKE_PERSONAL_LINKS, experiment, experiment.study, by, links=len(made)
        )
    return made


def revoke_link(*, experiment: Experiment, link_id: int, by: User) -> PersonalLink:
    """Revoke a link: it starts or resumes no session; its data stay.

    Raises:
        NotFound: the experiment has no such link.
    """
    with transaction.atomic():
        link = PersonalLink.objects.select_for_update().filter(experiment=experiment, pk=link_id).first()
        if link is None:
            raise NotFound(gettext("This experiment has no such personal link."))
        if link.revoked_at is None:
            link.revoked_at = clock.now()
            link.save(update_fields=["revoked_at"])
            record_change(
                AuditAction.STUDY_REVOKE_PERSONAL_LINK, experiment, experiment.study, by, link=link.pk
            )
    return link


def links_of(experiment: Experiment) -> QuerySet[PersonalLink]:
    """Return an experiment's links in the order of their creation."""
    return PersonalLink.objects.filter(experiment=experiment).order_by("pk")


def counted_links(
    experiment: Experiment, links: Iterable[PersonalLink] | None = None
) -> list[tuple[PersonalLink, int]]:
    """Return links of an experiment (by default all), each with its number of sessions."""
    chosen = list(links_of(experiment) if links is None else links)
    sessions = Session.present.filter(experiment=experiment).exclude(link=None)
    if links is not None:
        sessions = sessions.filter(link__in=[one.pk for one in chosen])
    counts = dict(sessions.values_list("link").annotate(count=Count("pk")).order_by("link"))
    return [(one, counts.get(one.pk, 0)) for one in chosen]


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_LINKS_AT_ONCE:
        raise Invalid(
            gettext("Between 1 and %(most)s links can be created at once. None was created.")
            % {"most": MAX_LINKS_AT_ONCE}
        )


def _recipient(number: int, row: list[str], names: list[str]) -> Recipient:
    label, *values = row
    params = {name: value for name, value in zip(names, values, strict=False) if name and value}
    size = sum(len(name) + len(value) for name, value in params.items())
    too_long = len(label) > MAX_LABEL_CHARACTERS or size > MAX_PARAMS_CHARACTERS
    if too_long or len(values) > len(names) or "\0" in "".join(row):
        raise Invalid(
            gettext("Line %(number)s cannot be read as a label and its parameters. No link was created.")
            % {"number": number}
        )
    return Recipient(label, params)
