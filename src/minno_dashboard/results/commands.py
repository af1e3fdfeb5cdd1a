"""Commands of this app: `export-data`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from minno_dashboard.core.errors import NotFound, Unavailable
from minno_dashboard.results import selection
from minno_dashboard.results.exporting import Format, write_zip
from minno_dashboard.results.formats.typed_files import FormatMissing
from minno_dashboard.results.selection import Selection
from minno_dashboard.studies.models import Study

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


def _study(owner: str, name: str) -> Study:
    study = Study.objects.filter(owner__username=owner, name=name, deleted_at=None).first()
    if study is None:
        raise NotFound(f"There is no study “{name}” of “{owner}”. Nothing was written.")
    return study


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


@click.command("export-data")
@click.option("--owner", required=True, help="User name of the study's owner.")
@click.option("--study", required=True, help="Name of the study.")
@click.option("--format", "file_format", type=click.Choice([one.value for one in Format]), default="tidy")
@click.option("--since", type=_DAY, help="Only sessions that started at or after this moment (UTC).")
@click.option("--until", type=_DAY, help="Only sessions that started before this moment (UTC).")
@click.option("--version", "versions", type=int, multiple=True, help="Only this version; may be repeated.")
@click.option("--finished", is_flag=True, help="Only finished sessions.")
@click.option("--with-tests", is_flag=True, help="Also sessions marked as tests.")
@click.option("--split-by", default="taskName", help="classic: the column that cuts the data into files.")
@click.argument("out", metavar="OUT.zip", type=click.Path(path_type=Path, dir_okay=False))
def export_data(
    owner: str,
    study: str,
    file_format: str,
    since: datetime | None,
    until: datetime | None,
    versions: tuple[int, ...],
    finished: bool,
    with_tests: bool,
    split_by: str,
    out: Path,
) -> None:
    """Write participants' data of a study into OUT.zip, with a codebook."""
    chosen = Selection(
        study=_study(owner, study),
        version_numbers=versions,
        since=_utc(since),
        until=_utc(until),
        is_finished_only=finished,
        has_tests=with_tests,
    )
    total = selection.sessions_of(chosen).count()
    with click.progressbar(length=total, label="Sessions") as bar:
        try:
            outcome = write_zip(
                out,
                title=study,
                read=selection.read(chosen),
                file_format=Format(file_format),
                split_by=split_by,
                progress=lambda done: bar.update(1),
            )
        except (FormatMissing, OSError) as error:
            raise Unavailable(f"{out} was not written: {error}") from error
    click.echo(f"{outcome.sessions} sessions, {outcome.rows} rows: {out}")
    if outcome.problems:
        click.echo(f"{outcome.problems} submissions could not be read as rows; problems.jsonl holds them.")
    for note in outcome.notes:
        click.echo(note)


COMMANDS = [export_data]
