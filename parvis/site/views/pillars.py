"""The four pillars, and what serves each: consultations, commitments, data, documents."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.consult import queries as consult
from parvis.consult.queries import Listed
from parvis.core import kinds
from parvis.core.models import Link, State
from parvis.core.pages import paginate, public_page
from parvis.core.templatetags.parvis import number
from parvis.plan import queries as plan
from parvis.plan.lateness import DONE
from parvis.plan.standing import Standing
from parvis.strategy import queries
from parvis.strategy.models import Pillar
from parvis.strategy.nodes import pillar_slug
from parvis.strategy.services import SLUGS

SECTION = {"section": "pillars"}
FIRST = 8
ROWS = 50


def pillar_rows() -> list[dict[str, Any]]:
    """Return the public pillars with how many things serve each, in two queries."""
    rows = queries.pillars()
    counts = queries.served_counts([row.node for row in rows])
    return [{"pillar": row, "figures": _figures(counts[row.pk])} for row in rows]


@require_safe
def pillars(request: HttpRequest) -> HttpResponse:
    """The four pillars with how many things serve each."""
    context = {"rows": pillar_rows(), **SECTION}
    return public_page(request, "site/pillars.html", context)


def _figures(counts: dict[str, int]) -> list[str]:
    """How many of each kind, in words; nothing is said of what there is none of."""
    words = {
        "consultation": ngettext(
            "%(n)s consultation", "%(n)s consultations", counts.get("consultation", 0)
        ),
        "commitment": ngettext(
            "%(n)s commitment", "%(n)s commitments", counts.get("commitment", 0)
        ),
        "dataset": ngettext("%(n)s dataset", "%(n)s datasets", counts.get("dataset", 0)),
        "document": ngettext("%(n)s document", "%(n)s documents", counts.get("document", 0)),
    }
    return [
        words[kind] % {"n": number(counts[kind])} for kind in queries.SERVING if counts.get(kind)
    ]


@require_safe
def pillar(request: HttpRequest, slug: str) -> HttpResponse:
    """One pillar: what it means, then, live, what serves it. `kind` lists one kind in full."""
    wanted = SLUGS.get(slug, slug)
    rows = Pillar.objects.select_related("node").filter(node__state=State.PUBLIC)
    row = rows.filter(node__slug=wanted).first()
    if row is None:
        raise Http404
    if slug != pillar_slug(wanted):
        return redirect(kinds.url(row.node) or "pillars")
    counts = queries.served_counts([row.node])[row.pk]
    kind = request.GET.get("kind", "")
    kind = kind if kind in queries.SERVING else ""
    page = None
    if kind:
        page = paginate(request, queries.serving(row.node).filter(source__kind=kind), per_page=ROWS)
    links = {
        name: list(page.rows) if page else _first(row, name)
        for name in ([kind] if kind else queries.SERVING)
        if counts.get(name)
    }
    commitments, consultations = _standings(row)
    context = {
        "pillar": row,
        "node": row.node,
        "kind": kind,
        "page": page,
        "counts": counts,
        "slabs": _slabs(counts, commitments, consultations),
        "reconstructed": any(item.consultation.reconstructed for item in consultations.values()),
        "groups": [
            {
                "kind": name,
                "label": kinds.get(name).label_plural,
                "count": counts[name],
                "rows": [
                    {
                        "link": link,
                        "standing": commitments.get(link.source_id),
                        "listed": consultations.get(link.source_id),
                    }
                    for link in rows
                ],
                "more": counts[name] - len(rows) if not kind else 0,
            }
            for name, rows in links.items()
        ],
        "others": [other for other in queries.pillars() if other.pk != row.pk],
        **SECTION,
    }
    return public_page(request, "site/pillar.html", context)


def _first(row: Pillar, kind: str) -> list[Link]:
    return list(queries.serving(row.node).filter(source__kind=kind)[:FIRST])


def _standings(row: Pillar) -> tuple[dict[UUID, Standing], dict[UUID, Listed]]:
    """Return where the commitments, and the consultations, that serve a pillar stand, by id."""
    ids: dict[str, list[UUID]] = {"consultation": [], "commitment": []}
    found = queries.serving(row.node).filter(source__kind__in=ids).order_by()
    for pk, kind in found.values_list("source", "source__kind"):
        ids[kind].append(pk)
    consultations = consult.public_consultations().filter(pk__in=ids["consultation"])
    return (
        {item.node.pk: item for item in plan.commitment_rows(ids["commitment"])},
        {item.consultation.pk: item for item in consult.listed(consultations)},
    )


def _slabs(
    counts: dict[str, int],
    commitments: dict[UUID, Standing],
    consultations: dict[UUID, Listed],
) -> list[dict[str, Any]]:
    """The figures of a pillar: how many, and what became of them."""
    received = sum(item.received for item in consultations.values())
    done = sum(1 for item in commitments.values() if item.lateness.state == DONE)
    words = {
        "consultation": ngettext(
            "%(n)s contribution received", "%(n)s contributions received", received
        )
        % {"n": number(received)},
        "commitment": ngettext("%(n)s done", "%(n)s done", done) % {"n": number(done)},
        "dataset": _("to download"),
        "document": _("to read"),
    }
    return [
        {
            "label": kinds.get(name).label_plural,
            "count": counts.get(name, 0),
            "words": words[name] if counts.get(name) else "",
        }
        for name in queries.SERVING
    ]
