"""minno-dashboard: studies of a behavioural lab, kept whole and mirrored to every researcher's own Dropbox."""

from __future__ import annotations

__version__ = "0.1.0"
