"""Find in files: letter case aside, in any script, and never more than is good for the server."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings

from minno_dashboard.files import finding, services, store
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


def test_letters_that_change_their_length_keep_the_places_right() -> None:
    tree = tree_with({"a.txt": "İİ Σας\nİ Word ẞ", "b.txt": "🙂 x 🙂 x\n\n🙂x"})
    assert places(tree, "word") == [("a.txt", 2, 2, 6)]
    assert places(tree, "ΣΑΣ") == [("a.txt", 1, 3, 6)]
    assert places(tree, "x") == [("b.txt", 1, 3, 4), ("b.txt", 1, 8, 9), ("b.txt", 3, 2, 3)]


@pytest.mark.parametrize("length", [3, 100, 198])
def test_the_time_of_a_search_does_not_grow_with_the_words(length: int) -> None:
    """Each step of Python's own is counted, not the clock: a pattern that goes back would take millions."""
    text = "a" * (finding.MAX_FILE_BYTES - 2) + "\n" + "B"
    tree = tree_with({f"{number}.txt": text for number in range(4)})
    started = time.process_time()
    assert places(tree, "a" * length + "b") == []
    taken = time.process_time() - started
    one_pass = min(_seconds_of_a_pass(text) for _ in range(3))
    assert taken < 400 * max(one_pass, 0.002), "many times what one pass over the texts takes"


def _seconds_of_a_pass(text: str) -> float:
    started = time.process_time()
    for _ in range(4):
        text.encode().decode().lower().count("\n")
    return time.process_time() - started


def test_a_damaged_file_is_named_and_the_others_are_searched() -> None:
    tree = tree_with({"a.txt": "word one", "b.txt": "word two", "c.txt": "word three"})
    sha256 = hashlib.sha256(b"word two").hexdigest()
    (Path(settings.BLOB_STORE) / sha256[:2] / sha256[2:4] / sha256).write_bytes(b"word owt")
    found = finding.find(tree, "word")
    assert ([hit.path for hit in found.hits], found.damaged) == (["a.txt", "c.txt"], ["b.txt"])
    store.put(b"word two")


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
    assert len(finding.find(tree, "x").hits) == 2 * finding.MAX_IN_A_FILE + 1
    monkeypatch.setattr(finding, "MAX_HITS", 60)
    found = finding.find(tree, "x")
    assert (len(found.hits), found.is_complete) == (60, False)
    monkeypatch.setattr(finding, "MAX_BYTES", 900)
    found = finding.find(tree, "y")
    assert (found.hits, found.is_complete) == ([], False)
    monkeypatch.setattr(finding, "MAX_BYTES", 10_000)
    monkeypatch.setattr(finding, "MAX_SECONDS", -1.0)
    assert not finding.find(tree, "y").is_complete
