"""Public pages about consultations that need no other domain."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.consult import queries
from parvis.consult.models import Consultation
from parvis.core import access, kinds, revisions
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.pages import paginate, public_page
from parvis.core.search import search


def consultation_or_404(request: HttpRequest, slug: str) -> Consultation:
    """Return a consultation that the reader may see. Raises Http404."""
    try:
        found = queries.consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        raise Http404 from None
    if found.node.state != State.PUBLIC and not access.can(
        request.actor, "manage_consultation", found
    ):
        raise Http404
    return found


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every public consultation: open ones first, then those to come, then closed ones."""
    rows = queries.listed(queries.public_consultations())
    order = {"open": 0, "between": 1, "coming": 2, "closed": 3, "none": 4}
    state = request.GET.get("state", "")
    words = request.GET.get("q", "").strip()[:200]
    if state in order:
        rows = [row for row in rows if row.state == state]
    if words:
        found = {hit.node.pk for hit in search(words, kind="consultation", limit=500).hits}
        rows = [row for row in rows if row.consultation.pk in found]
    rows.sort(key=lambda row: (order[row.state], -(row.closes.timestamp() if row.closes else 0)))
    context = {
        "page": paginate(request, rows),
        "state": state,
        "q": words,
        "states": [("open", _("Open")), ("coming", _("To come")), ("closed", _("Closed"))],
        "section": "consultations",
    }
    return public_page(request, "consult/index.html", context)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """What this page said before, with differences, and each extension."""
    consultation = consultation_or_404(request, slug)
    labels = {
        field.name: field.verbose_name for field in Consultation._meta.get_fields()
        if hasattr(field, "verbose_name")
    }  # fmt: skip
    context = {
        "node": consultation.node,
        "title": tr(consultation.node.title),
        "back": kinds.url(consultation.node),
        "versions": revisions.history(consultation.node),
        "labels": {**labels, "title": _("Title")},
        "section": "consultations",
    }
    return render(request, "components/history.html", context)
