"""Text in the editor: what a file's bytes were, they stay, unless a person changed them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minno_dashboard.files.text_format import decode_text, encode_text


@pytest.mark.parametrize(
    ("content", "text", "bom", "newline"),
    [
        (b"", "", False, "\n"),
        (b"a\nb\n", "a\nb\n", False, "\n"),
        (b"a\r\nb", "a\nb", False, "\r\n"),
        (b"a\rb", "a\nb", False, "\r"),
        (b"a\r\nb\n", "a\r\nb\n", False, "mixed"),
        (b"\xef\xbb\xbfa\r\n", "a\n", True, "\r\n"),
        ("שלום 🎉".encode(), "שלום 🎉", False, "\n"),
    ],
)
def test_conventions_are_noticed(content: bytes, text: str, bom: bool, newline: str) -> None:
    found = decode_text(content)
    assert (found.text, found.bom, found.newline, found.is_utf8) == (text, bom, newline, True)


@pytest.mark.parametrize(
    "content", [b"\xff\xfea\0", "é".encode("latin-1"), b"\x89PNG\r\n", b"a\0b", b"\xed\xa0\x80"]
)
def test_what_is_not_utf_8_text_is_said_to_be_so(content: bytes) -> None:
    assert not decode_text(content).is_utf8


@given(
    st.lists(st.sampled_from(["a", "é", "\n", "\r\n", "\r", "\u2028", "\ufeff", "\x0b", " "])),
    st.booleans(),
)
@settings(database=None)
def test_a_file_saved_unchanged_has_the_same_bytes(parts: list[str], bom: bool) -> None:
    content = (b"\xef\xbb\xbf" if bom else b"") + "".join(parts).encode()
    found = decode_text(content)
    assert encode_text(found.text, bom=found.bom, newline=found.newline) == content


def test_an_edited_text_gets_the_line_ends_of_its_file_however_the_browser_sends_them() -> None:
    assert encode_text("a\nb\r\nc", bom=False, newline="\r\n") == b"a\r\nb\r\nc"
    assert encode_text("a\r\nb", bom=True, newline="\n") == b"\xef\xbb\xbfa\nb"
