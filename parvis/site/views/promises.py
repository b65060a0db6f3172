"""Promises kept: the figures of the whole site, each with its rows, its history and its files."""

from datetime import UTC, datetime, time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.pages import paginate, public_page
from parvis.site import promise_files as files
from parvis.site import promise_words as words
from parvis.site.models import Promise

ENTRIES_MAX = 200
ROWS_MAX = 20_000


@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """The five figures, as the worker last counted them: two queries."""
    rows = words.kept()
    context = {
        "sections": words.sections(rows),
        "counted_at": words.counted_at(rows),
        "waiting": files.names_with_rows(),
        "section": "promises",
    }
    return public_page(request, "promises/promises.html", context)


@require_safe
def promise_rows(request: HttpRequest, name: str) -> HttpResponse:
    """What a figure counts, one by one, late ones first."""
    demo = request.GET.get("demo") == "1"
    kept = words.kept()
    part = next(one for one in words.sections(kept) if one.name == name)
    page = paginate(request, files.rows_of(name, demo=demo))
    context = {
        "part": part,
        # Not `block`: templates have their own of that name.
        "shown": part.demo if demo and part.demo else part.real,
        "demo_rows": demo,
        "page": page,
        "rows": [(row, words.state_words(row)) for row in page.rows],
        "counted_at": words.counted_at(kept),
        "section": "promises",
    }
    return public_page(request, "promises/rows.html", context)


def _file(answer: HttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def promises_csv(request: HttpRequest) -> HttpResponse:
    """The figures and their history, as CSV."""
    text = files.months_csv(words.kept())
    return _file(HttpResponse(text, content_type="text/csv; charset=utf-8"), "promises.csv")


@require_safe
def promises_json(request: HttpRequest) -> HttpResponse:
    """The figures and their history, as JSON."""
    rows = [files.month_card(row) for row in words.kept()]
    return _file(JsonResponse({"months": rows}), "promises.json")


@require_safe
def promise_rows_csv(request: HttpRequest, name: str) -> HttpResponse:
    """The rows of a figure, as CSV."""
    rows = files.rows_of(name, demo=request.GET.get("demo") == "1")[:ROWS_MAX]
    text = files.rows_csv(rows)
    return _file(HttpResponse(text, content_type="text/csv; charset=utf-8"), f"promise-{name}.csv")


@require_safe
def promises_feed(request: HttpRequest) -> HttpResponse:
    """Atom: one entry a promise that is late and not kept yet; it goes when it is kept."""
    feed = Atom1Feed(
        title=_("Promises that are late"),
        link=settings.SITE_URL + reverse("promises"),
        description=_(
            "Themes to answer, contributions without news, commitments without a report."
        ),
        language=get_language() or "fr",
        feed_url=settings.SITE_URL + request.path,
        feed_guid=f"{settings.SITE_URL}{request.path}",
    )
    for row in files.late_rows()[:ENTRIES_MAX]:
        label = str(Promise(row.name).label)
        since = datetime.combine(row.due, time(), UTC) if row.due else row.node.created_at
        feed.add_item(
            title=f"{tr(row.node.title)} – {words.state_words(row)}",
            link=settings.SITE_URL + (kinds.url(row.node) or reverse("promises")),
            # Written as HTML (`type="html"`): text is escaped before.
            description=escape(label),
            unique_id=f"urn:uuid:{row.node_id}#{row.name}",
            updateddate=since,
            pubdate=since,
        )
    answer = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml")
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer
