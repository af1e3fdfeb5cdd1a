"""Which names are accepted, and when two of them are one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.lowercase import LOWER


def test_the_table_has_the_893_pairs_of_unicode_4_1() -> None:
    assert len(LOWER) == 893
    assert not set(LOWER) & set(LOWER.values()), "lowering twice must change nothing more"


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("README.txt", "readme.txt"),
        ("İ", "i"),
        ("ΛΌΓΟΣ", "λόγοσ"),
        ("Straße", "straße"),
        ("STRASSE", "strasse"),
        ("\ua64a", "\ua64a"),
        ("\u0242", "\u0242"),
        ("\u0241", "\u0294"),
        ("Ⓜ", "ⓜ"),
        ("µ", "µ"),
        ("ᾈ", "ᾀ"),
        ("É", "é"),
        ("E\u0301", "é"),
        ("K", "k"),
        ("Ａ", "ａ"),
        ("𐐀", "𐐨"),
        ("𞤀", "𞤀"),
        ("שלום", "שלום"),
        ("🎉", "🎉"),
    ],
)
def test_folding_is_that_of_dropbox(name: str, folded: str) -> None:
    assert names.fold(name) == folded


@pytest.mark.parametrize(
    "name",
    [
        "a", "a b", "a.js", ".gitignore", "..a", "...a", "שלום עולם.html", "🎉.png", "👩‍👩‍👧.txt", "e\u0301", "한국어", "a" * 255,
        "ש" * 127, "console", "con1", "com", "com10.txt", "auxiliary", "nulls.txt", "desktop.ini.txt", "~a", "a~", "~.txt",
        "dropbox", "-", "'", "#", "%41", "a;b", "a&b", "(1)", "$", "^", "{", "\u200f", "ﬀ",
    ],
)  # fmt: skip
def test_it_accepts_names_that_every_file_system_can_hold(name: str) -> None:
    assert names.check(name) == unicodedata.normalize("NFC", name)
    assert names.is_good(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *[(f"a{character}b", f" {character} ") for character in '/\\<>:"|?*'],
        ("", "empty"), (" ", "empty"), ("\t", "empty"),
        (".", "folder itself"), ("..", "folder itself"),
        (" a", "begins with a space"), ("a ", "ends with a space"), ("a\u00a0", "ends with a space"), ("a.", "ends with a dot"),
        ("a\0b", "U+0000"), ("a\nb", "U+000A"), ("a\x7fb", "U+007F"), ("a\x85b", "U+0085"), ("icon\r", "U+000D"),
        ("a\ud800", "U+D800"),
        ("CON", "device"), ("con.txt", "device"), ("Nul.tar.gz", "device"), ("COM1", "device"), ("lpt³.a", "device"), ("aux .txt", "device"),
        ("Desktop.INI", "that Dropbox reserves"), ("Thumbs.db", "that Dropbox reserves"), (".DS_Store", "that Dropbox reserves"),
        (".dropbox", "that Dropbox reserves"), (".Dropbox.cache", "that Dropbox reserves"),
        ("~$report.docx", "temporary"), (".~lock", "temporary"), ("~a.tmp", "temporary"), ("~A.TMP", "temporary"),
        ("a" * 256, "256 bytes; the maximum is 255"), ("ש" * 128, "256 bytes"), ("🎉" * 64, "256 bytes"),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong_with_a_name(name: str, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        names.check(name)
    sentence = str(refusal.value)
    assert says in sentence
    assert sentence.isprintable()
    assert not names.is_good(name)


def test_a_path_can_be_too_deep_and_too_long() -> None:
    assert names.check_path(["e\u0301", "b"]) == ["é", "b"]
    with pytest.raises(Invalid, match="61 folders deep"):
        names.check_path(["a"] * 61)
    with pytest.raises(Invalid, match="too long for other computers"):
        names.check_path(["a" * 250] * 4)
    with pytest.raises(Invalid, match="contains :"):
        names.check_path(["a", "b:c"])


def test_a_twin_is_refused_with_both_names() -> None:
    assert names.twin("a.js", "a.js") == "There is a “a.js” here already. Choose another name."
    sentence = names.twin("README.txt", "Readme.txt")
    assert "“README.txt”" in sentence
    assert "“Readme.txt”" in sentence
    assert "upper and lower case" in sentence


@given(st.text(max_size=300))
@settings(database=None)
def test_a_name_is_either_accepted_as_it_will_be_stored_or_refused_in_one_sentence(name: str) -> None:
    if not names.is_good(name):
        with pytest.raises(Invalid) as refusal:
            names.check(name)
        assert str(refusal.value).isprintable()
        return
    cleaned = names.check(name)
    assert names.check(cleaned) == cleaned
    assert len(cleaned.encode()) <= 255
    assert len(names.fold(cleaned)) <= 510


@given(st.text(min_size=1, max_size=255), st.integers(2, 10**6))
@settings(database=None)
def test_numbering_keeps_a_good_name_good(name: str, number: int) -> None:
    if names.is_good(name):
        assert f"({number})" in names.check(names.numbered(names.clean(name), number))


def test_numbers_go_before_the_ending() -> None:
    assert names.numbered("a.tar.gz", 2) == "a.tar (2).gz"
    assert names.numbered(".gitignore", 2) == ".gitignore (2)"
    assert names.numbered("images", 3) == "images (3)"
    assert names.numbered("1. first chapter of the book", 2) == "1. first chapter of the book (2)"
