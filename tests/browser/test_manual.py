"""The manual: every page stands in it with its picture; what happens on pages is pictured here, once.

All pictures anew: `MINNO_WRITE_SCREENSHOTS=1 .venv/bin/pytest -n 0 tests/browser/test_manual.py
tests/browser/test_every_page.py tests/browser/test_dropbox_story.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import IMAGES, OpenPage, for_manual, is_wanted, with_people
from tests.browser.filled import FILES, NAME, OTHERS, TASK
from tests.browser.site import PASSWORD, ROOT, Site
from tests.browser.test_every_page import MORE, PAGES, WITHOUT_PICTURE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("manual")]

MANUAL = ROOT / "docs/manual"
MAX_BYTES = 60_000
SHOWN = re.compile(r"!\[[^\]]{10,}\]\(images/([\w-]+)\.png\)")
# What the story of Dropbox pictures.
STORY = {
    *("dropbox-1-menu", "dropbox-2-configuration", "dropbox-3-checked", "dropbox-4-settings"),
    *("dropbox-5-consent", "dropbox-6-connected", "dropbox-7-proven", "dropbox-8-restore"),
}

Moment = Callable[[Page], Locator | None]


def section(name: str) -> Moment:
    """Picture one section of a page with many."""
    return lambda page: page.locator(f"section#{name}")


def new_study(page: Page) -> None:
    page.get_by_role("button", name="New study").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Faces, second wave")


def play(page: Page) -> None:
    page.get_by_role("button", name="Play").click()
    expect(page.frame_locator("iframe[title=Preview]").get_by_text("Press the space bar")).to_be_visible()


def mistake(page: Page) -> None:
    expect(page.locator("[data-mistakes]")).to_contain_text("Line 2")
    page.locator(".cm-content").press("Control+End")
    page.keyboard.type("minn")
    expect(page.locator(".cm-tooltip-autocomplete")).to_be_visible()


def find(page: Page) -> None:
    page.get_by_role("button", name="Find in files").click()
    page.keyboard.type("left")
    expect(page.locator("[data-find-count]")).to_contain_text("matches")


def from_menu(item: str) -> Moment:
    """Choose an action of task.js and wait for its dialog."""

    def choose(page: Page) -> None:
        page.get_by_role("treeitem", name="task.js").click(button="right")
        page.get_by_role("menuitem", name=item).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        for one in page.locator(".history-item").all()[-1:]:
            one.click()
            expect(page.locator(".cm-mergeView")).to_be_visible()

    return choose


def deleted_files(page: Page) -> None:
    page.get_by_role("treeitem", name="README.md").click(button="right")
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("treeitem", name="README.md")).to_have_count(0)
    page.get_by_role("button", name="Deleted files").click()
    expect(page.get_by_role("dialog")).to_contain_text("README.md")


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish…").click()
    page.get_by_label("Note").fill("As sent to the ethics board")


def link_once(page: Page) -> None:
    page.get_by_label("User name").fill("maya")
    page.get_by_label("Email address").fill("maya@lab.example")
    page.get_by_label("Full name").fill("Maya Cohen")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_label("Link to pass on")).to_be_visible()


def token_made(page: Page) -> None:
    page.get_by_label("Name").fill("Upload from my laptop")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Create token").click()
    expect(page.locator("[data-copy]")).to_be_visible()


def acting(page: Page) -> None:
    page.get_by_label("Reason").fill("Noa asked where her files went")
    page.get_by_role("button", name="Act as noa").click()
    expect(page.locator(".acting")).to_be_visible()


def mail(page: Page) -> Locator:
    page.get_by_role("radio", name="Send email with Gmail").check()
    return page.locator("section#mail")


MOMENTS: dict[str, tuple[str, str, Moment]] = {
    "new-study": ("dana", "/studies/", new_study),
    "play": ("dana", "{example}?file=task.js", play),
    "find-in-files": ("dana", "{example}?file=task.js", find),
    "mistake": ("dana", "{wrong}?file=task.js", mistake),
    "history": ("dana", "{study}", from_menu("History…")),
    "copy-to-another-study": ("dana", "{study}", from_menu("Copy to another study…")),
    "deleted-files": ("dana", "{study}", deleted_files),
    "publish": ("dana", "{study}", publish),
    "settings-security": ("dana", "/settings/", section("security")),
    "settings-passkeys": ("dana", "/settings/", section("passkeys")),
    "settings-appearance": ("dana", "/settings/", section("appearance")),
    "token-made": ("dana", "/settings/tokens/new/", token_made),
    "link-once": ("ada", "/admin/users/new/", link_once),
    "configuration-mail": ("ada", "/admin/configuration/", mail),
    "configuration-limits": ("ada", "/admin/configuration/", section("limits")),
    # The last: ada is no administrator while she acts.
    "acting": ("ada", "/admin/users/{noa}/act-as/", acting),
}
"""What happens on pages: who does it, where, and what."""
WIDTHS = {"play": 1280}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Dashboard that nobody else has been to, reached by a name, as passkeys want."""
    site = Site(tmp_path_factory.mktemp("manual"))
    site.url = site.env["MINNO_SERVER_URL"] = f"http://localhost:{site.port}"
    with with_people(site):
        yield site


