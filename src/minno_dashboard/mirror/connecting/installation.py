"""Which Dashboard may write into a Dropbox: a marker file in the Dropbox, and where our database is stored.

A copied database beside the one it was copied from would undo its changes for ever. Two things tell: the copy finds
itself in another place than the one it remembers; and whoever reads a marker that it did not write itself knows that
somebody else did. Either stops and asks; a person decides.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import connection

from minno_dashboard.core import clock, ids
from minno_dashboard.core.contenthash import Hasher
from minno_dashboard.core.names import fold
from minno_dashboard.jobs.lease import Lease
from minno_dashboard.mirror.dropbox_api.port import Port
from minno_dashboard.mirror.errors import NeedsUser, ParkItem
from minno_dashboard.mirror.known import journal_lag
from minno_dashboard.mirror.models import Link, RemoteNode
from minno_dashboard.mirror.planner import naming
from minno_dashboard.mirror.planner.model import MARKER as MARKER
from minno_dashboard.mirror.stored import Marker

ANOTHER, MOVED = "other_dashboard", "dashboard_moved"
QUESTIONS = (ANOTHER, MOVED)
"""Reasons for which a mirror waits until somebody says which Dashboard is to write."""
MAX_KNOWN = 8
MIN_EQUAL = 2
"""So much of a place must be as it was: a host is renamed, a folder moved, a container made anew."""
RENEW_EVERY, RENEW_AFTER_CHANGES = timedelta(days=1), timedelta(minutes=10)
ABOUT = "This file tells which Dashboard writes into this folder. Another Dashboard that finds it changed stops and asks."


@cache
def place() -> dict[str, str]:
    """Return an identification of the place of the database, made of what does not travel with a copy of it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_function_privilege('pg_control_system()', 'execute'), current_database()"
            )
            may_ask, name = cursor.fetchone()
            if may_ask:
                cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
                return {"cluster": cursor.fetchone()[0], "database": name}
        told = connection.settings_dict
        return {"cluster": f"{told['HOST']}:{told['PORT']}", "database": name}
    path, number = Path(str(connection.settings_dict["NAME"])), ""
    with suppress(OSError):
        number = str(path.stat().st_ino)
    return {"host": socket.gethostname(), "path": str(path.absolute()), "file": number}


def is_here(link: Link) -> bool:
    """Return whether the database is at the place from which it last wrote into this Dropbox."""
    before = (link.marker or {}).get("place")
    return before is None or sum(before.get(name) == value for name, value in place().items()) >= MIN_EQUAL


def check_place(link: Link) -> None:
    """Check that this database is at the place from which it last wrote.

    Raises:
        NeedsUser: it was copied, moved or brought back from a backup elsewhere.
    """
    if not is_here(link):
        raise NeedsUser(MOVED)


def check_marker(link: Link) -> None:
    """Check, after a listing was read, that nobody but us wrote the marker.

    Raises:
        NeedsUser: another Dashboard writes into this Dropbox.
    """
    marker: Marker = link.marker or {}
    there = _row(link)
    if there is None or there.content_hash in marker.get("known", []) or marker.get("takes_over"):
        return
    raise NeedsUser(ANOTHER)


def taking_over(link: Link, known: Sequence[str] = ()) -> Marker:
    """Return the marker of a link whose user has just chosen this Dashboard; it is written before anything else.

    `known` are hashes of markers that this Dashboard wrote into the same Dropbox for other users.
    """
    return {"known": [*known, *(link.marker or {}).get("known", [])], "takes_over": True}


def is_claim_due(link: Link, *, is_changed: bool) -> bool:
    """Return whether the marker must be written before anything else.

    With `is_changed`, something was found other than we left it: perhaps another Dashboard did that.
    """
    marker: Marker = link.marker or {}
    if "at" not in marker or _row(link) is None:
        return True
    since = clock.now() - datetime.fromisoformat(marker["at"])
    return not timedelta(0) <= since < (RENEW_AFTER_CHANGES if is_changed else RENEW_EVERY)


def claim(link: Link, port: Port, lease: Lease) -> None:
    """Write the marker again, in the place of exactly the revision that we know; where the Dropbox is full, no marker is written.

    What stands in its place and was not written by us is renamed aside: it may be the user's.

    Raises:
        Rescan: it is other than we know.
    """
    there, text = _row(link), _text()
    if there is not None and there.content_hash not in (link.marker or {}).get("known", []):
        _rename_aside(link, there, port, lease)
        there = None
    hasher = Hasher()
    hasher.update(text)
    known = [*(link.marker or {}).get("known", [])[1 - MAX_KNOWN :], hasher.dropbox_hash()]
    # Known before the call: also where its answer is lost, what stands there is ours.
    _save(link, lease, {**(link.marker or {}), "known": known})
    rev = "" if there is None else there.rev
    try:
        entry = port.upload(f"/{MARKER}", text, rev=rev, hash=known[-1])
    except ParkItem:
        return
    row = there or RemoteNode(link=link, name=MARKER, name_key=fold(MARKER))
    row.dropbox_id, row.rev = entry.id, entry.rev
    row.content_hash, row.size, row.is_folder = entry.content_hash, entry.size, False
    with lease.fenced():
        row.save()
        last = journal_lag.written(entry)
        Link.objects.filter(pk=link.pk).update(last_write=last)
    link.last_write = last
    _save(link, lease, {"known": known, "place": place(), "at": clock.now().isoformat()})


def _rename_aside(link: Link, row: RemoteNode, port: Port, lease: Lease) -> None:
    top = set(RemoteNode.objects.filter(link=link, parent=None).values_list("name_key", flat=True))
    day = f"{clock.now():%Y-%m-%d}"
    name = naming.aside(row.name, is_folder=row.is_folder, today=day, is_taken=top.__contains__)
    entry = port.move(f"/{MARKER}", f"/{name}")
    row.name, row.name_key, row.rev = name, fold(name), entry.rev
    with lease.fenced():
        row.save()


def _save(link: Link, lease: Lease, marker: Marker) -> None:
    with lease.fenced():
        Link.objects.filter(pk=link.pk).update(marker=marker)
    link.marker = marker


def _row(link: Link) -> RemoteNode | None:
    return RemoteNode.objects.filter(link=link, parent=None, name_key=fold(MARKER)).first()


def _text() -> bytes:
    told = {
        "about": ABOUT,
        "dashboard": settings.SERVER_URL,
        "written": clock.now().isoformat(timespec="seconds"),
        "mark": ids.secret_code(),
    }
    return (json.dumps(told, indent=2) + "\n").encode()
