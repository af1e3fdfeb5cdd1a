"""What the templates of studies say about tags."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from minno_dashboard.studies.models import Study, Tag

register = template.Library()


@register.inclusion_tag("studies/tag_labels.html", takes_context=True)
def tag_labels(context: Context, study: Study) -> dict[str, Any]:
    """Show the reader's own tags of a study; the view has read all of them at once as `tags_by_study`."""
    by_study: dict[int, list[Tag]] = context.get("tags_by_study") or {}
    return {"tags": by_study.get(study.pk, [])}
