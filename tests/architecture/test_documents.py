"""The document of the architecture tells of what there is: its names can be imported, its picture has no circle."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from tools import architecture

WALKS = ("The way of a saved file", "The way of a Dropbox account")
NAME = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
FILE = re.compile(r"`((?:frontend|src)/[\w./]+)`")


def walk(title: str) -> str:
    text = architecture.PAGE.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def found(name: str) -> Any:
    """Import the longest part of a name that is a module, and look up the rest in it."""
    parts = f"minno_dashboard.{name}".split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            thing = getattr(thing, attribute)
        return thing
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("title", WALKS)
def test_every_name_of_a_walk_is_there(title: str) -> None:
    names = NAME.findall(walk(title))
    assert len(names) >= 10
    for name in names:
        assert found(name) is not None
    for file in FILE.findall(walk(title)):
        assert (architecture.ROOT / file).is_file()


def test_names_that_are_not_there_are_not_found() -> None:
    with pytest.raises(AttributeError):
        found("mirror.connecting.oauth.no_such_step")
    with pytest.raises(AttributeError):
        found("mirror.no_such_package.step")


def test_arrows_that_follow_from_others_are_left_out_and_a_circle_is_refused() -> None:
    none: frozenset[str] = frozenset()
    imports = {"a": frozenset("bc"), "b": frozenset("c"), "c": none}
    assert architecture.rows(imports) == [["a"], ["b"], ["c"]]
    assert architecture.without_implied(imports) == {"a": ["b"], "b": ["c"], "c": []}
    with pytest.raises(architecture.Circle, match="a, b"):
        architecture.rows({"a": frozenset("b"), "b": frozenset("a"), "c": none})
