"""Addresses of the import and of the reconciliation."""

from __future__ import annotations

from django.urls import path

from asepsis.web.cmms import views

urlpatterns = [
    path("", views.imports, name="cmms"),
    path("reconciliation/", views.reconciliation, name="reconciliation"),
    path("<uuid:import_id>/", views.one_import, name="cmms-import"),
    path("<uuid:import_id>/decide/", views.decide, name="cmms-decide"),
]
