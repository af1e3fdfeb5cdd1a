"""Draw `docs/images/architecture.svg` from the imports there are: `python -m tools.architecture`; `--check` only compares.

The same packages are written as tables into `docs/architecture.md`. A box is a package with the first sentence of its
docstring; an arrow goes from who imports to what is imported. Arrows that follow from others are left out. Packages
that import each other in a circle end the command with an error.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/architecture.svg"
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- packages: written by python -m tools.architecture -->", "<!-- end of packages -->"
COMMAND = "python -m tools.architecture"
WIDTH, MARGIN, GAP, ROW_GAP = 960, 16, 14, 34
PADDING, NAME_HEIGHT, LINE_HEIGHT = 10, 18, 15
WIDEST, LETTER = 340, 6.7
"""The widest box, and about how wide a letter of its sentence is."""

Imports = Mapping[str, frozenset[str]]
"""Package → the packages that it imports."""


class Circle(Exception):
    """Packages import each other in a circle."""


@dataclass(frozen=True)
class Box:
    """A package on the picture: where it stands and the lines of its sentence."""

    name: str
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


def imports_between(graph: grimp.ImportGraph, parent: str) -> dict[str, frozenset[str]]:
    """Return what the packages inside a package import of each other."""
    packages = {name for name in graph.find_children(parent) if _file(name).name == "__init__.py"}
    packages = {name for name in packages if not name.endswith(".migrations")}
    found: dict[str, set[str]] = {name: set() for name in packages}
    for package in packages:
        for module in {package} | graph.find_descendants(package):
            for imported in graph.find_modules_directly_imported_by(module):
                target = ".".join(imported.split(".")[: parent.count(".") + 2])
                if target in packages and target != package:
                    found[package].add(target)
    return {name: frozenset(targets) for name, targets in found.items()}


def _file(module: str) -> Path:
    place = ROOT / "src" / module.replace(".", "/")
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def first_sentence(module: str) -> str:
    """Return the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(_file(module).read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def levels(imports: Imports) -> dict[str, int]:
    """Tell how high each package stands: one above the highest that it imports.

    Raises:
        Circle: there is none that could stand at the bottom.
    """
    found: dict[str, int] = {}
    while len(found) < len(imports):
        ready = [name for name in imports if name not in found and imports[name] <= found.keys()]
        if not ready:
            raise Circle(", ".join(sorted(imports.keys() - found.keys())))
        for name in ready:
            found[name] = 1 + max((found[target] for target in imports[name]), default=-1)
    return found


def without_implied(imports: Imports) -> dict[str, list[str]]:
    """Return the imports that do not follow from others."""

    def reached(name: str) -> frozenset[str]:
        return imports[name].union(*(reached(target) for target in imports[name]))

    return {
        name: sorted(t for t in targets if not any(t in reached(other) for other in targets - {t}))
        for name, targets in imports.items()
    }


def rows(imports: Imports) -> list[list[str]]:
    """Put the packages into rows, the highest first, each below those that import it."""
    height, arrows = levels(imports), without_implied(imports)
    found: list[list[str]] = []
    place: dict[str, float] = {}
    for level in range(max(height.values()), -1, -1):

        def above(name: str) -> float:
            importers = [place[other] for other in arrows if name in arrows[other] and other in place]
            return sum(importers) / len(importers) if importers else -1.0

        row = sorted(
            (name for name in imports if height[name] == level), key=lambda name: (above(name), name)
        )
        place.update({name: (index + 0.5) / len(row) for index, name in enumerate(row)})
        found.append(row)
    return found


def panel(imports: Imports, top: float) -> tuple[list[str], float]:
    """Draw packages and their imports below `top`; return the elements and where they end."""
    boxes: dict[str, Box] = {}
    y = top
    for row in rows(imports):
        width = min(WIDEST, (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row))
        left = (WIDTH - width * len(row) - GAP * (len(row) - 1)) / 2
        letters = int((width - 2 * PADDING) / LETTER)
        texts = {name: tuple(textwrap.wrap(first_sentence(name), letters)) for name in row}
        height = 2 * PADDING + NAME_HEIGHT + LINE_HEIGHT * max(map(len, texts.values())) - 4
        for index, name in enumerate(row):
            boxes[name] = Box(name, texts[name], left + index * (width + GAP), y, width, height)
        y += height + ROW_GAP
    arrows = [
        _arrow(boxes[name], boxes[target])
        for name, targets in sorted(without_implied(imports).items())
        for target in targets
    ]
    return [*arrows, *(_drawn(box) for box in boxes.values())], y - ROW_GAP


def _arrow(source: Box, target: Box) -> str:
    x1, y1 = source.x + source.width / 2, source.y + source.height
    x2, y2 = target.x + target.width / 2, target.y - 2
    bend = (y2 - y1) / 2
    return f'<path class="arrow" d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"/>'


def _drawn(box: Box) -> str:
    x, y = box.x + PADDING, box.y + PADDING + 11
    lines = "".join(
        f'<text x="{x:.0f}" y="{y + NAME_HEIGHT + index * LINE_HEIGHT:.0f}">{escape(line)}</text>'
        for index, line in enumerate(box.lines)
    )
    name = box.name.rpartition(".")[2]
    return (
        f'<g><rect class="box" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="6"/>'
        f'<text class="name" x="{x:.0f}" y="{y:.0f}">{escape(name)}</text>{lines}</g>'
    )


STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#343a40}.title{font-size:15px;font-weight:700}.name{font-size:14px;font-weight:600}"
    ".box{fill:#f1f3f5;stroke:#868e96}.arrow{fill:none;stroke:#0b7285;stroke-width:1.4;marker-end:url(#tip)}.tip{fill:#0b7285}"
    "@media(prefers-color-scheme:dark){text{fill:#dee2e6}.box{fill:#2b3035;stroke:#6c757d}"
    ".arrow{stroke:#66d9e8}.tip{fill:#66d9e8}}"
)


