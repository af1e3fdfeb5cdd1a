"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ALL_CODE = sorted(path for folder in ("src", "tests", "tools") for path in (ROOT / folder).rglob("*.py"))
# Django finds these classes by their name. Classes inside another one (`Meta`, `Session.State`) are called with the outer name.
NAMED_BY_DJANGO = {"Migration", "Command"}
FORBIDDEN_NAMES = {"utils", "helpers", "managers", "misc", "common"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT / "src"))


def own(path: Path) -> bool:
    return "migrations" not in path.parts


def test_every_module_begins_with_a_sentence() -> None:
    silent = [
        relative(path)
        for path in SOURCES
        if own(path)
        and path.stat().st_size
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    assert [relative(path) for path in SOURCES if path.stem in FORBIDDEN_NAMES] == []


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for path in ALL_CODE:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def calls(path: Path, *names: str) -> list[str]:
    """Find calls written exactly as `module.function` in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            written = ast.unparse(node.func)
            if written in names:
                found.append(f"{relative(path)}:{node.lineno} {written}")
    return found


def test_only_the_clock_asks_what_time_it_is() -> None:
    asked = [
        line
        for path in SOURCES
        if own(path)
        and path.parts[-3:] != ("minno_dashboard", "core", "clock.py")
        and "minno_dashboard" in path.parts
        for line in calls(path, "datetime.now", "datetime.utcnow", "time.time", "timezone.now", "date.today")
    ]
    assert asked == []


def test_nothing_in_the_product_sleeps() -> None:
    asleep = [
        line for path in SOURCES if "minno_dashboard" in path.parts for line in calls(path, "time.sleep")
    ]
    assert asleep == []


def test_only_one_package_talks_to_dropbox() -> None:
    package = ("minno_dashboard", "mirror", "dropbox_api")
    talking = [
        relative(path)
        for path in SOURCES
        if "minno_dashboard" in path.parts
        and path.relative_to(ROOT / "src").parts[:3] != package
        and re.search(
            r"dropboxapi\.com|^\s*(import dropbox\b|from dropbox\b)", path.read_text(encoding="utf-8"), re.M
        )
    ]
    assert talking == []


def test_the_product_and_the_simulator_do_not_know_each_other() -> None:
    mixed = []
    for path in SOURCES:
        other = "dropbox_simulator" if "minno_dashboard" in path.parts else "minno_dashboard"
        text = path.read_text(encoding="utf-8")
        if f"import {other}" in text or f"from {other}" in text:
            mixed.append(relative(path))
    assert mixed == []


def test_the_mirror_types_everything_but_what_the_sdk_hands_in() -> None:
    mirror = ROOT / "src/minno_dashboard/mirror"
    untyped = [
        relative(path)
        for path in sorted(mirror.rglob("*.py"))
        if own(path)
        and mirror / "dropbox_api" not in path.parents
        and any(
            isinstance(node, ast.Name) and node.id == "Any"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert untyped == []
