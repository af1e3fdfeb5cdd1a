"""Loads the official Dropbox SDK without the parts the mirror never calls; they are loaded on first use.

`import dropbox` reads the definitions of every route there is, those for administering teams above all: most of a
second and more than half of the memory of a process that only writes files (docs/decisions/0019-sdk-in-parts.md).
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder

UNUSED = (
    "account",
    "check",
    "contacts",
    "file_requests",
    "openid",
    "paper",
    "riviera",
    "secondary_emails",
    "seen_state",
    "sharing",
    "team",
    "team_common",
    "team_log",
    "team_policies",
)


def postpone_unused_parts() -> None:
    """Let `import dropbox` skip the unused parts; each is loaded on first use."""
    package = PathFinder.find_spec("dropbox")
    if package is None or "dropbox" in sys.modules:
        return
    for part in UNUSED:
        _postpone(f"dropbox.{part}", package.submodule_search_locations)


def _postpone(name: str, places: list[str] | None) -> None:
    spec = PathFinder.find_spec(name, places)
    if spec is None or spec.loader is None:
        return
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)

    def read(attribute: str) -> object:
        del module.__dict__["__getattr__"]
        loader.exec_module(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = read
    sys.modules[name] = module
