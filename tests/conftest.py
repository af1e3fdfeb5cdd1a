"""What all tests share."""

from __future__ import annotations

import os
import tempfile

# Before Django reads its settings: tests keep their data apart, in a folder of each process.
_folder = tempfile.mkdtemp(prefix="minno-tests-")
os.environ["MINNO_DATA_DIR"] = _folder
os.environ.pop("MINNO_SERVER_URL", None)
os.environ.setdefault("MINNO_SECRET_KEY", "only-for-tests-only-for-tests-only-for-tests")
