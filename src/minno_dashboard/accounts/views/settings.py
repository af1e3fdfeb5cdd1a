"""The Settings page: profile, password, email, and the sections of other apps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts import mail, recovery, services, sessions
from minno_dashboard.accounts.access import address_of, person
from minno_dashboard.accounts.forms import ChangePasswordForm, EmailForm, ProfileForm, focus
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.sections import PageSection, contributed, say, with_notes
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.core.errors import TooMany

SLOT = "settings.sections"
OWN = (
    ("profile", gettext_lazy("Profile")),
    ("password", gettext_lazy("Password")),
    ("email", gettext_lazy("Email")),
)


@never_cache
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Show all sections."""
    return page(request)


def page(
    request: HttpRequest, *, forms_in_error: Mapping[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    """Show the Settings page; a refused form is shown in its section with what was typed.

    Apps above show their own refused forms by leaving them on the request for their `render`.
    """
    user = person(request)
    shown: dict[str, forms.Form] = {
        "profile": ProfileForm(initial={"full_name": user.full_name}),
        "password": ChangePasswordForm(),
        "email": EmailForm(initial={"email": user.email}),
        **(forms_in_error or {}),
    }
    by_mail = mail.is_enabled()
    sections = [
        PageSection(
            name,
            title,
            render_to_string(
                f"accounts/settings_{name}.html",
                {"form": shown[name], "user": user, "by_mail": by_mail},
                request,
            ),
        )
        for name, title in OWN
    ]
    context = with_notes(request, sections + contributed(SLOT, request))
    return render(request, "accounts/settings.html", context, status=status)


def _save(
    request: HttpRequest, name: str, form: forms.Form, save: Callable[[], None], done: str | Callable[[], str]
) -> HttpResponse:
    """Save one section and show a message, or show the page again with the errors."""
    status = 422
    if form.is_valid():
        try:
            save()
        except FieldRefused as error:
            form.add_error(error.field, str(error))
        except TooMany as error:
            form.add_error(None, str(error))
            status = error.status
        else:
            say(request, name, done if isinstance(done, str) else done())
            return HttpResponseRedirect(f"{resolve_url('settings')}#{name}")
    wrong = [field for field in form.errors if field in form.fields]
    focus(form, wrong[0] if wrong else next(iter(form.fields)))
    person(request).refresh_from_db()
    return page(request, forms_in_error={name: form}, status=status)


@require_POST
def save_profile(request: HttpRequest) -> HttpResponse:
    """Change one's full name."""
    form, user = ProfileForm(request.POST), person(request)

    def save() -> None:
        services.change_full_name(user=user, full_name=form.cleaned_data["full_name"])

    return _save(request, "profile", form, save, gettext("Your name is saved."))


@require_POST
@sensitive_post_parameters("old_password", "password", "again")
def save_password(request: HttpRequest) -> HttpResponse:
    """Change one's password; other sessions end, this one continues."""
    form, user = ChangePasswordForm(request.POST), person(request)

    def save() -> None:
        services.change_password(
            user=user,
            old_password=form.cleaned_data["old_password"],
            new_password=form.cleaned_data["password"],
            address=address_of(request),
            end_tokens=form.cleaned_data["end_tokens"],
        )
        sessions.keep(request, user)

    return _save(
        request, "password", form, save, gettext("Your password is changed. Every other session was ended.")
    )


@require_POST
@confirmation_required
def save_email(request: HttpRequest) -> HttpResponse:
    """Change one's email address."""
    form, user = EmailForm(request.POST), person(request)

    waits = []

    def save() -> None:
        if recovery.change_email(user=user, email=form.cleaned_data["email"]):
            waits.append(form.cleaned_data["email"])

    def done() -> str:
        if waits:
            return gettext("A link is being sent to %(value)s. The address changes once you open it.") % {
                "value": waits[0]
            }
        return gettext("Your email address is saved.")

    return _save(request, "email", form, save, done)
