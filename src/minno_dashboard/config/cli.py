"""The command `minno-dashboard`: serve, migrate, doctor, and the commands of the apps."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator

import click

APPS_WITH_COMMANDS = ("accounts", "studies", "runtime", "mirror", "results", "api", "operations")


class Commands(click.Group):
    """Prepares Django before any command is looked up, and shows refusals as one sentence."""

    def _load(self) -> None:
        if self.commands.get("migrate"):
            return
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minno_dashboard.config.settings")
        gc.disable()
        import django

        django.setup()
        from minno_dashboard.config import commands

        for command in (*commands.COMMANDS, *_app_commands()):
            self.add_command(command)
        gc.enable()
        gc.set_threshold(10_000)
        gc.freeze()  # what is loaded stays: nothing of it is garbage, now or later

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a refusal, or a database that is not ready, ends it with a sentence and exit status 1."""
        from django.db import DatabaseError

        from minno_dashboard.core.errors import Refused, Unavailable

        try:
            return super().invoke(ctx)
        except (Refused, Unavailable) as error:
            raise click.ClickException(str(error)) from error
        except DatabaseError as error:
            raise click.ClickException(
                f"The database of this Dashboard cannot be used ({error}). Nothing was changed. "
                "If it is new or of an older version, run: minno-dashboard migrate"
            ) from error


def _app_commands() -> Iterator[click.Command]:
    for app in APPS_WITH_COMMANDS:
        module = importlib.import_module(f"minno_dashboard.{app}.commands")
        yield from module.COMMANDS


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="minno-dashboard")
def main() -> None:
    """A dashboard for behavioural studies, with a proven mirror to every user's own Dropbox."""


if __name__ == "__main__":
    sys.exit(main())