PANELS = {
    "minno_dashboard": "The packages of minno_dashboard",
    "minno_dashboard.mirror": "The packages of minno_dashboard.mirror",
}


def picture(panels: Mapping[str, Imports]) -> str:
    """Draw the whole picture as SVG.

    Raises:
        Circle: packages import each other in a circle.
    """
    parts: list[str] = []
    y = float(MARGIN)
    for parent, imports in panels.items():
        parts.append(f'<text class="title" x="{MARGIN}" y="{y + 14:.0f}">{PANELS[parent]}</text>')
        drawn, y = panel(imports, y + 30)
        parts += drawn
        y += 2 * ROW_GAP
    title = "Packages and their imports, drawn from the code"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - ROW_GAP:.0f}" role="img" '
        f'aria-label="{title}">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0l8 4-8 4z"/></marker></defs>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def tables(panels: Mapping[str, Imports]) -> str:
    """Write the packages as tables, the highest first."""
    lines: list[str] = []
    for parent, imports in panels.items():
        lines += [f"{PANELS[parent]}, top to bottom:", "", "| package | what it is |", "|---|---|"]
        lines += [
            f"| `{name.rpartition('.')[2]}/` | {first_sentence(name)} |"
            for row in rows(imports)
            for name in row
        ]
        lines.append("")
    return "\n".join(lines)


def page_with(text: str, written: str) -> str:
    """Return a page with the part between the two marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{written}\n{END}{after}"


def main(words: list[str]) -> int:
    """Write picture and tables, or with `--check` say whether those there are still true."""
    graph = grimp.build_graph("minno_dashboard", cache_dir=None)
    panels = {parent: imports_between(graph, parent) for parent in PANELS}
    try:
        made = {
            PICTURE: picture(panels),
            PAGE: page_with(PAGE.read_text(encoding="utf-8"), tables(panels)),
        }
    except Circle as circle:
        print(f"These packages import each other in a circle: {circle}", file=sys.stderr)
        return 1
    if words != ["--check"]:
        for file, text in made.items():
            file.write_text(text, encoding="utf-8")
        return 0
    late = [
        file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    for file in late:
        print(f"{file.relative_to(ROOT)} is out of date: run `{COMMAND}`", file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
