"""The desk of a strategy's parts: orientations, ambitions, indicators and their measures."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parvis.core import access
from parvis.core.desk import editing, key_of, publish, submitted
from parvis.core.i18n import tr
from parvis.strategy import measures, services
from parvis.strategy.desk import FORM, strategy_of
from parvis.strategy.forms import (
    AmbitionForm,
    IndicatorForm,
    MeasureForm,
    OrientationForm,
    WhyForm,
)
from parvis.strategy.models import Ambition, Indicator, Measure, Orientation, Strategy
from parvis.strategy.queries import Reading
from parvis.strategy.values import amount, when

MODELS: dict[str, Any] = {
    "strategy": Strategy, "orientation": Orientation, "ambition": Ambition,
    "indicator": Indicator,
}  # fmt: skip


def _words(kind: str) -> dict[str, str]:
    return {
        "orientation": {"heading": _("A new orientation"), "submit": _("Add the orientation")},
        "ambition": {"heading": _("A new ambition"), "submit": _("Add the ambition")},
        "indicator": {"heading": _("A new indicator"), "submit": _("Add the indicator")},
    }[kind]


def _row(request: HttpRequest, kind: str, slug: str) -> Any:
    """Return a strategy or a part of one that the reader manages."""
    if kind not in MODELS:
        raise Http404
    if kind == "strategy":
        return strategy_of(request, slug)
    rows = MODELS[kind].objects.select_related("node", "strategy__node")
    row = get_object_or_404(rows, node__kind=kind, node__slug=slug)
    access.require(request.actor, "manage_strategy", row)
    return row


def _form(request: HttpRequest, kind: str, strategy: Strategy, row: Any = None, **more: Any) -> Any:
    if kind == "orientation":
        return OrientationForm(request.POST or None, row=row, **more)
    made = AmbitionForm if kind == "ambition" else IndicatorForm
    return made(request.POST or None, row=row, strategy=strategy, **more)


@editing
def part_new(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Add a draft part to a strategy."""
    strategy = strategy_of(request, slug)
    initial = {}
    if kind != "indicator":
        last = MODELS[kind].objects.filter(strategy=strategy).order_by("-number").first()
        initial = {"number": last.number + 1 if last else 1}
    form = _form(request, kind, strategy, initial=initial)
    add: dict[str, Any] = {
        "orientation": services.add_orientation,
        "ambition": services.add_ambition,
    }

    def act() -> str:
        given = {
            "actor": request.actor,
            "strategy": strategy,
            "title": form.cleaned_data["title"],
            "key": key_of(form, f"{kind}:{strategy.pk}"),
        }
        if kind == "indicator":
            row = services.add_indicator(**given, fields=form.changes())
        else:
            row = add[kind](**given, **form.changes())
        return reverse(f"{kind}_edit", args=[row.node.slug])

    context = {**_words(kind), "strategy": strategy}
    return submitted(request, form, act, FORM, context)


@editing
def part_edit(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Change a part of a strategy; for an indicator, its measures too."""
    row = _row(request, kind, slug)
    form = _form(request, kind, row.strategy, row)

    def act() -> str:
        services.change(
            actor=request.actor,
            row=row,
            changes=form.changes(),
            title=form.cleaned_data["title"],
            note=form.cleaned_data.get("reason" if kind == "indicator" else "note"),
        )
        messages.success(request, _("The change is saved."))
        return reverse(f"{kind}_edit", args=[slug])

    context: dict[str, Any] = {
        "row": row, "kind": kind, "node": row.node, "strategy": row.strategy,
        "draft": row.node.state == "draft",
    }  # fmt: skip
    if kind == "indicator":
        context["reading"] = Reading(row, list(row.measures.order_by("on")))
    return submitted(request, form, act, "strategy/desk/part.html", context)


@require_POST
def publish_row(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    """Make a strategy or a part of one public."""
    row = _row(request, kind, slug)
    return publish(
        request, lambda: services.publish(actor=request.actor, row=row),
        reverse(f"{kind}_edit", args=[slug]), _("It is public."),
    )  # fmt: skip


@editing
def measure_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Record a value of an indicator."""
    row = _row(request, "indicator", slug)
    form = MeasureForm(request.POST or None)

    def act() -> str:
        measures.record_measure(
            actor=request.actor,
            indicator=row,
            key=key_of(form, f"measure:{row.pk}"),
            **form.given(),
        )
        messages.success(request, _("The value is recorded."))
        return reverse("indicator_edit", args=[slug]) + "#mesures"

    context = {
        "heading": _("Record a value"), "intro": tr(row.node.title),
        "submit": _("Record the value"), "strategy": row.strategy, "row": row,
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


def _measure(request: HttpRequest, slug: str, pk: int) -> Measure:
    row = _row(request, "indicator", slug)
    found = get_object_or_404(Measure, indicator=row, pk=pk)
    found.indicator = row
    return found


@editing
def measure_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Correct a value; the reason is published."""
    row = _measure(request, slug, pk)
    form = MeasureForm(request.POST or None, row=row)

    def act() -> str:
        measures.correct_measure(
            actor=request.actor, measure=row, changes=form.given(),
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
        messages.success(request, _("The value is corrected."))
        return reverse("indicator_edit", args=[slug]) + "#mesures"

    context = {
        "heading": _("Correct a value"), "intro": tr(row.indicator.node.title),
        "submit": _("Publish the correction"), "strategy": row.indicator.strategy,
        "row": row.indicator, "remove": reverse("measure_remove", args=[slug, pk]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)


@editing
def measure_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask why, then remove a value; it stays in the history."""
    row = _measure(request, slug, pk)
    form = WhyForm(request.POST or None, label=_("Why it is removed"))

    def act() -> str:
        measures.remove_measure(
            actor=request.actor, measure=row, reason=form.cleaned_data["reason"]
        )
        messages.success(request, _("The value is removed; the history keeps it."))
        return reverse("indicator_edit", args=[slug]) + "#mesures"

    words = {"value": amount(row.value, row.indicator.unit), "date": when(row.on)}
    context = {
        "heading": _("Remove this value?"),
        "intro": _("%(value)s on %(date)s") % words,
        "detail": _("The history of the indicator keeps it, with your reason."),
        "submit": _("Remove the value"), "strategy": row.indicator.strategy,
        "row": row.indicator, "back": reverse("indicator_edit", args=[slug]),
    }  # fmt: skip
    return submitted(request, form, act, FORM, context)
