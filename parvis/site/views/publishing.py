"""The desk pages that turn a closed consultation into open data."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from parvis.catalogue import microdata
from parvis.catalogue.requests import Request
from parvis.catalogue.review import DECISIONS
from parvis.consult import queries
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.errors import Invalid, NotFound
from parvis.core.events import IdempotencyKey
from parvis.core.models import State
from parvis.core.pages import Page, page_number, paginate
from parvis.site import publication

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
    """Each free text in which something personal may be: keep, mask or withhold; then publish."""
    consultation = _consultation(request, slug)
    refusal = None
    if request.method == "POST":
        decisions = {
            name.removeprefix("d_"): str(value)
            for name, value in request.POST.items()
            if name.startswith("d_")
        }
        try:
            if request.POST.get("do") == "publish":
                value = request.POST.get("key", "")
                reason = request.POST.get("reason", "").strip()
                dataset = publication.publish_consultation_data(
                    actor=request.actor,
                    consultation=consultation,
                    decisions=decisions,
                    reason={"fr": reason} if reason else None,
                    key=IdempotencyKey.of(f"publish:{consultation.pk}", value) if value else None,
                )
                messages.success(request, _("Published."))
                return redirect("dataset", dataset.node.slug)
            publication.save_review(
                actor=request.actor, consultation=consultation, decisions=decisions
            )
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


def _keep(request: Request, consultation: Consultation, decisions: dict[str, str]) -> None:
    """Keep the decisions of a page whose publication was refused: nothing chosen is lost."""
    valid = {k: v for k, v in decisions.items() if v in DECISIONS}
    publication.save_review(actor=request.actor, consultation=consultation, decisions=valid)


def _context(
    request: Request, consultation: Consultation, refusal: Invalid | None
) -> dict[str, Any]:
    dataset = publication.dataset_of(consultation)
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
        "files": [_summary(source) for source in tables],
        "threshold": microdata.privacy.THRESHOLD,
        "refusal": refusal,
    }


def _summary(source: publication.Source) -> dict[str, Any]:
    kinds = [column.kind for column in microdata.columns_of(source.table)]
    counted = microdata.characteristics(source.table)
    return {
        "activity": source.activity,
        "rows": source.table.num_rows,
        "few": source.table.num_rows < microdata.privacy.THRESHOLD,
        "opinions": kinds.count("opinion"),
        "texts": kinds.count("text"),
        "characteristics": counted.data.to_pylist() if counted else [],
        "left_out": microdata.left_out(source.table),
    }
