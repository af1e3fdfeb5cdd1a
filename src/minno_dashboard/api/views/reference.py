"""The reference of the API as a page of the Dashboard, made from its OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from minno_dashboard.api import endpoints
from minno_dashboard.api.scopes import SENTENCES


@dataclass(frozen=True)
class Field:
    """A parameter or a part of a body: its name, where it goes, its kind in words."""

    name: str
    where: str
    kind: str
    is_required: bool
    about: str


@dataclass(frozen=True)
class Address:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    summary: str
    about: SafeString
    scopes: list[str]
    fields: list[Field]
    answers: list[tuple[str, str, str]]


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Show the reference."""
    groups: dict[str, list[Address]] = {}
    document = endpoints.document()
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            groups.setdefault(one["tags"][0], []).append(_address(document, path, method, one))
    context = {"groups": groups, "server": settings.SERVER_URL, "scopes": SENTENCES}
    return render(request, "api/reference.html", context)


def _address(document: dict[str, Any], path: str, method: str, one: dict[str, Any]) -> Address:
    parameters = [
        Field(p["name"], p["in"], _kind(p["schema"]), p["required"], p["schema"].get("description", ""))
        for p in one.get("parameters", [])
    ]
    return Address(
        anchor=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        about=_with_names(one.get("description", "")),
        scopes=[scope for need in one.get("security", []) for scope in next(iter(need.values()))],
        fields=parameters + _body(document, one.get("requestBody")),
        answers=[
            (str(status), HTTPStatus(int(status)).phrase, _answer(answer))
            for status, answer in sorted(one["responses"].items(), key=lambda pair: int(pair[0]))
        ],
    )


def _with_names(text: str) -> SafeString:
    """Return a text with what stands in backticks as code."""
    pieces = text.split("`")
    return format_html_join(
        "",
        "<{0}>{1}</{0}>",
        (("code" if number % 2 else "span", piece) for number, piece in enumerate(pieces)),
    )


def _body(document: dict[str, Any], body: dict[str, Any] | None) -> list[Field]:
    if body is None:
        return []
    ((media_type, content),) = body["content"].items()
    if media_type != "application/json":
        return [Field("", "body", f"the bytes, {media_type}", True, "")]
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][_named(schema)]
    required = schema.get("required", [])
    return [
        Field(name, "body", _kind(one), name in required, one.get("description", ""))
        for name, one in schema["properties"].items()
    ]


def _answer(answer: dict[str, Any]) -> str:
    for media_type, content in answer.get("content", {}).items():
        return _kind(content["schema"]) if media_type == "application/json" else media_type
    return ""


def _named(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _kind(schema: dict[str, Any]) -> str:
    """Return a JSON schema in a few words."""
    if "$ref" in schema:
        return _named(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "allOf" in schema:
        return _kind(schema["allOf"][0])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "anything")
