"""Participants' posts to the site as an operator starts it, through all of its processes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.browser.site import PASSWORD, WholeSite
from tests.config.gateway.raw_http import connect
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("serving"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes through /proc"),
]
METRICS_TOKEN = "the token of the figures"
CLIENTS, POSTS_OF_A_CLIENT, POSTS_BEFORE_A_KILL = 8, 150, 100


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSite]:
    """The whole site, with the researcher dana."""
    site = WholeSite(tmp_path_factory.mktemp("whole-site"))
    site.env |= {"MINNO_LOG_FORMAT": "json", "MINNO_METRICS_TOKEN": METRICS_TOKEN}
    site.start()
    try:
        site.add_users(("dana", "Dana Levi", "researcher"))
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="module")
def launch_address(site: WholeSite) -> str:
    """The launch link of an HTML study."""
    site.make_study("dana", "Posts", {"index.html": "<p>Hello</p>"})
    return site.python(
        "from minno_dashboard.config.cli import main\n"
        "main(['experiment', 'add', '--owner', 'dana', '--study', 'Posts', '--file', 'index.html'])"
    ).splitlines()[-1]


def data_address(site: WholeSite, launch_address: str) -> str:
    """Load the launch page; return the address to which it posts."""
    page = requests.get(launch_address, timeout=PATIENCE_SECONDS)
    assert page.ok, page.text
    found = re.search(r"/data/[\w.-]+", page.text)
    assert found, page.text
    return f"{site.url}{found[0]}"


class PostingParticipant(threading.Thread):
    """A page that sends numbered posts one after the other, each again until it is acknowledged."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.acknowledged: list[int] = []

    def run(self) -> None:
        with requests.Session() as session:
            for number in range(POSTS_OF_A_CLIENT):
                until(partial(self._is_stored, session, number), f"post {number} to be acknowledged")

    def _is_stored(self, session: requests.Session, number: int) -> bool:
        body = json.dumps({"data": [{"taskName": "t", "n": number, "x": "y" * 900}]})
        try:
            answer = session.put(
                self.address, data=body, headers={"X-Minno-Sequence": str(number)}, timeout=PATIENCE_SECONDS
            )
        except requests.ConnectionError:
            return False
        if answer.status_code != 200 or not answer.json()["stored"]:
            return False
        self.acknowledged.append(number)
        return True


def acknowledged_by(participants: Sequence[PostingParticipant]) -> int:
    """Return how many posts of all participants are acknowledged."""
    return sum(len(each.acknowledged) for each in participants)


def has_acknowledged(participants: Sequence[PostingParticipant], enough: int) -> bool:
    """Return whether so many posts of all participants are acknowledged."""
    return acknowledged_by(participants) >= enough


def test_killed_processes_lose_no_acknowledged_post_and_double_none(
    site: WholeSite, launch_address: str
) -> None:
    participants = [PostingParticipant(data_address(site, launch_address)) for _ in range(CLIENTS)]
    for each in participants:
        each.start()
    for part in ("gateway.process", "web_process", "gateway.process"):
        enough = acknowledged_by(participants) + POSTS_BEFORE_A_KILL
        until(partial(has_acknowledged, participants, enough), "posts before the next kill")
        site.kill(part)
    for each in participants:
        each.join(PATIENCE_SECONDS * 2)
        assert each.acknowledged == list(range(POSTS_OF_A_CLIENT)), site.log.read_text()
    stored = json.loads(
        site.python(
            "import json\nfrom minno_dashboard.collection.models import Session, Submission\n"
            "print(json.dumps([list(Submission.objects.values_list('session', 'sequence')),"
            " list(Session.objects.values_list('submission_count', flat=True))]))"
        )
    )
    rows, counts = stored
    assert len(rows) == CLIENTS * POSTS_OF_A_CLIENT
    assert len({tuple(row) for row in rows}) == len(rows)
    assert counts == [POSTS_OF_A_CLIENT] * CLIENTS


