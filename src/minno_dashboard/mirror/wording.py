"""The sentences of the badge and of what Dropbox refuses, each for the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """What a link waits for, said short and in full; `action` names the button that helps, "" where none does."""

    short: str
    full: str
    action: str = ""


SAFE = "Everything is safe here."

NEEDS_USER = {
    "reconnect": Trouble(
        "Reconnect Dropbox",
        "Dropbox no longer accepts our connection, probably because it was removed there{at}. " + SAFE,
        "reconnect",
    ),
    "other_app_key": Trouble(
        "Reconnect Dropbox",
        f"The administrator connected this Dashboard with another app at Dropbox. {SAFE} Connect once more.",
        "reconnect",
    ),
    "missing_scope": Trouble(
        "Reconnect Dropbox",
        f"Dropbox says that a permission is missing. {SAFE} Connect once more to grant it.",
        "reconnect",
    ),
    "seal_broken": Trouble(
        "Reconnect Dropbox",
        f"This Dashboard's secret key was changed, so that it lost its connection. {SAFE} Connect once more.",
        "reconnect",
    ),
    "full": Trouble(
        "Dropbox is full",
        f"Your Dropbox is full. {SAFE} Make room in Dropbox; the mirror then goes on by itself.",
    ),
    "suspended": Trouble(
        "Dropbox account suspended",
        f"Dropbox says that your account is suspended. {SAFE} Your team's Dropbox admin can help.",
    ),
    "no_permission": Trouble(
        "Dropbox refuses to write",
        f"Dropbox does not let the Dashboard write into its folder. {SAFE} Connecting once more may help.",
        "reconnect",
    ),
    "mass_removal_in_dropbox": Trouble(
        "Dropbox asks for you",
        f"Many files were deleted in your Dropbox. {SAFE} Decide what to do about them.",
        "confirm",
    ),
    "newer_in_dropbox": Trouble(
        "Dropbox asks for you",
        "Your Dropbox holds newer versions than this Dashboard, perhaps because the Dashboard was restored from a "
        "backup. Nothing is written there until you have decided.",
        "confirm",
    ),
    "mass_removal_planned": Trouble(
        "Dropbox asks for you",
        "Many files are no longer in the Dashboard. Nothing is removed from your Dropbox until you have decided.",
        "confirm",
    ),
}
NEEDS_USER_DEFAULT = Trouble(
    "Reconnect Dropbox", f"Dropbox refuses our connection. {SAFE} Connecting once more may help.", "reconnect"
)

ASKED = ("Waiting for Dropbox", "Dropbox asked us to wait until {until}. {changes} and will be sent then.")
TROUBLED = (
    "Dropbox has problems",
    "Dropbox is having problems. {changes}; the next try is at {until}.",
)
OUT_OF_REACH = (
    "Dropbox out of reach",
    "Dropbox cannot be reached. {changes}; the next try is at {until}.",
)
INTERRUPTED = (
    "Mirror interrupted",
    "The Dashboard met a trouble of its own. {changes}; the next try is at {until}.",
)
DAMAGED = (
    "Mirror pauses",
    "What arrives at Dropbox is not what was sent. {changes}; the next try is at {until}.",
)
UNSETTLED = (
    "Mirror pauses",
    "Your Dropbox changed while we compared. {changes}; the next try is at {until}.",
)

WAITING = {
    "": ASKED,
    "throttled": ASKED,
    "lock": ASKED,
    "unreachable": OUT_OF_REACH,
    "no_answer": OUT_OF_REACH,
    "damaged_on_the_way": DAMAGED,
    "unsettled": UNSETTLED,
    "no_end": UNSETTLED,
}
"""Why the mirror waits, short and in full, by the reason of the last error."""


def waiting(reason: str) -> tuple[str, str]:
    """Return why a mirror waits, short and in full; the full sentence has places for `until` and `changes`."""
    if reason.startswith("ours:"):
        return INTERRUPTED
    return WAITING.get(reason, TROUBLED)


NEEDS_ADMIN = {
    "app_refused": "Dropbox refuses this Dashboard's app key. Your administrator has been told. " + SAFE,
    "seal_broken": "This Dashboard cannot open its app secret. Your administrator has been told. " + SAFE,
    "disabled": "The administrator of this Dashboard has paused Dropbox synchronization. " + SAFE,
}
NEEDS_ADMIN_DEFAULT = "Dropbox refuses this Dashboard. Your administrator has been told. " + SAFE

PAUSED_FOR_ADMIN = {
    "app_refused": "Dropbox refuses this app key and its secret since {at}; {count} paused. "
    "Copy both again from the App console and save.",
    "seal_broken": "The stored App secret cannot be opened since {at}, because this Dashboard's secret key is "
    "another one than when it was stored; {count} paused. Bring the old secret key back, or enter the App secret "
    "again and save.",
}
PAUSED_FOR_ADMIN_DEFAULT = (
    "Dropbox refuses this Dashboard since {at}; {count} paused. Save the app key and secret again."
)
DAMAGED_FOR_ADMIN = (
    "{count} cannot be mirrored, because the stored bytes are gone, damaged or unreadable here. "
    "Restore the folder of stored files from a backup; minno-dashboard doctor names what is missing."
)

REFUSED_FILES = {
    "damaged_here": "Its stored bytes are damaged, so nothing was sent. The administrator can restore them from a backup.",
    "unreadable_here": "Its stored bytes cannot be read now, so nothing was sent. The administrator can mend that.",
    "bad_request": "Dropbox does not understand what we send of this file. Rename it here; if that does not help, "
    "tell the administrator.",
    "disallowed_name": "Dropbox does not take this name. Rename it here.",
    "malformed_path": "Dropbox does not take this name or path. Rename it here.",
    "restricted_content": "Dropbox refuses this content.",
    "unsupported_content_type": "Dropbox refuses files of this kind.",
    "locked": "Somebody locked this file in Dropbox. Unlock it there.",
    "too_large": "It is larger than Dropbox takes.",
    "payload_too_large": "It is larger than Dropbox takes.",
    "too_many_files": "Dropbox does not move so many files at once.",
}


def refused_file(reason: str) -> str:
    """Say why Dropbox does not take a file; what nobody has seen yet is shown as Dropbox names it."""
    return REFUSED_FILES.get(reason, f"Dropbox refuses it ({reason}).")
