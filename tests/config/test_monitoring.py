"""What load balancers and monitoring are answered, and what the log says."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from minno_dashboard.accounts.log_codes import hide_codes
from minno_dashboard.config import logs, monitoring
from minno_dashboard.core import clock
from minno_dashboard.files import store
from minno_dashboard.jobs.models import Job, Periodic
from minno_dashboard.mirror.models import Link
from tests.studies.conftest import person

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a token of monitoring"


@pytest.fixture(autouse=True)
def _fresh_look() -> None:
    monitoring._last_look = None


def test_it_is_ready_and_says_since_when_no_worker_was_seen(client: Client) -> None:
    found = client.get("/readyz")
    assert found.status_code == 200
    assert found.json() == {
        "database": "ok", "migrations": "ok", "blob_store": "ok", "worker": "never seen"
    }  # fmt: skip
    row = Periodic.objects.create(name="x", last_finished_at=clock.now())
    monitoring._last_look = None
    assert client.get("/readyz").json()["worker"] == "ok"
    row.last_finished_at = clock.now() - timedelta(hours=2)
    row.save()
    monitoring._last_look = None
    late = client.get("/readyz")
    assert late.json()["worker"] == f"last seen {row.last_finished_at:%Y-%m-%dT%H:%M:%SZ}"
    assert late.status_code == 200


def test_a_store_that_cannot_be_written_is_not_ready(
    client: Client, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "blobs").write_text("a file, where a folder should be")
    settings.BLOB_STORE = str(tmp_path / "blobs")
    found = client.get("/readyz")
    assert found.status_code == 503
    assert found.json()["blob_store"] == "failed"
    assert str(tmp_path) not in found.text
    assert str(tmp_path) in caplog.text


def test_the_probe_leaves_nothing_in_the_store(settings: Settings, tmp_path: Path) -> None:
    settings.BLOB_STORE = str(tmp_path / "blobs")
    store.check_writable()
    assert [one for one in (tmp_path / "blobs").rglob("*") if one.is_file()] == []


def test_waiting_migrations_and_a_lost_database_are_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'results'")
    found = client.get("/readyz")
    assert (found.status_code, found.json()["migrations"]) == (503, "waiting")

    def gone(*_: object) -> object:
        raise OperationalError("the server is gone: host=secret.example")

    monitoring._last_look = None
    with connection.execute_wrapper(gone):
        found = client.get("/readyz")
    assert found.status_code == 503
    assert found.json()["database"] == "failed"
    assert "secret.example" not in found.text


def figures(client: Client, **headers: Any) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels."""
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_only_whom_the_settings_admit_reads_the_figures(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN, settings.METRICS_FROM = "", ()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for wrong in ("", f"Bearer {TOKEN}x", TOKEN, "Bearer é"):
        assert client.get("/metrics", HTTP_AUTHORIZATION=wrong).status_code == 404
    assert figures(client, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    settings.METRICS_TOKEN, settings.METRICS_FROM = "", (ip_network("192.0.2.0/24"),)
    assert client.get("/metrics").status_code == 404
    assert figures(client, REMOTE_ADDR="192.0.2.7")
    # A proxy that is not trusted stands between: whoever asks is not 192.0.2.7.
    hidden = client.get("/metrics", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert hidden.status_code == 404
    settings.TRUSTED_PROXIES = (ip_network("192.0.2.7/32"),)
    stranger = client.get("/metrics", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert stranger.status_code == 404
    assert figures(client, REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="192.0.2.99")


def test_the_figures_of_mirrors_and_queues(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    now = clock.now()
    for number, (name, state, hours) in enumerate(
        [("proven", "active", 1), ("old", "active", 30), ("waiting", "needs_user", 90)]
    ):
        Link.objects.create(
            user=person(name), account_id=f"dbid:{name}", app_key="key", linked_at=now, state=state,
            proven_at=now - timedelta(hours=hours), calls={"files/upload": 2 + number}, calls_on=now.date(),
        )  # fmt: skip
    Link.objects.filter(user__username="waiting").update(calls_on=now.date() - timedelta(days=1))
    Job.objects.create(kind="mail", key="1", not_before=now - timedelta(minutes=10))
    Job.objects.create(kind="mail", key="2", not_before=now + timedelta(minutes=10))
    Job.objects.create(kind="mail", key="3", parked_at=now)
    found = figures(client, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert found["minno_database_up",] == 1
    assert found["minno_mirrors", "active"] == 2
    assert found["minno_mirrors", "needs_user"] == 1
    assert found["minno_mirrors", "needs_admin"] == 0
    assert 30 * 3600 <= found["minno_oldest_proof_age_seconds",] < 31 * 3600
    assert found["minno_dropbox_calls_today", "files/upload"] == 2 + 3
    assert found["minno_jobs_due",] == 1
    assert found["minno_jobs_given_up",] == 1
    assert 600 <= found["minno_jobs_age_seconds",] < 1200
    before = found.get(("minno_requests_total", "readyz", "200"), 0)
    client.get("/readyz")
    found = figures(client, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert found["minno_requests_total", "readyz", "200"] == before + 1
    text = client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").text
    assert not any(name in text for name in ('proven"', 'old"', "dbid:"))  # no names in labels
    alerts = (ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8")
    named = {word for word in alerts.replace("(", " ").replace(")", " ").split() if word.startswith("minno_")}
    assert named
    assert {word.partition("{")[0].partition("[")[0] for word in named} <= {name for name, *_ in found}


def test_without_the_database_the_figures_say_so(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    def gone(*_: object) -> object:
        raise OperationalError("gone")

    with connection.execute_wrapper(gone):
        found = figures(client, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert found["minno_database_up",] == 0
    assert any(name == "minno_requests_total" for name, *_ in found)


def test_each_answer_has_an_id_and_only_a_trusted_proxy_chooses_it(
    client: Client, settings: Settings
) -> None:
    first, second = (client.get("/healthz")["X-Request-ID"] for _ in range(2))
    assert first != second
    settings.TRUSTED_PROXIES = (ip_network("192.0.2.7/32"),)
    given = "from-the-proxy-1"
    assert client.get("/healthz", REMOTE_ADDR="192.0.2.7", HTTP_X_REQUEST_ID=given)["X-Request-ID"] == given
    assert client.get("/healthz", HTTP_X_REQUEST_ID=given)["X-Request-ID"] != given
    crooked = client.get("/healthz", REMOTE_ADDR="192.0.2.7", HTTP_X_REQUEST_ID='a b"c{}xxxxx')
    assert crooked["X-Request-ID"].isalnum()


def test_a_line_of_json_is_whole_whatever_is_in_it() -> None:
    code = "/activate/0123456789abcdef"
    try:
        raise ValueError(f"two\nlines of {code}")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, "f", 1, "a %s\n“quoted”", (code,), __import__("sys").exc_info(),
            extra={"fields": {"status": 500}},
        )  # fmt: skip
    token = logs.request_id.set("abcdefgh")
    line, text = logs.JsonFormatter().format(record), logs.LineFormatter().format(record)
    logs.request_id.reset(token)
    assert text.splitlines()[0].endswith(" ERROR x [abcdefgh]: a /activate/…")
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == "a /activate/…\n“quoted”"
    assert (found["level"], found["request_id"], found["status"]) == ("ERROR", "abcdefgh", 500)
    assert "two\nlines of /activate/…" in found["exception"]
    assert "0123456789abcdef" not in line + text


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("Not Found: /data/" + "a" * 24, "Not Found: /data/…"),
        ("Not Found: /launch/abc/1", "Not Found: /launch/…/1"),
        ("disk full: /srv/data/minno.sqlite3", "disk full: /srv/data/minno.sqlite3"),
    ],
)
def test_codes_in_addresses_are_hidden_and_paths_of_the_disk_are_not(line: str, hidden: str) -> None:
    assert hide_codes(line) == hidden
