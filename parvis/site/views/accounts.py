"""The page of an account, and what staff read when a second factor is needed."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.core import tokens
from parvis.core.accounts import is_staff
from parvis.core.errors import NotFound, SignInNeeded
from parvis.core.models import ApiToken, Follow, Person
from parvis.core.pages import paginate


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
        "tokens_count": ApiToken.objects.filter(person=person, revoked_at=None).count(),
        "followed_count": Follow.objects.filter(person=person).count(),
    }
    return render(request, "account/overview.html", context)


@require_safe
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The keys that programs use in my name: what for, since when, last used when."""
    rows = ApiToken.objects.filter(person=_person(request)).order_by("-created_at", "-pk")
    page = paginate(request, rows)
    context = {"section": "follow_up", "page": page, "now": timezone.now()}
    return render(request, "account/api_tokens.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def api_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end one of my keys."""
    row = ApiToken.objects.filter(person=_person(request), pk=pk).first()
    if row is None:
        raise NotFound
    if request.method == "POST":
        tokens.revoke(actor=request.actor, token_id=pk)  # type: ignore[attr-defined]
        flash.success(request, _("The token “%(name)s” is revoked.") % {"name": row.name})
        return HttpResponseRedirect(reverse("api_tokens"), status=303)
    return render(request, "account/api_token_revoke.html", {"section": "follow_up", "row": row})


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
