"""The addresses of the pages about the site as a whole."""

from __future__ import annotations

from django.urls import path

from minno_dashboard.administration.views import people

urlpatterns = [
    path("admin/users/<int:user_id>/hand-over/", people.deactivate, name="deactivate_and_hand_over"),
]
