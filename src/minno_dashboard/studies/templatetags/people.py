"""How people and their shares are shown."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.models import User
from minno_dashboard.studies.models import Collaboration, LinkInvitation

register = template.Library()

_GIVES = {
    Collaboration.Files.EDIT: gettext_noop("You will be able to read and change its files"),
    Collaboration.Files.READ: gettext_noop("You will be able to read its files"),
    Collaboration.Files.NONE: gettext_noop("You will have no access to its files"),
}


@register.filter
def initials(user: User) -> str:
    """Return the first letters of a person's first and last names, or of their user name."""
    words = [word for word in str(user).split() if word[0].isalnum()] or [user.username]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper()


@register.filter
def what_it_gives(share: Collaboration | LinkInvitation) -> str:
    """Say in a sentence what an invitation gives."""
    files = gettext(_GIVES[Collaboration.Files(share.file_access)])
    if not share.sees_data:
        return gettext("%(files)s, and not its data.") % {"files": files}
    if share.file_access == Collaboration.Files.NONE:
        return gettext("%(files)s, but to see its data.") % {"files": files}
    return gettext("%(files)s and to see its data.") % {"files": files}
