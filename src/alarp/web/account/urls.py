"""The addresses of signing in. Only those that this site draws: no registration, no e-mail reset."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.urls import path

from alarp.web.access import own, public
from alarp.web.account import views

urlpatterns = [
    path("login/", public(account.login), name="account_login"),
    path("logout/", public(account.logout), name="account_logout"),
    path("inactive/", public(account.account_inactive), name="account_inactive"),
    path("", views.account, name="account"),
    path("reauthenticate/", own(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", own(account.password_change), name="account_change_password"),
    path("second-factor/code/", public(mfa.authenticate), name="mfa_authenticate"),
    path("second-factor/confirm/", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("second-factor/", views.to_account, name="mfa_index"),
    path("second-factor/app/", own(totp.activate_totp), name="mfa_activate_totp"),
    path("second-factor/app/remove/", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("second-factor/recovery/", own(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "second-factor/recovery/new/", own(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
]
