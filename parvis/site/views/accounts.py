"""The page of an account, and what staff read when a second factor is needed."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from parvis.core.accounts import is_staff
from parvis.core.errors import SignInNeeded
from parvis.core.models import Follow, Person


def _person(request: HttpRequest) -> Person:
    person = request.actor.person  # type: ignore[attr-defined]
    if person is None:
        raise SignInNeeded
    return person


def _has_second_factor(person: Person) -> bool:
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """My address, my ways in, what I follow."""
    person = _person(request)
    pending = EmailAddress.objects.filter(user=person, verified=False).first()
    context = {
        "section": "follow_up",
        "person": person,
        "pending": pending.email if pending else None,
        "has_password": person.has_usable_password(),
        "second_factor": _has_second_factor(person),
        "followed_count": Follow.objects.filter(person=person).count(),
    }
    return render(request, "account/overview.html", context)


@require_safe
def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """Why the desk is closed without a second factor, and how to have one."""
    person = _person(request)
    context = {
        "staff": is_staff(person),
        "allowed": request.actor.is_staff,  # type: ignore[attr-defined]
        "second_factor": _has_second_factor(person),
    }
    return render(request, "mfa/needed.html", context)
