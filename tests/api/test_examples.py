"""The examples of docs/api.md, run as they stand with curl against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from minno_dashboard.accounts.models import User
from minno_dashboard.core import clock
from minno_dashboard.studies import services
from minno_dashboard.studies.models import Study
from tests.accounts.conftest import make
from tests.api.conftest import Program, alice, code_for, program, study
from tests.collection.conftest import make_experiment
from tests.results.conftest import session_of
from tests.studies.conftest import write

__all__ = ["alice", "program", "study"]

DOCUMENT = Path("docs/api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)


def study_with_page(owner: User) -> Study:
    """Make a study that has a page."""
    made = services.create_study(owner=owner, name="Data", kind="html")
    write(made, "index.html", b"<p>Hello</p>")
    return made


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.django_db(transaction=True)
def test_every_example_of_the_documentation_runs(live_server: str, tmp_path: Path) -> None:
    code = code_for(make("alice"))
    script = "\n".join(["set -eu -o pipefail", *EXAMPLES])
    environment = {**os.environ, "DASHBOARD": str(live_server), "TOKEN": code, "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    study = Study.objects.get()
    assert study.versions.count() == 2
    assert study.deleted_at is None
    assert (tmp_path / "study.zip").read_bytes().startswith(b"PK")
    assert (tmp_path / "task.js").read_text().endswith("// one more line\n")


@pytest.mark.django_db(transaction=True)
def test_the_python_example_reads_every_row_and_goes_on_from_its_cursor(live_server: str) -> None:
    alice = make("alice")
    made = make_experiment(study_with_page(alice))
    for number in range(60):
        session_of(made, state="finished", at=clock.now() + timedelta(seconds=number))
    session_of(made)  # has not ended
    session_of(made, state="finished", is_test=True)
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    environment = {
        **os.environ, "DASHBOARD": str(live_server), "TOKEN": code_for(alice, "data:read"),
        "STUDY": made.study.public_id, "no_proxy": "*",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", example], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("60 rows")
    later = session_of(made, state="finished", at=clock.now() + timedelta(hours=1))
    cursor = done.stdout.split()[-1]
    page = Program(code_for(alice))("GET", f"/studies/{made.study.public_id}/data?cursor={cursor}").json()
    assert [row["session_id"] for row in page["items"]] == [str(later.pk)]
    sessions = Program(code_for(alice))("GET", f"/studies/{made.study.public_id}/sessions?limit=100").json()
    assert (len(sessions["items"]), sessions["has_more"]) == (62, False)
    assert page["items"][0]["session_id"] in {one["id"] for one in sessions["items"]}
    narrow = Program(code_for(alice, "studies:read"))
    assert narrow("GET", f"/studies/{made.study.public_id}/data").json()["error"]["code"] == "scope_missing"


@pytest.mark.skipif(not shutil.which("Rscript"), reason="needs R")
def test_the_r_example_parses_as_r(tmp_path: Path) -> None:
    (example,) = re.findall(r"```r\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "example.R").write_text(example, encoding="utf-8")
    subprocess.run(["Rscript", "-e", "parse('example.R')"], cwd=tmp_path, check=True)


@pytest.mark.django_db
def test_a_program_makes_an_experiment_and_its_links(program: Program, study: Study) -> None:
    base = f"/studies/{study.public_id}/experiments"
    made = program("POST", base, {"path": "task.js", "name": "wave 1"})
    assert made.status_code == 201
    links = program("POST", f"{base}/{made.json()['id']}/links", {"labels": ["P1", "P2"], "resumable": True})
    assert [one["label"] for one in links.json()] == ["P1", "P2"]
    assert all("link=" in one["address"] for one in links.json())
    first = program("GET", f"{base}/{made.json()['id']}/links?limit=1").json()
    assert (len(first["items"]), first["has_more"]) == (1, True)
    closed = program("PATCH", f"{base}/{made.json()['id']}", {"closed": True})
    assert closed.json()["is_closed"] is True
    assert [one["name"] for one in program("GET", base).json()] == ["wave 1"]
    assert program("POST", base, {"path": "none.js"}).status_code == 404
