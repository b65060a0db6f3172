"""Accounts, under the language prefix: django-allauth's views at addresses of our own."""

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import accounts

account = [
    path("", accounts.overview, name="account_overview"),
    path(_("sign-in/"), views.login, name="account_login"),
    path(_("sign-in/code/"), views.request_login_code, name="account_request_login_code"),
    path(_("sign-in/code/check/"), views.confirm_login_code, name="account_confirm_login_code"),
    path(_("sign-out/"), views.logout, name="account_logout"),
    path(_("sign-up/"), views.signup, name="account_signup"),
    path(
        _("check-address/"), views.email_verification_sent, name="account_email_verification_sent"
    ),
    path(_("inactive/"), views.account_inactive, name="account_inactive"),
    path(_("address/"), views.email, name="account_email"),
    path(_("identity/"), views.reauthenticate, name="account_reauthenticate"),
    path(_("password/change/"), views.password_change, name="account_change_password"),
    path(_("password/set/"), views.password_set, name="account_set_password"),
    path(_("password/forgotten/"), views.password_reset, name="account_reset_password"),
    path(
        _("password/forgotten/code/"),
        views.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path(
        _("password/forgotten/new/"),
        views.complete_password_reset,
        name="account_complete_password_reset",
    ),
    path(
        _("password/forgotten/done/"),
        views.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
]

second_factor = [
    path("", mfa.index, name="mfa_index"),
    path(_("needed/"), accounts.second_factor_needed, name="second_factor_needed"),
    path(_("code/"), mfa.authenticate, name="mfa_authenticate"),
    path(_("identity/"), mfa.reauthenticate, name="mfa_reauthenticate"),
    path(_("application/"), totp.activate_totp, name="mfa_activate_totp"),
    path(_("application/remove/"), totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(_("spare-codes/"), codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(_("spare-codes/new/"), codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path(_("spare-codes/file/"), codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]

urlpatterns = [
    path(_("account/"), include(account)),
    path(_("account/second-factor/"), include(second_factor)),
]
