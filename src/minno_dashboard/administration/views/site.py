"""Usage, limits, the home page."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import admin_required, person
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.sections import say
from minno_dashboard.accounts.views import configuration
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.administration import homepage, plots, queries
from minno_dashboard.administration.forms import MEGABYTE, LimitsForm
from minno_dashboard.administration.models import UsageDay
from minno_dashboard.administration.queries import Stored
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.ui import words

FORM_OF_REQUEST = "limits_form"
SHOWN_FOR = timedelta(days=365)


@never_cache
@require_GET
@admin_required
def usage(request: HttpRequest) -> HttpResponse:
    """Show the totals, the totals by user, and their growth."""
    now, today = queries.totals(), clock.now().date()
    days = list(UsageDay.objects.filter(day__gt=today - SHOWN_FOR, day__lt=today).order_by("day"))
    plotted = [
        (
            gettext("Studies"),
            [(one.day, one.studies) for one in days] + [(today, now.studies)],
            f"{now.studies:,}",
        ),
        (gettext("Files"), [(one.day, one.files) for one in days] + [(today, now.files)], f"{now.files:,}"),
        (
            gettext("Space"),
            [(one.day, one.bytes) for one in days] + [(today, now.bytes)],
            words.size(now.bytes),
        ),
    ]
    stored = queries.stored_by_owner()
    people = [(user, stored.get(user.pk, Stored())) for user in User.objects.order_by("username")]
    people.sort(key=lambda pair: -pair[1].bytes)
    context = {
        "now": now,
        "plots": [
            {
                "title": title,
                "now": shown,
                "line": plots.line(points),
                "since": points[0][0],
                "days": len(points),
            }
            for title, points, shown in plotted
        ],
        "people": [(user, one, _tenths(one.bytes, people[0][1].bytes)) for user, one in people],
        "space_bytes": siteconfig.limits().space_bytes,
        "width": plots.WIDTH,
        "height": plots.HEIGHT,
    }
    return render(request, "administration/usage.html", context)


def _tenths(value: int, most: int) -> int:
    return round(value / most * 100) if most else 0


def limits_section(request: HttpRequest) -> str:
    """Render the section Limits of the configuration."""
    stored = siteconfig.limits()
    initial = {
        "file_mb": stored.file_bytes and stored.file_bytes // MEGABYTE,
        "space_mb": stored.space_bytes and stored.space_bytes // MEGABYTE,
    }
    form = getattr(request, FORM_OF_REQUEST, None) or LimitsForm(initial=initial)
    return render_to_string("administration/limits.html", {"form": form}, request)


@never_cache
@require_POST
@admin_required
def save_limits(request: HttpRequest) -> HttpResponse:
    """Save the limits; they apply to later writes."""
    form = LimitsForm(request.POST)
    if not form.is_valid():
        setattr(request, FORM_OF_REQUEST, form)
        return configuration.page(request, status=422)
    given = form.cleaned_data
    values = {
        "file_bytes": given["file_mb"] and given["file_mb"] * MEGABYTE,
        "space_bytes": given["space_mb"] and given["space_mb"] * MEGABYTE,
    }
    with transaction.atomic():
        save_section(siteconfig.LIMITS, values, {})
        record(actor=person(request), action=AuditAction.CONFIGURATION_CHANGE, target="Limits", **values)
    say(request, "limits", gettext("Saved. The limits apply from now on."))
    return HttpResponseRedirect(f"{resolve_url('edit_configuration')}#limits")


@never_cache
@require_http_methods(["GET", "POST"])
@admin_required
@confirmation_required
def home_page(request: HttpRequest) -> HttpResponse:
    """Edit the texts around the login form, with a preview of what is saved."""
    stored, refused = siteconfig.home_page(), None
    above, beside = stored.above, stored.beside
    if request.method == "POST":
        above, beside = request.POST.get("above", ""), request.POST.get("beside", "")
        try:
            homepage.save(above=above, beside=beside, by=person(request))
        except Refused as error:
            refused = error
        else:
            kept = siteconfig.home_page()
            if (kept.above, kept.beside) != (above.strip(), beside.strip()):
                messages.warning(
                    request, gettext("Saved, without anything that could run code or load from another site.")
                )
            else:
                messages.success(request, gettext("Saved."))
            return redirect("edit_home_page")
    context = {
        "above": above,
        "beside": beside,
        "safe_above": homepage.clean(stored.above),
        "safe_beside": homepage.clean(stored.beside),
        "refused": refused,
    }
    return render(
        request, "administration/home_page.html", context, status=refused.status if refused else 200
    )