def test_pages_are_answered_while_110_requests_are_half_sent_and_12_readers_of_a_large_zip_are_slow(
    site: WholeSite,
) -> None:
    chunk = bytes(range(256)) * 4096
    address = site.make_study("dana", "Large", {f"{n}.bin": chunk * 12 for n in range(3)})
    study = requests.compat.urlsplit(address).path
    cookies = "; ".join(f"{name}={value}" for name, value in site.session("dana").cookies.items())
    halves = [connect(site.port) for _ in range(110)]
    for sock in halves:
        sock.sendall(b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf")
    readers = [connect(site.port, receive_buffer=4096) for _ in range(12)]
    try:
        for sock in readers:
            request = (
                f"GET {study}v1/download HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nCookie: {cookies}\r\n\r\n"
            )
            sock.sendall(request.encode("ascii"))
        began = [sock.recv(12) for sock in readers]
        assert began.count(b"HTTP/1.1 200") >= 8, began
        assert set(began) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        for _ in range(3):
            assert site.session("dana").get(f"{site.url}/studies/", timeout=PATIENCE_SECONDS).ok
    finally:
        for sock in (*halves, *readers):
            sock.close()


def test_the_figures_of_all_processes_are_added_up_and_the_log_says_no_secret(
    site: WholeSite, launch_address: str
) -> None:
    address = data_address(site, launch_address)
    answers_before = figure(site, 'minno_posts_total{status="200"}')
    for number in range(3):
        body = json.dumps({"data": [{"taskName": "t", "answer": "a-participants-answer"}]})
        sent = requests.put(
            address, data=body, headers={"X-Minno-Sequence": str(number)}, timeout=PATIENCE_SECONDS
        )
        assert sent.ok
    assert figure(site, 'minno_posts_total{status="200"}') == answers_before + 3  # counted by the gateway
    assert (
        figure(site, 'minno_requests_total{page="launch",status="200"}') >= 1
    )  # by the participants' process
    assert figure(site, "minno_saves_total") >= 1  # by the process of pages
    saves = figure(site, "minno_saves_total")
    site.kill("web_process")
    until(site.answers, "the next web process")
    assert figure(site, "minno_saves_total") == saves  # what an ended process counted stays

    session = site.session("dana")
    token = address.rpartition("/")[2]
    secrets = ["a-participants-answer", token, "a-wrong-password", "0123456789-code", PASSWORD, METRICS_TOKEN]
    secrets += [value for name, value in session.cookies.items() if name.startswith(("sessionid", "csrf"))]
    form = {"username": "dana", "password": "a-wrong-password"}
    session.post(f"{site.url}/login/", data=form, timeout=PATIENCE_SECONDS)
    for path in ("activate", "reset", "view", "play", "launch", "data", "invitations"):
        requests.get(
            f"{site.url}/{path}/0123456789-code-0123456789/?x=a-wrong-password", timeout=PATIENCE_SECONDS
        )
    requests.post(f"{address}/error", data="a-participants-answer", timeout=PATIENCE_SECONDS)
    bearer = {"Authorization": "Bearer a-wrong-password"}
    requests.get(f"{site.url}/api/v1/studies", headers=bearer, timeout=PATIENCE_SECONDS)
    asked = requests.get(f"{site.url}/readyz", timeout=PATIENCE_SECONDS)
    assert asked.ok, asked.text
    until(lambda: asked.headers["X-Request-ID"] in site.log.read_text(), "the line of the last request")
    text = site.log.read_text()
    assert [one for one in secrets if one in text] == []
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {"launch", "readyz", "login"} <= {line.get("page") for line in lines}
    assert any("Not Found: /data/…" in line["message"] and line["request_id"] for line in lines)
    last = next(line for line in lines if line.get("request_id") == asked.headers["X-Request-ID"])
    assert (last["page"], last["status"], last["level"]) == ("readyz", 200, "INFO")


def figure(site: WholeSite, name: str) -> float:
    """Return one figure of `/metrics`, 0 where it is not there yet."""
    answer = requests.get(
        f"{site.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=PATIENCE_SECONDS
    )
    assert answer.ok, answer.text
    found = re.search(rf"^{re.escape(name)} (\S+)$", answer.text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_nobody_forges_or_floods_data(site: WholeSite, launch_address: str) -> None:
    """What the existing system let anybody do (forge sessions, set dates, read stored documents, send 50 MB)."""
    address = data_address(site, launch_address)
    first = requests.put(
        address, json={"data": [{"row": 1}], "createdDate": "1999-01-01"}, timeout=PATIENCE_SECONDS
    )
    assert first.json() == {"stored": True}  # nothing of what is stored comes back
    ids = json.loads(
        site.python(
            "import json\nfrom minno_dashboard.collection.models import Session, Submission\n"
            "session = Session.objects.order_by('-started_at').first()\n"
            "sent = Submission.objects.filter(session=session).order_by('-pk').first()\n"
            "print(json.dumps([session.pk, session.experiment.public_id, session.version.launch_id, sent.received_at.year]))"
        )
    )
    session, experiment, version, year = ids
    assert year > 1999
    count = "from minno_dashboard.collection.models import Submission\nprint(Submission.objects.count())"
    before = site.python(count)
    body = {"data": [{"row": 2}], "sessionId": session, "studyId": experiment, "versionId": version}
    plain = f"{site.url}/data"
    forged = {
        "another session": (address, {**body, "sessionId": session + 1}, 409),
        "another experiment": (plain, {**body, "studyId": "0" * 40}, 404),
        "another version": (plain, {**body, "versionId": "0" * 40}, 409),
        "a session that nobody started": (plain, {**body, "sessionId": session + 1}, 404),
        "a token with another signature": (f"{address[:-1]}{'A' if address[-1] != 'A' else 'B'}", body, 404),
        "no rows": (address, {**body, "data": "text"}, 400),
    }
    for name, (where, sent, status) in forged.items():
        answer = requests.put(where, json=sent, timeout=PATIENCE_SECONDS)
        assert (answer.status_code, answer.json()["stored"]) == (status, False), name
    large = requests.put(address, data=b"[" + b" " * 17 * 2**20 + b"]", timeout=PATIENCE_SECONDS)
    assert large.status_code == 413
    assert site.python(count) == before
