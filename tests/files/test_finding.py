"""Find in files: letter case aside, in any script, and never more than is good for the server."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import pytest

from minno_dashboard.files import finding, services
from minno_dashboard.files.models import Tree

pytestmark = pytest.mark.django_db


def tree_with(contents: Mapping[str, bytes | str]) -> Tree:
    tree = services.create_tree()
    for name, content in contents.items():
        source = content.encode() if isinstance(content, str) else content
        services.write_file(tree=tree, by=None, path=name, source=source, expected_blob=None)
    return tree


def places(tree: Tree, query: str) -> list[tuple[str, int, int, int]]:
    return [(hit.path, hit.line, hit.start, hit.end) for hit in finding.find(tree, query).hits]


def test_words_are_found_with_file_line_and_column() -> None:
    tree = tree_with({"a/b.js": "one\n  let Word = 'word';\n", "c.txt": "nothing"})
    assert places(tree, "word") == [("a/b.js", 2, 6, 10), ("a/b.js", 2, 14, 18)]
    hit = finding.find(tree, "WORD").hits[0]
    assert (hit.before, hit.match, hit.after) == ("  let ", "Word", " = 'word';")


def test_hebrew_and_accents_are_found_however_they_are_composed() -> None:
    cafe = unicodedata.normalize("NFD", "Café")
    tree = tree_with({"he.txt": "🙂 שלום לכולם\r\nעוד שלום\r\n", "fr.txt": f"un {cafe}"})
    # An emoji counts as two columns in a browser.
    assert places(tree, "שלום") == [("he.txt", 1, 3, 7), ("he.txt", 2, 4, 8)]
    assert places(tree, "CAFÉ")[0][:2] == ("fr.txt", 1)


def test_a_query_is_taken_literally() -> None:
    tree = tree_with({"a.js": "a.b(c) [x]\nazb"})
    assert places(tree, "a.b(") == [("a.js", 1, 0, 4)]
    assert places(tree, "[x]") == [("a.js", 1, 7, 10)]
    assert places(tree, "   ") == places(tree, "") == []


def test_only_text_is_looked_at() -> None:
    tree = tree_with(
        {
            "p.png": "word",
            "bytes.bin": b"word\0",
            "latin.txt": "wörd word".encode("latin-1"),
            "t.txt": "word",
        }
    )
    assert [place[0] for place in places(tree, "word")] == ["t.txt"]


def test_a_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tree_with({"a.txt": "x\n" * 400, "b.txt": "x\n" * 400, "c.txt": "x y"})
    assert len(finding.find(tree, "x").hits) == 2 * finding.MOST_IN_A_FILE + 1
    monkeypatch.setattr(finding, "MOST_HITS", 60)
    found = finding.find(tree, "x")
    assert (len(found.hits), found.is_complete) == (60, False)
    monkeypatch.setattr(finding, "MOST_BYTES", 900)
    found = finding.find(tree, "y")
    assert (found.hits, found.is_complete) == ([], False)
    monkeypatch.setattr(finding, "MOST_BYTES", 10_000)
    monkeypatch.setattr(finding, "MOST_SECONDS", -1.0)
    assert not finding.find(tree, "y").is_complete
