"""Build hook: a wheel or an sdist holds the built front end and the compiled translations, or is not built."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "src/minno_dashboard/ui/static/build"
NEEDED = ("app.js", "study.js", "style.css", "style-rtl.css", "theme.js", "play.js", "jspsych/jspsych.js")
NO_NODE = (
    "The front end is not built, and Node.js (20 or newer, with npm) was not found to build it. "
    "Run `make setup` first, which brings its own, or install Node.js. No package was written."
)
NO_FRONT_END = "The front end was not built, so no package was written. npm printed:\n"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build_front_end(root: Path) -> None:
    """Run `npm ci` and the build in `frontend/`. Raises: RuntimeError with a sentence for who builds the package."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(NO_NODE)
    for command in ([npm, "ci", "--no-audit", "--no-fund"], [npm, "run", "build"]):
        done = subprocess.run(command, cwd=root / "frontend", capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{NO_FRONT_END}{done.stdout}{done.stderr}")


class PackageContents(BuildHookInterface[Any]):
    """Makes what git ignores and the package needs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing. Raises: RuntimeError where that cannot be done; an editable install needs nothing."""
        if version == "editable":
            return
        root = Path(self.root)
        _module(root / "tools/compile_texts.py").main()
        built = root / BUILT
        if not all((built / name).exists() for name in NEEDED):
            build_front_end(root)
        missing = [name for name in NEEDED if not (built / name).exists()]
        if missing:
            raise RuntimeError(f"{NO_FRONT_END}(no error, but {', '.join(missing)} are missing)")
