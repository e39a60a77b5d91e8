"""Addresses of roles, break-glass and reasons."""

from __future__ import annotations

from django.urls import path

from asepsis.web.authorisation import accesses, break_glass, roles, views

urlpatterns = [
    path("roles/", roles.roles, name="roles"),
    path("people/<uuid:person_id>/", roles.person, name="access-person"),
    path("people/<uuid:person_id>/give/", roles.give, name="role-give"),
    path("grants/<int:grant_id>/withdraw/", roles.withdraw, name="role-withdraw"),
    path("administrators/<uuid:proposal_id>/decide/", roles.decide, name="administrator-decide"),
    path("break-glass/", break_glass.uses, name="break-glass"),
    path("break-glass/request/", break_glass.request_, name="break-glass-request"),
    path("break-glass/<uuid:use_id>/", break_glass.use, name="break-glass-use"),
    path("break-glass/<uuid:use_id>/end/", break_glass.end, name="break-glass-end"),
    path("break-glass/<uuid:use_id>/review/", break_glass.review, name="break-glass-review"),
    path("my-data/", accesses.who_looked, name="who-looked"),
    path("why/", views.why, name="why"),
]
