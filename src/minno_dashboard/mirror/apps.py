"""The Django app `mirror`."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class MirrorConfig(AppConfig):
    """The Django app `mirror`."""

    name = "minno_dashboard.mirror"
    label = "mirror"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the mirror's parts of other apps' pages, and its callbacks for studies that are purged."""
        from minno_dashboard.accounts import revocation_hooks
        from minno_dashboard.mirror import schedule  # noqa: F401 - registers its periodic work
        from minno_dashboard.mirror.connecting import services
        from minno_dashboard.mirror.pages import data_views, first_steps, sections
        from minno_dashboard.mirror.restoring import restore
        from minno_dashboard.mirror.running import due_links
        from minno_dashboard.studies.services import before_purge
        from minno_dashboard.ui import slots

        sections.contribute()
        first_steps.contribute()
        slots.contribute(
            "study.data",
            name="dropbox",
            title=gettext_lazy("Data in your Dropbox"),
            order=10,
            render=data_views.section,
        )
        slots.contribute(
            "study.stored", name="dropbox", title="", order=10, render=data_views.stored_sentence
        )
        before_purge(due_links.note_study)
        revocation_hooks.register(services.end_with_account)
        revocation_hooks.register_at_a_reset(restore.withdraw_reading)
