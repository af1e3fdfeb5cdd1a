"""The encoding of a zip's names: declared, or guessed and shown to the person who chooses."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext

from minno_dashboard.core import names
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.studies.zip_directory import Member

ENCODINGS = {
    "cp437": "Western (DOS)",
    "cp850": "Western European (DOS)",
    "cp1252": "Western (Windows)",
    "cp862": "Hebrew (DOS)",
    "cp1255": "Hebrew (Windows)",
    "cp720": "Arabic (DOS)",
    "cp1256": "Arabic (Windows)",
    "cp866": "Cyrillic (DOS)",
    "cp1251": "Cyrillic (Windows)",
    "cp737": "Greek (DOS)",
    "cp1253": "Greek (Windows)",
    "cp852": "Central European (DOS)",
    "cp1250": "Central European (Windows)",
    "gb18030": "Chinese (GBK)",
    "big5": "Chinese (Big5)",
    "cp932": "Japanese (Shift-JIS)",
    "cp949": "Korean",
}
"""The encodings that are tried, the likelier first where two are equally good."""

AUTOMATIC = "auto"
"""As the chosen encoding: the best guess is taken without asking."""
MAX_SHOWN = 5
MAX_GUESSES = 6


@dataclass(frozen=True, slots=True)
class Guess:
    """One encoding the names may have, and some of the names as they would be."""

    encoding: str
    label: str
    preview: list[str]


class NamesUndeclared(Refused):
    """The zip does not declare the encoding of its names; `guesses` has the likeliest first. Nothing was imported."""

    def __init__(self, guesses: list[Guess]) -> None:
        super().__init__(
            gettext("The zip does not say how its names are encoded. Choose what reads correctly.")
        )
        self.guesses = guesses


def read_names(members: Sequence[Member], chosen: str = "") -> list[str]:
    """Return the members' names, in their order, with the separators as they were written.

    Raises:
        NamesUndeclared: some are neither ASCII nor declared, and no encoding was chosen.
        Invalid: the chosen encoding is not known, or a name has bytes that it does not have.
    """
    # Where one name is not the UTF-8 that it is said to be, others may be so by chance only.
    is_utf8 = _all_utf8([one.raw_name for one in members if one.says_utf8])
    declared = [_declared(one, is_utf8) for one in members]
    undeclared = [one.raw_name for one, name in zip(members, declared, strict=True) if name is None]
    encoding = _encoding_of(undeclared, chosen)
    return [
        _decoded(member.raw_name, encoding) if name is None else name
        for member, name in zip(members, declared, strict=True)
    ]


def guesses_for(raw: Sequence[bytes]) -> list[Guess]:
    """Return the encodings that all these names may have, the likeliest first."""
    rated = []
    for place, encoding in enumerate(ENCODINGS):
        try:
            texts = [one.decode(encoding) for one in raw]
        except UnicodeDecodeError:
            continue
        rated.append((-sum(map(_likelihood, texts)) / len(raw), place, encoding, texts[:MAX_SHOWN]))
    return [
        Guess(encoding, ENCODINGS[encoding], texts) for *_, encoding, texts in sorted(rated)[:MAX_GUESSES]
    ]


def _declared(member: Member, is_utf8: bool) -> str | None:
    if member.unicode_name:
        return member.unicode_name
    if member.raw_name.isascii():
        return member.raw_name.decode("ascii")
    return member.raw_name.decode("utf-8") if member.says_utf8 and is_utf8 else None


def _encoding_of(raw: Sequence[bytes], chosen: str) -> str:
    if not raw or _all_utf8(raw):  # macOS writes UTF-8 without saying so
        return "utf-8"
    if chosen == AUTOMATIC or not chosen:
        guesses = guesses_for(raw)
        if chosen and guesses:
            return guesses[0].encoding
        raise NamesUndeclared(guesses)
    try:
        "".encode(chosen)
    except LookupError as error:
        raise Invalid(
            gettext("%(encoding)s is not a known encoding for names.") % {"encoding": names.quoted(chosen)}
        ) from error
    return chosen


def _all_utf8(raw: Sequence[bytes]) -> bool:
    try:
        b"\n".join(raw).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        shown = names.quoted(raw.decode("ascii", "backslashreplace"))
        raise Invalid(
            gettext("The name %(name)s cannot be read as %(encoding)s. Choose another encoding.")
            % {"name": shown, "encoding": encoding}
        ) from error


def _likelihood(text: str) -> float:
    """Return how much a text looks like words: letters of one script together, no unusual characters."""
    score, word = 0.0, ""
    for character in text + " ":
        if unicodedata.category(character)[0] in "LM":
            word += character
            continue
        score += _of_word(word) if not word.isascii() else 0.0
        word = ""
        if not character.isascii():
            score -= 0.0 if character in "–—“”‘’„、。「」（）" else 4.0
    return score


def _of_word(word: str) -> float:
    scripts = [_script(character) for character in word]
    foreign = [one for one in scripts if one != "ASCII"]
    kinds = set(foreign) - {"KANA", "CJK"} | ({"EAST"} if set(foreign) & {"KANA", "CJK"} else set())
    if len(kinds) > 1 or (kinds - {"LATIN", "EAST"} and len(foreign) < len(scripts)):
        return -3.0 * len(foreign)
    if kinds == {"LATIN"}:
        # Accented letters stand among plain ones.
        lonely = sum(one == two == "LATIN" for one, two in pairwise(scripts))
        is_mixed = any(one.islower() and two.isupper() for one, two in pairwise(word))
        return 1.0 * len(foreign) - 3.0 * lonely - (3.0 if is_mixed or len(foreign) == len(scripts) else 0.0)
    return sum(map(_of_letter, word)) - _out_of_place(word)


def _script(character: str) -> str:
    """Return the script of a letter by the first word of its Unicode name; Chinese characters and kana for themselves."""
    if character.isascii():
        return "ASCII"
    first = unicodedata.name(character, "?").split(" ")[0]
    return {"HIRAGANA": "KANA", "KATAKANA": "KANA", "HALFWIDTH": "HALFWIDTH"}.get(first, first)


def _of_letter(character: str) -> float:
    """Return how likely a letter is; Chinese characters of everyday use (level 1 of GB 2312) are likelier."""
    script = _script(character)
    if script == "CJK":
        lead = character.encode("gb18030")[0]
        return 3.0 if 0xB0 <= lead <= 0xD7 and character.encode("gb18030")[1] >= 0xA1 else 0.5
    if script == "KANA":
        return 4.0
    return {"HEBREW": 2.0, "ARABIC": 2.0, "CYRILLIC": 2.0, "GREEK": 2.0, "HANGUL": 3.0}.get(script, -3.0)


def _out_of_place(word: str) -> float:
    """Return a penalty for a word: final letters in its middle, capitals after small letters."""
    inside = sum(character in "ךםןףץ" for character in word[:-1])
    capitals = sum(one.islower() and two.isupper() for one, two in pairwise(word))
    marks = sum(unicodedata.category(character)[0] == "M" for character in word)
    return 4.0 * (inside + capitals) + 2.0 * marks
