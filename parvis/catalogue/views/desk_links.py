"""The desk: what a dataset is tied to in the thread, and why."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from parvis.catalogue.forms import RelatedForm
from parvis.catalogue.models import Dataset
from parvis.catalogue.requests import Request
from parvis.catalogue.views.desk_common import dataset_of
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.desk import editing
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import emit
from parvis.core.forms import put_errors
from parvis.core.i18n import Text, clean_text, tr
from parvis.core.kinds import known
from parvis.core.models import Link, Node, State
from parvis.core.thread import LABELS, RELATIONS, link, unlink

# Written by services that check more than a person at this page could see.
_NOT_BY_HAND = frozenset({"published_as", "becomes", "reuses"})
CHOICES_MAX = 500


def _relations() -> Iterator[tuple[str, bool, frozenset[str]]]:
    """Each relation that a dataset may have by hand: its name, is it the source, kinds there."""
    for name, (sources, targets) in RELATIONS.items():
        if name in _NOT_BY_HAND:
            continue
        if "dataset" in sources:
            yield name, True, targets
        if "dataset" in targets:
            yield name, False, sources


def _choices(dataset: Dataset) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what may be tied, grouped by kind; the value is "relation:direction:id"."""
    found: dict[str, list[tuple[str, str]]] = {}
    declared = known()
    for relation, forwards, kinds in _relations():
        rows = Node.objects.filter(kind__in=kinds, state=State.PUBLIC).order_by("kind", "slug")
        for node in rows[:CHOICES_MAX]:
            label = declared[node.kind].label_plural if node.kind in declared else node.kind
            value = f"{relation}:{int(forwards)}:{node.pk}"
            found.setdefault(f"{label} ({LABELS[relation]})", []).append((value, tr(node.title)))
    return [("", [("", "—")]), *found.items()]


@transaction.atomic
def _tie(actor: Actor, dataset: Dataset, value: str, reason: Text) -> None:
    """Write the link that a choice names. Raises Invalid, Forbidden."""
    access.require(actor, "manage_catalogue", dataset)
    relation, forwards, pk = value.split(":")
    other = Node.objects.filter(pk=pk, state=State.PUBLIC).first()
    if other is None:
        raise Invalid({"other": [_("This is not public any more.")]})
    words = clean_text(reason)
    if not words.get("fr"):
        raise Invalid({"reason": [_("Say why, in French: it is shown to everybody.")]})
    ends = (dataset.node, other) if forwards == "1" else (other, dataset.node)
    link(ends[0], relation, ends[1], actor=actor, reason=words, action="manage_catalogue")
    emit("dataset.changed", node=dataset.node, actor=actor)


@transaction.atomic
def _untie(actor: Actor, dataset: Dataset, row: Link) -> None:
    """Remove a link that was written by hand. Raises Forbidden, Invalid."""
    access.require(actor, "manage_catalogue", dataset)
    if row.relation in _NOT_BY_HAND:
        raise Invalid({"__all__": [_("This tie was not made by hand: it stays.")]})
    unlink(row.source, row.relation, row.target, actor=actor, action="manage_catalogue")
    emit("dataset.changed", node=dataset.node, actor=actor)


def _rows(dataset: Dataset) -> list[dict[str, Any]]:
    links = Link.objects.select_related("source", "target")
    found = [*links.filter(source=dataset.node), *links.filter(target=dataset.node)]
    return [
        {
            "link": row,
            "far": row.target if row.source_id == dataset.pk else row.source,
            "words": LABELS.get(row.relation, row.relation),
            "by_hand": row.relation not in _NOT_BY_HAND,
        }
        for row in found
    ]


@editing
def related(request: Request, slug: str) -> HttpResponse:
    """Tie a dataset to commitments, pillars and others, with the reason; untie them."""
    dataset = dataset_of(request, slug)
    choices = _choices(dataset)
    adding = request.method == "POST" and "remove" not in request.POST
    form = RelatedForm(request.POST if adding else None, choices=choices)
    if request.method == "POST" and not adding:
        pk = request.POST["remove"]
        row = next((r["link"] for r in _rows(dataset) if str(r["link"].pk) == pk), None)
        if row is None:
            raise NotFound
        _untie(request.actor, dataset, row)
        messages.success(request, _("Untied."))
        return redirect("desk_dataset_related", slug)
    if adding and form.is_valid():
        try:
            _tie(request.actor, dataset, form.cleaned_data["other"], form.cleaned_data["reason"])
            messages.success(request, _("Tied."))
            return redirect("desk_dataset_related", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    context = {
        "section": "desk",
        "node": dataset.node,
        "back": reverse("desk_dataset", args=[slug]),
        "form": form,
        "rows": _rows(dataset),
    }
    status = 422 if form.is_bound else 200
    return render(request, "catalogue/desk_related.html", context, status=status)
