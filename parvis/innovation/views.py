"""Public pages of innovation."""

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from parvis.core import files, keys, kinds
from parvis.core.i18n import tr
from parvis.core.models import Node, State
from parvis.core.pages import paginate, public_page
from parvis.innovation import places, queries, services
from parvis.innovation.models import Alternative, Call, Helper, Reuse
from parvis.tables.cells import csv_text

SECTION = {"section": "data"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What people make with the data, what is open, who helps."""
    latest = list(queries.public_reuses()[:4])
    context = {
        **SECTION,
        "reuses": latest,
        "datasets": queries.datasets_of(latest),
        "calls": queries.public_calls()[:3],
        "helpers": Helper.objects.count(),
        "coverage": queries.coverage(),
        "states": queries.STATES,
    }
    return public_page(request, "innovation/index.html", context)


@require_safe
def reuses(request: HttpRequest) -> HttpResponse:
    """The gallery; `dataset` and `what` narrow it."""
    wanted = request.GET.get("dataset", "")
    dataset = None
    if wanted:
        dataset = Node.objects.filter(kind="dataset", slug=wanted, state=State.PUBLIC).first()
        if dataset is None:
            raise Http404
    what = request.GET.get("what", "")
    page = paginate(request, queries.public_reuses(dataset.pk if dataset else None, what))
    context = {
        **SECTION,
        "page": page,
        "rows": page.rows,
        "datasets": queries.datasets_of(page.rows),
        "dataset": dataset,
        "what": what,
        "kinds": Reuse.What.choices,
    }
    return public_page(request, "innovation/reuses.html", context)


@require_safe
def reuse(request: HttpRequest, slug: str) -> HttpResponse:
    """One reuse; what was hidden or taken back says so."""
    row = get_object_or_404(Reuse.objects.select_related("node"), node__slug=slug)
    if row.node.state not in {State.PUBLIC, State.HIDDEN, State.WITHDRAWN} or (
        row.review != Reuse.Review.ACCEPTED
    ):
        raise Http404
    gone = row.node.state != State.PUBLIC
    context = {
        **SECTION,
        "row": row,
        "node": row.node,
        "gone": gone,
        "datasets": [] if gone else queries.datasets_of([row]).get(row.pk, []),
    }
    response = public_page(request, "innovation/reuse.html", context)
    response.status_code = 410 if gone else 200
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def reuse_code(request: HttpRequest, code: str) -> HttpResponse:
    """What became of a reuse that one sent, by its receipt code; a button takes it back."""
    row = services.reuse_by_code(code)
    if row is None:
        raise Http404
    if request.method == "POST":
        services.withdraw_reuse(actor=request.actor.holding(row.pk), reuse=row)
    context = {**SECTION, "row": row, "node": row.node, "code": keys.receipt_code(row.pk)}
    response = render(request, "innovation/reuse_code.html", context)
    # No "no-referrer" here: browsers would say `Origin: null`, and the button would be refused.
    return response


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """Every call: open, to come, closed."""
    context = {**SECTION, "rows": queries.public_calls(), "states": queries.STATES}
    return public_page(request, "innovation/calls.html", context)


@require_safe
def call(request: HttpRequest, slug: str) -> HttpResponse:
    """One call: dates, what is expected, what came out of it."""
    row = get_object_or_404(Call.objects.select_related("node"), node__slug=slug)
    if not kinds.visible(request.actor, row.node):
        raise Http404
    state = queries.state_of(row)
    context = {
        **SECTION,
        "row": row,
        "node": row.node,
        "state": state,
        "state_words": queries.STATES[state],
        "preview": row.node.state != State.PUBLIC,
    }
    if context["preview"]:
        return render(request, "innovation/call.html", context)
    return public_page(request, "innovation/call.html", context)


@require_safe
def helpers(request: HttpRequest) -> HttpResponse:
    """Who helps, region by region; a region where nobody is known says so."""
    rows = queries.helpers_by_region()
    context = {**SECTION, "regions": rows, "count": sum(len(row.helpers) for row in rows)}
    return public_page(request, "innovation/helpers.html", context)


@require_safe
def helpers_csv(request: HttpRequest) -> HttpResponse:
    """The same list as CSV."""
    columns = ("region", "region_name", "kind", "name", "town", "helps_fr", "helps_en",
               "hours_fr", "hours_en", "contact", "url", "source", "checked_on")  # fmt: skip
    text = csv_text(columns, (
        (
            row.region, region.name, row.what, row.name, row.town,
            row.helps.get("fr"), row.helps.get("en"), row.hours.get("fr"), row.hours.get("en"),
            row.contact, row.url, row.source, row.checked_on,
        )
        for region in queries.helpers_by_region()
        for row in region.helpers
    ))  # fmt: skip
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    name = _("places-and-people.csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Which public pages exist in plain words, easy to read, aloud, in signs: the missing too."""
    page = paginate(request, queries.covered())
    context = {
        **SECTION,
        "coverage": queries.coverage(),
        "page": page,
        "rows": queries.versions_of(page.rows),
        "kinds": Alternative.What.choices,
    }
    return public_page(request, "innovation/versions.html", context)


@require_safe
def version(request: HttpRequest, pk: UUID, what: str, language: str) -> HttpResponse:
    """A version written here, as a page."""
    row = _version(pk, what, language)
    if not row.text:
        raise Http404
    title = tr(row.node.title)
    context = {**SECTION, "row": row, "node": row.node, "title": title}
    return public_page(request, "innovation/version.html", context)


@require_safe
def version_file(
    request: HttpRequest, pk: UUID, what: str, language: str, name: str
) -> FileResponse:
    """The file of a version, as an attachment."""
    row = _version(pk, what, language)
    if row.file is None or name != row.file_name:
        raise Http404
    content = files.path_of(row.file).open("rb")
    return FileResponse(
        content, as_attachment=True, filename=name, content_type=row.file.media_type
    )


def _version(pk: UUID, what: str, language: str) -> Alternative:
    return get_object_or_404(
        Alternative.objects.select_related("node", "file"),
        node=pk, node__state=State.PUBLIC, node__kind__in=places.KINDS, what=what,
        language=language,
    )  # fmt: skip
