"""Admin → User management: the list, new users, links, roles, deactivation."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts import emails, imports, queries, services
from minno_dashboard.accounts.access import admin_required, person
from minno_dashboard.accounts.forms import NewUserForm
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.views.confirm_password import (
    confirmation_required,
    confirmation_required_to_see,
)
from minno_dashboard.core.errors import Invalid, Refused

PAGE_SIZE = 50


@never_cache
@require_GET
@admin_required
def show(request: HttpRequest) -> HttpResponse:
    """List the users that match the search, all without one."""
    return _list(request)


def _list(request: HttpRequest, *, refused: Refused | None = None) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    users = Paginator(queries.search_users(search), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "users": users,
        "search": search,
        "roles": User.Role.choices,
        "refused": str(refused) if refused else "",
    }
    return render(request, "accounts/users.html", context, status=refused.status if refused else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@admin_required
@confirmation_required
def create(request: HttpRequest) -> HttpResponse:
    """Ask for a new user's names; then show the activation link, once."""
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.create_user(by=person(request), **form.cleaned_data)
        except FieldRefused as error:
            form.add_error(error.field, str(error))
        else:
            return _link(request, user, services.invite(by=person(request), user=user))
    return render(request, "accounts/user_new.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@admin_required
@confirmation_required_to_see
def import_many(request: HttpRequest) -> HttpResponse:
    """Ask for a CSV file of new users; then show their links, once, or the invalid lines."""
    if request.method == "GET":
        return render(request, "accounts/users_import.html")
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Invalid(gettext("Choose a file."))
        made = imports.import_users(content=file.read(imports.MAX_BYTES + 1), by=person(request))
    except Refused as error:
        context = {"refused": str(error), "problems": getattr(error, "problems", [])}
        return render(request, "accounts/users_import.html", context, status=error.status)
    response = render(request, "accounts/users_import.html", {"made": made})
    response["Referrer-Policy"] = "same-origin"
    return response


def _link(request: HttpRequest, user: User, link: str) -> HttpResponse:
    """Mail a link where mail is configured, and show it in the response to the form: it is stored nowhere."""
    send = emails.send_reset if user.is_activated else emails.send_activation
    is_mailed = send(user=user, link=link)
    response = render(request, "accounts/link_once.html", {"who": user, "link": link, "is_mailed": is_mailed})
    response["Referrer-Policy"] = "same-origin"
    return response


@never_cache
@require_POST
@admin_required
@confirmation_required
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Create a new activation link, or a reset link for a user with a password, and show it once."""
    user = queries.user_by_id(user_id)
    make = services.reset if user.is_activated else services.invite
    try:
        return _link(request, user, make(by=person(request), user=user))
    except Refused as error:
        return _list(request, refused=error)


@require_POST
@admin_required
@confirmation_required
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    """Make a user an admin or a researcher."""
    user = queries.user_by_id(user_id)
    try:
        services.change_role(by=person(request), user=user, role=request.POST.get("role", ""))
    except Refused as error:
        return _list(request, refused=error)
    said = (
        gettext("%(username)s is an admin now.")
        if user.is_admin
        else gettext("%(username)s is a researcher now.")
    )
    messages.success(request, said % {"username": user.username})
    return redirect("user_management")


@require_POST
@admin_required
@confirmation_required
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Deactivate a user."""
    user = queries.user_by_id(user_id)
    try:
        services.deactivate(by=person(request), user=user)
    except Refused as error:
        return _list(request, refused=error)
    messages.success(
        request,
        gettext("%(username)s is deactivated and logged out everywhere. Nothing was deleted.")
        % {"username": user.username},
    )
    return redirect("user_management")


@require_POST
@admin_required
@confirmation_required
def reactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Reactivate a user."""
    user = queries.user_by_id(user_id)
    services.reactivate(by=person(request), user=user)
    messages.success(request, gettext("%(username)s can log in again.") % {"username": user.username})
    return redirect("user_management")
