"""Edit configuration → Mail: the form, a test mail, mails that could not be sent."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from minno_dashboard.accounts import emails, mail
from minno_dashboard.accounts.access import admin_required, person
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.forms import MailForm
from minno_dashboard.accounts.mail import MailNotSent
from minno_dashboard.accounts.sections import say
from minno_dashboard.accounts.views import configuration
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.services import save_section
from minno_dashboard.ui.words import plural

FORM_OF_REQUEST = "mail_form"


def section(request: HttpRequest) -> str:
    """Render the section."""
    stored = siteconfig.mail()
    initial = {
        name: getattr(stored, name) for name in ("provider", "host", "port", "security", "sender", "username")
    }
    form = getattr(request, FORM_OF_REQUEST, None) or MailForm(initial=initial, auto_id="mail_%s")
    needed = ("host", "port", "security", "sender", *(() if stored.has_password else ("password",)))
    for name in needed:
        form.fields[name].required = True  # for the eye: they are optional only where no mail is sent
    context = {
        "form": form,
        "stored": stored,
        "waiting": mail.waiting(),
        "own_address": person(request).email,
    }
    return render_to_string("accounts/configuration_mail.html", context, request)


def _back() -> HttpResponse:
    return HttpResponseRedirect(f"{resolve_url('edit_configuration')}#mail")


@never_cache
@sensitive_post_parameters("password")
@require_POST
@admin_required
@confirmation_required
def save(request: HttpRequest) -> HttpResponse:
    """Save the section, or show it again with its errors."""
    stored = siteconfig.mail()
    form = MailForm(
        request.POST,
        auto_id="mail_%s",
        has_password=stored.has_password,
        stored_for=f"{stored.username}@{stored.host}",
    )
    if not form.is_valid():
        setattr(request, FORM_OF_REQUEST, form)
        return configuration.page(request, status=422)
    given = form.cleaned_data
    names = ("provider", "host", "port", "security", "sender", "username")
    values = {name: given[name] for name in names if given[name] is not None}
    with transaction.atomic():
        save_section(siteconfig.MAIL, values, {siteconfig.MAIL_PASSWORD: given["password"]})
        record(
            actor=person(request),
            action=AuditAction.CONFIGURATION_CHANGE,
            target="Mail",
            provider=given["provider"],
            host=given["host"],
            sender=given["sender"],
            is_new_password=bool(given["password"]),
        )
    say(
        request,
        "mail",
        gettext("Saved.")
        if given["provider"] == "off"
        else gettext("Saved. Send a test email to check that it works."),
    )
    return _back()


@never_cache
@require_POST
@admin_required
def test(request: HttpRequest) -> HttpResponse:
    """Send a mail to the admin and show the mail server's answer."""
    user = person(request)
    try:
        emails.send_test(user=user)
    except MailNotSent as error:
        say(
            request,
            "mail",
            gettext("No test email was sent. %(error)s") % {"error": error},
            level=messages.ERROR,
        )
    else:
        say(
            request,
            "mail",
            gettext("The mail server accepted the test email for %(email)s. Check that mailbox.")
            % {"email": user.email},
        )
    return _back()


@never_cache
@require_POST
@admin_required
def try_again(request: HttpRequest) -> HttpResponse:
    """Make all unsent mails due now."""
    with transaction.atomic():
        count = mail.try_again()
        record(actor=person(request), action=AuditAction.MAIL_RETRY, target=str(count))
    say(request, "mail", gettext("%(count)s will be retried now.") % {"count": plural(count, "mail")})
    return _back()
