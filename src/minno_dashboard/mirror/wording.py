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
    "mass_removal_planned": Trouble(
        "Dropbox asks for you",
        "Many files are no longer in the Dashboard. Nothing is removed from your Dropbox until you have decided.",
        "confirm",
    ),
}
NEEDS_USER_DEFAULT = Trouble(
    "Reconnect Dropbox", f"Dropbox refuses our connection. {SAFE} Connecting once more may help.", "reconnect"
)

NEEDS_ADMIN = {
    "app_refused": "Dropbox refuses this Dashboard's app key. Your administrator has been told. " + SAFE,
    "seal_broken": "This Dashboard cannot open its app secret. Your administrator has been told. " + SAFE,
    "disabled": "The administrator of this Dashboard has paused Dropbox synchronization. " + SAFE,
}
NEEDS_ADMIN_DEFAULT = "Dropbox refuses this Dashboard. Your administrator has been told. " + SAFE

REFUSED_FILES = {
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
