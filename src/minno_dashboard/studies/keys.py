"""The keys of a study's page, as `?` lists them."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

Keys = tuple[Promise, tuple[tuple[str, Promise], ...]]

KEYS: tuple[Keys, ...] = (
    (
        gettext_lazy("Everywhere"),
        (
            ("Ctrl-S", gettext_lazy("Save the file")),
            ("Ctrl-Enter", gettext_lazy("Play")),
            ("Ctrl-P", gettext_lazy("Go to file")),
            ("Ctrl-Shift-F", gettext_lazy("Find in files")),
            ("?", gettext_lazy("Show these keys (outside of the text)")),
        ),
    ),
    (
        gettext_lazy("In the list of files"),
        (
            ("↑ ↓", gettext_lazy("Go from one to the next")),
            ("← →", gettext_lazy("Close and open a folder")),
            ("Enter", gettext_lazy("Open the file")),
            ("Space", gettext_lazy("Select one more, or one less")),
            ("Ctrl-A", gettext_lazy("Select all")),
            ("F2", gettext_lazy("Rename")),
            ("Delete", gettext_lazy("Delete")),
            ("Ctrl-Z", gettext_lazy("Undo a move, renaming or deletion")),
            ("Shift-F10", gettext_lazy("Show the actions")),
        ),
    ),
    (
        gettext_lazy("In the text"),
        (
            ("Ctrl-F", gettext_lazy("Find and replace")),
            ("Ctrl-Z", gettext_lazy("Undo")),
            ("Ctrl-Space", gettext_lazy("Suggest what can stand here")),
            ("F8", gettext_lazy("Go to the next mistake")),
            ("Esc, Tab", gettext_lazy("Leave the text")),
        ),
    ),
)
