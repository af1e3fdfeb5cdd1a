"""The commands of the package: studies in and out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user
from minno_dashboard.files import queries as files
from minno_dashboard.studies import exports, imports, players, queries
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.zip_names import NamesUndeclared

MAX_SHOWN = 100


@click.command("import-study")
@click.option("--owner", required=True, help="The user who will own the study: user name or email address.")
@click.option("--name", required=True, help="The new study's name.")
@click.option(
    "--kind",
    type=click.Choice(Study.Kind.values),
    show_default="recognised from the files",
    help="What plays the study.",
)
@click.option(
    "--zip-names",
    default="",
    metavar="ENCODING",
    help="The encoding of names in a zip that do not declare theirs (cp862, gb18030, …), or `auto` for the best guess.",
)
@click.argument("source", metavar="FOLDER_OR_ZIP", type=click.Path(exists=True, path_type=Path))
def import_study(owner: str, name: str, kind: str | None, zip_names: str, source: Path) -> None:
    """Make a study of everything in a folder, zip or tar; if anything in it is refused, nothing is imported.

    Files that systems leave by themselves (.DS_Store, Thumbs.db, ~$x.docx, …) are left out.
    """
    user = find_user(owner)
    try:
        imported = _imported(user, name, kind or "", zip_names, source)
    except NamesUndeclared as question:
        _show_guesses(question)
        if _hidden() or not question.guesses:
            raise
        known = click.Choice([one.encoding for one in question.guesses])
        zip_names = click.prompt("Encoding", type=known, default=question.guesses[0].encoding, err=True)
        imported = _imported(user, name, kind or "", zip_names, source)
    study = imported.study
    total = files.totals([version.tree_id for version in study.versions.all()])
    for one in total.values():
        click.echo(f"Imported {study.name}: {one.files} files, {one.bytes} bytes.")
    if not total:
        click.echo(f"Imported {study.name}: it is empty.")
    if litter := imported.litter:
        shown = ", ".join(litter[:3]) + (", …" if len(litter) > 3 else "")
        click.echo(f"Left out {len(litter)} files that systems leave by themselves: {shown}")


def _imported(user: User, name: str, kind: str, zip_names: str, source: Path) -> imports.ImportedStudy:
    try:
        with click.progressbar(
            length=_bytes_of(source), label="Storing", file=sys.stderr, hidden=_hidden()
        ) as bar:
            return imports.import_study(
                owner=user, name=name, source=source, kind=kind, progress=bar.update, zip_names=zip_names
            )
    except imports.ImportRefused as refusal:
        for problem in refusal.problems[:MAX_SHOWN]:
            click.echo(problem, err=True)
        if (more := len(refusal.problems) - MAX_SHOWN) > 0:
            click.echo(f"… and {more} more.", err=True)
        raise


def _show_guesses(question: NamesUndeclared) -> None:
    """Show how the names would read, so that one of the encodings can be chosen."""
    click.echo(f"{question} Give it as --zip-names ENCODING; the likeliest is first:", err=True)
    for guess in question.guesses:
        click.echo(f"  {guess.encoding:9} {guess.label}: {', '.join(guess.preview)}", err=True)


@click.command("export-study")
@click.option("--owner", required=True, help="The study's owner: user name or email address.")
@click.option("--name", required=True, help="The study's name.")
@click.option(
    "--version", "number", type=click.IntRange(min=1), help="A version's number; the newest without it."
)
@click.argument("target", metavar="TARGET.zip|FOLDER", type=click.Path(path_type=Path))
def export_study(owner: str, name: str, number: int | None, target: Path) -> None:
    """Write a study's files to a new zip or folder."""
    study = queries.own_study(find_user(owner), name)
    version = queries.get_version(study, number)
    size = sum(entry.size for entry in files.listing(version.tree))
    with click.progressbar(length=size, label="Writing", file=sys.stderr, hidden=_hidden()) as bar:
        done = exports.export_version(version=version, target=target, progress=bar.update)
    click.echo(f"Wrote {done.files} files of {study.name} {version} to {target}.")
    if done.damaged:
        click.echo("Left out, because their stored bytes are damaged; restore them from a backup:", err=True)
        for path in done.damaged:
            click.echo(path, err=True)
        sys.exit(1)


@click.command("install-player")
@click.argument("source", metavar="FOLDER_OR_ZIP", type=click.Path(exists=True, path_type=Path))
def install_player(source: Path) -> None:
    """Put the MinnoJS player in, from the folder dist/ of a release or a zip; an earlier one is replaced."""
    click.echo(f"The MinnoJS player is installed: {players.install(source)} files in {players.folder()}.")


def _hidden() -> bool:
    """Say whether nobody looks: a progress bar is for terminals only."""
    return not sys.stderr.isatty()


def _bytes_of(source: Path) -> int:
    """Estimate how many bytes will be stored, for the progress bar only."""
    if source.is_dir():
        return sum(path.lstat().st_size for path in source.rglob("*") if path.is_file())
    return source.stat().st_size


COMMANDS = [import_study, export_study, install_player]
