"""Addresses of the pages about devices."""

from __future__ import annotations

from django.urls import path

from asepsis.web.devices import additions, evidence, listing, views

urlpatterns = [
    path("", listing.devices, name="devices"),
    path("export.<str:ending>", listing.exported, name="export-devices"),
    path("views/", listing.save_view, name="save-view"),
    path("views/<int:view_id>/remove/", listing.remove_view, name="remove-view"),
    path("<str:device_id>/", views.device, name="device"),
    path("<str:device_id>/conversations/", views.conversations, name="device-conversations"),
    path("<str:device_id>/evidence/<int:number>/", evidence.evidence, name="device-evidence"),
    path("<str:device_id>/record/", additions.edit_record, name="edit-record"),
    path("<str:device_id>/notes/", additions.add_note, name="add-note"),
    path("<str:device_id>/documents/", additions.add_document, name="add-document"),
    path("<str:device_id>/documents/<int:document_id>/", additions.document, name="document"),
    path("<str:device_id>/documents/<int:document_id>/remove/", additions.remove_document, name="remove-document"),
    path("<str:device_id>/override/", additions.override, name="override-device"),
]
