"""The coordinators' desk of the frame: strategies, pillars, and what is tied to them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import access, kinds, limits
from parvis.core.desk import SECTION, editing, key_of, submitted
from parvis.core.forms import KeyedForm
from parvis.core.i18n import tr
from parvis.core.models import Node
from parvis.core.pages import found_or_404
from parvis.core.search import search
from parvis.strategy import queries, services, ties
from parvis.strategy.forms import NewStrategyForm, PillarForm, StrategyForm, TieForm
from parvis.strategy.models import Pillar, Strategy
from parvis.strategy.nodes import KEYS

FORM = "strategy/desk/form.html"
FOUND_MAX = 20


def strategy_of(request: HttpRequest, slug: str) -> Strategy:
    """Return a strategy that the reader manages."""
    row = found_or_404(queries.strategy_by_slug, slug)
    access.require(request.actor, "manage_strategy", row)
    return row


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every strategy that the reader manages, and the four pillars."""
    access.require(request.actor, "manage_strategy")
    rows = Strategy.objects.select_related("node", "organisation__node").order_by("-pk")
    defined = {row.key: row for row in Pillar.objects.select_related("node")}
    context = {
        "strategies": [row for row in rows if access.can(request.actor, "manage_strategy", row)],
        "pillars": [
            {"key": key, "label": label, "row": defined.get(key)}
            for key, label in Pillar.Key.choices
        ],
        **SECTION,
    }
    return render(request, "strategy/desk/index.html", context)


@editing
def strategy_new(request: HttpRequest) -> HttpResponse:
    """Create a strategy."""
    access.require(request.actor, "manage_strategy")
    form = NewStrategyForm(request.POST or None)

    def act() -> str:
        row = services.create_strategy(
            actor=request.actor,
            title=form.cleaned_data["title"],
            organisation=form.cleaned_data["organisation"],
            fields=form.changes(),
            key=key_of(form, f"strategy:{request.actor.person_id}"),
        )
        return reverse("strategy_edit", args=[row.node.slug])

    context = {"heading": _("A new strategy"), "submit": _("Create the strategy")}
    return submitted(request, form, act, FORM, context)


@editing
def strategy_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a strategy, publish it, add its parts."""
    row = strategy_of(request, slug)
    form = StrategyForm(request.POST or None, row=row)

    def act() -> str:
        services.change(
            actor=request.actor,
            row=row,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("note"),
        )
        messages.success(request, _("The strategy is saved."))
        return reverse("strategy_edit", args=[slug])

    groups = [
        (kind, heading, add, list(rows.select_related("node")))
        for kind, heading, add, rows in (
            ("orientation", _("Orientations"), _("Add an orientation"), row.orientations),
            ("ambition", _("Ambitions"), _("Add an ambition"), row.ambitions),
            ("indicator", _("Indicators"), _("Add an indicator"), row.indicators),
        )
    ]
    context = {
        "strategy": row,
        "groups": [
            {
                "kind": kind,
                "heading": heading,
                "add": add,
                "new": reverse(f"{kind}_new", args=[slug]),
                "rows": [(part, reverse(f"{kind}_edit", args=[part.node.slug])) for part in rows],
            }
            for kind, heading, add, rows in groups
        ],
    }
    return submitted(request, form, act, "strategy/desk/strategy.html", context)


@editing
def pillar_edit(request: HttpRequest, pillar: str) -> HttpResponse:
    """Say what a pillar means; public at once."""
    key = KEYS.get(pillar, pillar)
    if key not in Pillar.Key.values:
        raise Http404
    row = Pillar.objects.select_related("node").filter(key=key).first()
    services.require_pillars(request.actor, row)
    label = str(Pillar.Key(key).label)
    form = PillarForm(request.POST or None, row=row)

    def act() -> str:
        made = services.define_pillar(
            actor=request.actor,
            pillar=key,
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("note"),
            key=key_of(form, f"pillar:{key}:{request.actor.person_id}"),
            **form.changes(),
        )
        messages.success(request, _("The definition is public."))
        return kinds.url(made.node) or reverse("desk_strategy")

    context = {"heading": label, "submit": _("Publish the definition")}
    return submitted(request, form, act, FORM, context)


def _candidates(place: Node, words: str) -> list[tuple[str, str]]:
    """Return (id, words) of what may be tied and is found by its title."""
    hits = search(words, kind=sorted(ties.kinds_for(place.kind)), limit=FOUND_MAX).hits
    return [
        (str(hit.node.pk), f"{tr(hit.node.title)} ({kinds.get(hit.node.kind).label})")
        for hit in hits
    ]


@editing
def ties_page(request: HttpRequest, place: UUID) -> HttpResponse:
    """What is tied to a place of the frame; find something else by its title and tie it."""
    row = ties.place_of(place)
    access.require(request.actor, "manage_strategy", row)
    words = request.GET.get("q", "").strip()[: limits.SEARCH_CHARACTERS]
    found = _candidates(row.node, words)
    form = TieForm(request.POST or None, found=found)

    def act() -> str:
        ties.attach(
            actor=request.actor,
            place=row,
            other=get_object_or_404(Node, pk=form.cleaned_data["other"]),
            reason=form.cleaned_data["reason"],
            key=key_of(form, f"tie:{row.pk}"),
        )
        messages.success(request, _("The link is public."))
        return reverse("frame_ties", args=[row.pk])

    context: dict[str, Any] = {
        "place": row,
        "node": row.node,
        "strategy": getattr(row, "strategy", None),
        "tied": ties.tied(row.node),
        "found": found,
        "q": words,
        "kinds": [kinds.get(name).label_plural for name in sorted(ties.kinds_for(row.node.kind))],
    }
    return submitted(request, form, act, "strategy/desk/ties.html", context)


@editing
def tie_remove(request: HttpRequest, place: UUID, other: UUID) -> HttpResponse:
    """Ask, then undo a tie."""
    row = ties.place_of(place)
    access.require(request.actor, "manage_strategy", row)
    links = {node.pk: (node, link) for node, link in ties.tied(row.node)}
    if other not in links:
        raise Http404
    node, link = links[other]
    form = KeyedForm(request.POST or None)

    def act() -> str:
        ties.detach(actor=request.actor, place=row, other=node)
        messages.success(request, _("The link is removed."))
        return reverse("frame_ties", args=[row.pk])

    context = {
        "heading": _("Remove this link?"),
        "intro": f"{tr(node.title)} → {tr(row.node.title)}",
        "detail": tr(link.reason),
        "submit": _("Remove the link"),
        "back": reverse("frame_ties", args=[row.pk]),
        "strategy": getattr(row, "strategy", None),
    }
    return submitted(request, form, act, FORM, context)
