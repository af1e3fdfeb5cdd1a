"""Icons of the interface, drawn as strokes on a grid of 16."""

from __future__ import annotations

_PATHS = {
    "menu": "M2 4h12M2 8h12M2 12h12",
    "gear": "M8 5.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
    "copy": "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
    "more": "M2.6 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0zM7.5 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0zM12.4 8a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0z",
    "plus": "M8 3v10M3 8h10",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5l3.5 3.5",
    "folder": "M1.5 4v9h13V5.5h-7L6 4z",
    "file": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3",
    "file-code": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M6.8 7.5 5 9.5l1.8 2M9.2 7.5l1.8 2-1.8 2",
    "file-image": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M3.5 12.5 6.5 9.5l2 2 1.5-1.5 2.5 2.5M6 7.2h.1",
    "file-media": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M6.5 7.5v5l4-2.5z",
    "file-table": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M5.5 8h5M5.5 10h5M5.5 12h5",
    "take": "M3 8h9M8.5 4.5 12 8l-3.5 3.5",
    "upload": "M8 11V3M4.5 6 8 2.5 11.5 6M2.5 11v2.5h11V11",
    "download": "M8 2.5v8M4.5 7 8 10.5 11.5 7M2.5 11v2.5h11V11",
    "new-file": "M3.5 1.5h6l3 3v4M3.5 1.5v13h4M12 10v5M9.5 12.5h5",
    "new-folder": "M1.5 4v9h6M1.5 4H6l1.5 1.5h7V9M12.5 10.5v4M10.5 12.5h4",
    "trash": "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.8 9h6.4l.8-9",
    "close": "M3.5 3.5l9 9M12.5 3.5l-9 9",
    "caret": "M6 4l4 4-4 4",
    "mail": "M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5",
    "back": "M10 3 5 8l5 5",
    "play": "M4.5 2.5v11l9-5.5z",
    "window": "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
    "again": "M13.5 8a5.5 5.5 0 1 1-1.6-3.9l1.6 1.6M13.5 2.5v3.2h-3.2",
    "history": "M2.5 8a5.5 5.5 0 1 0 1.6-3.9L2.5 5.7M2.5 2.5v3.2h3.2M8 5v3l2 1.5",
}


def svg(name: str) -> str:
    """Return the icon as inline SVG, hidden from screen readers."""
    return (
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" '
        'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f'<path d="{_PATHS[name]}"/></svg>'
    )


def symbols() -> str:
    """Return all icons as symbols, for scripts that draw some (`<use href="#icon-file">`)."""
    drawn = "".join(
        f'<symbol id="icon-{name}" viewBox="0 0 16 16"><path d="{path}"/></symbol>'
        for name, path in _PATHS.items()
    )
    return f'<svg class="symbols" width="0" height="0" aria-hidden="true" focusable="false">{drawn}</svg>'
