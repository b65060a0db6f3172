"""What lists of commitments filter by, and what they say of the whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from parvis.analysis.text import fold
from parvis.core.limits import SEARCH_CHARACTERS
from parvis.core.search import search
from parvis.core.templatetags.parvis import number
from parvis.plan import lateness as terms
from parvis.plan.queries import Standing

STATES = {
    terms.LATE: gettext_lazy("Late"),
    terms.CURRENT: gettext_lazy("Under way"),
    terms.PROMISED: gettext_lazy("Not started yet"),
    terms.ENDED: gettext_lazy("Not completed at the end of the plan"),
    terms.UNREAD: gettext_lazy("Outcome not read"),
    terms.DONE: gettext_lazy("Complete"),
}
FOUND_MAX = 2_000


@dataclass(frozen=True)
class Filters:
    """What a reader asked for; empty means everything."""

    plan: str = ""
    state: str = ""
    lead: str = ""
    q: str = ""
    late: bool | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        """Read an address; what is not understood is left out. `?late=true` is a state."""
        state = query.get("state", "")
        if query.get("late", "").lower() in {"true", "1"}:
            state = terms.LATE
        return cls(
            plan=query.get("plan", "").strip()[:80],
            state=state if state in STATES else "",
            lead=query.get("lead", "").strip()[:300],
            q=query.get("q", "").strip()[:SEARCH_CHARACTERS],
        )


def found_by_words(filters: Filters) -> frozenset[UUID] | None:
    """Return the ids of commitments that hold every word asked for; None without words."""
    if not filters.q:
        return None
    hits = search(filters.q, kind="commitment", limit=FOUND_MAX).hits
    return frozenset(hit.node.pk for hit in hits)


def chosen(
    items: Iterable[Standing], filters: Filters, found: frozenset[UUID] | None
) -> list[Standing]:
    """Return what every filter but the state keeps: the tabs count these."""
    lead = fold(filters.lead)
    return [
        item
        for item in items
        if (not filters.plan or item.plan.node.slug == filters.plan)
        and (not lead or lead in {fold(name) for name in item.led_by_any})
        and (found is None or item.node.pk in found)
    ]


def filtered(
    items: Iterable[Standing], filters: Filters, found: frozenset[UUID] | None
) -> list[Standing]:
    """Return what every filter keeps, in the same order."""
    return [
        item
        for item in chosen(items, filters, found)
        if (not filters.state or item.lateness.state == filters.state)
        and (filters.late is None or item.lateness.is_late == filters.late)
    ]


@dataclass(frozen=True)
class Tab:
    """A state, its name, how many are in it."""

    state: str
    label: object
    count: int


def tabs(items: Sequence[Standing], current: str = "") -> list[Tab]:
    """Return a tab for all, then one a state that somebody is in (or that is asked for)."""
    states = [item.lateness.state for item in items]
    found = [
        Tab(state, label, states.count(state))
        for state, label in STATES.items()
        if state in states or state == current
    ]
    return [Tab("", _("All commitments"), len(items)), *found]


def leads(items: Iterable[Standing]) -> list[str]:
    """Return the institutions named by commitments, sorted without regard to accents."""
    return sorted({name for item in items for name in item.led_by}, key=fold)


def summary(items: Sequence[Standing]) -> str:
    """Say in one sentence where commitments stand, late first: never an average."""
    states = [item.lateness.state for item in items]

    def part(state: str, one: str) -> str:
        return one % {"n": number(states.count(state))} if state in states else ""

    n = {state: states.count(state) for state in STATES}
    parts = [
        part(terms.LATE, ngettext("%(n)s late", "%(n)s late", n[terms.LATE])),
        part(terms.CURRENT, ngettext("%(n)s under way", "%(n)s under way", n[terms.CURRENT])),
        part(
            terms.PROMISED,
            ngettext("%(n)s not started yet", "%(n)s not started yet", n[terms.PROMISED]),
        ),
        part(
            terms.ENDED,
            ngettext(
                "%(n)s not completed at the end of its plan",
                "%(n)s not completed at the end of their plans",
                n[terms.ENDED],
            ),
        ),
        part(terms.DONE, ngettext("%(n)s complete", "%(n)s complete", n[terms.DONE])),
        part(
            terms.UNREAD,
            ngettext("%(n)s outcome not read", "%(n)s outcomes not read", n[terms.UNREAD]),
        ),
    ]
    total = ngettext("%(n)s commitment", "%(n)s commitments", len(items))
    head = total % {"n": number(len(items))}
    said = ", ".join(part for part in parts if part)
    return _("%(total)s: %(parts)s.") % {"total": head, "parts": said} if said else f"{head}."
