"""The command that brings studies back from a user's Dropbox."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import click

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound, Refused, Unavailable
from minno_dashboard.core.names import fold
from minno_dashboard.jobs.lease import claim
from minno_dashboard.jobs.worker import owner_name
from minno_dashboard.mirror.models import Link, Restore, link_of
from minno_dashboard.mirror.pages import mirror_status
from minno_dashboard.mirror.restoring import restore as restoring
from minno_dashboard.mirror.restoring.inventory import FoundStudy
from minno_dashboard.mirror.running import due_links
from minno_dashboard.siteconfig import queries as siteconfig

LOOK_SECONDS = 0.5


@click.command("restore")
@click.option("--user", "name", required=True, help="User name or email address.")
@click.option(
    "--study", "wanted", default="", help="Its name, or its folder; without it, all that were not deleted."
)
@click.option("--wait", default=3600, show_default=True, help="Give up after so many seconds.")
def restore(name: str, wanted: str, wait: int) -> None:
    """Make new studies of those that lie in a user's Dropbox."""
    user = find_user(name)
    until = clock.now() + timedelta(seconds=wait)
    if not siteconfig.dropbox().is_enabled:
        raise Refused("Dropbox synchronization is switched off in Admin → Edit configuration.")
    link = _looked_into(user, until)
    if not link.may_read:
        raise Refused(
            f"{restoring.WHY_READ} {user.username} grants it in Settings → Dropbox → Restore a study from Dropbox."
        )
    rows = [restoring.ask(user=user, path=one.path) for one in _chosen(link, wanted)]
    _work_on(rows, until)
    ended = list(Restore.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))
    for row in ended:
        click.echo(f"{row.path}: {row.sentence} {row.files} files, {row.bytes} bytes.")
        for problem in row.problems:
            click.echo(f"  {problem}", err=True)
    if any(row.state != Restore.State.DONE or row.problems for row in ended):
        raise Refused("Not everything was restored.")


def _looked_into(user: User, until: datetime) -> Link:
    """Return the user's link once its Dropbox was listed."""
    pause, owner = threading.Event(), owner_name()
    while True:
        link = link_of(user)
        if link is None:
            raise NotFound(f"{user.username} is not connected with a Dropbox account.")
        if link.listed_at is not None:
            return link
        if link.state != Link.State.ACTIVE:
            raise Refused(mirror_status.badge(user).full)
        if clock.now() > until:
            raise Unavailable("Dropbox could not be listed yet. Run the command again.")
        due_links.note_changes()
        for due in due_links.due(user=user):
            if lease := claim(due, owner=owner, seconds=due_links.LEASE_SECONDS):
                due_links.run_claimed(due, lease)
        pause.wait(LOOK_SECONDS)


def _chosen(link: Link, wanted: str) -> list[FoundStudy]:
    """Return the studies that were named.

    Raises:
        NotFound: there is none.
    """
    found = restoring.studies_of(link)
    if not wanted:
        chosen = [one for one in found if not one.is_deleted]
    else:
        path = "/" + wanted.strip("/")
        chosen = [one for one in found if fold(one.path) == fold(path)]
        chosen = chosen or [one for one in found if fold(one.name) == fold(wanted)][:1]
    if not chosen:
        what = f"no study “{wanted}”" if wanted else "no study"
        raise NotFound(f"There is {what} in this Dropbox.")
    return chosen


def _work_on(rows: Sequence[Restore], until: datetime) -> None:
    """Restore here, or wait for the worker that claimed it, until all have ended."""
    pause, owner = threading.Event(), owner_name()
    mine = Restore.objects.filter(pk__in=[row.pk for row in rows])
    with click.progressbar(
        length=1000, label="Restoring", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        while still := list(mine.filter(state=Restore.State.OPEN).order_by("pk")):
            if clock.now() > until:
                raise Unavailable("Not all is restored yet; what was fetched is kept. Run the command again.")
            for row in still:
                is_due = row.not_before is None or row.not_before <= clock.now()
                if is_due and (lease := claim(row, owner=owner, seconds=restoring.LEASE_SECONDS)):
                    restoring.run(row.pk, lease)
                bar.update(1000 * (len(rows) - len(still)) // len(rows) - bar.pos)
            pause.wait(LOOK_SECONDS)
