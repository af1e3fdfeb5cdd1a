"""User names, email addresses and full names: comparison and validation."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext

from minno_dashboard.core.errors import Invalid

MIN_USERNAME_LENGTH = 2
MAX_USERNAME_LENGTH = 150
MAX_EMAIL_LENGTH = 254
MAX_FULL_NAME_LENGTH = 200
PUNCTUATION = ".-_@"


class FieldRefused(Invalid):
    """A field of a form is invalid; `field` names it."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def fold(text: str) -> str:
    """Return the form in which user names and email addresses are stored and compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" or unicodedata.category(character) == "Nd"


def checked_username(text: str) -> str:
    """Return the folded user name.

    Raises:
        FieldRefused: it is too short, too long or holds a character that user names do not have.
    """
    folded = fold(text)
    if not MIN_USERNAME_LENGTH <= len(folded) <= MAX_USERNAME_LENGTH:
        raise FieldRefused(
            "username",
            gettext("A user name must have %(shortest)s to %(longest)s characters.")
            % {"shortest": MIN_USERNAME_LENGTH, "longest": MAX_USERNAME_LENGTH},
        )
    for character in folded:
        # Marks are the vowels of many scripts.
        if not (
            _is_letter_or_digit(character)
            or character in PUNCTUATION
            or unicodedata.category(character) in ("Mn", "Mc")
        ):
            shown = f"“{character}”" if character.isprintable() else f"U+{ord(character):04X}"
            raise FieldRefused(
                "username",
                gettext("A user name cannot contain %(character)s: use letters, digits and . - _ @ only.")
                % {"character": gettext("a space") if character == " " else shown},
            )
    if not _is_letter_or_digit(folded[0]):
        raise FieldRefused("username", gettext("A user name must start with a letter or a digit."))
    return folded


def checked_email(text: str) -> str:
    """Return the folded email address.

    Raises:
        FieldRefused: it is no email address.
    """
    folded = fold(text)
    try:
        validate_email(folded)
    except ValidationError as error:
        raise FieldRefused(
            "email", gettext("This is not a valid email address. It should look like name@lab.example.org.")
        ) from error
    if len(folded) > MAX_EMAIL_LENGTH:
        raise FieldRefused(
            "email",
            gettext("An email address can have at most %(longest)s characters.")
            % {"longest": MAX_EMAIL_LENGTH},
        )
    return folded


def checked_full_name(text: str) -> str:
    """Return the full name as shown: any script, one line, runs of spaces reduced to one.

    Raises:
        FieldRefused: it is too long or holds control characters.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name) > MAX_FULL_NAME_LENGTH:
        raise FieldRefused(
            "full_name",
            gettext("A full name can have at most %(longest)s characters.")
            % {"longest": MAX_FULL_NAME_LENGTH},
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise FieldRefused("full_name", gettext("A full name cannot contain control characters."))
    return name
