"""Tags: each person's own coloured labels on studies; nobody else sees them, so no audit entry tells of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.accounts.models import User
from minno_dashboard.core import names
from minno_dashboard.core.errors import Conflict, Invalid, NotFound
from minno_dashboard.studies.models import Study, Tag

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_TEXT_LENGTH = 60
MAX_TAGS = 200


class Colour(NamedTuple):
    """A colour of the palette: six hexadecimal digits, and its name for people."""

    code: str
    name: str | _StrPromise


PALETTE = (
    Colour("E7E7E7", gettext_lazy("Light grey")),
    Colour("B6CFF5", gettext_lazy("Light blue")),
    Colour("98D7E4", gettext_lazy("Light cyan")),
    Colour("E3D7FF", gettext_lazy("Lavender")),
    Colour("FBD3E0", gettext_lazy("Light pink")),
    Colour("F2B2A8", gettext_lazy("Salmon")),
    Colour("C2C2C2", gettext_lazy("Grey")),
    Colour("4986E7", gettext_lazy("Blue")),
    Colour("2DA2BB", gettext_lazy("Teal")),
    Colour("B99AFF", gettext_lazy("Violet")),
    Colour("F691B2", gettext_lazy("Pink")),
    Colour("FB4C2F", gettext_lazy("Red")),
    Colour("FFC8AF", gettext_lazy("Peach")),
    Colour("FFDEB5", gettext_lazy("Sand")),
    Colour("FBE9E7", gettext_lazy("Blush")),
    Colour("FDEDC1", gettext_lazy("Cream")),
    Colour("B3EFD3", gettext_lazy("Mint")),
    Colour("A2DCC1", gettext_lazy("Sage")),
    Colour("FF7537", gettext_lazy("Orange")),
    Colour("FFAD46", gettext_lazy("Amber")),
    Colour("EBDBDE", gettext_lazy("Pale rose")),
    Colour("CCA6AC", gettext_lazy("Dusty rose")),
    Colour("42D692", gettext_lazy("Bright green")),
    Colour("16A765", gettext_lazy("Green")),
)
_CODES = frozenset(colour.code for colour in PALETTE)
DEFAULT = PALETTE[0].code


def tags_of(user: User) -> QuerySet[Tag]:
    """Return a person's tags by their text, each with `count`, the number of living studies that carry it."""
    living = Count("studies", filter=Q(studies__deleted_at=None))
    return Tag.objects.filter(user=user).annotate(count=living).order_by("text", "pk")


def tags_in_use(user: User) -> QuerySet[Tag]:
    """Return those of a person's tags that a living study carries, by their text."""
    carried = Tag.objects.filter(user=user, studies__isnull=False, studies__deleted_at=None)
    return carried.distinct().order_by("text", "pk")


def get_tag(user: User, tag_id: int) -> Tag:
    """Return one of a person's own tags.

    Raises:
        NotFound: it was removed, or is somebody else's.
    """
    tag = Tag.objects.filter(user=user, pk=tag_id).first()
    if tag is None:
        raise NotFound(gettext("You have no such tag."))
    return tag


def by_study(user: User, studies: Collection[Study]) -> dict[int, list[Tag]]:
    """Return a person's tags on some studies by the id of the study that carries them; one query."""
    found: dict[int, list[Tag]] = {}
    puts = Tag.studies.through.objects.filter(tag__user=user, study__in=studies).select_related("tag")
    for put in puts.order_by("tag__text", "tag"):
        found.setdefault(put.study_id, []).append(put.tag)
    return found


def create_tag(*, user: User, text: str, colour: str = DEFAULT) -> Tag:
    """Make a tag.

    Raises:
        Invalid: the text or the colour is refused, or there are too many tags.
        Conflict: the person has a tag of this text and colour.
    """
    if Tag.objects.filter(user=user).count() >= MAX_TAGS:
        raise Invalid(
            gettext("You already have %(most_tags)s tags. Remove one first.") % {"most_tags": MAX_TAGS}
        )
    tag = Tag(user=user)
    _fill(tag, text, colour)
    return tag


def change_tag(*, tag: Tag, text: str, colour: str) -> Tag:
    """Give a tag another text and colour; it stays on its studies.

    Raises:
        Invalid, Conflict: as in `create_tag`.
    """
    _fill(tag, text, colour)
    return tag


def remove_tag(*, tag: Tag) -> None:
    """Remove a tag from all studies; the studies themselves stay as they are."""
    tag.delete()


@transaction.atomic
def set_tags(*, user: User, study: Study, tag_ids: Collection[str], new_text: str = "") -> list[Tag]:
    """Make these the person's tags of a study, and one more, made now, where a text is given.

    Raises:
        Invalid, Conflict: the new tag cannot be made; nothing was changed.
    """
    chosen = [tag for tag in Tag.objects.filter(user=user) if str(tag.pk) in tag_ids]
    if new_text.strip():
        chosen.append(_existing(user, new_text) or create_tag(user=user, text=new_text))
    Tag.studies.through.objects.filter(tag__user=user, study=study).exclude(tag__in=chosen).delete()
    for tag in chosen:
        tag.studies.add(study)
    return chosen


def _existing(user: User, text: str) -> Tag | None:
    key = names.fold(" ".join(text.split()))
    return next((tag for tag in Tag.objects.filter(user=user) if names.fold(tag.text) == key), None)


def _fill(tag: Tag, text: str, colour: str) -> None:
    text = " ".join(text.split())
    if not text:
        raise Invalid(gettext("Give the tag a name."))
    if len(text) > MAX_TEXT_LENGTH:
        raise Invalid(
            gettext("The name of a tag can have at most %(longest_text)s characters.")
            % {"longest_text": MAX_TEXT_LENGTH}
        )
    if "\0" in text:
        raise Invalid(gettext("The name of a tag cannot contain the control character U+0000; remove it."))
    if colour not in _CODES:
        raise Invalid(gettext("Choose one of the colours."))
    tag.text, tag.colour = text, colour
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError as error:
        raise Conflict(
            gettext("You already have a tag %(text)s of this colour.") % {"text": names.quoted(text)}
        ) from error
