"""The only package that talks to Dropbox."""

from __future__ import annotations

from minno_dashboard.mirror.dropbox_api import lazy_sdk

lazy_sdk.postpone_unused_parts()
