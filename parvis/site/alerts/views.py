"""Pages of saved searches: save, confirm, stop, and the list of an account."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from parvis.core.access import Actor
from parvis.core.accounts import client_ip
from parvis.core.desk import editing
from parvis.core.errors import Conflict, Invalid, NotFound, SignInNeeded
from parvis.core.forms import put_errors
from parvis.core.models import Person
from parvis.site.alerts import letters, running, services
from parvis.site.alerts.models import NAME_CHARACTERS, SavedSearch


def _see_other(url: str) -> HttpResponse:
    return HttpResponseRedirect(url, status=303)


class SaveForm(forms.Form):
    """A name, and an address where there is no account."""

    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"), max_length=254,
        help_text=gettext_lazy(
            "It serves these messages only. You will receive a link to confirm it."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    name = forms.CharField(
        required=False, max_length=NAME_CHARACTERS, label=gettext_lazy("Name of this search"),
        help_text=gettext_lazy("To know it again in messages. Empty: what it asks."),
    )  # fmt: skip

    def __init__(self, *args: Any, account: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account:
            del self.fields["email"]


def _asked(request: HttpRequest) -> tuple[str, str]:
    """Return where the search of the address is made, and its query. Raises Http404."""
    where = request.GET.get("where", SavedSearch.Where.SITE.value)
    if where not in SavedSearch.Where.values:
        raise Http404
    query = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        if name not in {"where", "page"}:
            query.setlist(name, values)
    return where, query.urlencode()


@editing
def save(request: HttpRequest) -> HttpResponse:
    """What will be looked for each day, and the button that keeps it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    where, query = _asked(request)
    form = SaveForm(request.POST or None, account=actor.person is not None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                row = services.save(
                    actor=actor, where=where, query=query, name=form.cleaned_data["name"],
                    email=form.cleaned_data.get("email", ""),
                    language=(get_language() or "fr")[:2], ip=client_ip(request),
                )  # fmt: skip
            except Invalid as refusal:
                put_errors(form, refusal)
            except Conflict as refusal:
                form.add_error(None, str(refusal))
            else:
                if row is None:
                    return _see_other(reverse("subscribe_sent"))
                messages.success(request, _("This search is kept: you will be told what is new."))
                return _see_other(reverse("my_searches"))
        status = 422
    shown = SavedSearch(where=where, query=running.canonical(where, query))
    context = {
        "form": form,
        "where": where,
        "where_words": shown.get_where_display(),
        "asked": running.asked(where, shown.query),
        "nothing": where == SavedSearch.Where.SITE and not shown.query,
        "results_url": running.address(shown),
        "action": f"?{urlencode({'where': where})}&{shown.query}".rstrip("&"),
        "most": services.EACH_MAX,
        "section": "search",
    }
    return render(request, "alerts/save.html", context, status=status)


@editing
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the first message. Opening it changes nothing; the button confirms."""
    if request.method == "POST":
        row = services.confirm(token)
    else:
        row = services.by_token(token)
        if row.ended_at is not None:
            raise NotFound(_("This link is no longer valid. Ask for a new one."))
    context = {
        "done": row.confirmed_at is not None,
        "name": letters.name_of(row),
        "results_url": running.address(row),
        "stop_url": reverse("saved_search_unsubscribe", args=[token]),
    }
    return render(request, "alerts/confirm.html", context)


@csrf_exempt
@editing
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop. A page with buttons, and the one-click POST of mail programs (RFC 8058).

    Without CSRF token, since the POST comes from a mail server: the token of the address is the
    secret, and no cookie gives a right here.
    """
    row = services.by_token(token)
    done = row.ended_at is not None
    everything = request.POST.get("scope") != "this"
    context: dict[str, Any] = {"everything": everything}
    if request.method == "POST":
        services.end(token, everything=everything)
        done = True
    context |= {"done": done, "name": "" if done else letters.name_of(row)}
    return render(request, "alerts/unsubscribe.html", context)


def _person(request: HttpRequest) -> Person:
    person: Person | None = request.actor.person  # type: ignore[attr-defined]
    if person is None:
        raise SignInNeeded
    return person


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """My searches: what each asks, what of it no longer exists, a new name, the end."""
    person = _person(request)
    rows = SavedSearch.objects.filter(ended_at=None, confirmed_at__isnull=False)
    own = [*rows.filter(person=person), *rows.filter(person=None, email=person.email)]
    seen, shown = running.listings(row.where for row in own), []
    for row in sorted(own, key=lambda one: one.pk, reverse=True):
        asked = running.asked(row.where, row.query, seen)
        name = row.name or asked.summary or row.get_where_display()
        shown.append({"row": row, "asked": asked, "name": name, "url": running.address(row)})
    context = {"section": "follow_up", "rows": shown, "most": services.EACH_MAX}
    return render(request, "alerts/mine.html", context)


def _search(request: HttpRequest, pk: int) -> SavedSearch:
    _person(request)
    return get_object_or_404(SavedSearch, pk=pk)


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one of my searches another name."""
    row = _search(request, pk)
    try:
        services.rename(
            actor=request.actor,  # type: ignore[attr-defined]
            search=row,
            name=request.POST.get("name", ""),
        )
    except Invalid as refusal:
        for message in refusal.errors.get("name", []):
            messages.error(request, str(message))
    else:
        messages.success(request, _("Saved."))
    return _see_other(reverse("my_searches"))


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of my searches."""
    services.end_own(actor=request.actor, search=_search(request, pk))  # type: ignore[attr-defined]
    messages.success(request, _("This search is over."))
    return _see_other(reverse("my_searches"))
