"""The commands of the package: experiments from the command line."""

from __future__ import annotations

from typing import BinaryIO

import click

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user
from minno_dashboard.collection import personal_links
from minno_dashboard.core import names
from minno_dashboard.core.errors import NotFound
from minno_dashboard.files import queries as files
from minno_dashboard.runtime.launching import launch_address, links_csv
from minno_dashboard.studies import experiments, queries
from minno_dashboard.studies.experiment_files import file_of
from minno_dashboard.studies.models import Experiment, Study

_owner = click.option("--owner", required=True, help="The study's owner: user name or email address.")
_study = click.option("--study", "study_name", required=True, help="The study's name.")


@click.group("experiment")
def experiment() -> None:
    """Make files of a study launchable for participants, list them and close them."""


@experiment.command("add")
@_owner
@_study
@click.option("--file", "path", required=True, help="The file's path in the newest version.")
@click.option(
    "--name", default="", help="The descriptive ID; without it, the file's name without its ending."
)
def add(owner: str, study_name: str, path: str, name: str) -> None:
    """Make a file an experiment; the last line printed is its launch address alone."""
    user, study = _find(owner, study_name)
    version = queries.newest_version(study)
    node = files.node_at(tree=version.tree, path=path)
    if node is None or node.is_folder:
        raise NotFound(f"There is no file {names.quoted(path)} in {version} of {study.name}.")
    there = experiments.open_experiment_of(node)
    if there is not None and name in ("", there.name):
        click.echo(f"{path} already is the experiment {there.name}.")
        made = there
    else:
        made = experiments.add_experiment(study=study, version=version, node=node, by=user, name=name)
        click.echo(f"{path} of {study.name} {version} is the experiment {made.name}.")
    click.echo(launch_address(made, version))


@experiment.command("list")
@_owner
@_study
def list_(owner: str, study_name: str) -> None:
    """List a study's experiments: open or closed, descriptive ID, file and launch address, separated by tabs."""
    _, study = _find(owner, study_name)
    version = queries.newest_version(study)
    for one in experiments.experiments_of(study):
        node = file_of(one, version)
        state = "closed" if one.closed_at else "open"
        click.echo(
            "\t".join([state, one.name, files.path_of(node) if node else "", launch_address(one, version)])
        )


@experiment.command("close")
@_owner
@_study
@click.option("--name", required=True, help="The descriptive ID.")
def close(owner: str, study_name: str, name: str) -> None:
    """Close an experiment: its launch links start no session any more."""
    user, study = _find(owner, study_name)
    found = _open_experiment(study, name)
    experiments.close_experiment(experiment=found, by=user)
    click.echo(f"The experiment {found.name} is closed. Sessions that run can finish.")


@experiment.command("links")
@_owner
@_study
@click.option("--name", required=True, help="The descriptive ID.")
@click.option("--count", type=int, default=0, help="Create so many links, labelled 1, 2, 3 …")
@click.option("--labels", type=click.File("rb"), help="Create a link for each line of a CSV file.")
@click.option("--resumable", is_flag=True, help="The new links continue their session until it is finished.")
def links(
    owner: str, study_name: str, name: str, count: int, labels: BinaryIO | None, resumable: bool
) -> None:
    """Create personal links if asked, and print all links that are not revoked as CSV."""
    user, study = _find(owner, study_name)
    found = _open_experiment(study, name)
    recipients = [
        *(personal_links.numbered(count) if count else []),
        *(personal_links.read_csv(labels.read()) if labels else []),
    ]
    if recipients:
        personal_links.make_links(experiment=found, recipients=recipients, is_resumable=resumable, by=user)
    click.echo(links_csv(found, queries.newest_version(study)), nl=False)


def _open_experiment(study: Study, name: str) -> Experiment:
    found = Experiment.objects.filter(study=study, name=name, closed_at=None).select_related("study").first()
    if found is None:
        raise NotFound(f"{study.name} has no open experiment {names.quoted(name)}.")
    return found


def _find(owner: str, study_name: str) -> tuple[User, Study]:
    user = find_user(owner)
    return user, queries.own_study(user, study_name)


COMMANDS = [experiment]
