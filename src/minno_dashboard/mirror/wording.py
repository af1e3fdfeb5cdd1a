"""Sentences of the badge, and of Dropbox's refusals, for the person who reads them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop


@dataclass(frozen=True)
class Trouble:
    """What a link waits for, short and in full; `action` names the button that helps, "" where none does."""

    short: str
    full: str
    action: str = ""


NEEDS_USER = {
    "reconnect": Trouble(
        gettext_noop("Reconnect Dropbox"),
        gettext_noop(
            "Dropbox no longer accepts our connection, probably because it was removed there{at}. Everything is safe here."
        ),
        "reconnect",
    ),
    "other_app_key": Trouble(
        gettext_noop("Reconnect Dropbox"),
        gettext_noop(
            "The administrator connected this Dashboard to another app at Dropbox. Everything is "
            "safe here. Connect again."
        ),
        "reconnect",
    ),
    "missing_scope": Trouble(
        gettext_noop("Reconnect Dropbox"),
        gettext_noop(
            "Dropbox says that a permission is missing. Everything is safe here. Connect again to grant it."
        ),
        "reconnect",
    ),
    "seal_broken": Trouble(
        gettext_noop("Reconnect Dropbox"),
        gettext_noop(
            "This Dashboard's secret key was changed, so it lost its connection. Everything is "
            "safe here. Connect again."
        ),
        "reconnect",
    ),
    "full": Trouble(
        gettext_noop("Dropbox is full"),
        gettext_noop(
            "Your Dropbox is full: some files do not fit. Everything is safe here, and what fits "
            "is sent. Free up space in Dropbox, or delete files here; the rest then follows "
            "automatically."
        ),
    ),
    "suspended": Trouble(
        gettext_noop("Dropbox account suspended"),
        gettext_noop(
            "Dropbox says that your account is suspended. Everything is safe here. Your team's Dropbox admin can help."
        ),
    ),
    "no_permission": Trouble(
        gettext_noop("Dropbox refuses to write"),
        gettext_noop(
            "Dropbox does not let the Dashboard write into its folder. Everything is safe here. "
            "Connecting again may help."
        ),
        "reconnect",
    ),
    "mass_removal_in_dropbox": Trouble(
        gettext_noop("Your decision is needed"),
        gettext_noop(
            "Many files were deleted in your Dropbox. Everything is safe here. Decide what to do about them."
        ),
        "confirm",
    ),
    "newer_in_dropbox": Trouble(
        gettext_noop("Your decision is needed"),
        gettext_noop(
            "Your Dropbox holds newer versions than this Dashboard, perhaps because the Dashboard was restored from a backup. Nothing is written there until you have decided."
        ),
        "confirm",
    ),
    "taken_over": Trouble(
        gettext_noop("Reconnect Dropbox"),
        gettext_noop(
            "Another user of this Dashboard has connected the Dropbox account that you used, so your studies are no longer copied there. Everything is safe here, and the copy stays as it is. Connect a Dropbox of your own."
        ),
        "reconnect",
    ),
    "other_dashboard": Trouble(
        gettext_noop("Your decision is needed"),
        gettext_noop(
            "Another Dashboard writes into this folder of your Dropbox, so nothing is sent from here until you have decided. Everything is safe here and there."
        ),
        "confirm",
    ),
    "dashboard_moved": Trouble(
        gettext_noop("Your decision is needed"),
        gettext_noop(
            "This Dashboard was copied, moved, or restored from a backup in another place. Two Dashboards must never write into one Dropbox, so nothing is sent from here until you have decided. Everything is safe here and there."
        ),
        "confirm",
    ),
    "mass_removal_planned": Trouble(
        gettext_noop("Your decision is needed"),
        gettext_noop(
            "Many files are no longer in the Dashboard. Nothing is removed from your Dropbox until you have decided."
        ),
        "confirm",
    ),
}
NEEDS_USER_DEFAULT = Trouble(
    gettext_noop("Reconnect Dropbox"),
    gettext_noop("Dropbox refuses our connection. Everything is safe here. Connecting again may help."),
    "reconnect",
)

ASKED = (
    gettext_noop("Waiting for Dropbox"),
    gettext_noop("Dropbox asked us to wait until {until}. {changes} and will be sent then."),
)
TROUBLED = (
    gettext_noop("Dropbox has problems"),
    gettext_noop("Dropbox is having problems. {changes}; the next try is at {until}."),
)
OUT_OF_REACH = (
    gettext_noop("Dropbox out of reach"),
    gettext_noop("Dropbox cannot be reached. {changes}; the next try is at {until}."),
)
INTERRUPTED = (
    gettext_noop("Sync interrupted"),
    gettext_noop("The Dashboard had an internal error. {changes}; the next try is at {until}."),
)
DAMAGED = (
    gettext_noop("Sync will be retried"),
    gettext_noop("What arrived in Dropbox is not what was sent. {changes}; the next try is at {until}."),
)
UNSETTLED = (
    gettext_noop("Sync will be retried"),
    gettext_noop("Your Dropbox changed while we compared. {changes}; the next try is at {until}."),
)

WAITING = {
    "": ASKED,
    "throttled": ASKED,
    "lock": ASKED,
    "unreachable": OUT_OF_REACH,
    "no_answer": OUT_OF_REACH,
    "store_unavailable": INTERRUPTED,
    "damaged_on_the_way": DAMAGED,
    "unsettled": UNSETTLED,
    "relisting": UNSETTLED,
    "lagging": UNSETTLED,
    "no_end": UNSETTLED,
}
"""Why the mirror waits, short and in full, by the reason of the last error."""


def waiting(reason: str) -> tuple[str, str]:
    """Return why a mirror waits, short and in full; the full sentence has placeholders `until` and `changes`."""
    if reason.startswith("ours:"):
        short, full = INTERRUPTED
    else:
        short, full = WAITING.get(reason, TROUBLED)
    return gettext(short), gettext(full)


NEEDS_ADMIN = {
    "app_refused": gettext_noop(
        "Dropbox refuses this Dashboard's app key. Your administrator has been told. Everything is safe here."
    ),
    "seal_broken": gettext_noop(
        "This Dashboard cannot decrypt its app secret. Your administrator has been told. "
        "Everything is safe here."
    ),
    "disabled": gettext_noop(
        "The administrator of this Dashboard has paused Dropbox synchronization. Everything is safe here."
    ),
}
NEEDS_ADMIN_DEFAULT = gettext_noop(
    "Dropbox refuses this Dashboard. Your administrator has been told. Everything is safe here."
)

PAUSED_FOR_ADMIN = {
    "app_refused": gettext_noop(
        "Dropbox has refused this app key and its secret since {at}; {count} paused. Copy "
        "both again from the App console and save."
    ),
    "seal_broken": gettext_noop(
        "The stored App secret has been unreadable since {at}, because this Dashboard's "
        "secret key is not the one it was stored with; {count} paused. Restore the old "
        "secret key, or enter the App secret again and save."
    ),
}
PAUSED_FOR_ADMIN_DEFAULT = gettext_noop(
    "Dropbox has refused this Dashboard since {at}; {count} paused. Save the app key and secret again."
)
DAMAGED_FOR_ADMIN = gettext_noop(
    "{count} cannot be mirrored, because the stored bytes are gone, damaged or "
    "unreadable here. Restore the folder of stored files from a backup; minno-dashboard "
    "doctor lists what is missing."
)

REFUSED_FILES = {
    "full": gettext_noop(
        "It does not fit into your Dropbox. Free up space there; it is retried every hour, "
        "and when you choose Verify now."
    ),
    "damaged_here": gettext_noop(
        "Its stored bytes are damaged, so nothing was sent. The administrator can restore them from a backup."
    ),
    "unreadable_here": gettext_noop(
        "Its stored bytes cannot be read now, so nothing was sent. The administrator can fix that."
    ),
    "bad_request": gettext_noop(
        "Dropbox cannot process what we send for this file. Rename it here; if that does not "
        "help, tell the administrator."
    ),
    "disallowed_name": gettext_noop("Dropbox does not accept this name. Rename it here."),
    "malformed_path": gettext_noop("Dropbox does not accept this name or path. Rename it here."),
    "restricted_content": gettext_noop("Dropbox refuses this content."),
    "unsupported_content_type": gettext_noop("Dropbox refuses files of this kind."),
    "locked": gettext_noop("Somebody locked this file in Dropbox. Unlock it there."),
    "too_large": gettext_noop("It is larger than Dropbox accepts."),
    "payload_too_large": gettext_noop("It is larger than Dropbox accepts."),
    "too_many_files": gettext_noop("Dropbox does not move that many files at once."),
}


def refused_file(reason: str) -> str:
    """Return why Dropbox refuses a file; an unknown reason is shown as Dropbox names it."""
    known = REFUSED_FILES.get(reason)
    return gettext(known) if known else gettext("Dropbox refuses it (%(reason)s).") % {"reason": reason}
