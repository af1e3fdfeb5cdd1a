"""Participants: a launched study runs to its end, and every row that it sent is stored; nothing of the Dashboard is near."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, assert_accessible, picture, with_people
from tests.browser.site import ROOT, Site, WholeSite
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("launching")]

EXAMPLES = ROOT / "src" / "minno_dashboard" / "studies" / "examples"
READ = """
import csv
import json
from minno_dashboard.collection.models import ClientError, Session, Submission
from minno_dashboard.studies.models import Experiment
made = Experiment.objects.get(public_id=sys.argv[1])
print(json.dumps({
    "sessions": [
        {"id": one.pk, "state": one.state, "params": one.params, "condition": one.condition,
         "pending": one.data_pending, "version_state": one.version_state, "agent": one.user_agent}
        for one in Session.objects.filter(experiment=made).order_by("started_at")],
    "bodies": [one.body for one in Submission.objects.filter(session__experiment=made).order_by("pk")],
    "sequences": [one.sequence for one in Submission.objects.filter(session__experiment=made).order_by("pk")],
    "errors": [[one.kind, one.message, one.file, one.line] for one in ClientError.objects.filter(experiment=made)],
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """All processes of `serve`: what participants send goes through the gateway."""
    with with_people(WholeSite(tmp_path_factory.mktemp("launching"))) as site:
        yield site


class Launched:
    """An experiment of the site, and what was stored of it."""

    def __init__(self, site: Site, address: str) -> None:
        self.site, self.address = site, address
        self.path = address.removeprefix(site.url)
        self.public_id = self.path.split("/")[2]

    @property
    def test_path(self) -> str:
        return self.path.replace("/launch/", "/test/")

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.site.python(READ, self.public_id))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows in the order in which they were stored."""
        return [row for body in self.stored()["bodies"] for row in json.loads(body)["data"]]

    def change(self, **values: Any) -> None:
        """Change its settings."""
        self.site.python(
            "import json\nfrom minno_dashboard.studies.models import Experiment\n"
            "Experiment.objects.filter(public_id=sys.argv[1]).update(**json.loads(sys.argv[2]))",
            self.public_id,
            json.dumps(values),
        )


def command(site: Site, *words: str) -> str:
    """Run our command with the site's data; return what it printed."""
    code = "from minno_dashboard.config.cli import main\nmain(sys.argv[1:], standalone_mode=False)"
    return site.python(code, *words)


def launched(site: Site, name: str, files: dict[str, bytes | str], file: str) -> Launched:
    """Make a study of dana's with these files and launch one of them."""
    site.make_study("dana", name, files)
    said = command(site, "experiment", "add", "--owner", "dana", "--study", name, "--file", file)
    return Launched(site, said.splitlines()[-1])


def example(slug: str) -> dict[str, bytes | str]:
    """Return the files of an example, its libraries included."""
    from minno_dashboard.studies.starters import files_of, get_example

    return {path: file.read_bytes() for path, file in files_of(get_example(slug))}


def test_the_jspsych_example_runs_to_its_end_and_every_trial_is_stored(
    site: Site, open_page: OpenPage
) -> None:
    made = launched(site, "Launched jsPsych", example("jspsych-reaction-time"), "index.html")
    assert made.stored()["sessions"] == []
    page = open_page(None, f"{made.path}?PROLIFIC_PID=007&x=%3C/script%3E")
    expect(page.get_by_text("when you see a circle")).to_be_visible()
    assert made.stored()["sessions"] == []  # loading the page stores nothing
    page.keyboard.press(" ")
    seen = 0
    while seen < 20:
        page.wait_for_selector(".circle, .square", timeout=60_000)
        page.keyboard.press("f" if page.locator(".circle").count() else "j")
        page.wait_for_selector(".circle, .square", state="detached", timeout=60_000)
        seen += 1
    expect(page.get_by_text("Thank you", exact=False)).to_be_visible()
    until(lambda: len(made.rows()) == 21, "all rows")
    first, *trials = made.rows()
    assert first["PROLIFIC_PID"] == "007"
    assert first["x"] == "</script>"
    assert first["state"] == "Develop"
    assert [row["task"] for row in trials] == ["shape"] * 20
    assert all(row["correct"] for row in trials)
    found = made.stored()
    assert found["sequences"] == list(range(1, 22))
    assert [one["params"] for one in found["sessions"]] == [{"PROLIFIC_PID": "007", "x": "</script>"}]
    assert found["sessions"][0]["agent"] == ""
    for body in found["bodies"]:
        assert json.loads(body)["sessionId"] == found["sessions"][0]["id"]


def test_the_html_example_stores_its_row_and_says_so_only_then(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Launched form", example("form"), "index.html")
    page = open_page(None, made.path)
    page.get_by_label("How old are you?").fill("30")
    page.get_by_label("every week").check()
    page.get_by_label("What did you read last?").fill('שלום, "עולם"; 🦋')
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thanks")).to_be_visible()
    _, row = made.rows()
    assert (row["age"], row["often"], row["last"]) == ("30", "weekly", 'שלום, "עולם"; 🦋')


def test_a_test_page_stores_nothing_and_says_so(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Tested form", example("form"), "index.html")
    page = open_page(None, made.test_path, width=360)
    expect(page.get_by_text("Test: nothing is stored.")).to_be_visible()
    picture(page, "launch-test-360")
    page.get_by_label("How old are you?").fill("30")
    page.get_by_label("every week").check()
    page.get_by_label("What did you read last?").fill("x")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thanks")).to_be_visible()
    assert made.stored()["sessions"] == []


ENDING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ending</title></head><body><main><h1>Ending</h1>
<p id="out"></p><button id="one">Row</button><button id="end">End</button><button id="out-button">Screened out</button>
<script>
  let count = 0;
  one.onclick = () => minno.log([{ taskName: "ending", row: ++count }], (error) => { out.textContent += error ? "refused " : `stored${count} `; });
  end.onclick = () => minno.finish();
  document.getElementById("out-button").onclick = () => minno.finish({ outcome: "screened_out" });
</script></main></body></html>
"""


def fail(page: Page, pattern: str, *, status: int = 0) -> list[str]:
    """Let what is posted there fail until the route is removed; return the list of what failed."""
    failed: list[str] = []

    def answer(route: Route) -> None:
        failed.append(route.request.post_data or "")
        if status:
            route.fulfill(status=status, body="{}", headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.abort()

    page.route(pattern, answer)
    return failed


def test_rows_that_do_not_arrive_are_sent_again_and_the_code_comes_only_when_all_are_stored(
    site: Site, open_page: OpenPage
) -> None:
    made = launched(site, "Ending", {"index.html": ENDING}, "index.html")
    made.change(completion_code="C-17")
    page = open_page(None, made.path, width=360)
    page.locator("#one").click()
    expect(page.locator("#out")).to_have_text("stored1 ")
    failed = fail(page, "**/data/*")
    page.locator("#one").click()
    page.locator("#one").click()
    expect(page.get_by_text("The connection is interrupted.")).to_be_visible(timeout=60_000)
    picture(page, "launch-offline-360")
    assert_accessible(page)
    page.locator("#end").click()
    expect(page.get_by_text("Saving your answers.")).to_be_visible()
    assert len(made.rows()) == 2
    assert page.get_by_text("C-17").count() == 0
    page.unroute("**/data/*")
    expect(page.get_by_text("C-17")).to_be_visible(timeout=60_000)
    picture(page, "launch-end-360")
    assert_accessible(page)
    assert len(failed) >= 2
    assert [row.get("row") for row in made.rows()] == [None, 1, 2, 3]
    assert [(one["state"], one["pending"]) for one in made.stored()["sessions"]] == [("finished", False)]


def test_who_gets_the_code_before_the_rows_are_stored_is_flagged(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Pending", {"index.html": ENDING}, "index.html")
    made.change(completion_code="C-18")
    page = open_page(None, made.path)
    page.locator("#one").click()
    expect(page.locator("#out")).to_have_text("stored1 ")
    page.clock.install()
    fail(page, "**/data/*", status=503)
    page.locator("#one").click()
    page.locator("#end").click()
    expect(page.get_by_text("Saving your answers.")).to_be_visible()
    for _ in range(30):
        page.clock.run_for(5_000)
    expect(page.get_by_text("C-18")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("could not be saved yet")).to_be_visible()
    assert [(one["state"], one["pending"]) for one in made.stored()["sessions"]] == [("finished", True)]
    page.unroute("**/data/*")
    page.clock.run_for(60_000)
    until(lambda: len(made.rows()) == 3, "the late row")


def test_the_rest_is_sent_as_the_page_is_left(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Leaving", {"index.html": ENDING}, "index.html")
    page = open_page(None, made.path)
    page.locator("#one").click()
    expect(page.locator("#out")).to_have_text("stored1 ")
    page.evaluate("""() => {
      const whole = fetch;
      window.fetch = (address, ...more) => String(address).includes("/data/") ? Promise.reject(new TypeError("down")) : whole(address, ...more);
      for (let n = 2; n < 5; n += 1) minno.log([{ taskName: "ending", row: n, text: "x".repeat(15000) }]);
    }""")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{site.url}/healthz")
    until(lambda: len(made.rows()) == 5, "the rows that were left behind")
    assert [row.get("row") for row in made.rows()] == [None, 1, 2, 3, 4]


def test_the_end_address_is_filled_in_and_closed_experiments_say_so(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Redirecting", {"index.html": ENDING}, "index.html")
    made.change(completion_code="C1", end_address=f"{site.url}/healthz?cc=[CODE]&who=[PROLIFIC_PID]")
    page = open_page(None, f"{made.path}?PROLIFIC_PID=a%26b")
    page.locator("#end").click()
    page.wait_for_url("**/healthz?cc=C1&who=a%26b")
    command(site, "experiment", "close", "--owner", "dana", "--study", "Redirecting", "--name", "index")
    page.goto(made.path)
    expect(page.get_by_role("alert")).to_contain_text("This study is closed.")
    picture(page, "launch-closed")
    assert_accessible(page)
    assert "closed\tindex\tindex.html" in command(
        site, "experiment", "list", "--owner", "dana", "--study", "Redirecting"
    )


@pytest.mark.parametrize(("setting", "sessions"), [("resume", 1), ("block", 1), ("restart", 2)])
def test_a_reload_does_what_the_experiment_says(
    site: Site, open_page: OpenPage, setting: str, sessions: int
) -> None:
    made = launched(site, f"Reloading {setting}", {"index.html": ENDING}, "index.html")
    made.change(after_reload=setting)
    page = open_page(None, made.path)
    page.locator("#one").click()
    expect(page.locator("#out")).to_have_text("stored1 ")
    page.reload()
    if setting == "block":
        expect(page.get_by_role("alert")).to_contain_text("You have already taken part")
    else:
        page.locator("#one").click()
        expect(page.locator("#out")).to_have_text("stored1 ")
        assert len([row for row in made.rows() if "row" in row]) == 2
    assert len(made.stored()["sessions"]) == sessions


BROKEN = """<!doctype html>
<html lang="en"><head><title>Broken</title><!-- os:base --><!-- os:vars --></head><body><h1>Broken</h1>
<img src="images/none.png" alt="none">
<script>
  dispatchEvent(new ErrorEvent("error", { message: "nothing here", filename: "task.js", lineno: 7, colno: 3 }));
</script></body></html>
"""


def test_errors_and_missing_stimuli_are_collected_with_file_and_line(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Broken", {"index.html": BROKEN}, "index.html")
    open_page(None, made.path)
    until(lambda: len(made.stored()["errors"]) == 2, "both errors")
    script, missing = sorted(made.stored()["errors"], key=lambda one: one[0] == "missing")
    assert script == ["script", "nothing here", "task.js", 7]
    assert missing[:2] == ["missing", "images/none.png"]
    assert "/launch-files/" in missing[2]
    assert made.stored()["sessions"] == []


CONDITIONS = """<!doctype html>
<html lang="en"><head><title>Conditions</title></head><body><h1>Conditions</h1><p id="out"></p>
<script>
  (async () => {
    const { condition } = await minno.ready;
    out.textContent = condition;
    await minno.log([{ condition }]);
    out.textContent += " stored";
  })();
</script></body></html>
"""


def test_the_page_knows_its_condition_before_it_begins(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "Conditions", {"index.html": CONDITIONS}, "index.html")
    site.python(
        "from minno_dashboard.studies.models import Condition, Experiment\n"
        "made = Experiment.objects.get(public_id=sys.argv[1])\n"
        "for place, name in enumerate(['red', 'blue']):\n"
        "    Condition.objects.create(experiment=made, name=name, position=place, quota=1)",
        made.public_id,
    )
    seen = set()
    for _ in range(2):
        page = open_page(None, made.path)
        expect(page.locator("#out")).to_contain_text("stored")
        seen.add(page.locator("#out").inner_text())
    assert seen == {"red stored", "blue stored"}
    page = open_page(None, made.path)
    expect(page.get_by_role("alert")).to_contain_text("already has enough participants")


JATOS = {
    "exp/one.html": """<!doctype html><html lang="en"><head><title>One</title><script src="jatos.js"></script></head>
<body><h1>One</h1><button id="go">Go</button><script>
jatos.onLoad(() => {
  document.querySelector("h1").textContent = `One ${jatos.componentJsonInput.n} ${jatos.urlQueryParameters.pid}`;
  go.onclick = async () => {
    jatos.studySessionData.seen = ["one"];
    await jatos.submitResultData([{ trial: 1 }, { trial: 2 }]);
    await jatos.appendResultData("plain text");
    jatos.startNextComponent();
  };
});
</script></body></html>""",
    "exp/two.html": """<!doctype html><html lang="en"><head><title>Two</title><script src="/assets/javascripts/jatos.js"></script></head>
<body><h1>Two</h1><button id="go">Go</button><script>
jatos.onLoad(() => {
  document.querySelector("h1").textContent = `Two after ${jatos.studySessionData.seen}`;
  go.onclick = () => jatos.endStudy({ last: true }, true, "all done");
});
</script></body></html>""",
    "exp.jas": json.dumps(
        {
            "version": "3",
            "data": {
                "title": "Two pages",
                "dirName": "exp",
                "jsonData": '{"all": 1}',
                "componentList": [
                    {"title": "First", "htmlFilePath": "one.html", "jsonData": '{"n": 5}', "active": True},
                    {"title": "Off", "htmlFilePath": "two.html", "active": False},
                    {"title": "Second", "htmlFilePath": "two.html", "jsonData": None},
                ],
            },
        }
    ),
}


def test_a_study_made_for_jatos_runs_unchanged(site: Site, open_page: OpenPage) -> None:
    made = launched(site, "From JATOS", dict(JATOS), "exp.jas")
    page = open_page(None, f"{made.path}?pid=p7")
    expect(page.locator("h1")).to_have_text("One 5 p7")
    page.locator("#go").click()
    expect(page.locator("h1")).to_have_text("Two after one")
    page.locator("#go").click()
    expect(page.get_by_text("All your answers are saved")).to_be_visible()
    bodies = [json.loads(body) for body in made.stored()["bodies"]]
    assert [(body.get("taskName"), body["data"]) for body in bodies[1:]] == [
        ("First", [{"trial": 1}, {"trial": 2}]),
        ("First", [{"result": "plain text"}]),
        ("Second", [{"last": True}]),
        ("Second", [{"endMessage": "all done", "successful": True}]),
    ]
    assert [one["state"] for one in made.stored()["sessions"]] == ["finished"]


def test_the_minnojs_example_runs_in_the_real_player(tmp_path: Path, site: Site, open_page: OpenPage) -> None:
    player = os.environ.get("MINNO_TEST_PLAYER", "")
    if not player:
        pytest.skip("no MinnoJS player here: MINNO_TEST_PLAYER names a folder with pi-minno.js to try it")
    command(site, "install-player", player)
    made = launched(site, "Launched MinnoJS", example("questionnaire"), "mgr.js")
    site.python(
        "from minno_dashboard.studies.models import Study\nStudy.objects.filter(name=sys.argv[1]).update(kind='minnojs')",
        "Launched MinnoJS",
    )
    page = open_page(None, f"{made.path}?PROLIFIC_PID=007")
    until(lambda: bool(made.stored()["bodies"]), "the first row of the player")
    expect(page.locator("#minno-app button").first).to_be_visible(timeout=60_000)
    page.locator("#minno-app button").first.click()
    until(lambda: len(made.rows()) >= 2, "the manager's rows")
    first = made.rows()[0]
    assert first["PROLIFIC_PID"] == "007"
    assert made.stored()["sequences"][:2] == [1, 2]
    assert page.evaluate("window.DEBUG") is True


def test_a_researcher_sets_an_experiment_up_and_its_link_lets_one_participant_in(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    address = site.make_study("dana", "Set up", {"index.html": CONDITIONS, "other.js": "1;"})
    page = open_page("dana", address, width=1280)
    page.locator(".tree-row", has_text="index.html").click(button="right")
    page.get_by_role("menuitem", name="Make Experiment…").click()
    page.get_by_role("button", name="Make Experiment").click()
    page.get_by_role("link", name="Settings", exact=True).last.click()
    page.get_by_role("button", name="Prolific").click()
    expect(page.get_by_label("Address at the end")).to_have_value(
        "https://app.prolific.com/submissions/complete?cc=[CODE]"
    )
    expect(page.get_by_label("Completion code")).not_to_have_value("")
    page.get_by_label("Only with a personal link").check()
    page.get_by_label("Time zone").select_option("Asia/Jerusalem")
    page.get_by_label("Closes").fill("2099-01-01T12:00")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Settings", exact=True).last.click()
    expect(page.get_by_label("Closes")).to_have_value("2099-01-01T12:00")
    page.get_by_role("textbox", name="Condition").nth(0).fill("red")
    page.get_by_role("spinbutton", name="Quota").nth(0).fill("1")
    page.get_by_role("button", name="Save conditions").click()
    expect(page.get_by_text("Sessions: 0")).to_be_visible()
    page.get_by_role("link", name="Experiments").first.click()
    page.get_by_role("link", name="Personal links").click()
    labels = tmp_path / "labels.csv"
    labels.write_text("label,group\nדנה,a\nNoa,b\n", encoding="utf-8")
    page.get_by_label("CSV file").set_input_files(labels)
    page.get_by_role("button", name="Create links").click()
    expect(page.get_by_role("row", name="Noa")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    exported = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(exported.splitlines()))
    participant = open_page(None, rows[0]["link"].removeprefix(site.url))
    expect(participant.locator("#out")).to_have_text("red stored")
    participant.goto(rows[0]["link"])
    expect(participant.get_by_role("alert")).to_contain_text("already been used")
    page.reload()
    expect(page.get_by_role("row", name="דנה").get_by_role("cell").nth(3)).to_have_text("1")
    page.get_by_role("button", name="Revoke the link of Noa").click()
    expect(page.get_by_role("row", name="Noa")).to_contain_text("Revoked")
    participant.goto(rows[1]["link"])
    expect(participant.get_by_role("alert")).to_contain_text("is not valid")
    participant.goto(rows[0]["link"].partition("?")[0])
    expect(participant.get_by_role("alert")).to_contain_text("needs the personal link")
    page.get_by_role("link", name="Experiments").first.click()
    page.get_by_role("button", name="Deactivate v1").click()
    expect(page.get_by_text("Inactive", exact=True)).to_be_visible()
    page.goto(address)
    marked = page.locator(".tree-launched")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("index.html")
    expect(marked).to_have_attribute("aria-description", "Experiment index")
