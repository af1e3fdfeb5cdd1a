"""Which migrations a database has, and the tables that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, Model

from minno_dashboard.core.errors import Refused

Migration = tuple[str, str]
"""App label and name."""


class NewerDatabase(Refused):
    """The database or the archive has migrations that this version of the product does not know."""

    def __init__(self, what: str, unknown: Iterable[Migration]) -> None:
        names = ", ".join(f"{app} {name}" for app, name in sorted(unknown)[:3])
        super().__init__(
            f"{what} was written by a newer version of minno-dashboard ({names}). Nothing was changed. Start that"
            " version again; or, to go back to this one, restore the backup that was made before the upgrade"
            " (folder “backups” in the data folder) into an empty database."
        )


@dataclass(frozen=True)
class Table:
    """One table: its model as the migrations describe it, and its columns in a fixed order."""

    model: type[Model]
    fields: tuple[Field[Any, Any], ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.model._meta.db_table


def applied(using: str) -> set[Migration]:
    """Return the migrations that a database has.

    Raises:
        NewerDatabase: some are of a newer version of the product.
    """
    loader = MigrationLoader(connections[using])
    found = set(loader.applied_migrations or ())
    if unknown := unknown_migrations(loader, found):
        raise NewerDatabase("This database", unknown)
    return {one for one in found if one in loader.graph.nodes}


def unknown_migrations(loader: MigrationLoader, migrations: Iterable[Migration]) -> set[Migration]:
    """Return those of our apps' migrations that neither exist in this version nor were replaced in it."""
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update((app, name) for app, name in migration.replaces)
    ours = {config.label for config in installed.get_app_configs()}
    return {(app, name) for app, name in migrations if app in ours and (app, name) not in known}


def last_of_each_app(using: str, migrations: Iterable[Migration]) -> list[Migration]:
    """Return of a set of migrations those on which no other of the set depends: the state they lead to."""
    graph = MigrationLoader(connections[using]).graph
    chosen = set(migrations)
    return sorted(
        one for one in chosen if not any(child.key in chosen for child in graph.node_map[one].children)
    )


def tables(using: str, migrations: Iterable[Migration]) -> list[Table]:
    """Return the tables that a set of migrations leads to, in the order of their names."""
    loader = MigrationExecutor(connections[using]).loader
    state = loader.project_state(last_of_each_app(using, migrations))
    models = state.apps.get_models(include_auto_created=True)
    managed = [model for model in models if model._meta.managed and not model._meta.proxy]
    found = [Table(model, tuple(model._meta.concrete_fields)) for model in managed]
    return sorted(found, key=lambda table: table.name)


def migrate_to(using: str, migrations: Sequence[Migration]) -> None:
    """Bring a database exactly to a set of migrations."""
    executor = MigrationExecutor(connections[using])
    executor.migrate(last_of_each_app(using, migrations))
