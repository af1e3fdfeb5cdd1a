"""Admins' changes of the whole site; every action is in the audit log."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts import services as accounts
from minno_dashboard.accounts.models import User
from minno_dashboard.administration.queries import studies_to_hand_over
from minno_dashboard.core.errors import Invalid
from minno_dashboard.studies.sharing import hand_over


@transaction.atomic
def deactivate(*, user: User, to: User | None, by: User) -> int:
    """Deactivate a user, and give the user's studies to somebody else or leave them with the account.

    Returns how many studies were handed over.

    Raises:
        Invalid: the receiver cannot log in, or is the same user.
        NotAllowed: this would remove the last active admin, or oneself.
    """
    if to is not None and (to.pk == user.pk or not to.is_active):
        raise Invalid(gettext("Choose another user who can log in to receive the studies."))
    accounts.deactivate(by=by, user=user)
    if to is None:
        return 0
    studies = studies_to_hand_over(user)
    for study in studies:
        hand_over(study=study, to=to, by=by)
    return len(studies)
