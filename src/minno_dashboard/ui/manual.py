"""The manual inside the product: the chapters of docs/manual as safe HTML, with links that lead to pages of the site."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nh3
from django.urls import reverse

if TYPE_CHECKING:
    from markdown_it.token import Token

_PACKAGE = Path(__file__).resolve().parent.parent
START = "README"
_BESIDE = {"glossary", "operator"}
"""Documents that the manual points to and that are shown with it."""
_NAME = re.compile(r"[a-z][a-z-]*|README")
_IMAGE = re.compile(r"[\w-]+\.png")
_ROW = re.compile(r"^\| \[([^\]]+)\]\(([\w-]+)\.md\)", re.MULTILINE)
_DOCUMENT = re.compile(r"(?:\.\./|manual/)*([\w-]+)\.md(#[\w-]+)?\Z")
_TEXT = {"a", "br", "code", "em", "img", "strong"}
_BLOCKS = {"blockquote", "div", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {
    "a": {"href", "target"},
    "img": {"src", "alt", "loading"},
    "div": {"class", "tabindex"},
    "table": {"class"},
    **{f"h{level}": {"id"} for level in range(1, 5)},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}


@dataclass(frozen=True)
class Chapter:
    """One chapter: its title, and its text as safe HTML."""

    title: str
    html: str


def folder() -> Path:
    """Return where the chapters are: in the package where it was installed, in docs/ where it is worked on."""
    packed = _PACKAGE / "manual"
    return packed if packed.is_dir() else _PACKAGE.parent.parent / "docs/manual"


@cache
def contents() -> tuple[tuple[str, str], ...]:
    """Return the chapters' names and titles in their order, as the manual's first page lists them."""
    listed = _ROW.findall((folder() / f"{START}.md").read_text(encoding="utf-8"))
    return tuple((name, title) for title, name in listed)


@cache
def chapter(name: str) -> Chapter | None:
    """Return a chapter, or None where there is none of this name."""
    # A sixth of a second that no command and no other page should wait for.
    from markdown_it import MarkdownIt

    path = _path(name)
    if path is None:
        return None
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    title = next((tokens[at + 1].content for at, one in enumerate(tokens) if one.tag == "h1"), name)
    _name_headings(tokens)
    for token in _all(tokens):
        _lead_into_the_site(token)
    html = parser.renderer.render(tokens, parser.options, {})
    return Chapter(title, nh3.clean(html, tags=_TEXT | _BLOCKS | _TABLES, attributes=_ATTRIBUTES))


def image(name: str) -> Path | None:
    """Return the file of a picture of the manual, or None where there is none of this name."""
    path = folder() / "images" / name
    return path if _IMAGE.fullmatch(name) and path.is_file() else None


def _path(name: str) -> Path | None:
    if not _NAME.fullmatch(name):
        return None
    places = [folder() / f"{name}.md"]
    if name in _BESIDE:
        places.append(folder().parent / f"{name}.md")
    return next((one for one in places if one.is_file()), None)


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _name_headings(tokens: list[Token]) -> None:
    """Give each heading the anchor that links between the documents use."""
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _anchor(tokens[at + 1].content))


def _anchor(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _lead_into_the_site(token: Token) -> None:
    """Turn a link or picture of the documents into one of the site; a link to what is not here becomes plain words."""
    if token.type == "image":
        picture = str(token.attrs.get("src", "")).rpartition("/")[2]
        token.attrs["src"] = reverse("help_image", args=[picture])
        token.attrs["loading"] = "lazy"
    if token.type != "link_open":
        return
    href = str(token.attrs.pop("href", ""))
    if href.startswith(("https://", "http://")):
        token.attrs.update(href=href, target="_blank")
    elif href.startswith("#"):
        token.attrs["href"] = href
    elif found := _DOCUMENT.match(href):
        name, place = found[1], found[2] or ""
        if name == "api":
            token.attrs["href"] = reverse("api_reference")
        elif _path(name):
            token.attrs["href"] = address_of(name + place)


def address_of(place: str) -> str:
    """Return the address of a chapter, or of a place in it (`sharing#activity`)."""
    name, mark, anchor = place.partition("#")
    address = reverse("help") if name == START else reverse("help_chapter", args=[name])
    return address + mark + anchor


def _table_open(*_: object) -> str:
    # Wide tables scroll by themselves, by keyboard too.
    return '<div class="table-responsive" tabindex="0"><table class="table">'


def _table_close(*_: object) -> str:
    return "</table></div>"
