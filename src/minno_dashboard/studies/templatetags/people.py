"""How people and their shares are shown."""

from __future__ import annotations

from django import template

from minno_dashboard.accounts.models import User
from minno_dashboard.studies.models import Collaboration

register = template.Library()

_GIVES = {
    Collaboration.Files.EDIT: "You will be able to read and change its files",
    Collaboration.Files.READ: "You will be able to read its files",
    Collaboration.Files.NONE: "You will have no access to its files",
}


@register.filter
def initials(user: User) -> str:
    """Return the first letters of a person's first and last names, or of their user name."""
    words = [word for word in str(user).split() if word[0].isalnum()] or [user.username]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper()


@register.filter
def what_it_gives(share: Collaboration) -> str:
    """Say in a sentence what an invitation gives."""
    files = _GIVES[Collaboration.Files(share.file_access)]
    joined = " and" if (share.file_access == Collaboration.Files.NONE) != share.sees_data else ", but"
    return f"{files}{joined} to see its data." if share.sees_data else f"{files}, and not its data."
