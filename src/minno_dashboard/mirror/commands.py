"""The commands of the package: run one user's mirror now, and say how it stands."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from django.db import connection

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused, Unavailable
from minno_dashboard.jobs.lease import claim
from minno_dashboard.jobs.worker import owner_name
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import services
from minno_dashboard.mirror.models import Link
from minno_dashboard.mirror.pages import mirror_status
from minno_dashboard.mirror.pages.mirror_status import MirrorStatus
from minno_dashboard.mirror.restore_commands import restore
from minno_dashboard.mirror.running import due_links
from minno_dashboard.mirror.wanted import slice_reader
from minno_dashboard.siteconfig import queries as siteconfig

LOOK_SECONDS = 0.5


@click.group("mirror")
def mirror() -> None:
    """The copy of a user's studies in their Dropbox."""


@mirror.command("sync")
@click.option("--user", "name", required=True, help="User name or email address.")
@click.option("--wait", default=600, show_default=True, help="Give up after so many seconds.")
def sync(name: str, wait: int) -> None:
    """Mirror one user's studies until they are proven, or until only a person can help."""
    user = find_user(name)
    until = clock.now() + timedelta(seconds=wait)
    _check_enabled()
    _want_a_proof(user)
    pause = threading.Event()
    owner = owner_name()
    with _progress(user):
        while not _is_done(user):
            if clock.now() > until:
                raise Unavailable("The mirror is not done yet; what is done stays. Run the command again.")
            if not _run_once(user, owner):
                pause.wait(LOOK_SECONDS)
    status = mirror_status.status(user)
    click.echo(f"Proven: {status['files']} files, {status['bytes']} bytes.")


@contextmanager
def _progress(user: User) -> Iterator[None]:
    """Show on a terminal, while runs are at work, how much of what should be in the Dropbox is there."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    with click.progressbar(length=100, label="Mirroring", file=sys.stderr) as bar:

        def watch() -> None:
            while not done.wait(LOOK_SECONDS):
                bar.update(_share(mirror_status.status(user)) - bar.pos)
            connection.close()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
        bar.update(100 - bar.pos)


def _share(status: MirrorStatus) -> int:
    """Return the percentage of a mirror that is there, by what `mirror status` says."""
    total = status["files"] + status["pending"]
    return int(100 * status["files"] / total) if total else 100


def _check_enabled() -> None:
    if not siteconfig.dropbox().is_enabled:
        raise Refused("Dropbox synchronization is switched off in Admin → Edit configuration.")


def _want_a_proof(user: User) -> None:
    """Ask for a proof where nothing is on its way; what is on its way ends with one by itself."""
    due_links.note_changes()
    for link in Link.objects.filter(backoff.IS_WORKING, user=user):
        if not slice_reader.is_behind(link):
            Link.objects.filter(pk=link.pk).update(needs_reading=True)


def _run_once(user: User, owner: str) -> bool:
    """Do one run of this user's mirror if nobody else is at it; answer whether there was one."""
    due_links.note_changes()
    for link in due_links.due(user=user):
        if lease := claim(link, owner=owner, seconds=due_links.LEASE_SECONDS):
            due_links.run_claimed(link, lease)
            return True
    return False


def _is_done(user: User) -> bool:
    """Say whether the mirror is proven.

    Raises:
        Refused: nothing is linked, or a person must help first.
    """
    status = mirror_status.status(user)
    state = status["state"]
    if state == "off":
        raise Refused(f"{user.username} is not connected to a Dropbox account.")
    if state in ("needs_user", "needs_admin") or status["parked"]:
        raise Refused(mirror_status.badge(user).full)
    is_open = Link.objects.filter(user=user, needs_reading=True).exists()
    return bool(state == "proven" and not is_open)


@mirror.command("status")
@click.option("--user", "name", required=True, help="User name or email address.")
@click.option("--json", "as_json", is_flag=True, help="Print an object for programs.")
def status_(name: str, as_json: bool) -> None:
    """Say how one user's mirror stands."""
    user = find_user(name)
    if as_json:
        click.echo(json.dumps(mirror_status.status(user), ensure_ascii=False, indent=2))
    else:
        click.echo(mirror_status.badge(user).full)


@mirror.command("use-here")
@click.option("--user", "name", help="Only this user's; else everybody's.")
def use_here(name: str | None) -> None:
    """After a move, or a restored backup: let this Dashboard write where it stopped to ask which one may."""
    links = Link.objects.filter(user=find_user(name)) if name else Link.objects.all()
    count = services.use_here(links)
    click.echo(f"{count} {'mirror goes' if count == 1 else 'mirrors go'} on from here.")


mirror.add_command(restore)
COMMANDS = (mirror,)
