"""Third part of a run, prove: reads the Dropbox after the last write, and stores the proof that it holds everything."""

from __future__ import annotations

from datetime import timedelta

from minno_dashboard.core import clock
from minno_dashboard.mirror.models import Link, Parked, UploadSession
from minno_dashboard.mirror.running import free_space, manifest
from minno_dashboard.mirror.running.looking import DropboxReader
from minno_dashboard.mirror.running.run_context import RunContext
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.mirror.wanted import slice_reader
from minno_dashboard.mirror.wanted.deleted_folder import mirrored, not_deleted
from minno_dashboard.mirror.wanted.layout import Layout

PROOF_EVERY = timedelta(hours=1)


def prove(run: RunContext, reader: DropboxReader) -> bool:
    """Read from the cursor, if nothing was read since the last write, and store the time of the proof.

    Return whether nothing is left to do; while items are parked, that is no proof, and none is stored.

    Raises:
        MirrorError: the Dropbox cannot be read, or the user must answer a question.
    """
    if run.read_at is None:
        reader.read_changes()
    link = run.link
    if slice_reader.is_behind(link) or ledger.try_due_again(link, run.lease):
        return False
    if ledger.was_called_late(link):
        return False
    there = mirrored(link)
    with run.lease.fenced():
        _forget_parked(link)
        is_whole = not Parked.objects.filter(link=link).exists()
        if is_whole:
            free_space.forget_refusal(run)
            UploadSession.objects.filter(link=link).delete()
        proof = {
            "proven_at": run.read_at,
            "proven_files": there.files,
            "proven_bytes": there.bytes,
        }
        every = manifest.QUIET if manifest.is_stale(link) else PROOF_EVERY
        next_at = {"next_proof_at": clock.now() + every}
        Link.objects.filter(pk=link.pk).update(**next_at, **(proof if is_whole else {}))
    return True


def _forget_parked(link: Link) -> None:
    """Delete parked items that are not desired any more; a refused removal stays while its file exists."""
    parked = {one.identity for one in Parked.objects.filter(link=link)}
    if not parked:
        return
    layout = Layout(link.user)
    undesired = parked - layout.resolve(parked).keys()
    there = not_deleted(link, undesired) - layout.kept(undesired)
    Parked.objects.filter(link=link, identity__in=undesired - there).delete()
