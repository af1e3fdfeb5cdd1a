"""What needs no editor: a study played by whoever has its read-only link, and sound that is sought in."""

from __future__ import annotations

import io
import json
import wave

import pytest
from playwright.sync_api import Locator, expect

from minno_dashboard.studies.views.file_responses import MAX_MEDIA_BYTES
from tests.browser.conftest import OpenPage, assert_accessible, picture
from tests.browser.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("viewing")]

LINK = """
from minno_dashboard.studies import sharing
from minno_dashboard.studies.models import Study
study = Study.objects.get(public_id=sys.argv[1])
print(sharing.make_link(study=study, by=study.owner))
"""
PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>A study</title><!-- os:base --><!-- os:vars --></head>
  <body><p id="out">waiting</p><script type="module" src="js/main.js"></script></body>
</html>
"""
LINE_7 = "document.getElementById('out').textContent = JSON.stringify(found);"
SCRIPT = """const found = {};
for (const [name, read] of Object.entries({
  cookie: () => document.cookie, around: () => parent.location.href, referrer: () => document.referrer,
})) {
  try { found[name] = read(); } catch { found[name] = 'refused'; }
}
LINE_7
await minno.log([{ trial: 1 }]);
dispatchEvent(new ErrorEvent('error', { message: 'nothere', filename: import.meta.url, lineno: 7 }));
""".replace("LINE_7", LINE_7)


def test_a_visitor_plays_a_study_by_its_link(site: Site, open_page: OpenPage) -> None:
    study = site.make_study(
        "dana", "Shown to all", {"index.html": PAGE, "js/main.js": SCRIPT, "js/other.js": "1"}
    )
    code = site.python(LINK, study.split("/")[2])
    page = open_page(None, f"/view/{code}/?file=js/other.js", width=1280)
    page.get_by_role("button", name="Play", exact=True).click()
    out = page.frame_locator("iframe[title=Preview]").locator("#out")
    expect(out).to_contain_text("refused")
    assert json.loads(out.inner_text()) == {"cookie": "refused", "around": "refused", "referrer": ""}
    expect(page.locator("[data-play-summary]")).to_have_text("1 error · 1 row of data, not stored")
    picture(page, "view-by-link-play")
    assert_accessible(page)
    page.locator("[data-play-summary]").click()
    page.get_by_role("button", name="js/main.js:7").click()
    expect(page.get_by_role("textbox", name="Text of main.js")).to_be_focused()
    assert page.evaluate("getSelection().anchorNode.parentElement.closest('.cm-line').textContent") == LINE_7
    site.python(LINK, study.split("/")[2])
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_text("This link no longer works.")).to_be_visible()


def sound(seconds: int) -> bytes:
    """Return silence, 40,000 bytes for each second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setparams((1, 1, 40_000, 0, "NONE", ""))
        target.writeframes(b"\x80" * 40_000 * seconds)
    return file.getvalue()


PLAY_FROM = """(media, seconds) => new Promise((done, fail) => {
  media.muted = true;
  media.onerror = () => fail(new Error(media.error.message));
  media.ontimeupdate = () => { if (media.currentTime > seconds + 1) done(media.duration); };
  media.currentTime = seconds;
  media.play().catch(fail);
})"""


def test_sound_is_heard_from_anywhere_in_the_preview_and_in_a_study(site: Site, open_page: OpenPage) -> None:
    """It is longer than what a player gets at once, and is heard over the end of that."""
    seconds = MAX_MEDIA_BYTES // 40_000 + 120
    page_of_sound = (
        '<!doctype html><html lang="en"><title>Sound</title><audio src="long.wav" controls></audio></html>'
    )
    study = site.make_study("dana", "Sound", {"index.html": page_of_sound, "long.wav": sound(seconds)})
    page = open_page("dana", f"{study}?file=long.wav", width=1280)
    parts: list[str] = []
    page.on(
        "response", lambda answer: parts.append(f"{answer.status} {answer.headers.get('content-range', '')}")
    )
    shown = page.locator(".preview audio")

    def hear(media: Locator, start: int) -> None:
        expect(media).to_be_visible()
        assert media.evaluate(PLAY_FROM, start) == pytest.approx(seconds, abs=1)

    hear(shown, seconds - 10)
    hear(shown, MAX_MEDIA_BYTES // 40_000 - 1)
    assert any(one.startswith("206") for one in parts), parts
    assert_accessible(page)
    picture(page, "preview-sound")
    page.get_by_role("button", name="Play", exact=True).click()
    hear(page.frame_locator("iframe[title=Preview]").locator("audio"), seconds - 10)
