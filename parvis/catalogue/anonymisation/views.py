"""The register of anonymisation at the desk: its list, an entry, the file."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from parvis.catalogue.anonymisation import notes, services
from parvis.catalogue.anonymisation.elements import ELEMENTS, NAMES
from parvis.catalogue.anonymisation.forms import EntryForm
from parvis.catalogue.anonymisation.models import Entry
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.errors import Invalid, NotFound
from parvis.core.forms import put_errors
from parvis.core.i18n import LANGUAGES
from parvis.core.models import State
from parvis.core.pages import paginate
from parvis.tables.cells import csv_text


def _entries(request: Request) -> list[Entry]:
    """Return the entries that may be seen, the newest first."""
    access.require(request.actor, "publish_data")
    rows = (
        Entry.objects.filter(dataset__node__state__in=[State.DRAFT, State.PUBLIC])
        .select_related("dataset__node", "dataset__organisation__node", "completed_by")
        .order_by("-made_at", "-pk")
    )
    return [row for row in rows if access.can(request.actor, "publish_data", row.dataset)]


def register(request: Request) -> HttpResponse:
    """Every dataset of answers: is its note made, its entry complete, when it is read again."""
    page = paginate(request, _entries(request))
    context = {"section": "desk", "page": page, "rows": page.rows}
    return render(request, "anonymisation/register.html", context)


def entry(request: Request, slug: str) -> HttpResponse:
    """One entry: the figures, then what a person says; each completion is a version."""
    access.require(request.actor, "publish_data")
    found = (
        Entry.objects.select_related("dataset__node", "dataset__organisation__node")
        .filter(dataset__node__slug=slug)
        .first()
    )
    if found is None:
        raise NotFound
    access.require(request.actor, "publish_data", found.dataset)
    form = EntryForm(request.POST or None, entry=found)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            kept = services.complete(
                actor=request.actor,
                entry=found,
                texts={name: given[name] for name in NAMES},
                qualified=given["qualified"],
                reassess_on=given["reassess_on"],
            )
            messages.success(request, _("Version %(n)d is kept.") % {"n": kept.number})
            return redirect("anonymisation_entry", slug)
        except Invalid as refusal:
            put_errors(form, refusal)
    context = {
        "section": "desk",
        "entry": found,
        "node": found.dataset.node,
        "form": form,
        "parts": notes.parts(found.facts, found.dataset.kept_of),
        "figures": found.facts,
        "versions": found.versions.select_related("by"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "anonymisation/entry.html", context, status=status)


def _rows(entries: list[Entry]) -> Iterator[list[Any]]:
    for one in entries:
        yield [
            one.dataset.node.slug,
            *(one.dataset.node.title.get(code, "") for code in LANGUAGES),
            one.version,
            "oui" if one.is_complete else "non",
            one.qualified,
            one.threshold,
            one.made_at.isoformat() if one.made_at else "",
            one.completed_at.isoformat() if one.completed_at else "",
            one.reassess_on.isoformat() if one.reassess_on else "",
            one.made_of,
            one.facts.get("code", ""),
            *(one.texts.get(name, {}).get(code, "") for name in NAMES for code in LANGUAGES),
        ]


def register_csv(request: Request) -> HttpResponse:
    """The register as a file."""
    columns = ["jeu", *(f"titre_{code}" for code in LANGUAGES), "version", "complete"]
    columns += ["personne_qualifiee", "seuil", "note_faite", "completee", "reevaluation"]
    columns += ["empreinte_cle", "code"]
    columns += [f"{element.name}_{code}" for element in ELEMENTS for code in LANGUAGES]
    text = csv_text(columns, _rows(_entries(request)))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="registre-anonymisation.csv"'
    return response
