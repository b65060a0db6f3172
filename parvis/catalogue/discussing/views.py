"""Public pages of discussions."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from parvis.catalogue.discussing import queries, services
from parvis.catalogue.discussing.models import Discussion
from parvis.catalogue.models import Dataset
from parvis.catalogue.requests import Request
from parvis.core import keys, limits
from parvis.core.desk import editing
from parvis.core.errors import Conflict
from parvis.core.models import State
from parvis.core.pages import paginate, public_page

SECTION = {"section": "data"}


def language_here() -> str:
    """Return the language of the page, in which people write."""
    return (get_language() or "fr")[:2]


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every public discussion, those spoken in last first; dataset and state narrow the list."""
    asked = queries.Asked.of(request.GET)
    dataset = None
    if asked.dataset:
        dataset = (
            Dataset.objects.filter(node__slug=asked.dataset, node__state=State.PUBLIC)
            .select_related("node")
            .first()
        )
        if dataset is None:
            raise Http404
    page = paginate(request, queries.public(asked))
    context = {
        **SECTION,
        "asked": asked,
        "dataset": dataset,
        "page": page,
        "query": request.GET.urlencode(),
    }
    return public_page(request, "discussing/list.html", context)


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One discussion with its replies, fifty a page. Where its opening is gone, that is said."""
    row = queries.one(pk)
    if row is None:
        raise Http404
    page = paginate(request, queries.messages(row), per_page=limits.COMMENTS_PAGE_ROWS)
    gone = row.node.state != State.PUBLIC
    context: dict[str, Any] = {
        **SECTION,
        "row": row,
        "node": row.node,
        "dataset": row.dataset,
        "gone": gone,
        "page": page,
    }
    if row.node.state == State.HIDDEN:
        context["page"] = None
    response = public_page(request, "discussing/discussion.html", context)
    if gone:
        response.status_code = 410
    return response


@editing
def code_page(request: Request, code: str) -> HttpResponse:
    """What became of a message that one sent, by its receipt code; a button takes it back."""
    row = services.by_code(code)
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            services.withdraw(actor=request.actor.holding(row.pk), row=row)
        except Conflict as refusal:
            messages.info(request, str(refusal))
        return HttpResponseRedirect(reverse("data_discussion_code", args=[code]), status=303)
    about = row if isinstance(row, Discussion) else row.discussion
    context = {
        **SECTION,
        "row": row,
        "node": row.node,
        "about": about,
        "is_reply": about is not row,
        "code": keys.receipt_code(row.pk),
    }
    # Not "no-referrer": browsers would say `Origin: null`, and the button would be refused.
    return render(request, "discussing/code.html", context)
