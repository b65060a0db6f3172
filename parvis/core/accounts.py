"""Accounts: django-allauth with our people, our languages, our pages and our limits."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from cryptography.fernet import Fernet
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from parvis.core.access import STAFF
from parvis.core.models import Person

RECORDS = "account_authentication_methods"
NEEDED = "second_factor_needed"
"""Session key: a staff member signed in without a second factor."""

# Messages that a stranger can cause; news of one's own account are never held back.
_BY_STRANGERS = (
    "account/email/login_code",
    "account/email/unknown_account",
    "account/email/account_already_exists",
    "account/email/email_confirmation",
    "account/email/password_reset_code",
)


def client_ip(request: HttpRequest) -> str | None:
    """Return the address of who asks; behind a proxy (PARVIS_BEHIND_PROXY), what it last added."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        if forwarded:
            return forwarded.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR")


def is_staff(person: Person) -> bool:
    """Whether a person holds a staff role, whatever the session."""
    return person.roles.filter(role__in=STAFF).exists()


class SignInForm(LoginForm):
    """An address, and a password for those who have one: without it, a code comes by e-mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Your e-mail address")
        self.fields["login"].widget.attrs = {"autocomplete": "email", "type": "email"}
        self.fields["login"].error_messages["required"] = _("Write your e-mail address.")
        password = self.fields["password"]
        password.required = False
        password.label = _("Password")
        password.help_text = ""
        password.widget.attrs = {"autocomplete": "current-password"}

    def _setup_password_field(self) -> None:
        """Keep the field, though nobody is asked for a password when signing up."""

    def clean_login(self) -> str:
        """Return the address in lower case."""
        return super().clean_login().lower()


class AccountAdapter(DefaultAccountAdapter):
    """Signs people up with an address only; staff land on the desk."""

    def save_user(
        self, request: HttpRequest, user: Person, form: Any, commit: bool = True
    ) -> Person:
        """Keep the address and the language in which it was given."""
        user.language = (get_language() or "fr")[:2]
        return super().save_user(request, user, form, commit)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address as everywhere else in Parvis."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104 not bound: only counted

    def pre_login(self, request: HttpRequest, user: Person, **kwargs: Any) -> HttpResponse | None:
        """A code that came back proves the address: no second code to verify it."""
        records = get_authentication_records(request, user)
        if records and records[-1].get("method") == "code":
            _verify(user, records[-1].get("email") or "")
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: Person) -> None:
        """Open the session, and say in it whether a second factor is still needed."""
        super().login(request, user)
        methods = request.session.get(RECORDS, [])
        second = any(record.get("method") == "mfa" for record in methods)
        if not second and is_staff(user):
            request.session[NEEDED] = True

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The desk for staff, the follow-up page for others; first of all the second factor."""
        user = request.user
        if not user.is_authenticated or not is_staff(user):
            return reverse("follow_up")
        if request.session.get(NEEDED) and not (settings.DEMO or settings.TESTING):
            return reverse("second_factor_needed")
        return reverse("desk")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Where one's contributions are."""
        return reverse("follow_up")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """The home page, in the language that was read."""
        return reverse("home")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The page of the account; changing a password signs out, so the way in comes first."""
        return reverse("account_overview")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, within the limits for what a stranger can cause. Raises TooMany.

        The same limits hold for a known and an unknown address, so they tell nothing.
        """
        if template_prefix.startswith(_BY_STRANGERS):
            import_string(settings.MAIL_GATE)(email, client_ip(self.request))
        super().send_mail(template_prefix, email, context)


def _verify(person: Person, email: str) -> None:
    if email.lower() != person.email:
        return
    row, _made = EmailAddress.objects.get_or_create(
        user=person, email=person.email, defaults={"primary": True, "verified": True}
    )
    if not row.verified:
        row.verified = row.primary = True
        row.save(update_fields=["verified", "primary"])


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factor: its secret is encrypted with the site's, which is not in the database."""

    def _cipher(self) -> Fernet:
        key = hashlib.sha256(b"second-factor\n" + settings.SECRET_KEY.encode()).digest()
        return Fernet(base64.urlsafe_b64encode(key))

    def encrypt(self, text: str) -> str:
        """Return the text, encrypted."""
        return self._cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text. Raises InvalidToken when the site's secret changed."""
        return self._cipher().decrypt(encrypted_text.encode()).decode()

    def build_totp_svg(self, url: str) -> str:
        """Nothing: our page draws the code itself, without style attributes."""
        return ""


@receiver(authenticator_added)
def count_second_factor(
    request: HttpRequest, user: Person, authenticator: Authenticator, **_more: Any
) -> None:
    """Whoever just proved the code of the new application has used it: no need to sign in again."""
    if authenticator.type != Authenticator.Type.TOTP:
        return
    request.session.cycle_key()
    post_authentication(request, authenticator, reauthenticated=True)
    request.session.pop(NEEDED, None)


@receiver(authenticator_removed)
def forget_second_factor(
    request: HttpRequest, user: Person, authenticator: Authenticator, **_more: Any
) -> None:
    """Without a second factor, this session holds no staff role any more."""
    if authenticator.type != Authenticator.Type.TOTP:
        return
    records = request.session.get(RECORDS, [])
    request.session[RECORDS] = [one for one in records if one.get("method") != "mfa"]
    if is_staff(user):
        request.session[NEEDED] = True
