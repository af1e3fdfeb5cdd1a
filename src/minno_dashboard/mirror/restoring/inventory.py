"""Finds studies among a Dropbox's folders, and decodes manifests. Pure: paths and parsed JSON in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from minno_dashboard.core import names
from minno_dashboard.core.names import fold
from minno_dashboard.mirror.planner.model import DELETED, SHARED, STUDIES

_VERSION = re.compile(r"v([1-9][0-9]{0,5})")
_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ")
_MANIFEST = re.compile(r"manifest( \(.*\))?\.json")
_DEPTHS = {fold(STUDIES): 3, fold(SHARED): 4, fold(DELETED): 3}


@dataclass(frozen=True)
class FoundStudy:
    """A study in the Dropbox: its folder, name, owner ("" is the user), and versions."""

    path: str
    name: str
    owner: str
    is_deleted: bool
    versions: tuple[int, ...]


@dataclass(frozen=True)
class Told:
    """What a manifest says of one version."""

    is_published: bool
    published_at: datetime | None
    note: str
    began_from: int | None


def version_number(name: str) -> int | None:
    """Return the number of a folder named like a version, None for any other."""
    match = _VERSION.fullmatch(name.lower())
    return int(match[1]) if match else None


def studies_in(folders: Iterable[str]) -> list[FoundStudy]:
    """Return the folders that hold folders named like versions, in the order of their names."""
    versions: dict[str, set[int]] = {}
    for path in folders:
        parts = path.strip("/").split("/")
        number = version_number(parts[-1])
        if number is not None and len(parts) == _DEPTHS.get(fold(parts[0])):
            versions.setdefault("/" + "/".join(parts[:-1]), set()).add(number)
    found = [_found(path, numbers) for path, numbers in versions.items()]
    return sorted(found, key=lambda one: (one.is_deleted, one.owner, fold(one.name), one.path))


def _found(path: str, numbers: set[int]) -> FoundStudy:
    top, *middle, folder = path.strip("/").split("/")
    is_deleted = fold(top) == fold(DELETED)
    return FoundStudy(
        path=path,
        name=_DAY.sub("", folder) if is_deleted else folder,
        owner=middle[0] if middle else "",
        is_deleted=is_deleted,
        versions=tuple(sorted(numbers)),
    )


def is_manifest(name: str) -> bool:
    """Return whether a file at the root is a manifest, also one that was renamed aside."""
    return _MANIFEST.fullmatch(name.lower()) is not None


def told_studies(heads: Iterable[Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """Return what manifests say of studies, by folded path; a later manifest wins."""
    told: dict[str, Mapping[str, object]] = {}
    for head in sorted(heads, key=lambda one: str(one.get("describes", ""))):
        studies = head.get("studies")
        for study in studies if isinstance(studies, list) else ():
            if isinstance(study, dict) and isinstance(study.get("path"), str):
                told["/" + fold(study["path"].strip("/"))] = study
    return told


def told_name(study: Mapping[str, object], otherwise: str) -> str:
    """Return the name that a manifest gives, where it is valid."""
    name = study.get("name")
    return name if isinstance(name, str) and names.is_good(name) else otherwise


def told_text(study: Mapping[str, object], key: str) -> str:
    """Return a text of a manifest, "" where it is missing."""
    text = study.get(key)
    return text.replace("\0", "") if isinstance(text, str) else ""


def told_versions(study: Mapping[str, object]) -> dict[int, Told]:
    """Return what a manifest says of a study's versions, by number."""
    versions = study.get("versions")
    told = {}
    for one in versions if isinstance(versions, list) else ():
        if isinstance(one, dict) and isinstance(one.get("number"), int):
            began_from = one.get("began_from")
            told[one["number"]] = Told(
                is_published=one.get("state") == "published",
                published_at=_moment(one.get("published")),
                note=told_text(one, "note"),
                began_from=began_from if isinstance(began_from, int) and began_from > 0 else None,
            )
    return told


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
