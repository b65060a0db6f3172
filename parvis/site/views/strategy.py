"""A strategy with the commitments that contribute to it: what joins the frame and the plans."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from parvis.core.i18n import tr
from parvis.core.models import Link, State
from parvis.core.pages import public_page
from parvis.core.templatetags.parvis import number
from parvis.plan import queries as plan
from parvis.strategy import queries
from parvis.strategy.queries import Outline
from parvis.strategy.values import not_published, when
from parvis.strategy.views import SECTION, strategy_or_404


@require_safe
def strategy(request: HttpRequest, slug: str) -> HttpResponse:
    """A strategy: orientations, ambitions, indicators, and what contributes to each."""
    found = strategy_or_404(request, slug)
    tree = queries.outline(found)
    links = queries.contributions_to(tree.places)
    context = {
        "strategy": found,
        "node": found.node,
        "tree": tree,
        "read": _read(tree),
        "slabs": _slabs(tree),
        "contributing": _contributing(links),
        "versions": found.node.revisions.count(),
        "preview": found.node.state != State.PUBLIC,
        **SECTION,
    }
    return public_page(request, "site/strategy.html", context)


def _contributing(links: dict[UUID, list[Link]]) -> dict[UUID, list[dict[str, Any]]]:
    """Return place id -> what contributes to it, with where each commitment stands."""
    ids = {link.source_id for rows in links.values() for link in rows}
    standings = {item.node.pk: item for item in plan.commitment_rows(ids)} if ids else {}
    return {
        pk: [
            {"node": link.source, "reason": link.reason, "item": standings.get(link.source_id)}
            for link in rows
        ]
        for pk, rows in links.items()
    }


def _read(tree: Outline) -> list[str]:
    """How many of what was announced are here, in words: the gap is never hidden."""
    row = tree.strategy
    lines = []
    for total, words, known in (
        (
            row.orientations_total,
            ngettext(
                "%(n)s orientation announced",
                "%(n)s orientations announced",
                row.orientations_total or 0,
            ),
            tree.read["orientations"],
        ),
        (
            row.ambitions_total,
            ngettext(
                "%(n)s ambition announced", "%(n)s ambitions announced", row.ambitions_total or 0
            ),
            tree.read["ambitions"],
        ),
        (
            row.targets_total,
            ngettext("%(n)s target announced", "%(n)s targets announced", row.targets_total or 0),
            tree.read["targets"],
        ),
    ):
        if total is None:
            continue
        said = words % {"n": number(total)}
        given = ngettext("our sources give %(n)s", "our sources give %(n)s", known)
        lines.append(f"{said}; {given % {'n': number(known)}}.")
    return lines


def _slabs(tree: Outline) -> list[tuple[str, str]]:
    row = tree.strategy
    return [
        (_("Led by"), tr(row.organisation.node.title)),
        (_("Unveiled"), when(row.unveiled_on) or not_published()),
        (_("Start"), when(row.starts) or not_published()),
        (_("End"), when(row.ends) or not_published()),
    ]
