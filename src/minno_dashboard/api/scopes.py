"""What a token may be used for; within it, its owner's own rights decide."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_noop


class Scope(StrEnum):
    """One thing that a token can be made for; writing studies includes reading them."""

    STUDIES_READ = "studies:read"
    STUDIES_WRITE = "studies:write"
    MEMBERS_WRITE = "members:write"
    MIRROR_READ = "mirror:read"
    DATA_READ = "data:read"
    LAUNCH_WRITE = "launch:write"


SENTENCES: dict[Scope, str] = {
    Scope.STUDIES_READ: gettext_noop("Read your studies, their files, versions and members"),
    Scope.STUDIES_WRITE: gettext_noop("The same, and create, change and delete studies, files and versions"),
    Scope.MEMBERS_WRITE: gettext_noop("See, invite, change and remove the members of your studies"),
    Scope.MIRROR_READ: gettext_noop("See the state of the copy in your Dropbox"),
    Scope.DATA_READ: gettext_noop("Read participants' sessions and data, where you have access to them"),
    Scope.LAUNCH_WRITE: gettext_noop("See, make and close experiments and their launch links"),
}

READ = (Scope.STUDIES_READ, Scope.STUDIES_WRITE)
WRITE = (Scope.STUDIES_WRITE,)
MEMBERS_READ = (*READ, Scope.MEMBERS_WRITE)
MEMBERS_WRITE = (Scope.MEMBERS_WRITE,)
MIRROR = (Scope.MIRROR_READ,)
DATA = (Scope.DATA_READ,)
LAUNCH = (Scope.LAUNCH_WRITE,)
LAUNCH_READ = (*READ, *LAUNCH)
ANY = tuple(Scope)
