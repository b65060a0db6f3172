"""The desk of harvests: sources, runs, what became of each thing, previews; broken links."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from parvis.catalogue.harvest import engine, queries, services
from parvis.catalogue.harvest.forms import SourceForm
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun
from parvis.catalogue.harvest.readers import INCREMENTAL
from parvis.catalogue.harvest.readers.csv_list import template
from parvis.catalogue.harvest.reasons import in_words
from parvis.catalogue.requests import Request
from parvis.core import access
from parvis.core.desk import SECTION, acted, editing, key_of, submitted
from parvis.core.errors import NotFound
from parvis.core.models import Job
from parvis.core.pages import paginate
from parvis.tables.cells import csv_text

RUNS_SHOWN, CSV_ROWS = 10, 1_000
_CSV = "text/csv; charset=utf-8"


@require_safe
def listing(request: Request) -> HttpResponse:
    """Every source that this person manages, with its last run."""
    access.require(request.actor, queries.ACTION)
    page = paginate(request, queries.sources(request.actor))
    runs, counts = queries.last_runs(page.rows), queries.item_counts(page.rows)
    context = {
        "page": page,
        "rows": [(row, runs.get(row.pk), counts.get(row.pk, {})) for row in page.rows],
        "links": queries.broken_links(request.actor).count(),
        **SECTION,
    }
    return render(request, "harvest/list.html", context)


@editing
def create(request: Request) -> HttpResponse:
    """Add a source."""
    access.require(request.actor, queries.ACTION)
    initial = {"active": True, "language": "fr", "arrival": "draft", "schedule": "never"}
    form = SourceForm(request.POST or None, initial=initial)

    def act() -> str:
        source = services.create_source(
            actor=request.actor,
            key=key_of(form, f"harvest.new:{request.actor.person_id}"),
            **form.changes(),
        )
        return reverse("desk_harvest_source", args=[source.pk])

    return submitted(request, form, act, "harvest/form.html", {"heading": _("New source")})


@editing
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a source."""
    source = queries.source_for(request.actor, pk)
    form = SourceForm(request.POST or None, initial=SourceForm.initial_of(source))

    def act() -> str:
        services.update_source(
            actor=request.actor,
            source=source,
            changes=form.changes(),
            key=key_of(form, f"harvest.edit:{pk}:{request.actor.person_id}"),
        )
        return reverse("desk_harvest_source", args=[pk])

    context = {"heading": _("Settings of the source"), "source": source}
    return submitted(request, form, act, "harvest/form.html", context)


@require_safe
def source_page(request: Request, pk: int) -> HttpResponse:
    """One source: its runs, and what became of each thing that it has."""
    source = queries.source_for(request.actor, pk)
    outcome = request.GET.get("outcome", "")
    page = paginate(request, queries.items(source, outcome))
    runs = list(source.runs.select_related("job")[:RUNS_SHOWN])
    counts = queries.item_counts([source]).get(source.pk, {})
    context = {
        "source": source,
        "runs": [(run, in_words(run.reason)) for run in runs],
        "at_work": bool(runs) and runs[0].state in HarvestRun.ACTIVE,
        "counts": counts,
        "page": page,
        "rows": [(row, queries.why(row)) for row in page.rows],
        "outcome": outcome,
        "outcomes": [
            ("", pgettext("outcomes", "All")),
            *HarvestItem.Outcome.choices,
            ("missed", _("Absent lately")),
        ],
        "drafts": queries.drafts(source),
        "may_publish": access.can(request.actor, "publish_data", source),
        "incremental": source.kind in INCREMENTAL and source.newest,
        **SECTION,
    }
    return render(request, "harvest/source.html", context)


@require_POST
def run(request: Request, pk: int) -> HttpResponse:
    """Have a source read: everything, or what changed."""
    source = queries.source_for(request.actor, pk)
    complete = request.POST.get("what") != "changes"
    return acted(
        request,
        lambda: services.ask_run(actor=request.actor, source=source, complete=complete),
        reverse("desk_harvest_source", args=[pk]),
        _("The source is being read. This page tells how far it is."),
    )


