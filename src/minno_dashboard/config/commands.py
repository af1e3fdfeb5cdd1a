"""Commands of the installation as a whole: `serve`, `migrate`, `doctor`, `move-database`."""

from __future__ import annotations

import sys

import click
from django.conf import settings

from minno_dashboard.config import doctor as health
from minno_dashboard.config import env, migrating, server
from minno_dashboard.operations import data_folder_lock, moving_database


@click.command()
def migrate() -> None:
    """Bring the database up to this version of the product."""
    migrating.migrate(verbosity=1)


@click.command()
@click.option("--only", type=click.Choice(server.PARTS), help="Start one part alone.")
def serve(only: str | None) -> None:
    """Start the Dashboard: pages, participants' pages and the worker (or one of them), after bringing the database up to date."""
    if server.is_child():  # its parent holds the lock, and so does this process
        _serve(only, lock=None)
        return
    command = f"minno-dashboard serve{f' --only {only}' if only else ''}"
    with data_folder_lock.held(settings.DATA_DIR, command, is_shared=only is not None) as lock:
        _serve(only, lock)


def _serve(only: str | None, lock: int | None) -> None:
    migrating.migrate(verbosity=0)
    if only == "worker":
        server.work()
        return
    _greet()
    server.serve(server.PARTS if only is None else (only,), lock=lock)


def _greet() -> None:
    from minno_dashboard.accounts.first_admin import ensure_first_admin

    if password := ensure_first_admin():
        click.echo("")
        click.echo("  The first user was made. Log in and choose a password of your own:")
        click.echo("      user name:  admin")
        click.echo(f"      password:   {password}")
        click.echo("  This password is shown only now.")
        click.echo("")
    click.echo(f"  minno-dashboard listens on {settings.HOST}, port {settings.PORT}: {settings.SERVER_URL}")
    click.echo("  Ctrl-C stops it.")
    sys.stdout.flush()


@click.command()
@click.option(
    "--verify", is_flag=True, help="Read all stored files and compare them with their SHA-256 first."
)
def doctor(verify: bool) -> None:
    """Look the installation over: settings, database, stored files, keys, worker. Exit status 1 on any problem."""
    if verify:
        health.verify()
    findings = health.examine()
    for finding in findings:
        click.echo(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.subject}: {finding.sentence}")
    if not all(finding.is_well for finding in findings):
        sys.exit(1)


@click.command("move-database")
@click.argument("url", metavar="DATABASE_URL")
def move_database(url: str) -> None:
    """Copy all rows to an empty database, SQLite or PostgreSQL, and compare them. Stop the Dashboard first.

    DATABASE_URL is written as the variable of that name; sqlite:///PATH for SQLite. Afterwards set the variable to it
    and start the Dashboard again; the old database is not changed.
    """
    target = env.database_at(url, settings.DATA_DIR)
    with data_folder_lock.held(settings.DATA_DIR, "minno-dashboard move-database"):
        copied = moving_database.move_database(
            target, progress=lambda table: click.echo(f"  {table}", err=True)
        )
    click.echo(
        f"{copied} rows copied and compared. Now set DATABASE_URL to it and start the Dashboard again."
    )


COMMANDS = (migrate, serve, doctor, move_database)
