"""The lab's second host serves participants' pages with storage of their own, and nothing of the Dashboard; downloads leave threads free."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from minno_dashboard.accounts.models import User
from minno_dashboard.config import env
from minno_dashboard.config.download_limit import MAX_DOWNLOADS, DownloadShareMiddleware
from minno_dashboard.config.env import BadEnvironment
from minno_dashboard.runtime.launching import launch_address
from minno_dashboard.studies import queries
from minno_dashboard.studies.models import Experiment
from tests.collection.conftest import alice, experiment, study

__all__ = ["alice", "experiment", "study"]
HOST = "studies.lab.example"


@pytest.fixture
def second_host(settings: LazySettings) -> str:
    """A Dashboard that was given a second host."""
    settings.PARTICIPANT_URL, settings.PARTICIPANT_HOST = f"https://{HOST}", HOST
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, HOST]
    return HOST


def test_the_second_host_plays_studies_and_knows_no_page_of_the_dashboard(
    client: Client, experiment: Experiment, alice: User, second_host: str
) -> None:
    address = launch_address(experiment, queries.newest_version(experiment.study))
    assert address.startswith(f"https://{HOST}/launch/")
    path = address.removeprefix(f"https://{HOST}")
    client.force_login(alice)
    page = client.get(path, headers={"host": HOST})
    assert page.status_code == 200
    assert page["Content-Security-Policy"] == ""  # its own host: cookies and storage of the study work there
    assert not page.cookies
    script = re.search(rb'src="([^"]*launch\.js[^"]*)"', page.content)
    assert script
    sent = client.get(script[1].decode(), headers={"host": HOST})
    assert (sent.status_code, b"minno" in sent.getvalue()) == (200, True)
    for closed in ("/", "/login/", "/studies/", f"/studies/{experiment.study.public_id}/", "/settings/", "/api/",
                   "/api/v1/openapi.json", "/admin/users/", "/dropbox/set", "/view/x/"):  # fmt: skip
        answer = client.get(closed, headers={"host": HOST})
        assert answer.status_code == 404, closed
        assert not answer.cookies
        assert b"Faces" not in answer.content
    # By the Dashboard's own host the page stays in an opaque origin.
    assert client.get(path)["Content-Security-Policy"].startswith("sandbox")


def test_the_second_host_needs_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNO_PARTICIPANT_URL", "https://studies.example.org/")
    assert env.participant_url("https://dashboard.example.org") == "https://studies.example.org"
    for same in (
        "https://dashboard.example.org",
        "https://dashboard.example.org:8443",
        "https://DASHBOARD.example.org",
    ):
        monkeypatch.setenv("MINNO_PARTICIPANT_URL", same)
        with pytest.raises(BadEnvironment, match="another host name"):
            env.participant_url("https://dashboard.example.org")
    monkeypatch.setenv("MINNO_PARTICIPANT_URL", "")
    assert env.participant_url("https://dashboard.example.org") == ""


def test_only_so_many_downloads_hold_a_thread_and_each_gives_its_place_back(tmp_path: Path, db: None) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"whole")
    closed: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("closed")

    def view(request: HttpRequest) -> HttpResponse | StreamingHttpResponse | FileResponse:
        if request.path == "/file":
            return FileResponse(file.open("rb"))
        return HttpResponse("page") if request.path == "/page" else StreamingHttpResponse(pieces())

    limited = DownloadShareMiddleware(view)  # type: ignore[arg-type]
    ask = RequestFactory()
    running = [limited(ask.get("/zip")) for _ in range(MAX_DOWNLOADS)]
    for one in running:
        assert next(iter(one.streaming_content)) == b"a"  # type: ignore[union-attr]
    refused = limited(ask.get("/zip"))
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    assert limited(ask.get("/page")).status_code == 200
    whole = limited(ask.get("/file"))
    assert b"".join(whole.streaming_content) == b"whole"  # type: ignore[union-attr]
    whole.close()
    running.pop().close()  # a reader who goes away gives the place back
    again = limited(ask.get("/zip"))
    assert b"".join(again.streaming_content) == b"ab"  # type: ignore[union-attr]
    again.close()
    again.close()
    assert limited(ask.get("/zip")).status_code == 200
    assert limited(ask.get("/zip")).status_code == 503
    for one in running:
        one.close()
    assert "closed" in closed
