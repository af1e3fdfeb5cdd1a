"""Example studies that come with the product: shown to everybody, made one's own by one click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.contrib.staticfiles import finders
from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.files import services as files
from minno_dashboard.files import store
from minno_dashboard.files.models import Blob, Tree
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study

_FOLDER = Path(__file__).parent / "examples"
_JSPSYCH = ("jspsych.js", "jspsych.css", "plugin-html-keyboard-response.js", "LICENSE.txt")


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its folder, the study it becomes, and the built libraries that come into it."""

    slug: str
    name: str
    kind: str
    description: str
    libraries: tuple[str, ...] = ()

    @property
    def plays_with(self) -> str:
        """Return what plays it, as the page says it."""
        if self.libraries:
            return "jsPsych"
        return "MinnoJS" if self.kind == Study.Kind.MINNOJS else "Plain HTML"


EXAMPLES = (
    Example(
        "reaction-time",
        "Left or right",
        Study.Kind.HTML,
        "A reaction-time task without any library: press the key on the side of the arrow.",
    ),
    Example(
        "jspsych-reaction-time",
        "Circle or square",
        Study.Kind.HTML,
        "A reaction-time task with jsPsych: one key for circles, another for squares.",
        _JSPSYCH,
    ),
    Example(
        "association",
        "Flowers and insects",
        Study.Kind.MINNOJS,
        "An Implicit Association Test with MinnoJS: seven blocks, sides drawn at random, a score at the end.",
    ),
    Example(
        "questionnaire",
        "A day's mood",
        Study.Kind.MINNOJS,
        "A questionnaire with MinnoJS: each kind of question once, and a page that only some people see.",
    ),
    Example(
        "form",
        "A short form",
        Study.Kind.HTML,
        "Questions in plain HTML: the browser checks the answers, one row is sent.",
    ),
)


def get_example(slug: str) -> Example:
    """Return an example by the name of its folder.

    Raises:
        NotFound: there is no such example.
    """
    for example in EXAMPLES:
        if example.slug == slug:
            return example
    raise NotFound(gettext("There is no such example."))


def start_from_example(*, owner: User, slug: str = "") -> Study:
    """Make a study with the files of an example, the first one without `slug`, under the first free name.

    Raises:
        NotFound: there is no such example.
        Refused: a library that belongs into it was not built.
    """
    example = get_example(slug or EXAMPLES[0].slug)
    fill = _filler(example, owner)
    with transaction.atomic():
        return services.create_study(
            owner=owner,
            name=services.free_name(owner, example.name),
            kind=example.kind,
            description=example.description,
            fill=fill,
        )


def _filler(example: Example, owner: User) -> Callable[[Tree], None]:
    content: dict[tuple[str, ...], Blob] = {
        tuple(names.check_path(path.split("/"))): store.put(file.read_bytes())
        for path, file in files_of(example)
    }
    return lambda tree: files.fill_tree(tree=tree, files=content, by=owner)


def files_of(example: Example) -> Iterator[tuple[str, Path]]:
    """Yield the path of each file in the study, and where it lies.

    Raises:
        Refused: a library that belongs into it was not built.
    """
    folder = _FOLDER / example.slug
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield file.relative_to(folder).as_posix(), file
    for library in example.libraries:
        found = finders.find(f"build/jspsych/{library}")
        if not isinstance(found, str):
            raise Refused(
                gettext(
                    "jsPsych was not built into this Dashboard. Its administrator can build it: make setup."
                )
            )
        yield f"jspsych/{library}", Path(found)
