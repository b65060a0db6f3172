"""The desk pages that turn a closed consultation into open data."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.catalogue import microdata
from parvis.catalogue.anonymisation import crossing, notes
from parvis.catalogue.anonymisation import services as anonymisation
from parvis.catalogue.anonymisation.models import Entry
from parvis.catalogue.approval import gate
from parvis.catalogue.requests import Request
from parvis.catalogue.review import DECISIONS
from parvis.consult import queries
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.errors import Conflict, Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import State
from parvis.core.pages import Page, page_number, paginate
from parvis.site import publication, publication_jobs

TEXTS_A_PAGE = 50
FOUND = {
    "email": gettext_lazy("e-mail address"),
    "phone": gettext_lazy("telephone number"),
    "nas": gettext_lazy("social insurance number"),
    "ramq": gettext_lazy("health insurance number"),
    "card": gettext_lazy("card number"),
    "postal_code": gettext_lazy("postal code"),
    "address": gettext_lazy("street address"),
    "plate": gettext_lazy("licence plate"),
    "birth": gettext_lazy("date of birth"),
    "self_name": gettext_lazy("a person’s own name"),
    "civility_name": gettext_lazy("someone’s name"),
}


def listing(request: Request) -> HttpResponse:
    """Consultations that closed: what is published, what waits for review."""
    access.require(request.actor, "publish_data")
    rows = [
        row
        for row in queries.listed(queries.public_consultations())
        if row.state == "closed" and access.can(request.actor, "publish_data", row.consultation)
    ]
    page = paginate(request, rows)
    datasets = publication.datasets_of([row.consultation for row in page.rows])
    shown = [{"row": row, "dataset": datasets.get(row.consultation.pk)} for row in page.rows]
    context = {"section": "desk", "page": page, "rows": shown}
    return render(request, "publishing/list.html", context)


def _consultation(request: Request, slug: str) -> Consultation:
    access.require(request.actor, "publish_data")
    try:
        found = queries.consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        raise NotFound from None
    if found.node.state != State.PUBLIC:
        raise NotFound
    access.require(request.actor, "publish_data", found)
    return found


def review(request: Request, slug: str) -> HttpResponse:
    """Each free text in which something personal may be; the note of risk; then publication.

    The heavy work is the worker's: a page only asks for it and shows how far it is.
    """
    consultation = _consultation(request, slug)
    refusal = None
    if request.method == "POST":
        decisions = {
            name.removeprefix("d_"): str(value)
            for name, value in request.POST.items()
            if name.startswith("d_")
        }
        acts = {"publish": _publish, "prepare": _prepare, "ask": _ask}
        act = acts.get(request.POST.get("do", ""))
        try:
            publication.save_review(
                actor=request.actor, consultation=consultation, decisions=decisions
            )
            if act is not None:
                act(request, consultation)
            else:
                messages.success(request, _("Decisions saved."))
            return redirect(request.get_full_path())
        except Invalid as error:
            refusal = error
            _keep(request, consultation, decisions)
    return render(
        request,
        "publishing/review.html",
        _context(request, consultation, refusal),
        status=422 if refusal else 200,
    )


def _publish(request: Request, consultation: Consultation) -> None:
    """Have the data published. Raises Invalid while a text waits, or without a note."""
    dataset = publication.draft_dataset(consultation)
    tables = publication.sources(consultation)
    publication.refuse_unsettled(
        publication.flagged(consultation, tables, dataset.review.get("answers", {}))
    )
    if not anonymisation.entry_of(dataset).made_of:
        anonymisation.require_note(dataset, "")
    with _in_words():
        gate.require_second(request.actor, dataset, None)
    publication_jobs.start(
        publication_jobs.PUBLISH,
        actor=request.actor,
        consultation=consultation,
        more={
            "reason": request.POST.get("reason", "").strip()[:300],
            "key": request.POST.get("key", "")[:64],
        },
    )


def _ask(request: Request, consultation: Consultation) -> None:
    """Give it to a second person to approve. Raises Invalid."""
    reason = request.POST.get("reason", "").strip()[:300]
    key = request.POST.get("key", "")[:64]
    with _in_words():
        publication.ask_approval(
            actor=request.actor,
            consultation=consultation,
            reason={DEFAULT: reason} if reason else None,
            key=IdempotencyKey.of(f"ask:{consultation.pk}", key) if key else None,
        )
    messages.success(request, _("Given to read: another person approves it."))


@contextmanager
def _in_words() -> Iterator[None]:
    """Say a conflict on the page, with what was typed, as what is missing is said."""
    try:
        yield
    except Conflict as refusal:
        raise Invalid({"approval": [str(refusal)]}) from None


def _prepare(request: Request, consultation: Consultation) -> None:
    """Keep the threshold and the pairs to cross, and have the note made. Raises Invalid."""
    typed = request.POST.get("threshold", "").strip()
    crosses = []
    for n in range(crossing.PAIRS_MAX):
        first = request.POST.get(f"x_{n}_a", "").partition(" ")
        second = request.POST.get(f"x_{n}_b", "").partition(" ")
        if first[2] and second[2]:
            if first[0] != second[0]:
                raise Invalid({"crosses": [_("Two columns of one table come from one activity.")]})
            crosses.append((first[0], first[2], second[2]))
    anonymisation.choose(
        actor=request.actor,
        dataset=publication.draft_dataset(consultation),
        threshold=int(typed) if typed.isdecimal() and len(typed) < 5 else 0,
        crosses=crosses,
        answers=publication.answers_of(publication.sources(consultation)),
    )
    publication_jobs.start(publication_jobs.PREPARE, actor=request.actor, consultation=consultation)


def _keep(request: Request, consultation: Consultation, decisions: dict[str, str]) -> None:
    """Keep the decisions of a page whose publication was refused: nothing chosen is lost."""
    valid = {k: v for k, v in decisions.items() if v in DECISIONS}
    publication.save_review(actor=request.actor, consultation=consultation, decisions=valid)


def _context(
    request: Request, consultation: Consultation, refusal: Invalid | None
) -> dict[str, Any]:
    dataset = publication.dataset_of(consultation)
    entry = (Entry.objects.filter(dataset=dataset).first() if dataset else None) or Entry()
    job = publication_jobs.latest(dataset)
    tables = publication.sources(consultation)
    taken = (dataset.review if dataset else {}).get("answers", {})
    texts = publication.flagged(consultation, tables, taken)
    pages = max(1, -(-len(texts) // TEXTS_A_PAGE))
    at = min(page_number(request), pages)
    shown = texts[(at - 1) * TEXTS_A_PAGE : at * TEXTS_A_PAGE]
    return {
        "section": "desk",
        "consultation": consultation,
        "node": consultation.node,
        "dataset": dataset,
        "public": dataset is not None and dataset.node.state == State.PUBLIC,
        "closed": publication.is_closed(consultation),
        "texts": shown,
        "texts_total": sum(len(microdata.free_texts(source.table)) for source in tables),
        "flagged_total": len(texts),
        "left": sum(not one.settled for one in texts),
        "page": Page(shown, at, pages, len(texts), TEXTS_A_PAGE),
        "found": FOUND,
        "files": [_summary(source, entry.threshold) for source in tables],
        "threshold": entry.threshold,
        "entry": entry,
        "note": notes.parts(entry.facts, {}),
        "job": job,
        "job_at_work": publication_jobs.at_work(job),
        "columns": _columns(tables),
        "crosses": _crosses(entry),
        "refusal": refusal,
        "second": gate.required(),
        "approved": dataset is not None and gate.approval_of(dataset) is not None,
    }


def _columns(tables: list[publication.Source]) -> list[dict[str, str]]:
    """Return the columns that may be crossed, each under its activity."""
    return [
        {
            "value": f"{source.activity.node.slug} {column.name}",
            "words": tr(column.label) or column.name,
            "kind": column.kind,
        }
        for source in tables
        for column in crossing.crossable(source.table)
    ]


def _crosses(entry: Entry) -> list[dict[str, Any]]:
    """Return the lines of the choice of tables: those chosen, and one or two to fill."""
    lines = min(len(entry.crosses) + 2, crossing.PAIRS_MAX)
    chosen = [(f"{name} {a}", f"{name} {b}") for name, a, b in entry.crosses]
    pairs = [*chosen, *[("", "")] * lines][:lines]
    return [{"n": n, "a": a, "b": b} for n, (a, b) in enumerate(pairs)]


def _summary(source: publication.Source, threshold: int) -> dict[str, Any]:
    kinds = [column.kind for column in microdata.columns_of(source.table)]
    counted = microdata.characteristics(source.table, threshold)
    return {
        "activity": source.activity,
        "rows": source.table.num_rows,
        "few": source.table.num_rows < threshold,
        "opinions": kinds.count("opinion"),
        "texts": kinds.count("text"),
        "characteristics": counted.data.to_pylist() if counted else [],
        "left_out": microdata.left_out(source.table),
    }
