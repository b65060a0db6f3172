"""Accounts, under the language prefix: django-allauth's views at addresses of our own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, include, path
from django.utils.translation import gettext_lazy as _

from parvis.site.views import accounts


def _ours(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The same view, whose `site` is ours: django-allauth puts the name of the host there."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            response.context_data.pop("site", None)
        return response

    return answer


def _page(route: Any, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    return path(route, _ours(view), name=name)


account = [
    _page("", accounts.overview, name="account_overview"),
    _page(_("sign-in/"), views.login, name="account_login"),
    _page(_("sign-in/code/"), views.request_login_code, name="account_request_login_code"),
    _page(_("sign-in/code/check/"), views.confirm_login_code, name="account_confirm_login_code"),
    _page(_("sign-out/"), views.logout, name="account_logout"),
    _page(_("sign-up/"), views.signup, name="account_signup"),
    _page(
        _("check-address/"), views.email_verification_sent, name="account_email_verification_sent"
    ),
    _page(_("inactive/"), views.account_inactive, name="account_inactive"),
    _page(_("address/"), views.email, name="account_email"),
    _page(_("identity/"), views.reauthenticate, name="account_reauthenticate"),
    _page(_("password/change/"), views.password_change, name="account_change_password"),
    _page(_("password/set/"), views.password_set, name="account_set_password"),
    _page(_("password/forgotten/"), views.password_reset, name="account_reset_password"),
    _page(
        _("password/forgotten/code/"),
        views.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    _page(
        _("password/forgotten/new/"),
        views.complete_password_reset,
        name="account_complete_password_reset",
    ),
    _page(
        _("password/forgotten/done/"),
        views.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
]

second_factor = [
    _page("", mfa.index, name="mfa_index"),
    _page(_("needed/"), accounts.second_factor_needed, name="second_factor_needed"),
    _page(_("code/"), mfa.authenticate, name="mfa_authenticate"),
    _page(_("identity/"), mfa.reauthenticate, name="mfa_reauthenticate"),
    _page(_("application/"), totp.activate_totp, name="mfa_activate_totp"),
    _page(_("application/remove/"), totp.deactivate_totp, name="mfa_deactivate_totp"),
    _page(_("spare-codes/"), codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    _page(_("spare-codes/new/"), codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    _page(
        _("spare-codes/file/"), codes.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
]

urlpatterns = [
    path(_("account/"), include(account)),
    path(_("account/second-factor/"), include(second_factor)),
    path(_("account/api-tokens/"), accounts.api_tokens, name="api_tokens"),
    path(
        _("account/api-tokens/<int:pk>/revoke/"), accounts.api_token_revoke, name="api_token_revoke"
    ),
]
