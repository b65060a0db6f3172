"""The themes' own pages at the desk: written, ordered, merged, published, their passages shown."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from parvis.consult.models import Consultation
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.forms import put_errors
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import State
from parvis.core.templatetags.parvis import number
from parvis.site.coding import set_aside_silent
from parvis.site.views.coding import _see_other, _uuid, desk_consultation
from parvis.understand import coding, queries, services
from parvis.understand.forms import ThemeEditForm, ThemeForm
from parvis.understand.models import Quote, Theme


def _theme(found: Consultation, pk: UUID | None) -> Theme:
    row = (
        Theme.objects.filter(pk=pk, node__space=found.node, merged_into=None)
        .select_related("node__space")
        .first()
    )
    if row is None:
        raise NotFound
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def themes(request: HttpRequest, slug: str) -> HttpResponse:
    """Every theme with its count; a new one, the order, merging, publishing."""
    found, actor = desk_consultation(request, slug)
    access.require(actor, "manage_themes", found)
    form, problems = ThemeForm(), []
    if request.method == "POST":
        action = request.POST.get("action", "create")
        if action == "create":
            form = ThemeForm(request.POST)
        try:
            if action != "create" or form.is_valid():
                _act(request, found, actor, action, form)
                return _see_other(reverse("coding_themes", args=[slug]))
        except Invalid as refusal:
            if action == "create":
                put_errors(form, refusal)
            else:
                problems = [str(m) for rows in refusal.errors.values() for m in rows]
        except Conflict as refusal:
            problems = [str(refusal)]
    rows = queries.themes_of(found.node)
    context = {
        "consultation": found,
        "form": form,
        "problems": problems,
        "rows": [
            {"row": row, "public": row.node.state == State.PUBLIC, "empty": not row.count}
            for row in rows
        ],
        "drafts": sum(row.node.state == State.DRAFT for row in rows),
        "progress": queries.progress(found.node),
        "ticked": request.POST.getlist("sources"),
        "section": "desk",
    }
    wrong = bool(problems) or (form.is_bound and bool(form.errors))
    return render(request, "coding/themes.html", context, status=422 if wrong else 200)


def _act(
    request: HttpRequest, found: Consultation, actor: Actor, action: str, form: ThemeForm
) -> None:
    post = request.POST
    if action == "create":
        data = form.cleaned_data
        content = [data["title"], data["description"]]
        key = IdempotencyKey.of(f"theme:{found.pk}", data["key"], content) if data["key"] else None
        services.create_theme(
            actor=actor,
            space=found.node,
            title=data["title"],
            description=data["description"],
            key=key,
        )
        messages.success(request, _("The theme is in the list."))
    elif action in {"up", "down"}:
        theme = _theme(found, _uuid(post.get("theme", "")))
        services.move_theme(actor=actor, theme=theme, step=-1 if action == "up" else 1)
    elif action == "merge":
        into = _theme(found, _uuid(post.get("into", "")))
        sources = [_theme(found, _uuid(text)) for text in post.getlist("sources")]
        services.merge_themes(actor=actor, into=into, sources=sources)
        words = _("Merged into “%(theme)s”; every other theme of those contributions is kept.")
        messages.success(request, words % {"theme": tr(into.node.title)})
    elif action == "remove":
        services.remove_theme(actor=actor, theme=_theme(found, _uuid(post.get("theme", ""))))
        messages.success(request, _("The theme is removed."))
    elif action == "publish":
        _publish(request, found, actor)
    else:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})


def _publish(request: HttpRequest, found: Consultation, actor: Actor) -> None:
    token = request.POST.get("key", "")
    done = services.publish_themes(
        actor=actor,
        space=found.node,
        languages=found.languages or [DEFAULT],
        response_due=found.response_due,
        key=IdempotencyKey.of(f"themes:{found.pk}", token, "publish") if token else None,
    )
    set_aside_silent(found, actor)
    words = ngettext("%(n)s theme is public.", "%(n)s themes are public.", len(done))
    messages.success(request, words % {"n": number(len(done))})


@require_http_methods(["GET", "HEAD", "POST"])
def theme(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One theme: its texts in every language, the date of its answer, its passages."""
    found, actor = desk_consultation(request, slug)
    access.require(actor, "manage_themes", found)
    row = _theme(found, pk)
    problems: list[str] = []
    form = ThemeEditForm(initial=_initial(row))
    if request.method == "POST":
        here = reverse("coding_theme", args=[slug, pk])
        if request.POST.get("action", "save") == "save":
            form = ThemeEditForm(request.POST, initial=_initial(row))
            if form.is_valid():
                try:
                    _save(actor, row, form.cleaned_data)
                except Invalid as refusal:
                    put_errors(form, refusal)
                    row = _theme(found, pk)
                else:
                    messages.success(request, _("Saved."))
                    return _see_other(here)
        else:
            try:
                _quote(request, actor, row)
                return _see_other(f"{here}#passages")
            except Invalid as refusal:
                problems = [str(m) for rows in refusal.errors.values() for m in rows]
    context = {
        "consultation": found,
        "theme": row,
        "public": row.node.state == State.PUBLIC,
        "count": queries.counts_of([row.pk]).get(row.pk, 0),
        "quotes": row.quotes.select_related("contribution__contribution").order_by("pk")[:100],
        "history": revisions.history(row.node),
        "form": form,
        "problems": problems,
        "section": "desk",
    }
    wrong = bool(problems) or (form.is_bound and bool(form.errors))
    return render(request, "coding/theme.html", context, status=422 if wrong else 200)


def _initial(row: Theme) -> dict[str, Any]:
    return {
        "title": row.node.title,
        "description": row.description,
        "response_due": row.response_due,
        "sources": "\n".join(source["url"] for source in row.sources),
    }


def _save(actor: Actor, row: Theme, data: dict[str, Any]) -> None:
    # The words of a lesson are kept when its address is.
    words = {source["url"]: source for source in row.sources}
    addresses = [line.strip() for line in data["sources"].splitlines() if line.strip()]
    services.update_theme(
        actor=actor,
        theme=row,
        title=data["title"],
        description=data["description"],
        response_due=data["response_due"],
        sources=[words.get(address, address) for address in addresses],
        note={DEFAULT: data["note"]} if data["note"] else None,
    )


def _quote(request: HttpRequest, actor: Actor, row: Theme) -> None:
    number_given = request.POST.get("quote", "")
    quote = (
        Quote.objects.select_related("theme__node")
        .filter(theme=row, pk=int(number_given) if number_given.isdecimal() else 0)
        .first()
    )
    if quote is None:
        raise NotFound
    action = request.POST.get("action")
    if action == "drop":
        coding.drop_quote(actor=actor, quote=quote)
    elif action in {"show", "hide"}:
        coding.show_quote(actor=actor, quote=quote, public=action == "show")
    else:
        raise Invalid({"__all__": [_("This button is not known: reload the page.")]})
