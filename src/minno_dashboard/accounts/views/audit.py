"""Admin → Audit log: search, filter, export."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minno_dashboard.accounts import audit_actions, csv_export, queries
from minno_dashboard.accounts.access import admin_required
from minno_dashboard.accounts.forms import AuditFilterForm
from minno_dashboard.accounts.models import AuditEntry

PAGE_SIZE = 100
# Programs compare "did"; "in words" is what the page says, in the language of who exports.
HEADER = ("time (UTC)", "who", "did", "to", "details", "in words")


def _asked(request: HttpRequest) -> tuple[AuditFilterForm, QuerySet[AuditEntry], str]:
    """Return the filter, its entries, and the filter as a query string."""
    form = AuditFilterForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    entries = queries.audit_entries(
        text=asked.get("q", ""),
        action=asked.get("action", ""),
        since=asked.get("since"),
        until=asked.get("until"),
    )
    kept = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    return form, entries, urlencode(kept)


@never_cache
@require_GET
@admin_required
def show(request: HttpRequest) -> HttpResponse:
    """List the entries, the latest first."""
    form, entries, kept = _asked(request)
    context = {
        "form": form,
        "entries": Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page")),
        "actions": queries.recorded_actions(),
        "kept": kept,
    }
    return render(request, "accounts/audit.html", context)


@require_GET
@admin_required
def export(request: HttpRequest) -> HttpResponseBase:
    """Return the same entries as a CSV file."""
    _, entries, _ = _asked(request)
    # Worded now: when the rows are read, the answer has begun and the reader's language is let go.
    words = {str(action): str(phrase) for action, phrase in audit_actions.PHRASES.items()}
    return csv_export.response("audit-log.csv", HEADER, _rows(entries, words))


def _rows(entries: QuerySet[AuditEntry], words: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for one in entries.iterator(chunk_size=1000):
        details = json.dumps(one.details, ensure_ascii=False) if one.details else ""
        known = words.get(one.action, "")
        yield f"{one.at:%Y-%m-%d %H:%M:%S}", one.actor_name, one.action, one.target, details, known
