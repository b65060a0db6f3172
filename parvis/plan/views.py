"""What everybody reads: plans, commitments, responses, their history, their files."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import access, knots, revisions, thread
from parvis.core.i18n import tr
from parvis.core.models import Link, Node, State
from parvis.core.pages import found_or_404, paginate, public_page
from parvis.plan import export, queries, scales
from parvis.plan.lateness import when
from parvis.plan.lists import Filters, chosen, filtered, found_by_words, leads, summary, tabs
from parvis.plan.models import Commitment, Plan, Response
from parvis.plan.queries import Origin, Said, Standing
from parvis.plan.standing import end_of
from parvis.plan.timeline import draw

SECTION = {"section": "commitments"}
ROWS = 50
SayWhat = Callable[[Iterable[Node]], Mapping[UUID, Said]]
DecidedWhat = Callable[[Iterable[UUID]], Mapping[UUID, Any]]


def plan_or_404(request: HttpRequest, slug: str) -> Plan:
    """Return a plan that the reader may see."""
    plan = found_or_404(queries.plan_by_slug, slug)
    if plan.node.state != State.PUBLIC and not access.can(request.actor, "manage_plan", plan):
        raise Http404
    return plan


def commitment_or_404(request: HttpRequest, slug: str) -> Commitment:
    """Return a commitment that the reader may see."""
    row = found_or_404(queries.commitment_by_slug, slug)
    public = row.node.state == State.PUBLIC and row.plan.node.state == State.PUBLIC
    if not public and not access.can(request.actor, "manage_plan", row):
        raise Http404
    return row


@require_safe
def commitments(request: HttpRequest) -> HttpResponse:
    """Every commitment of every public plan, the late ones first; at most nine queries."""
    today = timezone.localdate()
    everything = queries.standings(queries.public_commitments(), today=today)
    filters = Filters.of(request.GET)
    found = found_by_words(filters)
    near = chosen(everything, filters, found)
    page = paginate(request, filtered(near, filters, found), per_page=ROWS)
    plans = list(queries.public_plans())
    context = {
        "page": page,
        "filters": filters,
        "tabs": tabs(near, filters.state),
        "summary": summary(everything) if everything else "",
        "timeline": draw(queries.by_number(page.rows), today=today),
        "plans": plans,
        "counts": _by_plan(everything),
        "leads": leads(everything),
        **SECTION,
    }
    return public_page(request, "plan/commitments.html", context)


def _by_plan(items: Iterable[Standing]) -> dict[UUID, str]:
    groups: dict[UUID, list[Standing]] = {}
    for item in items:
        groups.setdefault(item.plan.pk, []).append(item)
    return {pk: summary(found) for pk, found in groups.items()}


@require_safe
def plan(request: HttpRequest, slug: str, decisions_of: DecidedWhat | None = None) -> HttpResponse:
    """One plan: its dates, its commitments, its timeline, its sources."""
    found = plan_or_404(request, slug)
    today = timezone.localdate()
    rows = Commitment.objects.filter(plan=found, node__state=State.PUBLIC)
    items = queries.standings(rows, today=today)
    filters = Filters.of(request.GET)
    words = found_by_words(filters)
    links = Link.objects.filter(relation="follows_on").select_related("source", "target")
    context = {
        "plan": found,
        "node": found.node,
        "page": paginate(request, filtered(items, filters, words), per_page=ROWS),
        "filters": filters,
        "tabs": tabs(chosen(items, filters, words), filters.state),
        "summary": summary(items),
        "timeline": draw(queries.by_number(items), today=today),
        "slabs": _slabs(found),
        **_evaluations(found, decisions_of),
        "before": [link.target for link in links.filter(source=found.node, target__state="public")],
        "after": [link.source for link in links.filter(target=found.node, source__state="public")],
        "preview": found.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "plan/plan.html", context)


def _slabs(plan: Plan) -> list[tuple[str, str]]:
    """Dates of a plan in words; the ones that are not known are said to be so."""
    end = end_of(plan)
    unread = _("date not read")
    return [
        (_("Led by"), tr(plan.organisation.node.title)),
        *([(_("Filed with OGP"), when(plan.filed_on))] if plan.filed_on else []),
        (_("Announced"), when(plan.announced_on) or unread),
        *([(_("Start"), when(plan.starts, plan.starts_precision))] if plan.starts else []),
        (_("Ended") if plan.closed else _("Ends"), end.words or unread),
        (_("Last report"), when(plan.last_reported_on) or unread),
    ]


def _evaluations(thing: Commitment | Plan, decisions_of: DecidedWhat | None) -> dict[str, Any]:
    """Return the evaluations side by side, and why some were withdrawn."""
    board = scales.board(thing)
    hidden = [row.pk for row in board.everything if row.node.state == State.HIDDEN]
    return {
        "board": board,
        "evaluations": board.everything,
        "decisions": decisions_of(hidden) if decisions_of and hidden else {},
    }


def _became_from(row: Commitment) -> list[Node]:
    """The public drafts and requests for data that this commitment comes from."""
    links = thread.linked([row.pk], "becomes", backwards=True).get(row.pk, [])
    return [link.source for link in links if link.source.state == State.PUBLIC]


@require_safe
def commitment(
    request: HttpRequest,
    slug: str,
    said_of: SayWhat | None = None,
    decisions_of: DecidedWhat | None = None,
) -> HttpResponse:
    """One commitment: what was promised, where it stands, who asked for it.

    `said_of` gives theme id -> what was said of it; the site passes the one function that counts.
    `decisions_of` gives the decision that withdrew an evaluation.
    """
    row = commitment_or_404(request, slug)
    item = queries.standing(row)
    walked = thread.walk(row.node)
    origins = _origins(row, walked, said_of)
    own = reverse("commitment", args=[slug])
    sources = _became_from(row)
    responses = [origin for origin in walked.levels if origin.kind == "response"]
    answered = Response.objects.filter(pk__in=[n.pk for lv in responses for n in lv.nodes])
    context = {
        "item": item,
        "commitment": row,
        "node": row.node,
        "plan": row.plan,
        "knots": [knot for knot in knots.knots(row.node, walked=walked) if knot.url != own],
        "updates": list(queries.updates_of(row)),
        **_evaluations(row, decisions_of),
        "written": [node for node in sources if node.kind == "drafting"],
        "asked_for": [node for node in sources if node.kind == "data_request"],
        "evidence": _evidence(row),
        "source_links": row.source_links,
        "origins": origins,
        "reconstructed": any(response.reconstructed for response in answered),
        "versions": row.node.revisions.count(),
        "today": timezone.localdate(),
        "preview": row.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "plan/commitment.html", context)


def _evidence(row: Commitment) -> list[Link]:
    arrows = Link.objects.filter(
        source=row.node,
        relation__in=("evidenced_by", "measured_by"),
        target__state=State.PUBLIC,
    )
    return list(arrows.select_related("target").order_by("pk"))


def _origins(row: Commitment, walked: thread.Walk, said_of: SayWhat | None) -> list[Origin]:
    """The public themes behind a commitment, the most voiced first."""
    themes = [node for level in walked.levels if level.kind == "theme" for node in level.nodes]
    if not themes:
        return []
    said = said_of(themes) if said_of else _counted(themes)
    why: dict[UUID, list[Any]] = {}
    for link in thread.linked([row.pk], "leads_to", backwards=True).get(row.pk, []):
        why[link.source_id] = [link.reason] if link.reason else []
    answers = thread.linked([theme.pk for theme in themes], "answered_by")
    found = []
    for theme in dict.fromkeys(themes):
        reasons = [
            text for link in answers.get(theme.pk, []) for text in why.get(link.target_id, [])
        ]
        found.append(Origin(theme, said.get(theme.pk, Said(0)), reasons))
    return sorted(found, key=lambda origin: -origin.said.count)


def _counted(themes: Iterable[Node]) -> dict[UUID, Said]:
    counts = thread.counts_in([theme.pk for theme in themes], "expresses")
    return {pk: Said(count) for pk, count in counts.items()}


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a commitment's page said at each date, with the differences."""
    row = commitment_or_404(request, slug)
    versions = revisions.history(row.node)
    steps = [
        (milestone.node, revisions.history(milestone.node))
        for milestone in row.milestones.select_related("node")
    ]
    context = {
        "node": row.node,
        "heading": row.node.title,
        "back": reverse("commitment", args=[slug]),
        "versions": versions,
        "parts": [(node, found) for node, found in steps if len(found) > 1],
        "names": _names(Commitment),
        **SECTION,
    }
    return public_page(request, "plan/history.html", context)


