"""Parses the `.jas` file of a JATOS study."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Component:
    """One page of a JATOS study; `path` is its HTML file in the study."""

    title: str
    path: str
    json_input: Any = None
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class JatosStudy:
    """The components of a study in their order, and the study's JSON input."""

    title: str
    components: tuple[Component, ...]
    json_input: Any = None
    uuid: str = ""


def read_jas(text: str, *, folder: str, paths: Collection[str]) -> JatosStudy | None:
    """Return the study described by a `.jas` file in a folder (`""` or `exp/`); None where it is no such file.

    Components that are switched off, or whose HTML file is not among `paths`, are left out.
    """
    try:
        content = json.loads(text)
    except ValueError:
        return None
    data = content.get("data", content) if isinstance(content, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("componentList"), list):
        return None
    assets = str(data.get("dirName") or "")
    components = [
        Component(
            title=str(one.get("title") or ""),
            path=path,
            json_input=_json_input(one.get("jsonData")),
            uuid=str(one.get("uuid") or ""),
        )
        for one in data["componentList"]
        if isinstance(one, dict)
        and one.get("active", True)
        and (path := _place(str(one.get("htmlFilePath") or ""), folder, assets, paths))
    ]
    return JatosStudy(
        str(data.get("title") or ""),
        tuple(components),
        _json_input(data.get("jsonData")),
        str(data.get("uuid") or ""),
    )


def _place(html: str, folder: str, assets: str, paths: Collection[str]) -> str:
    """Return the path of a component's file: in the study's assets folder, beside the `.jas` file, or at the top."""
    html = html.strip("/")
    candidates = [f"{folder}{assets}/{html}" if assets else "", f"{folder}{html}", html]
    return next((one for one in candidates if html and one in paths), "")


def _json_input(given: Any) -> Any:
    """Return JSON input as a value: `.jas` files hold it as a value or, in newer ones, as text."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return given
