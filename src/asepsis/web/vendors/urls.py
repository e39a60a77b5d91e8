"""Addresses of the pages about vendors."""

from __future__ import annotations

from django.urls import path

from asepsis.web.vendors import views

urlpatterns = [
    path("", views.vendors, name="vendors"),
    path("contracts/<uuid:contract_id>/document/", views.document, name="contract-document"),
    path("contracts/<uuid:contract_id>/end/", views.end_contract, name="contract-end"),
    path("<slug:key>/", views.vendor, name="vendor"),
    path("<slug:key>/contracts/", views.add_contract, name="contract-add"),
    path("<slug:key>/support/", views.add_support, name="support-add"),
]
