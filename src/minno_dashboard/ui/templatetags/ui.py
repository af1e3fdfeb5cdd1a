"""Template tags and filters: slots, icons, times, sizes, form fields, addresses of built files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select, Widget
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from minno_dashboard.core import clock
from minno_dashboard.ui import assets, icons, manual, slots, words
from minno_dashboard.ui.help_links import CHAPTER_OF_PAGE, CHAPTER_OF_SECTION
from minno_dashboard.ui.script_texts import script_texts as texts_of_scripts

register = template.Library()


@register.simple_tag(takes_context=True)
def slot(context: Context, name: str, subject: object = None) -> SafeString:
    """Render a slot's content; contributors find `subject` as `request.slot_subject`."""
    request = context.get("request")
    if request is None:
        return mark_safe("")
    request.slot_subject = subject
    # Each contribution promises safe HTML (ui.slots).
    return mark_safe("".join(one.render(request) for one in slots.contributions(name)))  # noqa: S308


@register.simple_tag
def built(name: str, folder: str = "build") -> str:
    """Return the address of a static file with its content's digest, so that a browser never keeps an old one."""
    path = f"{folder}/{name}"
    digest = assets.digest(path)
    return f"{static(path)}?v={digest}" if digest else static(path)


@register.simple_tag
def script_texts() -> SafeString:
    """Insert the texts of the scripts in the reader's language; nothing for English."""
    known = texts_of_scripts(get_language() or "")
    return json_script(known, "texts") if known else mark_safe("")


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon hidden from screen readers; the text beside it is read."""
    return mark_safe(icons.svg(name))  # noqa: S308 - drawn from our own table


@register.inclusion_tag("ui/tool.html")
def tool(picture: str, label: str, mark: str) -> dict[str, str]:
    """Render an icon button; `mark` is the data attribute by which a script finds it."""
    return {"picture": picture, "label": label, "mark": mark}


@register.simple_tag
def icon_symbols() -> SafeString:
    """Insert all icons, invisible, for scripts that draw some."""
    return mark_safe(icons.symbols())  # noqa: S308 - drawn from our own table


@register.simple_tag(takes_context=True)
def here(context: Context, address: str) -> str:
    """Return the class of a link to the present section of the site, else nothing."""
    request = context.get("request")
    return " active" if request is not None and address and request.path.startswith(address) else ""


@register.simple_tag(takes_context=True)
def help_address(context: Context, section: str = "") -> str:
    """Return the address of the manual's chapter on this page, or on a section of it; "" where that has none."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    page = match.url_name if match else ""
    place = CHAPTER_OF_SECTION.get((page, section)) if section else CHAPTER_OF_PAGE.get(page, manual.START)
    return manual.address_of(place) if place else ""


@register.filter
def ago(moment: datetime | None) -> str | SafeString:
    """Render a time in words ("2 h ago"), with the exact time on hover."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        words.ago(moment, now=clock.now()),
    )


@register.filter
def size(count: int | None) -> str:
    """Render a number of bytes with a unit ("1.2 MB")."""
    return "" if count is None else words.size(count)


@register.simple_tag
def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 file" or "3 files"."""
    return words.plural(count, one, many)


def _kind(widget: Widget) -> str:
    if isinstance(widget, RadioSelect):
        return "radio"
    return "checkbox" if isinstance(widget, CheckboxInput) else "text"


def _described_by(field: BoundField) -> str:
    parts = [f"{field.auto_id}_help"] if field.help_text else []
    return " ".join([*parts, f"{field.auto_id}_error"] if field.errors else parts)


@register.inclusion_tag("ui/field.html", name="field")
def show_field(field: BoundField) -> dict[str, Any]:
    """Show one field of a form: label, input, help and errors, tied together for screen readers."""
    widget = field.field.widget
    kind = _kind(widget)
    looks = {"checkbox": "form-check-input", "radio": "form-check-input"}
    css = looks.get(kind) or ("form-select" if isinstance(widget, Select) else "form-control")
    own = str(widget.attrs.get("class", ""))
    attrs: dict[str, str | bool] = {"class": f"{own} {css}{' is-invalid' if field.errors else ''}".strip()}
    described = _described_by(field)
    if described:
        attrs["aria-describedby"] = described
    if field.errors:
        attrs["aria-invalid"] = "true"
    if kind == "radio":
        widget.attrs["class"] = attrs["class"]
        return {"field": field, "kind": kind, "described": described}
    return {"field": field, "kind": kind, "widget": field.as_widget(attrs=attrs), "described": described}


@register.inclusion_tag("ui/copy_field.html")
def copy_field(value: str, label: str, id: str) -> dict[str, str]:
    """Render a value with a Copy button."""
    return {"value": value, "label": label, "id": id}
