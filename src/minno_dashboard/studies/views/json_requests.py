"""Common parts of all JSON addresses: the study and version, the permission check, the request's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import Invalid, NotAllowed, NotFound, Refused, TooLarge
from minno_dashboard.core.numbers import is_whole_number
from minno_dashboard.files import queries as files
from minno_dashboard.files.models import Node, Tree
from minno_dashboard.files.services import Frozen
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.models import Study, Version
from minno_dashboard.studies.queries import get_study, get_version, newest_version

MAX_JSON_BYTES = 2 * 1024 * 1024
MAX_TEXT_JSON_BYTES = 16 * 1024 * 1024
"""For addresses that take the text of a file or many paths."""
MAX_IN_LIST = 100_000
"""The most ids or paths in one request: as many as a version can have files."""

_UNREADABLE = gettext_noop(
    "The page sent something the Dashboard cannot read. Reload the page and try again."
)


@dataclass(frozen=True)
class JsonRequest:
    """The parsed request: the study's version with its tree, and the JSON."""

    user: User
    study: Study
    version: Version
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def tree(self) -> Tree:
        """Return the files of the version."""
        return self.version.tree

    def text(self, name: str) -> str:
        """Return a string of the JSON."""
        value = self.body.get(name)
        if not isinstance(value, str):
            raise Invalid(gettext(_UNREADABLE))
        return value

    def number(self, name: str) -> int | None:
        """Return a whole number of the JSON, or None."""
        value = self.body.get(name)
        if value is not None and not is_whole_number(value):
            raise Invalid(gettext(_UNREADABLE))
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of strings of the JSON."""
        value = self.body.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in _bounded(value)):
            raise Invalid(gettext(_UNREADABLE))
        return value

    def numbers(self, name: str) -> list[int]:
        """Return a list of whole numbers of the JSON, each once, in their order; none where it is not there."""
        value = self.body.get(name, [])
        if not isinstance(value, list) or not all(map(is_whole_number, _bounded(value))):
            raise Invalid(gettext(_UNREADABLE))
        return list(dict.fromkeys(value))

    def ids(self) -> list[int]:
        """Return the ids of the JSON, in their order; there is at least one."""
        if not (ids := self.numbers("ids")):
            raise Invalid(gettext(_UNREADABLE))
        return ids

    def nodes(self) -> list[Node]:
        """Return the living nodes that the JSON names, in its order."""
        found = {node.pk: node for node in files.get_nodes(tree=self.tree, node_ids=self.ids())}
        return [found[one] for one in self.ids()]

    def folder(self, name: str = "parent") -> Node | None:
        """Return the folder that the JSON names; None is the top."""
        node_id = self.number(name)
        return None if node_id is None else files.get_node(tree=self.tree, node_id=node_id)


def asked(
    request: HttpRequest,
    action: Action,
    public_id: str,
    number: int | None,
    max_json_bytes: int = MAX_JSON_BYTES,
) -> JsonRequest:
    """Return the parsed request, if the person may do this."""
    user = person(request)
    study = get_study(user, public_id, action)
    what = JsonRequest(user, study, get_version(study, number), _json(request, max_json_bytes))
    what.number("since")  # refused now, and not by `done` after the change
    return what


def api(
    methods: str, action: Action, max_json_bytes: int = MAX_JSON_BYTES
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Decorate a view of `…/<study>/v<number>/…`: allowed methods and the permission it needs.

    The view gets the request, an `JsonRequest`, and what else its address names.
    """

    def wrap(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, public_id: str, number: int, **more: Any) -> HttpResponseBase:
            try:
                what = asked(request, action, public_id, number, max_json_bytes)
            except NotAllowed as refused:
                return _refusal(refused, "no_right")
            except NotFound as refused:
                return _refusal(refused, "no_study")
            try:
                return view(request, what, **more)
            except Frozen as refused:
                now = get_study(what.user, public_id)  # as it is now that somebody has published
                return _refusal(refused, "published", **where_to_go_on(now, what.user))

        return never_cache(require_http_methods(methods.split())(checked))

    return wrap


def _bounded(value: list[Any]) -> list[Any]:
    if len(value) > MAX_IN_LIST:
        raise TooLarge(
            gettext("More than %(most)s files at once are too many. Do it in smaller parts.")
            % {"most": f"{MAX_IN_LIST:,}"}
        )
    return value


def _refusal(refused: Refused, reason: str, **more: Any) -> JsonResponse:
    """Respond to a script with a sentence and a code for the reason."""
    return JsonResponse({"error": str(refused), "reason": reason, **more}, status=refused.status)


def where_to_go_on(study: Study, user: User) -> dict[str, Any]:
    """Return the version in development, if there is one, and whether this person may begin one."""
    newest = newest_version(study)
    is_open = newest.state == Version.State.DEVELOP
    rights = standing(user, study).rights
    develop = None
    if is_open and Action.EDIT_FILES in rights:
        base = reverse("study_version", args=[study.public_id, newest.number])
        develop = {"number": newest.number, "base": base}
    return {"develop": develop, "may_begin": not is_open and Action.MANAGE in rights}


def _json(request: HttpRequest, max_bytes: int) -> dict[str, Any]:
    if request.content_type != "application/json":
        return {}
    if len(request.body) > max_bytes:
        raise TooLarge(
            gettext("This request is larger than the Dashboard accepts at once. Do it in smaller parts.")
        )
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid(gettext(_UNREADABLE)) from error
    if not isinstance(body, dict):
        raise Invalid(gettext(_UNREADABLE))
    return body


def node_json(node: Node) -> dict[str, Any]:
    """Return a file or folder as JSON for the page."""
    return {
        "id": node.pk,
        "parent": node.parent_id,
        "name": node.name,
        "folder": node.is_folder,
        "size": node.blob.size if node.blob else 0,
        "blob": node.blob.sha256 if node.blob else "",
        "at": int(node.changed_at.timestamp()),
    }


def _row_json(row: tuple[int, int | None, str, int | None, str | None, datetime]) -> dict[str, Any]:
    """Return what `node_json` returns, from a database row; only a file has a blob."""
    pk, parent_id, name, size, sha256, changed_at = row
    return {
        "id": pk,
        "parent": parent_id,
        "name": name,
        "folder": sha256 is None,
        "size": size or 0,
        "blob": sha256 or "",
        "at": int(changed_at.timestamp()),
    }


def tree_json(tree: Tree, since: int | None) -> dict[str, Any]:
    """Return what changed in a tree after a revision; without one, everything in it."""
    # The revision is read first: what changes in between comes again the next time, and is never missed.
    revision = Tree.objects.values_list("revision", flat=True).get(pk=tree.pk)
    if since is None or since < 0:
        # Plain tuples: thousands of rows must cost milliseconds.
        living = Node.objects.filter(tree=tree, deleted_at=None).values_list(
            "pk", "parent_id", "name", "blob__size", "blob__sha256", "changed_at"
        )
        return {"revision": revision, "nodes": [_row_json(row) for row in living], "gone": []}
    if since == revision:
        return {"revision": revision, "nodes": [], "gone": []}
    changed = list(files.changed_nodes(tree, since=since))
    return {
        "revision": revision,
        "nodes": [node_json(node) for node in changed if node.deleted_at is None],
        "gone": [node.pk for node in changed if node.deleted_at is not None],
    }


def done(what: JsonRequest, **more: Any) -> JsonResponse:
    """Respond to a change with what it changed in the tree since the revision the page had."""
    return JsonResponse({"tree": tree_json(what.tree, what.number("since")), **more})
