"""What the pages of the desk do the same way: show a form, act on it, publish a draft."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors

SECTION = {"section": "desk"}
editing = require_http_methods(["GET", "HEAD", "POST"])


def key_of(form: forms.Form, scope: str) -> IdempotencyKey | None:
    """Return the idempotency key that a form carries, with what came under it."""
    value = form.cleaned_data.get("key")
    content = {name: str(form.cleaned_data[name]) for name in form.cleaned_data if name != "key"}
    return IdempotencyKey.of(scope, value, content) if value else None


def submitted(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[], str],
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Show a form, or act on it: 303 to the address `act` returns, 422 with the form kept."""
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                return HttpResponseRedirect(act(), status=303)
            except Invalid as refusal:
                put_errors(form, refusal)
        status = 422
    return render(request, template, {"form": form, **context, **SECTION}, status=status)


def acted(
    request: HttpRequest, act: Callable[[], object], back: str, words: str, conflict: str = ""
) -> HttpResponse:
    """Act, then go back with `words`; what stands in the way is said there.

    `conflict`: what is said of a Conflict, instead of its own words.
    """
    try:
        act()
    except Conflict as refusal:
        messages.info(request, conflict or str(refusal))
    except Invalid as refusal:
        for found in refusal.errors.values():
            for message in found:
                messages.error(request, str(message))
    else:
        messages.success(request, words)
    return HttpResponseRedirect(back, status=303)


def publish(request: HttpRequest, act: Callable[[], object], back: str, words: str) -> HttpResponse:
    """Publish; what is missing is said on the page where it can be filled."""
    return acted(request, act, back, words, conflict=_("It was public already."))
