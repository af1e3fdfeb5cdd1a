"""URLs of the mirror's pages; `/dropbox/set` is registered at Dropbox character by character and must not change."""

from __future__ import annotations

from django.urls import path

from minno_dashboard.mirror.connecting import webhook
from minno_dashboard.mirror.pages import data_views, restore_views, views

urlpatterns = [
    path("dropbox/connect", views.connect, name="dropbox_connect"),
    path("dropbox/set", views.come_back, name="dropbox_set"),
    path("dropbox/badge", views.badge, name="dropbox_badge"),
    path("dropbox/studies/<str:public_id>/badge", views.study_badge, name="dropbox_study_badge"),
    path("dropbox/panel", views.panel, name="dropbox_panel"),
    path("dropbox/prove", views.prove, name="dropbox_prove"),
    path("dropbox/policy", views.policy, name="dropbox_policy"),
    path("dropbox/confirm", views.confirm, name="dropbox_confirm"),
    path("dropbox/stop", views.stop, name="dropbox_stop"),
    path("dropbox/restore", restore_views.page, name="dropbox_restore"),
    path("dropbox/restore/progress", restore_views.progress, name="dropbox_restore_progress"),
    path("dropbox/restore/allow", restore_views.allow, name="dropbox_restore_allow"),
    path("studies/<str:public_id>/data/dropbox/", data_views.switch, name="study_data_in_dropbox"),
    path("dropbox/webhook", webhook.webhook, name="dropbox_webhook"),
    path("admin/configuration/dropbox", views.save_configuration, name="save_dropbox_configuration"),
]
