"""Parts of the lines of a list: what many lines of a page show alike is rendered once for all of them."""

from __future__ import annotations

from collections.abc import Hashable

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from minno_dashboard.studies.access import Action
from minno_dashboard.studies.models import Study, Tag

register = template.Library()
RENDERED_OF_REQUEST = "rendered_rows"
SOME_ID, SOME_NAME = "the-id-of-a-study", "\ue000"
"""What stands for a study's own id and name; U+E000 belongs to no script."""


@register.simple_tag(takes_context=True)
def alike(context: Context, name: str, **values: Hashable) -> SafeString:
    """Include a template that shows nothing but these values."""
    return _rendered(context, name, tuple(values.items()), values)


@register.simple_tag(takes_context=True)
def tag_labels(context: Context, study: Study) -> SafeString:
    """Show the reader's own tags of a study; the view has read all of them at once as `tags_by_study`."""
    by_study: dict[int, list[Tag]] = context.get("tags_by_study") or {}
    tags = tuple(by_study.get(study.pk, ()))
    return alike(context, "studies/tag_labels.html", tags=tags) if tags else mark_safe("")


@register.simple_tag(takes_context=True)
def study_menu(context: Context, study: Study, rights: frozenset[Action]) -> SafeString:
    """Show what can be done to a study: the menu of all with the same rights, with its own id and name."""
    key = rights, study.archived_at is not None
    some = Study(public_id=SOME_ID, name=SOME_NAME, archived_at=study.archived_at)
    menu = _rendered(context, "studies/study_menu.html", key, {"study": some, "rights": rights})
    own = menu.replace(SOME_ID, study.public_id).replace(SOME_NAME, escape(study.name))
    return mark_safe(own)  # noqa: S308 - a rendered template, and an escaped name


def _rendered(context: Context, name: str, key: Hashable, values: dict[str, object]) -> SafeString:
    request: HttpRequest = context["request"]
    made: dict[tuple[str, Hashable], SafeString] = request.__dict__.setdefault(RENDERED_OF_REQUEST, {})
    if (name, key) not in made:
        made[name, key] = render_to_string(name, values, request)
    return made[name, key]
