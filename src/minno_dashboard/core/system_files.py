"""System files: files that operating systems and office programs add to folders."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FOLDERS = frozenset(
    [
        "__macosx",
        ".spotlight-v100",
        ".trashes",
        ".fseventsd",
        ".temporaryitems",
        ".documentrevisions-v100",
        "$recycle.bin",
        "system volume information",
        "@eadir",
        ".dropbox.cache",
    ]
)
_FILES = re.compile(
    r"\.ds_store|\._.*|icon\r|thumbs\.db|ehthumbs\.db|desktop\.ini|\.localized|\.dropbox|\.dropbox\.attr"
    r"|~\$.*|\.~lock\..*#|~.*\.tmp|\.directory",
    re.DOTALL,
)


def is_litter(parts: Sequence[str]) -> bool:
    """Return whether a path is such a file or lies in such a folder (`__MACOSX/._x`, `.DS_Store`, `~$x.docx`)."""
    folded = [part.lower() for part in parts]
    return any(part in _FOLDERS for part in folded) or bool(folded and _FILES.fullmatch(folded[-1]))
