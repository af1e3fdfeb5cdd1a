"""The members of a study."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path
from ninja.responses import Status

from minno_dashboard.api.access import asked
from minno_dashboard.api.schemas import MemberChange, MemberIn, MemberOut, member_out
from minno_dashboard.api.scopes import MEMBERS_READ, MEMBERS_WRITE
from minno_dashboard.api.views.routing import Study, address, router
from minno_dashboard.studies import sharing
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.queries import get_share, members_of

members = router("Members")
MemberId = Annotated[int, Path(le=2**63 - 1)]


@members.get(
    "/studies/{str:study}/members", summary="List members", **address(MEMBERS_READ, {200: list[MemberOut]})
)
def list_members(request: HttpRequest, study: Study) -> list[MemberOut]:
    """Everybody who works on the study besides its owner. Who may share it also sees to whom it was offered, and who declined."""
    what = asked(request, Action.SEE_MEMBERS, study)
    return [member_out(share) for share in members_of(what.study, seen_by=what.user)]


@members.post(
    "/studies/{str:study}/members", summary="Invite somebody", **address(MEMBERS_WRITE, {201: MemberOut})
)
def invite_member(request: HttpRequest, study: Study, body: MemberIn) -> Status[MemberOut]:
    """The invitation gives no right before it is accepted."""
    what = asked(request, Action.SHARE, study)
    share = sharing.invite(
        study=what.study, who=body.who, file_access=body.files, sees_data=body.sees_data, by=what.user
    )
    return Status(201, member_out(share))


@members.patch(
    "/studies/{str:study}/members/{int:member}",
    summary="Change a share",
    **address(MEMBERS_WRITE, {200: MemberOut}),
)
def change_member(request: HttpRequest, study: Study, member: MemberId, body: MemberChange) -> MemberOut:
    """It holds at once; what is left out stays as it is."""
    what = asked(request, Action.SHARE, study)
    share = get_share(what.study, member)
    changed = sharing.change_share(
        share=share,
        file_access=share.file_access if body.files is None else body.files,
        sees_data=share.sees_data if body.sees_data is None else body.sees_data,
        by=what.user,
    )
    return member_out(changed)


@members.delete(
    "/studies/{str:study}/members/{int:member}",
    summary="Remove a member, or take an invitation back",
    **address(MEMBERS_WRITE, {204: None}),
)
def remove_member(request: HttpRequest, study: Study, member: MemberId) -> Status[None]:
    """It ends at once."""
    what = asked(request, Action.SHARE, study)
    sharing.remove_member(share=get_share(what.study, member), by=what.user)
    return Status(204, None)
