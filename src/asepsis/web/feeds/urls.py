"""Addresses of the page about feeds."""

from __future__ import annotations

from django.urls import path

from asepsis.web.feeds import views

urlpatterns = [
    path("", views.feeds, name="feeds"),
    path("look/", views.look, name="feeds-look"),
]
