"""Proposals as people read them: the list, one proposal, the place of a comment."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from parvis.consult.models import Contribution
from parvis.core import access, keys, limits, revisions
from parvis.core.kinds import Knot
from parvis.core.kinds import get as get_kind
from parvis.core.knots import knots
from parvis.core.models import State
from parvis.core.pages import paginate, public_page
from parvis.core.templatetags.parvis import day as day_words
from parvis.methods.proposals import cards, pages, queries, services
from parvis.methods.proposals.definition import STANCE_LABELS, STANCES, settings_of
from parvis.methods.proposals.models import Proposal, Status
from parvis.moderation import queries as moderation

SORT_LABELS = (
    ("random", gettext_lazy("Today’s random order")),
    ("supports", gettext_lazy("Most supported")),
    ("newest", gettext_lazy("Newest")),
    ("comments", gettext_lazy("Most commented")),
)
FILTER_LABELS = (
    ("", pgettext_lazy("proposals", "All")),
    (queries.NO_ANSWER, gettext_lazy("Not answered yet")),
    *Status.choices,
    (queries.REMOVED, pgettext_lazy("proposals", "Withdrawn")),
)


def _answer(request: HttpRequest, template: str, context: dict[str, Any], seconds: int) -> Any:
    """Cacheable when nobody is signed in: such a page holds no form that acts and no name."""
    if request.actor.person is None:
        return public_page(request, template, context, seconds=seconds)
    return render(request, template, context)


@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The list of an activity's proposals: search, filters, order, pages."""
    activity = pages.activity_of(request, slug)
    now = pages.open_now(activity)
    text = request.GET.get("q", "")[: limits.SEARCH_CHARACTERS].strip()
    status = request.GET.get("status", "")
    status = status if status in queries.FILTERS else ""
    usual = "random" if now.support else "supports"
    sort = request.GET.get("sort", usual)
    sort = sort if sort in queries.SORTS else usual
    today = timezone.localdate()
    totals = queries.totals(activity)
    rows: Any = queries.Usual(activity, sort, today, totals.proposals)
    if text or status:
        rows = queries.listed(activity, text=text, status=status, sort=sort, day=today)
    page = paginate(request, rows, count=None if text or status else totals.proposals)
    person = request.actor.person is not None
    language = cards.active_language()
    context = {
        "activity": activity,
        "consultation": activity.consultation,
        "settings": settings_of(activity),
        "open": now,
        "totals": totals,
        "page": page,
        "cards": cards.cards(page.rows, slug),
        "totals_words": cards.totals_words(
            totals.proposals, totals.supports, totals.comments, totals.answered, language
        ),
        "text": text,
        "status": status,
        "sort": sort,
        "sorts": cards.options(SORT_LABELS, sort),
        "filters": cards.options(FILTER_LABELS, status),
        "crumbs": pages.crumbs(activity),
        "slug": slug,
        "standing": services.standing(request.actor, activity) if person and now.support else None,
        "decisions": (moderation.decisions_on(page.rows) if status == queries.REMOVED else {}),
        "can_settings": access.can(request.actor, "manage_consultation", activity.consultation),
        "section": "consultations",
    }
    return _answer(request, "proposals/list.html", context, now.seconds)


def _thread(row: Proposal) -> list[Knot]:
    """The thread of one proposal: what was received, and what is promised after it."""
    consultation = row.activity.consultation

    def promised(name: str, due: Any) -> Knot:
        words = _("promised on %(day)s") % {"day": day_words(due)} if due else _("no date yet")
        return Knot(name, _("not yet"), words, "promised")

    absent = {
        "theme": promised(_("Themes"), consultation.themes_due),
        "response": promised(_("Answer"), consultation.response_due),
    }
    if row.is_answered:
        absent["response"] = Knot(
            _("Answer"), row.get_status_display(), day_words(row.answered_at), "done", "#reponse"
        )
    found = knots(row.node, absent=absent)
    if get_kind("contribution").knots is None:
        state = "done" if row.node.state == State.PUBLIC else "dropped"
        words = _("received and kept") if row.visible else _("withdrawn")
        found.insert(0, Knot(_("This proposal"), day_words(row.at), words, state))
    return found


def _byline(row: Proposal) -> str:
    own = row.node.contribution
    if row.node.state != State.PUBLIC:
        return ""
    name = own.author.display_name if own.author else ""
    return cards.byline(row.number, row.at, name, own.changed_at)


@require_safe
def detail(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One proposal: its text or its trace, the official answer, its thread, its comments."""
    row = pages.proposal_of(request, slug, pk)
    activity, actor = row.activity, request.actor
    now = pages.open_now(activity)
    stance = request.GET.get("stance", "")
    stance = stance if stance in STANCES else ""
    page = paginate(
        request,
        queries.Comments(row.pk, stance),
        per_page=limits.COMMENTS_PAGE_ROWS,
    )
    hidden = [found[0] for found in page.rows if found[1] == State.HIDDEN]
    decisions = moderation.decisions_on([*hidden, *([row.pk] if not row.visible else [])])
    contribution = row.node.contribution
    author = access.can(actor, "change_own", contribution)
    may_answer = now.comment and row.node.state == State.PUBLIC
    acts = cards.Acts(
        answer_url=reverse("comment_new", args=[slug, pk]) if may_answer else "",
        person_id=actor.person_id,
        may_change=now.comment,
    )
    context = {
        "p": row,
        "contribution": contribution,
        "byline": _byline(row),
        "activity": activity,
        "consultation": activity.consultation,
        "open": now,
        "page": page,
        "comments": cards.comments(page.rows, slug, decisions, acts),
        "stance": stance,
        "stances": STANCE_LABELS.items(),
        "decision": decisions.get(row.pk),
        "public": row.node.state == State.PUBLIC,
        "knots": _thread(row),
        "crumbs": pages.crumbs(activity, (pages.name_of(row), None)),
        "standing": services.standing(actor, activity) if actor.person else None,
        "comment_needs_account": actor.person is None and pages.needs_account(activity, "comment"),
        "own_code": keys.receipt_code(row.pk) if author and actor.person else "",
        "can_answer": access.can(actor, "answer_proposal", activity.consultation),
        "section": "consultations",
    }
    return _answer(request, "proposals/detail.html", context, now.seconds)


@require_safe
def comment_place(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The address of one comment: the right page of its proposal, at the right place."""
    try:
        row = queries.contribution(pk, slug)
    except Contribution.DoesNotExist:
        raise Http404 from None
    if row.parent_id is None:
        raise Http404
    address = reverse("proposal", args=[slug, row.parent_id])
    number = queries.page_of_comment(row)
    query = f"?page={number}" if number > 1 else ""
    return HttpResponseRedirect(f"{address}{query}#c-{pk}")


@require_safe
def answer_history(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Every version of the official answer, with what changed."""
    row = pages.proposal_of(request, slug, pk)
    context = {
        "p": row,
        "versions": revisions.history(row.node),
        "statuses": dict(Status.choices),
        "consultation": row.activity.consultation,
        "crumbs": pages.crumbs(
            row.activity,
            (pages.name_of(row), reverse("proposal", args=[slug, pk])),
            (_("History of the answer"), None),
        ),
        "section": "consultations",
    }
    return public_page(request, "proposals/history.html", context)