@require_safe
def plan_history(request: HttpRequest, slug: str) -> HttpResponse:
    """What a plan's page said at each date."""
    found = plan_or_404(request, slug)
    context = {
        "node": found.node,
        "heading": found.node.title,
        "back": reverse("plan", args=[slug]),
        "versions": revisions.history(found.node),
        "parts": [],
        "names": _names(Plan),
        **SECTION,
    }
    return public_page(request, "plan/history.html", context)


def _names(model: Any) -> dict[str, str]:
    names = {field.name: str(getattr(field, "verbose_name", "")) for field in model._meta.fields}
    return {**names, "title": _("Title"), "existing_url": _("Where it exists already")}


@require_safe
def response(request: HttpRequest, slug: str) -> HttpResponse:
    """One response: what was asked, what is decided, why, what follows."""
    rows = Response.objects.select_related("node__space", "existing_node")
    found = rows.filter(node__kind="response", node__slug=slug).first()
    if found is None:
        raise Http404
    public = found.node.state == State.PUBLIC
    if not public and not access.can(request.actor, "respond", found):
        raise Http404
    walked = thread.walk(found.node)
    themes = [node for level in walked.levels if level.kind == "theme" for node in level.nodes]
    context = {
        "response": found,
        "node": found.node,
        "themes": themes,
        "led": queries.commitments_of_responses([found.pk]).get(found.pk, []),
        "knots": knots.knots(found.node, walked=walked),
        "versions": revisions.history(found.node),
        "names": _names(Response),
        "preview": not public,
        "section": "consultations",
    }
    return public_page(request, "plan/response.html", context)


@require_safe
def plan_json(request: HttpRequest, slug: str) -> HttpResponse:
    """A plan and everything in it, as JSON."""
    found = plan_or_404(request, slug)
    answer = JsonResponse(
        export.plan_document(found), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def plan_xlsx(request: HttpRequest, slug: str) -> HttpResponse:
    """A plan as a sheet in OGP's fields."""
    found = plan_or_404(request, slug)
    language = (get_language() or "fr")[:2]
    answer = HttpResponse(
        export.plan_workbook(found, language=language),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    answer["Content-Disposition"] = f'attachment; filename="{found.node.slug}-{language}.xlsx"'
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer
