"""Addresses of the plan."""

from __future__ import annotations

from django.urls import path

from asepsis.web.plan import views

urlpatterns = [
    path("", views.plan, name="plan"),
    path("states/", views.states, name="plan-states"),
    path("export/<slug:form>/", views.export, name="plan-export"),
    path("windows/<str:device_id>/", views.windows, name="plan-windows"),
    path("acceptances/<uuid:acceptance_id>/", views.decide, name="plan-decide"),
    path("<slug:item_id>/", views.item, name="plan-item"),
    path("<slug:item_id>/state/", views.state, name="plan-state"),
    path("<slug:item_id>/accept/", views.accept, name="plan-accept"),
]
