"""Example studies that come with the product, to start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from minno_dashboard.accounts.models import User
from minno_dashboard.files import services as files
from minno_dashboard.files.models import Tree
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.queries import Which, studies_of

_FOLDER = Path(__file__).parent / "examples"
EXAMPLE = "reaction-time"
EXAMPLE_NAME = "Left or right"


def start_from_example(*, owner: User) -> Study:
    """Make a study with the files of the example, under the first free name."""
    taken = {row.study.name for row in studies_of(owner, which=Which.MINE)}
    taken |= {row.study.name for row in studies_of(owner, which=Which.ARCHIVED)}
    name, number = EXAMPLE_NAME, 1
    while name in taken:
        number += 1
        name = f"{EXAMPLE_NAME} ({number})"
    return services.create_study(
        owner=owner,
        name=name,
        kind=Study.Kind.HTML,
        description="An example to change: press the key on the side of the circle.",
        fill=_filler(_FOLDER / EXAMPLE, owner),
    )


def _filler(folder: Path, owner: User) -> Callable[[Tree], None]:
    def fill(tree: Tree) -> None:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            files.write_file(
                tree=tree,
                by=owner,
                source=file.read_bytes(),
                expected_blob=None,
                path=file.relative_to(folder).as_posix(),
            )

    return fill
