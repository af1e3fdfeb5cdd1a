"""The mirror's parts of other apps' pages: the badge in the top bar, Settings → Dropbox, Edit configuration → Dropbox."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from minno_dashboard.accounts.models import User
from minno_dashboard.core import ids
from minno_dashboard.mirror.connecting import app_settings, redirect
from minno_dashboard.mirror.pages import backup_column, dropbox_place, mirror_status, notices
from minno_dashboard.mirror.pages.forms import DropboxForm, PolicyForm
from minno_dashboard.mirror.pages.mirror_status import Badge, Overview
from minno_dashboard.mirror.pages.panel import Panel, is_moving, panel_of
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.studies.models import Study
from minno_dashboard.ui import slots

FORM_OF_REQUEST = "mirror_dropbox_form"
OVERVIEW_OF_REQUEST = "mirror_overview"
MARKS_OF_REQUEST = "mirror_study_marks"
HELP = {"app_secret": "app-secret-help", "app_name": "app-name-help"}
SIGNS = {"good": "✓", "warn": "↑", "bad": "!", "off": "○"}


def contribute() -> None:
    """Register the mirror's parts of other pages; called once at start."""
    slots.contribute("topbar", name="mirror", title=gettext_lazy("Mirror"), order=10, render=bar)
    slots.contribute("study.row", name="mirror", title=gettext_lazy("Mirror"), order=10, render=study_mark)
    slots.contribute("study.head", name="mirror", title=gettext_lazy("Mirror"), order=10, render=study_head)
    slots.contribute(
        "users.backup", name="mirror", title=gettext_lazy("Mirror"), order=10, render=backup_column.cell
    )
    slots.contribute("study.menu", name="mirror", title=gettext_lazy("Mirror"), order=10, render=study_menu)
    slots.contribute("settings.sections", name="dropbox", title="Dropbox", order=40, render=settings_section)
    slots.contribute(
        "configuration.sections", name="dropbox", title="Dropbox", order=10, render=configuration_section
    )


def bar(request: HttpRequest) -> str:
    """Render the badge of the top bar."""
    if not request.user.is_authenticated:
        return ""
    badge = _overview(request, request.user).badge()
    return render_to_string("mirror/bar.html", _bar_context(badge), request)


def _overview(request: HttpRequest, user: User) -> Overview:
    """Return the state of the reader's mirror, read once per page."""
    known: Overview | None = getattr(request, OVERVIEW_OF_REQUEST, None)
    if known is None:
        known = mirror_status.overview(user)
        setattr(request, OVERVIEW_OF_REQUEST, known)
    return known


def bar_context(user: User) -> dict[str, object]:
    """Return the context of the top bar's badge; `mark` changes when the badge does."""
    return _bar_context(mirror_status.badge(user))


def _bar_context(badge: Badge) -> dict[str, object]:
    return {**badge_context(badge), "mark": _mark(badge)}


def badge_context(badge: Badge) -> dict[str, object]:
    """Return a badge with the colour of its dot and the interval at which the page asks again."""
    return {"badge": badge, "is_moving": is_moving(badge)}


def study_head(request: HttpRequest) -> str:
    """Render the badge of the study that the page is about."""
    study = getattr(request, "slot_subject", None)
    if not request.user.is_authenticated or not isinstance(study, Study):
        return ""
    badge = _overview(request, request.user).badge_of(study)
    return render_to_string("mirror/study_head.html", study_context(request.user, study, badge), request)


def study_context(user: User, study: Study, known: Badge | None = None) -> dict[str, object]:
    """Return the context of a study's badge."""
    badge = known or mirror_status.study_badge(user, study)
    return {**badge_context(badge), "study": study, "mark": _mark(badge)}


