"""The Sharing page: members, invitations, public access, the read-only link, transfer of ownership."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.core.errors import NotFound, Refused
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.studies import link_invitations, sharing
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.models import Collaboration, ReadOnlyLink, Study
from minno_dashboard.studies.queries import code_of_link, get_share, get_study, members_of

ACCEPTED = Collaboration.Status.ACCEPTED


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the members of a study, and the controls to those who may change them."""
    return _page(request, get_study(person(request), public_id, Action.SEE_MEMBERS))


def _page(request: HttpRequest, study: Study, *, refused: Refused | None = None) -> HttpResponse:
    user = person(request)
    rights = standing(user, study).rights
    members = members_of(study, seen_by=user)
    context = {
        "study": study,
        "rights": rights,
        "members": members,
        "heirs": [one for one in members if one.status == ACCEPTED and one.user.is_active],
        "accesses": Collaboration.Files.choices,
        "refused": str(refused) if refused else "",
        "typed": request.POST if refused else {},
        **(_for_sharers(study) if Action.SHARE in rights else {}),
    }
    return render(request, "studies/sharing.html", context, status=refused.status if refused else 200)


def _for_sharers(study: Study) -> dict[str, object]:
    """Return the read-only link, whether there is one that cannot be shown, and the invitations by link."""
    code = code_of_link(study)
    address = f"{settings.SERVER_URL}{reverse('view_by_link', args=[code])}" if code else ""
    has_link = ReadOnlyLink.objects.filter(study=study).exists()
    return {"link": address, "has_link": has_link, "by_link": link_invitations.waiting(study)}


@require_POST
def invite(request: HttpRequest, public_id: str) -> HttpResponse:
    """Invite somebody; a refused invitation shows the page again with what was typed."""
    user = person(request)
    study = get_study(user, public_id, Action.SHARE)
    try:
        share = sharing.invite(
            study=study,
            who=request.POST.get("who", ""),
            file_access=request.POST.get("files", ""),
            sees_data=request.POST.get("data") == "visible",
            by=user,
        )
    except sharing.NobodyHere as nobody:
        return _invite_by_link(request, study, nobody)
    except Refused as refused:
        return _page(request, study, refused=refused)
    messages.success(
        request,
        gettext(
            "%(user)s is invited and finds the invitation under Messages. It gives access once "
            "it is accepted."
        )
        % {"user": share.user},
    )
    return redirect("study_sharing", public_id)


def _invite_by_link(request: HttpRequest, study: Study, nobody: Refused) -> HttpResponse:
    """Invite an address that has no account; text that is no address is refused."""
    email = request.POST.get("who", "")
    if "@" not in email:
        return _page(request, study, refused=nobody)
    try:
        made, is_mailed = link_invitations.invite(
            study=study,
            email=email,
            file_access=request.POST.get("files", ""),
            sees_data=request.POST.get("data") == "visible",
            by=person(request),
        )
    except Refused as refused:
        return _page(request, study, refused=refused)
    said = (
        gettext(
            "No user has the address %(email)s yet. An email with a link is being sent there; an "
            "administrator has to create the account."
        )
        if is_mailed
        else gettext(
            "No user has the address %(email)s yet. Send them the link below; an administrator "
            "has to create the account."
        )
    )
    messages.success(request, said % {"email": made.email})
    return redirect("study_sharing", study.public_id)


@require_POST
def take_back(request: HttpRequest, public_id: str, invitation_id: int) -> HttpResponse:
    """Cancel an invitation by link."""
    user = person(request)
    study = get_study(user, public_id, Action.SHARE)

    def do() -> str:
        ended = link_invitations.take_back(study=study, invitation_id=invitation_id, by=user)
        return gettext("The invitation link for %(email)s no longer works.") % {"email": ended.email}

    return _done(request, public_id, do)


@require_POST
def change(request: HttpRequest, public_id: str, share_id: int) -> HttpResponse:
    """Change a member's access; without `data`, access to the data stays as it is."""
    user = person(request)
    share = get_share(get_study(user, public_id, Action.SHARE), share_id)
    sees_data = request.POST.get("data") == "visible" if "data" in request.POST else share.sees_data
    access = request.POST.get("files", "")

    def do() -> str:
        sharing.change_share(share=share, file_access=access, sees_data=sees_data, by=user)
        return gettext("The access of %(user)s was changed.") % {"user": share.user}

    return _done(request, public_id, do)


@require_POST
def remove(request: HttpRequest, public_id: str, share_id: int) -> HttpResponse:
    """Remove a member."""
    user = person(request)
    share = get_share(get_study(user, public_id, Action.SHARE), share_id)

    def do() -> str:
        sharing.remove_member(share=share, by=user)
        return gettext("%(user)s no longer has access to this study.") % {"user": share.user}

    return _done(request, public_id, do)


@require_POST
def leave(request: HttpRequest, public_id: str) -> HttpResponse:
    """Leave a study as a member."""
    user = person(request)
    study = get_study(user, public_id, Action.LEAVE)
    try:
        sharing.leave(study=study, by=user)
    except NotFound as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, gettext("You left “%(name)s”.") % {"name": study.name})
    return redirect("studies")


@require_POST
def set_public(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a study public, or private again."""
    user = person(request)
    study = get_study(user, public_id, Action.SHARE)
    is_public = request.POST.get("public") == "yes"

    def do() -> str:
        sharing.set_public(study=study, is_public=is_public, by=user)
        if is_public:
            return gettext("Everybody who is logged in can now read and duplicate this study.")
        return gettext("This study is private: only its members see it.")

    return _done(request, public_id, do)


@require_POST
def make_link(request: HttpRequest, public_id: str) -> HttpResponse:
    """Create the read-only link, or replace it."""
    user = person(request)
    study = get_study(user, public_id, Action.SHARE)

    def do() -> str:
        had = ReadOnlyLink.objects.filter(study=study).exists()
        sharing.make_link(study=study, by=user)
        return (
            gettext("This is the new link; the previous one no longer works.")
            if had
            else gettext("Link created.")
        )

    return _done(request, public_id, do, "#link")


@require_POST
def revoke_link(request: HttpRequest, public_id: str) -> HttpResponse:
    """Revoke the read-only link."""
    user = person(request)
    study = get_study(user, public_id, Action.SHARE)

    def do() -> str:
        sharing.revoke_link(study=study, by=user)
        return gettext("The read-only link was revoked.")

    return _done(request, public_id, do, "#link")


@require_POST
@confirmation_required
def transfer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Transfer ownership of the study to one of its members."""
    user = person(request)
    study = get_study(user, public_id, Action.TRANSFER)
    share_id = whole_number(request.POST.get("share", "")) or 0

    def do() -> str:
        owned = sharing.transfer(study=study, share_id=share_id, by=user)
        return gettext("“%(name)s” now belongs to %(owner)s. You can still edit it and see its data.") % {
            "name": owned.name,
            "owner": owned.owner,
        }

    return _done(request, public_id, do)


def _done(request: HttpRequest, public_id: str, do: Callable[[], str], place: str = "") -> HttpResponse:
    try:
        messages.success(request, do())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(reverse("study_sharing", args=[public_id]) + place)
