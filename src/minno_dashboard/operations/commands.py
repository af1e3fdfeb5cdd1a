"""Commands of this app: `backup`, `backup-key`, `restore`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from django.conf import settings
from django.db.models import Sum

from minno_dashboard.files.models import Blob
from minno_dashboard.operations import backup as making
from minno_dashboard.operations import data_folder_lock, encryption, restoring

_FILE = click.Path(path_type=Path, dir_okay=False)
_EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)
_KEY_HELP = "The private key that opens encrypted backups (made by backup-key)."


@click.command()
@click.option("--encrypt-to", "recipients", multiple=True, metavar="age1…", help="Encrypt to this public key; may be repeated.")  # fmt: skip
@click.option("--since", type=_EXISTING, help="Leave out stored files that this earlier backup holds.")
@click.option("--key", "key_file", type=_EXISTING, help=_KEY_HELP)
@click.option("--database-only", is_flag=True, help="Leave out all stored files and the secret key.")
@click.argument("target", metavar="BACKUP", type=_FILE)
def backup(
    recipients: tuple[str, ...], since: Path | None, key_file: Path | None, database_only: bool, target: Path
) -> None:
    """Write everything into one archive while the Dashboard runs: database, stored files, secret key, player.

    Whoever has the archive has everything in it: keep it private, or encrypt it. With --since, restoring needs the
    earlier backup as well.
    """
    based_on = making.earlier(since, key_file) if since else None
    contents = making.BackupContents.DATABASE if database_only else making.BackupContents.EVERYTHING
    total = 0 if database_only else Blob.objects.aggregate(total=Sum("size"))["total"] or 0
    with (
        making.written_to(target, recipients) as sink,
        click.progressbar(length=total, label="Files", file=sys.stderr, hidden=_hidden()) as bar,
    ):
        report = making.back_up(sink, contents=contents, based_on=based_on, progress=bar.update)
    click.echo(f"{target}: {report.rows} rows, {report.files} files ({report.bytes} bytes).")
    if report.left_out:
        click.echo(f"{report.left_out} files are in earlier backups: keep {since} and what it is based on.")
    if report.damaged:
        click.echo(
            f"{len(report.damaged)} stored files are damaged or gone and could not be copied:", err=True
        )
        for sha256 in report.damaged:
            click.echo(sha256, err=True)
        sys.exit(1)


@click.command("backup-key")
@click.argument("file", type=_FILE)
def backup_key(file: Path) -> None:
    """Make a pair of keys for encrypted backups: FILE keeps the private one, the public one is printed.

    Keep FILE on another machine than this one: only restoring needs it.
    """
    click.echo(encryption.new_key(file))


@click.command()
@click.option("--key", "key_file", type=_EXISTING, help=_KEY_HELP)
@click.option("--check", is_flag=True, help="Read the backup and compare everything in it; write nothing.")
@click.argument("files", metavar="BACKUP [EARLIER …]", type=_EXISTING, nargs=-1, required=True)
def restore(key_file: Path | None, check: bool, files: tuple[Path, ...]) -> None:
    """Bring a backup back into an empty database, SQLite or PostgreSQL. Stop the Dashboard first.

    Its files go to where MINNO_BLOB_STORE points. Every row is read back and compared before anything is committed.
    """
    if check:
        report = restoring.check(files, key_file=key_file)
        click.echo(f"The backup of {report.made_at} is whole: {report.rows} rows, {report.files} files.")
    else:
        total = sum(file.stat().st_size for file in files)
        with (
            data_folder_lock.held(settings.DATA_DIR, "minno-dashboard restore"),
            click.progressbar(length=total, label="Files", file=sys.stderr, hidden=_hidden()) as bar,
        ):
            report = restoring.restore(files, key_file=key_file, progress=bar.update)
        click.echo(
            f"Restored the backup of {report.made_at}: {report.rows} rows, {report.files} files brought back."
        )
    if report.damaged:
        click.echo(
            f"{report.damaged} files were damaged already when the backup was made; run: minno-dashboard doctor --verify"
        )


def _hidden() -> bool:
    return not sys.stderr.isatty()


COMMANDS = (backup, backup_key, restore)