def study_menu(request: HttpRequest) -> str:
    """Render the way to the study's folder in the reader's Dropbox; nothing while it is not there."""
    study = getattr(request, "slot_subject", None)
    if not request.user.is_authenticated or not isinstance(study, Study):
        return ""
    link = _overview(request, request.user).link
    place = dropbox_place.study_folder(link, study) if link else None
    return render_to_string("mirror/study_menu.html", {"place": place}) if place else ""


def study_mark(request: HttpRequest) -> str:
    """Render the badge of one line of the Studies list; empty for a study that is not in the reader's mirror."""
    study = getattr(request, "slot_subject", None)
    if not request.user.is_authenticated or not isinstance(study, Study):
        return ""
    seen = _overview(request, request.user)
    # Studies that are as far behind have the same mark.
    made: dict[int | None, str] = request.__dict__.setdefault(MARKS_OF_REQUEST, {None: ""})
    behind = seen.behind.get(study.pk)
    if behind not in made and (badge := seen.badge_of(study)):
        made[behind] = render_to_string("mirror/study_mark.html", {"badge": badge, "sign": SIGNS[badge.dot]})
    return made[behind]


def _mark(badge: Badge) -> str:
    """Return a short digest that changes when the badge does."""
    return ids.fingerprint(f"{badge.state} {badge.short}")[:12]


def settings_section(request: HttpRequest) -> str:
    """Render Settings → Dropbox."""
    if not request.user.is_authenticated:
        return ""
    seen = _overview(request, request.user)
    panel = panel_of(request.user, seen)
    context = {
        **badge_context(seen.badge()),
        "panel": panel,
        "policy_form": _policy_form(panel),
        "notices": notices.take(request),
    }
    return render_to_string("mirror/settings.html", context, request)


def panel_context(user: User) -> dict[str, object]:
    """Return the context of the live part of the section."""
    seen = mirror_status.overview(user)
    return {**badge_context(seen.badge()), "panel": panel_of(user, seen)}


def _policy_form(panel: Panel) -> PolicyForm:
    form = PolicyForm(
        initial={"deleted_files": PolicyForm.KEEP if panel.keeps_deleted else PolicyForm.DELETE}
    )
    form.fields["deleted_files"].widget.attrs["class"] = "form-check-input"
    return form


def configuration_section(request: HttpRequest) -> str:
    """Render Edit configuration → Dropbox; a refused form is shown again with its errors."""
    stored = siteconfig.dropbox()
    form: DropboxForm | None = getattr(request, FORM_OF_REQUEST, None)
    context = {
        "form": dressed(form or empty_form()),
        "has_secret": stored.has_secret,
        "secret_set_at": stored.secret_set_at,
        "checked": None if form else app_settings.last_check(),
        "paused": app_settings.paused(),
        "redirect_uri": redirect.uri(),
        "webhook_uri": redirect.webhook(),
        "is_accepted": redirect.is_accepted_by_dropbox(),
        "server_url": settings.SERVER_URL,
    }
    return render_to_string("mirror/configuration.html", context, request)


def empty_form() -> DropboxForm:
    """Return the form with the stored values, without the secret."""
    stored = siteconfig.dropbox()
    return DropboxForm(
        initial={
            "synchronization": DropboxForm.ON if stored.is_enabled else DropboxForm.OFF,
            "app_key": stored.app_key,
            "app_name": stored.app_name,
        }
    )


def dressed(form: DropboxForm) -> DropboxForm:
    """Add CSS classes to the inputs, and tie them to their errors for screen readers."""
    for name, field in form.fields.items():
        bound = form[name]
        field.widget.attrs["class"] = "form-check-input" if name == "synchronization" else "form-control"
        described = [f"{bound.auto_id}_error"] if bound.errors else []
        if name in HELP:
            described.append(HELP[name])
        if bound.errors:
            field.widget.attrs["aria-invalid"] = "true"
            field.widget.attrs["class"] += " is-invalid"
        if described and name != "synchronization":
            field.widget.attrs["aria-describedby"] = " ".join(described)
    return form
