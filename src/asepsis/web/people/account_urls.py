"""Addresses of sign-in and of one's own account: those of the library that we use, each named, and no other one.

Not there: signing up, e-mail addresses, passwords and codes by mail. Who lost every way in gets a new invitation.
"""

from __future__ import annotations

from allauth.account import views as library
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.webauthn import views as webauthn
from django.urls import path
from django.views.generic import RedirectView

from asepsis.web.authorisation.routes import own, public
from asepsis.web.people import account
from asepsis.web.people.provider import views as provider

TO_ACCOUNT = own(RedirectView.as_view(pattern_name="account"))

urlpatterns = [
    path("", account.account, name="account"),
    path("login/", public(account.SignIn.as_view()), name="account_login"),
    path("provider/", provider.begin, name="provider"),
    path("provider/again/", provider.again, name="provider_again"),
    path("provider/answer/", provider.answer, name="provider_answer"),
    path("logout/", public(library.logout), name="account_logout"),
    path("inactive/", public(library.account_inactive), name="account_inactive"),
    path("again/", own(account.PasswordAgain.as_view()), name="account_reauthenticate"),
    path("password/", own(account.ChangePassword.as_view()), name="account_change_password"),
    path("password/first/", own(account.SetPassword.as_view()), name="account_set_password"),
    path("second-factor/", account.second_factor, name="second_factor"),
    path("sessions/", TO_ACCOUNT, name="usersessions_list"),
    path("sessions/end/", account.end_session, name="end_session"),
    path("factors/", TO_ACCOUNT, name="mfa_index"),
    path("code/", public(mfa.authenticate), name="mfa_authenticate"),
    path("code/again/", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("app/", own(account.ActivateApp.as_view()), name="mfa_activate_totp"),
    path("app/remove/", own(account.DeactivateApp.as_view()), name="mfa_deactivate_totp"),
    path("recovery-codes/", own(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", own(account.NewRecoveryCodes.as_view()), name="mfa_generate_recovery_codes"),
    path("passkeys/", TO_ACCOUNT, name="mfa_list_webauthn"),
    path("passkeys/add/", own(account.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path("passkeys/again/", own(account.PasskeyAgain.as_view()), name="mfa_reauthenticate_webauthn"),
    path("passkeys/sign-in/", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("passkeys/<int:pk>/remove/", own(account.RemovePasskey.as_view()), name="mfa_remove_webauthn"),
    path("passkeys/<int:pk>/rename/", own(account.RenamePasskey.as_view()), name="mfa_edit_webauthn"),
]
