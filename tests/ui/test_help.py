"""The manual inside the product: every chapter is there, and nothing in it leads nowhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from minno_dashboard.accounts.models import User
from minno_dashboard.ui import manual
from minno_dashboard.ui.help_links import CHAPTER_OF_PAGE, CHAPTER_OF_SECTION
from tests.config.addresses import ADDRESSES
from tests.studies.conftest import person


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(person("alice", role=User.Role.ADMIN))
    return client


def html(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_every_link_and_picture_of_the_manual_leads_somewhere(client: Client) -> None:
    names = [manual.START, *(name for name, _ in manual.contents()), "glossary", "operator"]
    assert len(names) > 10
    pages = {manual.address_of(name): html(client, manual.address_of(name)) for name in names}
    looked_at = 0
    for address, page in pages.items():
        text = page[page.index("<article") : page.index("</article>")]
        assert "<h1" in text
        for href in re.findall(r'href="([^"]+)"', text):
            parts = urlsplit(href)
            if parts.scheme:
                continue
            target = parts.path or address
            page_there = pages.get(target) or html(client, target)
            assert not parts.fragment or f'id="{parts.fragment}"' in page_there, (address, href)
            looked_at += 1
        for picture in re.findall(r'src="([^"]+)"', text):
            answer = client.get(picture)
            assert b"".join(answer).startswith(b"\x89PNG"), (address, picture)  # type: ignore[arg-type]
            looked_at += 1
    assert looked_at > 60


def test_help_opens_at_the_chapter_of_the_page(client: Client) -> None:
    for place in (*CHAPTER_OF_PAGE.values(), *CHAPTER_OF_SECTION.values()):
        name, _, anchor = place.partition("#")
        chapter = manual.chapter(name)
        assert chapter is not None, place
        assert not anchor or f'id="{anchor}"' in chapter.html, place
    assert CHAPTER_OF_PAGE.keys() <= ADDRESSES.keys()
    assert 'href="/help/studies-and-files/"' in html(client, "/studies/")
    settings = html(client, "/settings/")
    assert 'href="/help/account/#settings"' in settings
    for page, section in CHAPTER_OF_SECTION:
        shown = settings if page == "settings" else html(client, "/admin/configuration/")
        assert f'<section id="{section}"' in shown, section
        assert f'href="{manual.address_of(CHAPTER_OF_SECTION[page, section])}"' in shown


def test_nothing_but_the_manual_is_shown(client: Client) -> None:
    for address in (
        "/help/nothing/",
        "/help/..%2Foperator/",
        "/help/images/..%2FREADME.md",
        "/help/images/no.png",
    ):
        assert client.get(address).status_code == 404, address
    assert Client().get("/help/")["Location"].startswith("/login/")
