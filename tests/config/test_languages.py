"""Every page in a language that nobody speaks: what is not in it, was not marked for translation."""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from babel import Locale
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.ui import words
from minno_dashboard.ui.script_texts import script_texts
from tests.config.addresses import ADDRESSES, BOTH, TABLE
from tests.config.world import World, visitor, world
from tools import translations

__all__ = ["world"]
pytestmark = pytest.mark.django_db

PLACES = re.compile(r"(%\(\w+\)s|%[%sd]|\{\w*\}|<[^>]*>)")
# Data, and names of products. Language names stand in their own language.
DATA = re.compile(
    r"of the matrix|Left or right|Circle or square|Flowers and insects|A day.s mood|A short form|"
    r"Faces of nobody|new@lab\.example\.org|Renamed|Visitor|visitor|alice|carol|dora|Alice|Carol|Dora|Hers|Minno(?:JS)?|Dropbox|English|UTC"
    r"|\bv\d+\b|task\.js|new\.js|renamed\.js|gone\.js|folder|lab\.example|example|http\S+|text/\w+|U\+\w+|Ctrl-\S+"
    r"|\b(?:GET|POST|PUT|KB|MB|GB)\b|STARTTLS|TLS|SMTP|jsPsych|HTML|CSV|Firefox|Chrome|Linux|A browser|admin|\btask\b|Prolific|Sona|MTurk|CloudResearch"
)
# Elements whose content is data, or code, by what they are.
SILENT_TAGS = {"script", "style", "code", "pre", "bdi", "textarea", "datalist"}
SILENT_CLASSES = {"mono", "font-monospace", "tag", "initials", "navbar-brand"}
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
VOID = {"input", "br", "hr", "img", "link", "meta", "use", "path", "polyline", "rect", "wbr", "source", "col"}
# The API's reference and its answers to programs stay English (docs/decisions/0017-languages.md).
ENGLISH = ("/api/",)


def wrapped(message: str) -> str:
    """Wrap what is said, and leave out what is put in: a bare English word put in shows."""
    parts = [part if PLACES.fullmatch(part) else f"⟦{part}⟧" for part in PLACES.split(message) if part]
    return "".join(parts)


class Pseudo(trans_real.DjangoTranslation):
    """Hebrew in which each text is its English in double brackets."""

    def __init__(self) -> None:
        super().__init__("he")
        keys = [key for catalogue in self._catalog._catalogs for key in catalogue]
        self._known = {key[0] if isinstance(key, tuple) else key for key in keys}
        path = translations.compile_texts.LOCALE / "he/LC_MESSAGES/django.po"
        assert self._known, f"{path} is not compiled"

    def gettext(self, message: str) -> str:
        context, _, text = message.rpartition("\4")
        if message not in self._known:
            return text
        return super().gettext(message) if context == "date format" else wrapped(text)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        text = msgid1 if n == 1 else msgid2
        return wrapped(text.rpartition("\4")[2]) if msgid1 in self._known else text


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak it where Hebrew is asked for."""
    monkeypatch.setitem(trans_real._translations, "he", Pseudo())


class Bare(HTMLParser):
    """Collects the words of a page that are neither wrapped nor data."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if not self._silent:
            for name, value in given.items():
                if name in SHOWN_ATTRIBUTES or name.startswith("data-confirm"):
                    self._look(f"{name}: " if value else "", value if name != "data-confirm-kind" else "")
        if tag in VOID:
            return
        if self._silent:
            self._silent.append(tag)
            return
        classes = set(given.get("class", "").split())
        is_silent = tag in SILENT_TAGS or classes & SILENT_CLASSES or given.get("lang") == "en"
        if is_silent or given.get("dir") in ("ltr", "auto"):
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in VOID:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._look("", data)

    def _look(self, where: str, text: str) -> None:
        left = DATA.sub("", outside(text))
        if re.search(r"[A-Za-z]{2}", left):
            self.found.append(where + " ".join(text.split()))


def outside(text: str) -> str:
    """Return what stands outside of the brackets."""
    depth, kept = 0, []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        if not depth and character not in "⟦⟧":
            kept.append(character)
    return "".join(kept)


def bare(answer: HttpResponse) -> list[str]:
    """Return what a person reads in an answer and is not translated: of a page, or the sentence for a script."""
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("application/json"):
        content = answer.json()  # type: ignore[attr-defined] # of the test client
        sentence = content.get("error", "") if isinstance(content, dict) else ""
        return [sentence] if re.search(r"[A-Za-z]{2}", DATA.sub("", outside(str(sentence)))) else []
    if not kind.startswith("text/html"):
        return []
    reader = Bare()
    reader.feed(answer.content.decode())
    return reader.found


