"""The desk of responses: the themes of a consultation, and what is decided about each."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import access, thread
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.plan import queries, responses
from parvis.plan.forms import ResponseForm
from parvis.plan.models import Response

Count = Callable[[Iterable[UUID]], Mapping[UUID, int]]


def linked(themes: Iterable[UUID]) -> Mapping[UUID, int]:
    """Return theme id -> contributions linked to it, whether they count or not."""
    return thread.counts_in(themes, "expresses")


def _consultation(request: HttpRequest, slug: str) -> Node:
    node = get_object_or_404(Node, kind="consultation", slug=slug)
    access.require(request.actor, "respond", node)
    return node


def _themes(consultation: Node) -> list[Node]:
    shown = (State.DRAFT, State.PUBLIC)
    rows = Node.objects.filter(kind="theme", space=consultation, state__in=shown)
    return list(rows.order_by("pk"))


@require_safe
def index(request: HttpRequest, slug: str, counts_of: Count = linked) -> HttpResponse:
    """The themes of a consultation, those without a response first.

    `counts_of` gives theme id -> contributions; the site passes the one function that counts.
    """
    consultation = _consultation(request, slug)
    themes = _themes(consultation)
    ids = [theme.pk for theme in themes]
    counts = counts_of(ids)
    found = _by_theme(queries.responses_of(consultation, drafts=True), ids)
    rows: list[dict[str, Any]] = [
        {"theme": theme, "count": counts.get(theme.pk, 0), "response": found.get(str(theme.pk))}
        for theme in themes
    ]
    order = {None: 0, State.DRAFT: 1}
    rows.sort(
        key=lambda row: (
            order.get(row["response"].node.state if row["response"] else None, 2),
            -row["count"],
        )
    )
    answered = sum(
        1 for row in rows if row["response"] and row["response"].node.state == State.PUBLIC
    )
    context = {"consultation": consultation, "rows": rows, "answered": answered, **SECTION}
    return render(request, "plan/desk/responses.html", context)


def _by_theme(rows: list[Response], ids: list[Any]) -> dict[str, Response]:
    by_id = {row.pk: row for row in rows}
    found = {theme: row for row in rows for theme in row.intended.get("themes", [])}
    for theme, links in thread.linked(ids, "answered_by").items():
        for link in links:
            if link.target_id in by_id:
                found[str(theme)] = by_id[link.target_id]
    return found


def _choices(found: Response | None) -> dict[Node, str]:
    """Commitments to choose from, by plan: the public ones, and those it leads to already."""
    rows = queries.by_number(queries.standings(queries.public_commitments()))
    choices = {}
    for row in rows:
        names = {"number": row.commitment.number, "title": tr(row.node.title)}
        named = _("Commitment %(number)s: %(title)s") % names
        choices[row.node] = f"{named} ({tr(row.plan.node.title)})"
    ids = set(found.intended.get("commitments", {})) if found else set()
    left = ids - {str(node.pk) for node in choices}
    return choices | {node: tr(node.title) for node in Node.objects.filter(pk__in=left)}


@editing
def edit(request: HttpRequest, slug: str, theme: str, counts_of: Count = linked) -> HttpResponse:
    """Write the response to a theme: kept as a draft, or published."""
    consultation = _consultation(request, slug)
    node = next((row for row in _themes(consultation) if row.slug == theme), None)
    if node is None:
        raise Http404
    found = queries.response_to(node)
    form = ResponseForm(request.POST or None, row=found, commitments=_choices(found))
    context = {
        "consultation": consultation,
        "theme": node,
        "response": found,
        "count": counts_of([node.pk]).get(node.pk, 0),
        "languages": queries.languages_of(consultation),
        "public": bool(found and found.node.state == State.PUBLIC),
    }

    def act() -> str:
        return _save(request, consultation, node, found, form)

    return submitted(request, form, act, "plan/desk/response.html", context)


def _save(
    request: HttpRequest,
    consultation: Node,
    theme: Node,
    found: Response | None,
    form: ResponseForm,
) -> str:
    languages = queries.languages_of(consultation)
    kept = found.intended.get("commitments", {}) if found else {}
    leads_to = form.leads_to(kept)
    if found is None:
        found = responses.draft_response(
            actor=request.actor,
            consultation=consultation,
            themes=[theme],
            fields=form.decision(),
            commitments=leads_to,
            key=key_of(form, f"response:{theme.pk}"),
        )
    else:
        responses.update_response(
            actor=request.actor,
            response=found,
            changes=form.decision(),
            commitments=leads_to,
            languages=languages,
            note=form.cleaned_data.get("note"),
        )
    words = _("The draft is saved.")
    if "publish" in request.POST and found.node.state == State.DRAFT:
        responses.publish_response(actor=request.actor, response=found, languages=languages)
        words = _("The response is public.")
    elif found.node.state == State.PUBLIC:
        words = _("The change is public, and kept in the history.")
    messages.success(request, words)
    return reverse("desk_responses", args=[consultation.slug])
