"""What all tests share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Before Django reads its settings: tests keep their data apart, in a folder of each process.
_folder = tempfile.mkdtemp(prefix="minno-tests-")
os.environ["MINNO_DATA_DIR"] = _folder
os.environ.pop("MINNO_SERVER_URL", None)
os.environ.setdefault("MINNO_SECRET_KEY", "only-for-tests-only-for-tests-only-for-tests")

# pytest-django reads the settings before this file: what they took from a real installation is replaced here.
from django.conf import settings  # noqa: E402

settings.DATA_DIR = Path(_folder)
settings.BLOB_STORE = str(Path(_folder) / "blobs")
settings.SECRET_KEY = os.environ["MINNO_SECRET_KEY"]

# SQLite as an installation has it, in a file: in memory it refuses a second thread at once instead of letting it wait.
_database = settings.DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database.setdefault("TEST", {})["NAME"] = str(Path(_folder) / "test.sqlite3")
    _database["OPTIONS"]["init_command"] = _database["OPTIONS"]["init_command"].replace("=FULL", "=OFF")

# A slow machine is no reason for a property test to fail.
import hypothesis  # noqa: E402

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