def asked(world: World, client: Client, name: str) -> Iterator[HttpResponse]:
    """Ask for an address as its row says, and follow it to where it leads; forms are shown, and posted empty."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "he"
    answers: list[Any] = []
    if name in BOTH:
        answers.append(client.post(world.address(name)))
    answers.append(world.ask(client, name))
    for answer in answers:
        yield answer
        if answer.status_code in (301, 302, 303) and answer["Location"].startswith("/"):
            yield client.get(answer["Location"].partition("#")[0])


def test_no_page_has_a_bare_english_text(pseudo: None, world: World) -> None:
    """As the admin who owns the study and knows everything, and as somebody who may do nothing."""
    User.objects.update(language="he")
    found: dict[str, list[str]] = {}
    for name, row in TABLE.items():
        if ADDRESSES[name].startswith(ENGLISH):
            continue
        for kind in ("admin who owns it", "stranger") if row.method == "GET" else ("admin who owns it",):
            with visitor(world, kind) as client:
                texts = sorted({text for answer in asked(world, client, name) for text in bare(answer)})
            if texts:
                found[f"{name}, {kind}"] = texts
    assert found == {}, json.dumps(found, indent=1)


def test_the_page_says_its_language_and_direction(client: Client) -> None:
    english = client.get("/login/").content
    assert b'lang="en"' in english
    assert b'dir="ltr"' in english
    assert b'lang="en"' in client.get("/login/", headers={"Accept-Language": "fr"}).content


@pytest.mark.parametrize(("asked_for", "language"), [("he", "he"), ("ar-JO", "ar")])
def test_hebrew_and_arabic_run_from_right_to_left(client: Client, asked_for: str, language: str) -> None:
    answer = client.get("/login/", headers={"Accept-Language": f"fr, {asked_for};q=0.8, en;q=0.5"})
    assert f'lang="{language}"' in answer.content.decode()
    assert b'dir="rtl"' in answer.content
    assert b"style-rtl.css" in answer.content
    assert answer["Content-Language"] == language
    assert "Accept-Language" in answer["Vary"]


def test_a_chosen_language_counts_more_than_the_browser_s_and_stays_after_log_out(world: World) -> None:
    client, alice = Client(headers={"Accept-Language": "en"}), world.study.owner
    client.force_login(alice)
    answer = client.post("/settings/appearance/", {"theme": "system", "language": "he"}, follow=True)
    assert 'lang="he"' in answer.content.decode()
    assert "הבחירה נשמרה" in answer.content.decode()
    client.post("/logout/")
    assert b'lang="he"' in client.get("/login/").content
    client.force_login(alice)
    answer = client.post("/settings/appearance/", {"theme": "dark", "language": "browser"}, follow=True)
    assert 'lang="en"' in answer.content.decode()
    client.post("/settings/appearance/", {"theme": "dark", "language": "tlh"})
    alice.refresh_from_db()
    assert alice.language == ""


@pytest.mark.parametrize(
    ("language", "counted", "choose_another"),
    [
        (
            "he",
            {1: "קובץ אחד", 2: "שני קבצים", 11: "11 קבצים", 1204: "1,204 קבצים"},
            "יש לבחור שם אחר",
        ),
        (
            "ar",
            {
                0: "لا ملفات",
                1: "ملف واحد",
                2: "ملفان",
                3: "3 ملفات",
                11: "11 ملفًا",
                100: "100 ملف",
                1204: "1,204 ملفات",
            },
            "اختر اسمًا آخر",
        ),
    ],
)
def test_a_language_counts_in_its_own_forms(
    language: str, counted: dict[int, str], choose_another: str
) -> None:
    with translation.override(language):
        assert {count: words.plural(count, "file") for count in counted} == counted
        assert "Windows" in names.twin("a", "A") or "Dropbox" in names.twin("a", "A")
        assert choose_another in names.twin("a", "a")


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES if code != "en"])
def test_scripts_and_python_number_the_forms_of_a_count_alike(language: str) -> None:
    """A browser knows each form by its name in Unicode's rules, and takes them in this order (`shell/texts.js`)."""
    rules = Locale.parse(language).plural_form
    order = [one for one in ("zero", "one", "two", "few", "many", "other") if one in {*rules.tags, "other"}]
    files = script_texts(language)["%(count)s file"]
    assert len(files) == len(order)
    catalogue = gettext.translation("djangojs", str(settings.LOCALE_PATHS[0]), [language])
    for count in range(1, 1300):
        shown = catalogue.ngettext("%(count)s file", "%(count)s files", count)
        assert shown == files[order.index(rules(count))], count


def test_the_translations_are_complete_and_keep_their_places() -> None:
    if not settings.configured:
        settings.configure()
    assert list(translations.problems()) == []