@require_POST
def stop(request: Request, pk: int) -> HttpResponse:
    """Stop the run of a source."""
    source = queries.source_for(request.actor, pk)
    last = source.runs.select_related("job", "source__organisation__node").first()
    if last is None:
        raise NotFound
    return acted(
        request,
        lambda: services.stop_run(actor=request.actor, run=last),
        reverse("desk_harvest_source", args=[pk]),
        _("It stops after the page that it is reading."),
    )


@editing
def preview(request: Request, pk: int) -> HttpResponse:
    """What the first twenty things of a source would become; nothing is written."""
    source = queries.source_for(request.actor, pk)
    if request.method == "POST":
        services.ask_preview(actor=request.actor, source=source)
        return acted(
            request,
            lambda: None,
            reverse("desk_harvest_preview", args=[pk]),
            _("The source is being asked."),
        )
    job = queries.last_preview(source)
    result: dict[str, Any] = job.result if job else {}
    words = dict(HarvestItem.Outcome.choices)
    context = {
        "source": source,
        "job": job,
        "at_work": job is not None and job.state in {Job.State.WAITING, Job.State.RUNNING},
        "broken": job is not None and job.state in {Job.State.FAILED, Job.State.CANCELLED},
        "refused": in_words(result.get("refused", {})),
        "total": result.get("total", 0),
        "first": engine.PREVIEW_ROWS,
        "rows": [
            {**row, "words": words[row["outcome"]], "why": in_words(row["reason"])}
            for row in result.get("rows", ())
        ],
        **SECTION,
    }
    return render(request, "harvest/preview.html", context)


@require_POST
def publish(request: Request, pk: int) -> HttpResponse:
    """Publish every draft that a source brought."""
    source = queries.source_for(request.actor, pk)
    done: list[int] = []

    def act() -> None:
        done.append(services.publish_drafts(actor=request.actor, source=source))

    waiting = queries.drafts(source)
    words = ngettext("%(n)d dataset published.", "%(n)d datasets published.", waiting)
    back = reverse("desk_harvest_source", args=[pk])
    return acted(request, act, back, words % {"n": waiting})


@require_POST
def restore(request: Request, pk: int) -> HttpResponse:
    """Bring an archived dataset back."""
    item = queries.item_for(request.actor, pk)
    return acted(
        request,
        lambda: services.restore(actor=request.actor, item=item),
        reverse("desk_harvest_source", args=[item.source_id]),
        _("Brought back."),
    )


@require_POST
def detach(request: Request, pk: int) -> HttpResponse:
    """Let a dataset go: it is edited here from now on."""
    item = queries.item_for(request.actor, pk)
    return acted(
        request,
        lambda: services.detach(actor=request.actor, item=item),
        reverse("desk_harvest_source", args=[item.source_id]),
        _("Detached: it is edited here from now on."),
    )


@require_safe
def outcomes_csv(request: Request, pk: int) -> StreamingHttpResponse:
    """What became of each thing of a source, as CSV."""
    source = queries.source_for(request.actor, pk)
    head = ["id", "title", "outcome", "outcome_words", "reason", "dataset", "url", "missed_runs",
            "at"]  # fmt: skip
    return _csv(head, queries.outcome_rows(source), f"harvest-{pk}.csv")


@require_safe
def csv_template(request: Request) -> HttpResponse:
    """The template of a CSV list."""
    access.require(request.actor, queries.ACTION)
    response = HttpResponse("\ufeff" + template(), content_type=_CSV)
    response["Content-Disposition"] = 'attachment; filename="moissonnage.csv"'
    return response


@require_safe
def links(request: Request) -> HttpResponse:
    """The links that no longer answer, the oldest first."""
    access.require(request.actor, queries.ACTION)
    organisation = request.GET.get("organisation", "")
    page = paginate(request, queries.broken_links(request.actor, organisation))
    context = {"page": page, "rows": page.rows, "organisation": organisation, **SECTION}
    return render(request, "harvest/links.html", context)


def _csv(head: list[str], rows: Iterator[list[Any]], name: str) -> StreamingHttpResponse:
    def chunks() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf" + csv_text(head, []).encode()
        while some := list(islice(rows, CSV_ROWS)):
            yield csv_text(some[0], some[1:]).encode()

    response = StreamingHttpResponse(chunks(), content_type=_CSV)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
