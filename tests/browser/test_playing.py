"""Play this task: what a participant would see beside the editor, from which nothing of the Dashboard can be reached."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("playing")]

PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>A study</title><!-- os:base --><!-- os:vars -->
    <link rel="stylesheet" href="css/style.css"></head>
  <body><p id="out">waiting</p><img id="picture" src="images/dot.svg" alt="dot">
    <script type="module" src="js/main.js"></script></body>
</html>
"""
STUDY = {
    "index.html": PAGE,
    "css/style.css": "#out { color: rgb(1, 2, 3); }",
    "images/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='7'><circle cx='3' cy='3' r='3'/></svg>",
    "js/words.js": "export const word = 'first';\n",
    "js/main.js": (
        "import { word } from './words.js';\n"
        "const settings = await (await fetch('settings.json')).json();\n"
        "document.getElementById('out').textContent = `${word} ${settings.n}`;\n"
        "await minno.log([{ trial: 1 }, { trial: 2 }]);\n"
    ),
    "settings.json": '{"n": 5}',
}


def test_a_study_is_played_beside_the_editor_and_again_after_each_save(
    site: Site, open_page: OpenPage
) -> None:
    address = site.make_study("dana", "Playing", STUDY)
    page = open_page("dana", f"{address}?file=js/words.js", width=1280)
    expect(page.locator(".cm-content")).to_contain_text("first")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    preview = page.frame_locator("iframe[title=Preview]")
    expect(preview.locator("#out")).to_have_text("first 5")
    expect(preview.locator("#out")).to_have_css("color", "rgb(1, 2, 3)")
    assert preview.locator("#picture").evaluate("image => image.naturalWidth") == 7
    expect(page.get_by_text("2 rows of data, not stored")).to_be_visible()
    picture(page, "play-1280-light")
    assert_accessible(page)
    page.locator("[data-body] .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text("export const word = 'second';\n")
    expect(page.get_by_text("1 file has unsaved text")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(preview.locator("#out")).to_have_text("second 5")
    site.put("dana", address, "settings.json", '{"n": 6}')
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(preview.locator("#out")).to_have_text("second 6")
    page.locator("[data-body] .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(
        "export const word = 'third';\n\ndispatchEvent(new ErrorEvent('error',"
        " { message: 'nothere', filename: import.meta.url, lineno: 3 }));\n"
    )
    page.keyboard.press("Control+s")
    expect(page.locator("[data-play-summary]")).to_have_text("1 error · 2 rows of data, not stored")
    page.locator("[data-play-summary]").click()
    assert "nothere" in page.locator("[data-play-lines]").inner_text()
    page.get_by_role("button", name="js/words.js:3").click()
    expect(page.locator("[data-position]")).to_have_text("Ln 3, Col 1")
    page.get_by_role("button", name="Close the preview").click()
    expect(page.locator("iframe")).to_have_count(0)


HOSTILE = """<!doctype html>
<html lang="en"><head><title>Hostile</title><!-- os:vars --></head><body><pre id="out"></pre><script>
const study = %s;
const found = {};
async function attempt(name, run) {
  try {
    const value = await run();
    found[name] = value === undefined || value === null ? "nothing" : `GOT ${String(value).slice(0, 80)}`;
  } catch (error) {
    found[name] = "refused";
  }
}
const opens = (request) => new Promise((done, fail) => {
  request.onsuccess = () => done("a database");
  request.onerror = () => fail(new Error("no"));
});
(async () => {
  await attempt("origin", () => (self.origin === "null" ? null : self.origin));
  await attempt("cookie", () => document.cookie);
  await attempt("set cookie", () => { document.cookie = "sessionid=stolen; path=/"; return "wrote"; });
  await attempt("local storage", () => localStorage.length);
  await attempt("session storage", () => sessionStorage.length);
  await attempt("database", () => opens(indexedDB.open("x")));
  await attempt("caches", async () => (await caches.keys()).length);
  await attempt("worker", async () => (await navigator.serviceWorker.register("/play/x.js")).scope);
  await attempt("opener", () => window.opener);
  await attempt("parent page", () => parent.document.title);
  await attempt("parent address", () => parent.location.href);
  await attempt("parent's frames", () => parent.frameElement);
  await attempt("own frame", () => frameElement);
  await attempt("domain", () => { document.domain = "127.0.0.1"; return "set"; });
  await attempt("read studies", async () => (await fetch("/studies/", { credentials: "include" })).text());
  await attempt("read files", async () => (await fetch(`${study}v1/tree`, { credentials: "include" })).text());
  await attempt("new key", async () => (await fetch(`${study}v1/play`, { credentials: "include" })).text());
  await attempt("delete with fetch", async () => {
    const answer = await fetch(`${study}delete/`, { method: "POST", credentials: "include", mode: "no-cors" });
    return answer.type === "opaque" ? null : answer.status;
  });
  await attempt("delete with a token", async () => (await fetch(`${study}delete/`, {
    method: "POST", credentials: "include", headers: { "X-CSRFToken": "x" } })).status);
  await attempt("nested", async () => {
    const inner = document.createElement("iframe");
    inner.src = "/studies/";
    document.body.append(inner);
    await new Promise((done) => { inner.onload = done; });
    return inner.contentDocument && inner.contentDocument.body.textContent;
  });
  await attempt("blank", async () => {
    const inner = document.createElement("iframe");
    document.body.append(inner);
    return inner.contentWindow.localStorage.length;
  });
  await attempt("popup", async () => {
    const popup = open("/studies/");
    if (!popup) return null;
    await new Promise((done) => { setTimeout(done, 800); });
    const read = popup.document.body.textContent;
    return read;
  });
  for (const target of parent === self ? ["_blank"] : ["_top", "_parent", "_blank"]) {
    await attempt(`form ${target}`, () => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `${study}delete/`, target });
      document.body.append(form);
      form.submit();
    });
  }
  if (parent !== self) await attempt("lead away", () => { top.location = "/logout/"; return "led away"; });
  for (const text of ["<img src=x onerror=alert(1)>", { toString: 1 }, null]) {
    parent.postMessage({ source: "minno-preview", type: "error", text, file: "javascript:alert(1)", line: 1 }, "*");
    parent.postMessage(text, "*");
  }
  document.getElementById("out").textContent = JSON.stringify(found);
})();
</script></body></html>
"""


@pytest.fixture
def hostile(site: Site, chromium: Browser, place: str) -> Iterator[tuple[Page, str]]:
    """A window without the watch over its console: what a browser refuses is written there."""
    address = site.make_study("dana", f"Hostile {place}", {})
    site.put("dana", address, "index.html", HOSTILE % json.dumps(address))
    context = chromium.new_context(base_url=site.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    context.add_cookies(
        [{"name": c.name, "value": c.value or "", "url": site.url} for c in site.session("dana").cookies]
    )
    page = context.new_page()
    yield page, address
    context.close()


@pytest.mark.parametrize("place", ["beside the editor", "in a window of its own"])
def test_a_hostile_study_reaches_nothing_of_the_dashboard(
    site: Site, hostile: tuple[Page, str], place: str
) -> None:
    page, address = hostile
    dialogs: list[str] = []

    def asked(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", asked)
    page.goto(f"{address}?file=index.html")
    # A visitor without a session gets a new token against forged forms; the session is what must not change.
    before = {c["value"] for c in page.context.cookies() if c["name"].startswith("sessionid")}
    page.get_by_role("button", name="Play", exact=True).click()
    preview = page.frame_locator("iframe[title=Preview]")
    out = preview.locator("#out")
    expect(out).to_contain_text("{")  # over, so that the next window is not one of its own
    if place == "in a window of its own":
        with page.context.expect_page(lambda one: "/play/" in one.url) as opened:
            page.get_by_role("button", name="Play in a separate window").click()
        out = opened.value.locator("#out")
    expect(out).to_contain_text("{")
    found = json.loads(out.inner_text())
    got = {name: what for name, what in found.items() if what.startswith("GOT")}
    allowed = (
        set()
        if place == "beside the editor"
        else {"parent page", "parent address"}  # its own window is its own parent
    )
    assert set(got) - allowed == set()
    assert len(found) == (26 if place == "beside the editor" else 23)
    assert {c["value"] for c in page.context.cookies() if c["name"].startswith("sessionid")} == before
    assert page.url.startswith(f"{site.url}{address}")
    assert site.paths("dana", address) == ["index.html"]  # neither deleted nor logged out
    if place == "beside the editor":
        expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_attached()
    assert dialogs == []
