"""Endpoints about the account, the token and the app."""

from __future__ import annotations

from typing import Any

from dropbox import check, common, users, users_common

from dropbox_simulator.calls import Call, Endpoint

ACCOUNT = "account_info.read"


def get_current_account(call: Call) -> Any:
    """Answer users/get_current_account."""
    account = call.owner.account
    given, _, surname = account.name.partition(" ")
    initials = "".join(word[0] for word in account.name.split() if word)[:2].upper()
    kind = users_common.AccountType
    return users.FullAccount(
        account_id=account.account_id,
        name=users.Name(
            given_name=given,
            surname=surname,
            familiar_name=given,
            display_name=account.name,
            abbreviated_name=initials,
        ),
        email=account.email,
        email_verified=True,
        disabled=False,
        locale="en",
        referral_link="https://www.dropbox.com/referrals/simulated",
        is_paired=False,
        account_type=kind.business if account.team else kind.basic,
        root_info=common.UserRootInfo(root_namespace_id=str(account.uid), home_namespace_id=str(account.uid)),
        country="NL",
    )


def get_space_usage(call: Call) -> Any:
    """Answer users/get_space_usage."""
    account = call.owner.account
    used = call.simulator.used_bytes(account)
    if not account.team:
        allocation = users.SpaceAllocation.individual(
            users.IndividualSpaceAllocation(allocated=max(account.quota, 0))
        )
        return users.SpaceUsage(used=used, allocation=allocation)
    team = users.TeamSpaceAllocation(
        used=used,
        allocated=max(account.quota, 0),
        user_within_team_space_allocated=account.member_limit,
        user_within_team_space_limit_type=_limit_type(account.member_limit),
        user_within_team_space_used_cached=used if account.member_limit else 0,
    )
    return users.SpaceUsage(used=used, allocation=users.SpaceAllocation.team(team))


def _limit_type(limit: int) -> Any:
    from dropbox import team_common

    kinds = team_common.MemberSpaceLimitType
    return kinds.stop_sync if limit else kinds.off


def token_revoke(call: Call) -> None:
    """Answer auth/token/revoke: the token is revoked, with its refresh token and its siblings."""
    if call.token is None:
        return
    parent = call.token.parent
    call.token.revoked = True
    for token in call.owner.access_tokens.values():
        if parent is not None and token.parent == parent:
            token.revoked = True
    if parent is not None and parent in call.owner.refresh_tokens:
        call.owner.refresh_tokens[parent].revoked = True
    live = [token for token in call.owner.refresh_tokens.values() if not token.revoked]
    if not live:
        call.owner.approved = None


def echo(call: Call) -> Any:
    """Answer check/user and check/app: return what was sent."""
    return check.EchoResult(result=call.arg.query)


ENDPOINTS: dict[str, Endpoint] = {
    "users/get_current_account": Endpoint(get_current_account, ACCOUNT, "read"),
    "users/get_space_usage": Endpoint(get_space_usage, ACCOUNT, "read"),
    "auth/token/revoke": Endpoint(token_revoke, None, "read"),
    "check/user": Endpoint(echo, ACCOUNT, "read"),
    "check/app": Endpoint(echo, None, "read"),
}