def shown() -> set[str]:
    """Return the pictures that the chapters show, each with words for who cannot see it."""
    return {name for chapter in MANUAL.glob("*.md") for name in SHOWN.findall(chapter.read_text("utf-8"))}


def test_every_page_is_in_the_manual_with_its_picture() -> None:
    pages = PAGES.keys() | MORE.keys()
    assert pages >= WITHOUT_PICTURE.keys()
    assert shown() == pages - WITHOUT_PICTURE.keys() | MOMENTS.keys() | STORY


def test_pages_without_a_picture_are_in_the_manual_by_their_words() -> None:
    text = " ".join(" ".join(chapter.read_text("utf-8").split()) for chapter in MANUAL.glob("*.md"))
    assert [words for words in WITHOUT_PICTURE.values() if words not in text] == []


def test_the_manual_has_all_its_pictures_and_each_is_small() -> None:
    sizes = {file.stem: file.stat().st_size for file in IMAGES.iterdir()}
    assert sizes.keys() == shown()
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}


def test_what_happens_on_pages_is_pictured(request: pytest.FixtureRequest) -> None:
    wanted = [name for name in MOMENTS if is_wanted(name)]
    if not wanted:
        return  # the tests of each page see to what is pictured
    site: Site = request.getfixturevalue("site")
    open_page: OpenPage = request.getfixturevalue("open_page")
    for name in reversed(OTHERS[:5]):
        site.make_study("dana", name)
    names = {
        "study": site.make_study("dana", NAME, {**FILES, "task.js": TASK.replace("= 40", "= 24")}),
        "wrong": site.make_study(
            "dana", "Flanker, short", {"task.js": "const trials = 40;\nconst pause = ;\n\n"}
        ),
        "example": example(site),
        "noa": site.python(
            "from minno_dashboard.accounts.models import User; print(User.objects.get(username='noa').pk)"
        ),
    }
    site.put("dana", names["study"], "task.js", TASK)
    for name in wanted:
        user, path, moment = MOMENTS[name]
        page = open_page(user, path.format(**names), width=1000, height=640)
        if path.startswith("{"):
            expect(page.locator(".tree-row").first).to_be_visible()
        if "?file=" in path:
            expect(page.locator("[data-body] .cm-content")).to_be_visible()
        for_manual(page, name, moment(page), width=WIDTHS.get(name, 1000))


def example(site: Site) -> str:
    """Make an example one's own; return its address."""
    return site.python(
        "from minno_dashboard.accounts.models import User\n"
        "from minno_dashboard.studies.starters import start_from_example\n"
        "owner = User.objects.get(username='dana')\n"
        "print(f'/studies/{start_from_example(owner=owner, slug=\"reaction-time\").public_id}/')"
    )
