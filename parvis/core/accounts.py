"""Accounts: django-allauth with our people, our languages and our pages."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from parvis.core.access import STAFF
from parvis.core.models import Person


class AccountAdapter(DefaultAccountAdapter):
    """Signs people up with an address only; staff land on the desk."""

    def save_user(
        self, request: HttpRequest, user: Person, form: Any, commit: bool = True
    ) -> Person:
        """Keep the address and the language in which it was given."""
        user.language = (get_language() or "fr")[:2]
        return super().save_user(request, user, form, commit)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The desk for staff, the follow-up page for others."""
        user = request.user
        if user.is_authenticated and user.roles.filter(role__in=STAFF).exists():
            return reverse("desk")
        return reverse("follow_up")
