"""Addresses of pages about people, and of invitations."""

from __future__ import annotations

from django.urls import path

from asepsis.web.people import administration, joining

urlpatterns = [
    path("join/", joining.join, name="join"),
    path("join/passkey/", joining.with_passkey, name="join_passkey"),
    path("join/password/", joining.with_password, name="join_password"),
    path("join/<str:token>/", joining.opened, name="join_opened"),
    path("people/", administration.people, name="people"),
    path("people/invite/", administration.invite, name="invite"),
    path("people/invitations/<uuid:invitation_id>/withdraw/", administration.withdraw, name="withdraw_invitation"),
    path("people/<uuid:person_id>/", administration.person, name="person"),
    path("people/<uuid:person_id>/active/", administration.switch, name="switch_person"),
    path("people/<uuid:person_id>/renew/", administration.renew, name="renew_person"),
    path("people/<uuid:person_id>/sign-out/", administration.sign_out, name="sign_out_person"),
]
