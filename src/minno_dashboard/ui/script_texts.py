"""The texts of the scripts in the reader's language."""

from __future__ import annotations

import gettext
from functools import lru_cache
from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "locale"


@lru_cache(maxsize=32)
def script_texts(language: str) -> dict[str, str | list[str]]:
    """Return each text of the scripts with its translation (its plural forms as a list); none for English."""
    try:
        catalogue = gettext.translation("djangojs", str(LOCALE), [language])
    except FileNotFoundError:
        return {}
    known = getattr(catalogue, "_catalog", {})
    texts: dict[str, str | list[str]] = {}
    for key, text in known.items():
        if isinstance(key, str) and key:
            texts[key] = text
        elif isinstance(key, tuple):
            message, form = key
            forms = texts.setdefault(message, [])
            if isinstance(forms, list):
                forms.insert(form, text)
    return texts
