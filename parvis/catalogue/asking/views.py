"""Public pages of requests for data."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.catalogue.asking import queries, services
from parvis.catalogue.asking.models import DataRequest, Stage
from parvis.catalogue.requests import Request
from parvis.core import access, keys
from parvis.core.desk import editing
from parvis.core.errors import Conflict, SignInNeeded
from parvis.core.i18n import tr
from parvis.core.kinds import Knot
from parvis.core.kinds import url as url_of
from parvis.core.models import Node, State
from parvis.core.pages import paginate, public_page
from parvis.core.templatetags.parvis import day, number
from parvis.core.thread import linked
from parvis.tables.cells import csv_text

SECTION = {"section": "data"}
COLUMNS = (
    "name", "title", "organisation", "state", "received", "answer_due", "answered",
    "planned_for", "days_late", "supports", "became",
)  # fmt: skip
CSV_ROWS_MAX = 50_000


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every request that is public, newest first; state, organisation and lateness narrow it."""
    asked = queries.Asked.of(request.GET)
    page = paginate(request, queries.public(asked))
    counts = queries.counts()
    stages = [(value, label, counts["by_stage"].get(value, 0)) for value, label in Stage.choices]
    context = {
        **SECTION,
        "asked": asked,
        "page": page,
        "rows": queries.listed(page.rows),
        "stages": stages,
        "organisations": queries.organisations(),
        "counts": counts,
        "narrowed": bool(asked.stage or asked.organisation or asked.late),
        "query": request.GET.urlencode(),
    }
    return public_page(request, "asking/list.html", context)


@require_safe
def listing_csv(request: HttpRequest) -> HttpResponse:
    """The same list as CSV, with the same filters."""
    rows = queries.listed(list(queries.public(queries.Asked.of(request.GET))[:CSV_ROWS_MAX]))
    text = csv_text(COLUMNS, ((
        row.request.node.slug, tr(row.request.node.title),
        row.request.organisation.node.slug if row.request.organisation else None,
        row.request.stage, row.request.node.created_at.date(), row.request.due,
        row.request.answered_at.date() if row.request.answered_at else None,
        row.request.planned_on, row.days_late,
        row.request.wanted_by,  # type: ignore[attr-defined]
        " ".join(f"{node.kind}/{node.slug}" for node in row.became),
    ) for row in rows))  # fmt: skip
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    name = _("data-requests.csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.public_seconds = 60  # type: ignore[attr-defined]
    return response


def _knots(row: DataRequest, late: int, became: list[Node]) -> list[Knot]:
    """Return the thread of a request: asked, answered, what it became."""
    asked = Knot(_("Request"), day(row.node.created_at), _("received"), "done")
    late_words = ngettext("%(n)s day late", "%(n)s days late", late) % {"n": number(late)}
    if row.answered_at:
        answered = Knot(
            _("Answer"), day(row.answered_at), str(Stage(row.stage).label), "done", "#reponses"
        )
    elif late:
        answered = Knot(_("Answer"), day(row.due), late_words, "late")
    else:
        answered = Knot(_("Answer"), day(row.due), _("promised"), "promised")
    out = [asked, answered]
    out += [
        Knot(
            _("Commitment") if node.kind == "commitment" else _("Data"), "",
            tr(node.title), "done", url_of(node),
        )
        for node in became
    ]  # fmt: skip
    if row.stage == Stage.PLANNED and row.planned_on:
        state, words = ("late", late_words) if late else ("promised", _("promised"))
        out.append(Knot(_("Data"), day(row.planned_on), words, state))
    if row.stage == Stage.REFUSED:
        out.append(Knot(_("Data"), "", _("refused"), "dropped"))
    return out


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One request; what was hidden or taken back says so."""
    row = get_object_or_404(
        DataRequest.objects.select_related("node", "organisation__node"), node__slug=slug
    )
    if row.node.state not in {State.PUBLIC, State.HIDDEN, State.WITHDRAWN} or (
        row.review != DataRequest.Review.ACCEPTED
    ):
        raise Http404
    if row.node.state != State.PUBLIC:
        context = {**SECTION, "row": row, "node": row.node, "gone": True}
        response = public_page(request, "asking/request.html", context)
        response.status_code = 410
        return response
    ties = [t for t in linked([row.pk], "becomes").get(row.pk, []) if t.target.state == "public"]
    late = queries.days_late(row)
    context = {
        **SECTION,
        "row": row,
        "node": row.node,
        "answers": list(row.answers.all()),
        "ties": ties,
        "late": late,
        "over": row.stage in services.OVER,
        "answered": row.answered_at is not None,
        "supports": row.supports.count(),
        "knots": _knots(row, late, [one.target for one in ties]),
    }
    return public_page(request, "asking/request.html", context)


@editing
def support(request: Request, slug: str) -> HttpResponse:
    """Say, with an account, that one wants the same data; or take it back."""
    row = get_object_or_404(DataRequest.objects.select_related("node"), node__slug=slug)
    if row.node.state != State.PUBLIC:
        raise Http404
    if request.actor.person is None:
        raise SignInNeeded
    access.require(request.actor, "support", row.node)
    if request.method == "POST":
        wanted = request.POST.get("wanted") != "0"
        try:
            services.support(actor=request.actor, request=row, wanted=wanted)
        except Conflict as refusal:
            messages.info(request, str(refusal))
        else:
            done = _("You want this data too: that is counted.")
            messages.success(request, done if wanted else _("Your support is taken back."))
        return HttpResponseRedirect(reverse("data_request", args=[slug]), status=303)
    context: dict[str, Any] = {
        **SECTION,
        "row": row,
        "node": row.node,
        "mine": row.supports.filter(person=request.actor.person_id).exists(),
        "over": row.stage in services.OVER,
    }
    return render(request, "asking/support.html", context)


@editing
def code_page(request: Request, code: str) -> HttpResponse:
    """What became of a request that one sent, by its receipt code; a button takes it back."""
    row = services.by_code(code)
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            services.withdraw(actor=request.actor.holding(row.pk), request=row)
        except Conflict as refusal:
            messages.info(request, str(refusal))
        return HttpResponseRedirect(reverse("data_request_code", args=[code]), status=303)
    context = {**SECTION, "row": row, "node": row.node, "code": keys.receipt_code(row.pk)}
    # "same-origin", as everywhere: with "no-referrer" browsers say `Origin: null`, and the button
    # of this page is refused.
    return render(request, "asking/code.html", context)
