"""Addresses of the pages about vendors."""

from __future__ import annotations

from django.urls import path

from asepsis.web.vendors import purchases, views

urlpatterns = [
    path("", views.vendors, name="vendors"),
    path("assessments/", purchases.assessments, name="assessments"),
    path("assessments/<uuid:assessment_id>/", purchases.assessment, name="assessment"),
    path("assessments/<uuid:assessment_id>/act/", purchases.act, name="assessment-act"),
    path("assessments/<uuid:assessment_id>/decide/", purchases.decide, name="assessment-decide"),
    path("assessments/<uuid:assessment_id>/report.pdf", purchases.report, name="assessment-report"),
    path("contracts/<uuid:contract_id>/document/", views.document, name="contract-document"),
    path("contracts/<uuid:contract_id>/end/", views.end_contract, name="contract-end"),
    path("<slug:key>/", views.vendor, name="vendor"),
    path("<slug:key>/contracts/", views.add_contract, name="contract-add"),
    path("<slug:key>/support/", views.add_support, name="support-add"),
]
