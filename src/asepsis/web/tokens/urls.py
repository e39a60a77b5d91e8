"""Addresses of the pages about tokens."""

from __future__ import annotations

from django.urls import path

from asepsis.web.tokens import views

urlpatterns = [
    path("", views.tokens, name="tokens"),
    path("<uuid:token_id>/revoke/", views.revoke, name="token_revoke"),
]
