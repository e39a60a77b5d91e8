"""Addresses of the pages of the ledger."""

from __future__ import annotations

from django.urls import path

from asepsis.web.ledger import views

urlpatterns = [
    path("", views.entries, name="ledger"),
    path("<int:position>/", views.entry, name="ledger-entry"),
    path("checkpoints/", views.checkpoints, name="ledger-checkpoints"),
    path("checkpoints/<int:size>.checkpoint", views.checkpoint, name="ledger-checkpoint"),
    path("check/", views.check, name="ledger-check"),
    path("export/", views.export, name="ledger-export"),
]
