"""Commands of this app: `create-user`, `password-link`, `second-step-off`."""

from __future__ import annotations

import click

from minno_dashboard.accounts import queries, second_factor, services
from minno_dashboard.accounts.models import User


@click.command("create-user")
@click.argument("name")
@click.option("--email", required=True, help="The user's email address.")
@click.option("--password", help="A password; without it an activation link is printed to hand over.")
@click.option("--full-name", default="", help="The name shown to others, in any script.")
@click.option("--admin", is_flag=True, help="Let the user manage users and configuration.")
def create_user(name: str, email: str, password: str | None, full_name: str, admin: bool) -> None:
    """Create a user called NAME."""
    user = services.create_user(
        by=None,
        username=name,
        email=email,
        full_name=full_name,
        role=User.Role.ADMIN if admin else User.Role.RESEARCHER,
        password=password,
    )
    click.echo(f"Created {user.username}.")
    if password is None:
        click.echo("Hand over this link; it sets the password, works once, and ends in 14 days:")
        click.echo(services.invite(by=None, user=user))


@click.command("password-link")
@click.argument("name")
def password_link(name: str) -> None:
    """Print a link with which the user NAME (or email address) sets a password; the way back in for a lost admin."""
    user = queries.find_user(name)
    make = services.reset if user.is_activated else services.invite
    click.echo(make(by=None, user=user))


@click.command("second-step-off")
@click.argument("name")
def second_step_off(name: str) -> None:
    """Let the user NAME (or email address) log in by password alone; the way back in for an admin without a phone."""
    user = queries.find_user(name)
    second_factor.remove(user=user, by=None)
    click.echo(f"{user.username} logs in with the password alone now.")


COMMANDS = [create_user, password_link, second_step_off]
