"""Column names valid in R, Python, SPSS and Excel: ASCII, lower case, words joined by "_", stable."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_NAME_CHARACTERS = 64
"""SPSS holds no more."""
_DIGEST_CHARACTERS = 6
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")


def column_name(path: str) -> str:
    """Return the name for a field given by its path, as `data.blockStart` → `data_block_start`.

    The same path always gives the same name. A path without Latin letters or digits, or one that is too long, ends
    in a digest of itself, so that two such paths stay two columns.
    """
    plain = unicodedata.normalize("NFKD", path)
    ascii_only = plain.encode("ascii", "ignore").decode()
    words = _OTHER.sub("_", _CAMEL.sub("_", ascii_only)).strip("_").lower()
    lost = sum(1 for sign in plain if ord(sign) > 127 and not unicodedata.combining(sign))
    if words[:1].isdigit():
        words = f"v_{words}"
    if lost or not words or len(words) > MAX_NAME_CHARACTERS:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
        kept = words[: MAX_NAME_CHARACTERS - _DIGEST_CHARACTERS - 1].rstrip("_") or "field"
        return f"{kept}_{digest}"
    return words


class ColumnNames:
    """Column names of one table: a field keeps its name, and no two fields share one."""

    def __init__(self, reserved: dict[str, str]) -> None:
        """Begin with the columns that every row has: name → the path it stands for."""
        self._path_by_name = dict(reserved)
        self._name_by_path: dict[str, str] = {}

    def name_of(self, path: str) -> str:
        """Return the column of a path; of two paths that would share a name, the second gets a digest."""
        known = self._name_by_path.get(path)
        if known is not None:
            return known
        name = column_name(path)
        if name in self._path_by_name:
            digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
            name = f"{name[: MAX_NAME_CHARACTERS - _DIGEST_CHARACTERS - 1]}_{digest}"
        self._path_by_name[name] = path
        self._name_by_path[path] = name
        return name

    def sources(self) -> dict[str, str]:
        """Return the path of each column, except those that every row has."""
        return {name: path for name, path in self._path_by_name.items() if path}
