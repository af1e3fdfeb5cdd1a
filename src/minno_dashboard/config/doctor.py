"""Checks an installation and reports in sentences."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from minno_dashboard.accounts.models import SecondFactor
from minno_dashboard.config import env
from minno_dashboard.core import clock, ids
from minno_dashboard.core.errors import Refused, Unavailable
from minno_dashboard.files import store, verification
from minno_dashboard.jobs import queries as jobs
from minno_dashboard.mirror.models import Link
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.sealing import SealBroken, unseal
from minno_dashboard.studies.damaged_files import damaged_files

ENOUGH_BYTES = 1 << 30
MAX_NAMED = 50
PATIENCE = timedelta(minutes=15)
"""A worker looks twice a second; but its lanes may be full for a while."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    subject: str
    is_well: bool
    sentence: str


def examine() -> list[Finding]:
    """Run all checks; a check that fails is itself a finding."""
    looks: list[tuple[str, Callable[[], Finding]]] = [
        ("public address", _address),
        ("database", _database),
        ("stored files", _store),
        ("private folder", _privacy),
        ("damaged files", _damage),
        ("disk", _disk),
        ("sealed secrets", _seals),
        ("worker", _worker),
    ]
    findings = []
    for subject, look in looks:
        try:
            findings.append(look())
        except (DatabaseError, OSError, Refused, Unavailable, ImproperlyConfigured) as error:
            findings.append(Finding(subject, False, str(error)))
    return findings


def _address() -> Finding:
    parts = urlsplit(settings.SERVER_URL)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return Finding(
            "public address",
            False,
            f"{settings.SERVER_URL} sends passwords in clear. Set MINNO_SERVER_URL to https.",
        )
    return Finding("public address", True, settings.SERVER_URL)


def _privacy() -> Finding:
    folder = Path(settings.DATA_DIR)
    if os.name == "nt":
        return Finding("private folder", True, f"{folder} (Windows: not looked at)")
    if stat.S_IMODE(folder.stat().st_mode) & env.OTHERS_MAY:
        return Finding(
            "private folder",
            False,
            f"Other users of this machine can look into {folder}. Run, as its owner: chmod 700 {folder}",
        )
    return Finding("private folder", True, f"only its owner can look into {folder}")


def _database() -> Finding:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return Finding(
            "database", False, f"{len(waiting)} migrations are waiting. Run: minno-dashboard migrate"
        )
    return Finding("database", True, f"{connection.vendor}, up to date")


def _store() -> Finding:
    probe = f"doctor {ids.public_id()}".encode()
    blob = store.put(BytesIO(probe))
    if store.read_verified(blob) != probe:
        return Finding("stored files", False, f"What was written to {settings.BLOB_STORE} did not come back.")
    return Finding("stored files", True, settings.BLOB_STORE)


def verify() -> None:
    """Read and compare all stored bytes; damage is recorded, and `examine` reports it."""
    for _ in verification.verify_all():
        pass


def _damage() -> Finding:
    if lines := damaged_files():
        return Finding(
            "damaged files",
            False,
            f"{len(lines)} files are damaged in the store. Restore them from a backup of {settings.BLOB_STORE},"
            " or upload the same files again: "
            + "; ".join(lines[:MAX_NAMED])
            + (f"; and {len(lines) - MAX_NAMED} more" if len(lines) > MAX_NAMED else ""),
        )
    return Finding("damaged files", True, "none known; doctor --verify reads and compares all of them")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.DATA_DIR).free
    return Finding("disk", free > ENOUGH_BYTES, f"{free / (1 << 30):.1f} GiB free where the data live")


def _seals() -> Finding:
    links = [link.sealed_refresh_token for link in Link.objects.exclude(sealed_refresh_token="")]
    broken = sum(not _opens(partial(unseal, sealed)) for sealed in links)
    sentences = []
    if not _opens(siteconfig.dropbox().app_secret):
        sentences.append("The app secret of Dropbox cannot be opened with this secret key: type it again.")
    if not _opens(siteconfig.mail().password):
        sentences.append("The password of the mail server cannot be opened: type it again.")
    if broken:
        sentences.append(
            f"{broken} Dropbox links cannot be opened with this secret key. Their users must reconnect."
        )
    apps = [factor.sealed for factor in SecondFactor.objects.exclude(confirmed_at=None)]
    if closed := sum(not _opens(partial(unseal, sealed)) for sealed in apps):
        sentences.append(
            f"Two-step login of {closed} users takes recovery codes only, until it is turned off for them."
        )
    if sentences:
        return Finding("sealed secrets", False, " ".join(sentences))
    return Finding("sealed secrets", True, "all can be opened with this installation's secret key")


def _opens(unsealed: Callable[[], str]) -> bool:
    try:
        unsealed()
    except SealBroken:
        return False
    return True


def _worker() -> Finding:
    last, due = jobs.last_sign_of_life(), jobs.oldest_due()
    if due and clock.now() - due > PATIENCE:
        return Finding(
            "worker",
            False,
            f"Work has been due since {due:%Y-%m-%d %H:%M} UTC, so no worker seems to run. Run: minno-dashboard serve",
        )
    return Finding("worker", True, f"last done {last:%Y-%m-%d %H:%M} UTC" if last else "has not run yet")
