"""The commands of the package: whose programs may come in, and ending that."""

from __future__ import annotations

import click

from minno_dashboard.accounts.queries import find_user
from minno_dashboard.api import queries, services


@click.group("tokens")
def tokens() -> None:
    """The API tokens of a user; making one takes the user's own password, in Settings."""


@tokens.command("list")
@click.option("--user", "name", required=True, help="User name or email address.")
def list_(name: str) -> None:
    """List the tokens of a user: number, name, scopes, end, last use."""
    for token in queries.tokens_of(find_user(name)):
        used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never"
        click.echo(
            f"{token.pk}  {token.name}  {','.join(token.scopes)}  ends {token.expires_at:%Y-%m-%d}  used {used}"
        )


@tokens.command("revoke")
@click.option("--user", "name", required=True, help="User name or email address.")
@click.option("--token", "token_id", type=int, help="The number of one token; without it, all of them.")
def revoke(name: str, token_id: int | None) -> None:
    """End one token of a user, or all of them, at once."""
    user = find_user(name)
    if token_id is not None:
        services.revoke_token(user=user, token_id=token_id, by=None)
        click.echo("Revoked 1 token.")
    else:
        count = services.revoke_all(user=user, by=None)
        click.echo(f"Revoked {count} {'token' if count == 1 else 'tokens'}.")


COMMANDS = (tokens,)
