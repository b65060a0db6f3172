"""The promises kept as files: the figures of the page, exact, as JSON and CSV, and as a feed."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.models import State
from parvis.site.models import Promise, PromiseMonth, PromiseRow
from parvis.tables.cells import csv_text

MONTHS = ("figure", "demo", "month", "numerator", "denominator", "late", "computed_at")
ROWS = (
    "figure", "demo", "state", "days_late", "days", "due", "done", "part", "whole", "kind",
    "title_fr", "title_en", "page_fr", "page_en",
)  # fmt: skip


def rows_of(name: str, *, demo: bool = False, late: bool = False) -> QuerySet[PromiseRow]:
    """Return what a figure counts, late ones first; only what is public now."""
    rows = PromiseRow.objects.filter(name=name, demo=demo, node__state=State.PUBLIC)
    if late:
        rows = rows.filter(state=PromiseRow.State.LATE)
    return rows.select_related("node__space").order_by("rank", "pk")


def names_with_rows() -> set[str]:
    """Return the figures that count something, or have something that waits."""
    return set(PromiseRow.objects.filter(demo=False).values_list("name", flat=True).distinct())


def late_rows() -> QuerySet[PromiseRow]:
    """Return everything that is late and not done, the demonstration left out, longest first."""
    rows = PromiseRow.objects.filter(
        state=PromiseRow.State.LATE, demo=False, node__state=State.PUBLIC
    ).exclude(name=Promise.RESPONSES, done__isnull=False)
    return rows.select_related("node__space").order_by("-days", "pk")


def month_card(row: PromiseMonth) -> dict[str, Any]:
    """Return a figure as JSON says it; both numbers are null when there is nothing to measure."""
    measured = bool(row.denominator)
    value = row.numerator if row.name == Promise.DELAY else int(row.numerator)
    return {
        "figure": row.name,
        "demo": row.demo,
        "month": f"{row.month:%Y-%m}",
        "numerator": float(value) if measured else None,
        "denominator": row.denominator if measured else None,
        "unit": "days" if row.name == Promise.DELAY else "count",
        "late": row.late,
        "computed_at": row.computed_at.isoformat(),
    }


def row_card(row: PromiseRow) -> dict[str, Any]:
    """Return one row as JSON says it."""
    late = row.state == PromiseRow.State.LATE
    return {
        "figure": row.name,
        "demo": row.demo,
        "state": row.state,
        "days_late": row.days if late else None,
        "days": row.days,
        "due": row.due.isoformat() if row.due else None,
        "done": row.done.isoformat() if row.done else None,
        "part": row.part if row.whole else None,
        "whole": row.whole or None,
        "node": kinds.card(row.node),
    }


def months_csv(rows: Iterable[PromiseMonth]) -> str:
    """Return the figures and their history as CSV (RFC 4180), a line a month and figure."""
    return csv_text(MONTHS, ([card[name] for name in MONTHS] for card in map(month_card, rows)))


def rows_csv(rows: Iterable[PromiseRow]) -> str:
    """Return the rows of a figure as CSV; what a spreadsheet would run is made text."""
    return csv_text(ROWS, map(_cells, rows))


def _cells(row: PromiseRow) -> list[Any]:
    card = row_card(row)
    titles = [row.node.title.get(code, "") for code in ("fr", "en")]
    pages = [kinds.url(row.node, code) for code in LANGUAGES]
    return [*(card[name] for name in ROWS[:9]), row.node.kind, *titles, *pages]
