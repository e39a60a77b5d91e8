"""Addresses of the pages about webhooks."""

from __future__ import annotations

from django.urls import path

from asepsis.web.webhooks import views

urlpatterns = [
    path("", views.webhooks, name="webhooks"),
    path("<uuid:webhook_id>/", views.webhook, name="webhook"),
    path("<uuid:webhook_id>/secret/", views.rotate, name="webhook-secret"),
    path("<uuid:webhook_id>/act/", views.act, name="webhook-act"),
    path("<uuid:webhook_id>/deliveries/<uuid:delivery_id>/again/", views.again, name="webhook-again"),
]
