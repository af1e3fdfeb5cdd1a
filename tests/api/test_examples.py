"""The examples of docs/api.md, run as they stand with curl against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minno_dashboard.studies.models import Study
from tests.accounts.conftest import make
from tests.api.conftest import code_for

EXAMPLES = re.findall(r"```sh\n(.*?)```", Path("docs/api.md").read_text(encoding="utf-8"), re.DOTALL)


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
