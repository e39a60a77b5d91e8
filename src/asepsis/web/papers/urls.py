"""Addresses of the pages about papers."""

from __future__ import annotations

from django.urls import path

from asepsis.web.papers import changes, views

urlpatterns = [
    path("", views.papers, name="papers"),
    path("compare/", views.compare, name="papers-compare"),
    path("<str:paper_id>/", views.paper, name="paper"),
    path("<str:paper_id>/file/", views.file, name="paper-file"),
    path("<str:paper_id>/product/", changes.product, name="paper-product"),
    path("<str:paper_id>/ties/", changes.tie, name="paper-tie"),
    path("<str:paper_id>/remove/", changes.remove, name="paper-remove"),
    path("<str:paper_id>/claims/<str:device_id>/<str:question>/", views.claim, name="paper-claim"),
]
