"""URLs of the pages about the whole site."""

from __future__ import annotations

from django.urls import path

from minno_dashboard.administration.views import acting, people, site

urlpatterns = [
    path("admin/users/<int:user_id>/act-as/", acting.begin, name="act_as"),
    path("act-as/end/", acting.end, name="end_act_as"),
    path("admin/usage/", site.usage, name="usage"),
    path("admin/home-page/", site.home_page, name="edit_home_page"),
    path("admin/configuration/limits/", site.save_limits, name="save_limits"),
    path("admin/users/<int:user_id>/hand-over/", people.deactivate, name="deactivate_and_hand_over"),
]
