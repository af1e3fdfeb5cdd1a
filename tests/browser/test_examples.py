"""Each example plays in the preview.

The MinnoJS player is not ours to ship: with MINNO_PLAYER_DIR, the folder `dist/` of a release, it plays the tasks
themselves; without it a stand-in loads their scripts as the player does and shows what they are made of.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("examples")]

PLAYER = os.environ.get("MINNO_PLAYER_DIR", "")
STAND_IN = """
const known = {}, host = document.querySelector('[pi-manager]');
class Api {
  constructor() { this.script = { sequence: [], settings: {}, sets: {} }; }
  getCurrent() { return {}; }
  setName(name) { this.script.name = name; }
  addSettings(name, value) { this.script.settings[name] = value; }
  addQuestionsSet(name, value) { this.script.sets[name] = value; }
  addPagesSet(name, value) { this.script.sets[name] = value; }
  addSequence(list) { this.script.sequence.push(...list); }
}
for (const name of ['managerAPI', 'questAPI', 'timeAPI']) known[name] = Api;
let made;
window.define = (names, make) => { made = { names, make }; };
async function load(address) {
  await new Promise((done, fail) => {
    const script = Object.assign(document.createElement('script'), { src: address, onload: done, onerror: fail });
    document.head.append(script);
  });
  const { names, make } = made;
  const parts = [];
  for (const name of names) parts.push(known[name] ?? await load(new URL(name, new URL(address, document.baseURI)).href));
  return make(...parts);
}
(async () => {
  const manager = await load(host.getAttribute('pi-manager'));
  const told = [manager.name];
  for (const task of manager.sequence) {
    if (task.templateUrl) told.push((await (await fetch(task.templateUrl)).text()).length > 100 ? task.name : 'EMPTY');
    if (task.scriptUrl) told.push(`${task.name}: ${(await load(new URL(task.scriptUrl, document.baseURI).href)).sequence.length}`);
  }
  const post = new XMLHttpRequest();
  post.open('PUT', window.piGlobal.$dataUrl);
  post.setRequestHeader('Content-Type', 'application/json; charset=UTF-8');
  post.onload = () => { host.textContent = `${told.join(', ')}; posted ${post.status}`; };
  post.send(JSON.stringify({ data: [{ taskName: 'mgr' }], ...window.piGlobal.$meta }));
})();
"""


@pytest.fixture(scope="module")
def player(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put a player in, as an administrator does."""
    folder = Path(PLAYER) if PLAYER else tmp_path_factory.mktemp("player")
    if not PLAYER:
        (folder / "pi-minno.js").write_text(STAND_IN, encoding="utf-8")
        (folder / "main.css").write_text("body { margin: 1rem; }", encoding="utf-8")
    site.python(
        "from pathlib import Path\nfrom minno_dashboard.studies import players\nplayers.install(Path(sys.argv[1]))",
        str(folder),
    )


def start(page: Page, name: str, *, as_it_is: bool = False) -> FrameLocator:
    """Play an example: a copy made from the list, or `as_it_is`, from its own page."""
    page.goto("/studies/examples/")
    if as_it_is:
        page.get_by_role("link", name=name).click()
    else:
        page.get_by_role("button", name=f"Use this example: {name}").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).click()
    return page.frame_locator("iframe[title=Preview]")


def test_the_examples_of_plain_html_and_jspsych_are_played(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", "/studies/", width=1280)
    page.get_by_role("link", name="Examples").click()
    picture(page, "examples")
    assert_accessible(page)

    form = start(page, "A short form", as_it_is=True)
    expect(page.locator("[data-play-name]")).to_have_text("index.html")
    form.get_by_label("How old are you?").fill("33")
    form.get_by_label("every week").check()
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_text("Thank you.")).to_be_visible()
    expect(page.locator("[data-play-lines]")).to_contain_text('"often":"weekly"')
    page.get_by_role("button", name="Close the preview").click()
    page.get_by_role("link", name="form.js").click()
    expect(page.get_by_role("textbox", name="Text of form.js")).to_contain_text("minno.log")
    expect(page.locator(".by-link-code .cm-line span").first).to_be_visible()
    page.get_by_role("button", name="Use this example").click()
    expect(page).to_have_url(re.compile(r"/studies/[^/]+/$"))
    expect(page.get_by_role("treeitem", name="form.js")).to_be_visible()

    jspsych = start(page, "Circle or square")
    expect(jspsych.get_by_text("The space bar begins.")).to_be_visible()
    jspsych.locator("body").press("Space")
    shape = jspsych.locator(".circle, .square")
    expect(shape).to_be_visible()
    picture(page, "example-jspsych")
    jspsych.locator("body").press("f" if shape.get_attribute("class") == "circle" else "j")
    expect(page.locator("[data-play-lines]")).to_contain_text('"correct":true')

    plain = start(page, "Left or right")
    expect(plain.locator("kbd").first).to_be_visible()
    plain.locator("body").press("Space")
    expect(plain.locator("img")).to_be_visible()
    assert plain.locator("img").evaluate("image => image.naturalWidth") > 0


@pytest.mark.usefixtures("player")
def test_the_examples_of_minnojs_are_played(site: Site, open_page: OpenPage) -> None:
    page = open_page("dana", "/studies/", width=1280)
    test = start(page, "Flowers and insects")
    if PLAYER:
        test.locator("body").press("Space")
        expect(test.get_by_text("Part 1 of 7")).to_be_visible()
    else:
        # Seven pages of instructions; 4 blocks of 20 trials, 1 more, 2 of 40.
        expect(test.locator("[pi-manager]")).to_have_text(
            "mgr, welcome, association: 187, thanks; posted 200"
        )
    questions = start(page, "A day's mood", as_it_is=True)
    if PLAYER:
        questions.locator("body").press("Space")
        expect(questions.get_by_text("How has your day been so far?")).to_be_visible()
    else:
        expect(questions.locator("[pi-manager]")).to_have_text(
            "mgr, welcome, questions: 3, thanks; posted 200"
        )
    expect(page.locator("[data-play-summary]")).to_contain_text("of data, not stored")
