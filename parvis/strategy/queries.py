"""Reading the frame: a strategy as a tree with its gaps, an indicator with its measures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from parvis.core import thread
from parvis.core.i18n import pick, tr
from parvis.core.models import Link, Node, State
from parvis.strategy.models import Ambition, Indicator, Measure, Orientation, Pillar, Strategy
from parvis.strategy.pictures import Bar, Plot, bar, plot
from parvis.strategy.values import amount, not_published, when


@dataclass(frozen=True)
class Reading:
    """An indicator and its measures, oldest first: what rows, pages, files and API all say."""

    indicator: Indicator
    measures: Sequence[Measure]

    @property
    def node(self) -> Node:
        """The indicator's node."""
        return self.indicator.node

    @property
    def last(self) -> Measure | None:
        """The newest measure."""
        return self.measures[-1] if self.measures else None

    @property
    def target_words(self) -> str:
        """The target and its date; empty when neither is known."""
        row = self.indicator
        value = amount(row.target_value, row.unit)
        date_words = when(row.target_on, row.target_precision)
        if value and date_words:
            return _("%(value)s by %(date)s") % {"value": value, "date": date_words}
        return value

    @property
    def target_gap(self) -> str:
        """What of the target is not known, in words."""
        row = self.indicator
        if row.target_value is None and not row.target:
            return not_published()
        return "" if row.target_on else _("date not published")

    @property
    def baseline_words(self) -> str:
        """The value at the start, or that it is not published."""
        row = self.indicator
        value = amount(row.baseline_value, row.unit)
        if not value:
            return not_published()
        on = when(row.baseline_on)
        return _("%(value)s on %(date)s") % {"value": value, "date": on} if on else value

    @property
    def last_words(self) -> str:
        """The last value and its date, or that none is published."""
        if self.last is None:
            return not_published()
        value = amount(self.last.value, self.indicator.unit)
        return _("%(value)s on %(date)s") % {"value": value, "date": when(self.last.on)}

    @property
    def valued(self) -> list[tuple[Measure, str]]:
        """Each measure with its value in words."""
        return [(row, amount(row.value, self.indicator.unit)) for row in self.measures]

    @property
    def last_amount(self) -> str:
        """The last value without its date, or that none is published."""
        return amount(self.last.value, self.indicator.unit) if self.last else not_published()

    @property
    def state(self) -> str:
        """reached, short, or unknown: what the last value says of the target, nothing more."""
        target, last = self.indicator.target_value, self.last
        if target is None or last is None:
            return "unknown"
        base = self.indicator.baseline_value
        falls = base is not None and base > target
        reached = last.value <= target if falls else last.value >= target
        return "reached" if reached else "short"

    @property
    def knot(self) -> str:
        """The state as the style sheet draws it."""
        return {"reached": "done", "short": "current"}.get(self.state, "promised")

    @property
    def state_words(self) -> str:
        """The state in words."""
        return {
            "reached": _("Target reached"),
            "short": _("Target not reached"),
            "unknown": _("Value not published") if self.last is None else _("No target value"),
        }[self.state]

    @property
    def alternative(self) -> str:
        """What the picture says, for who does not see it."""
        target = self.target_words or tr(self.indicator.target) or not_published()
        return _("Start: %(start)s. Last value: %(last)s. Target: %(target)s.") % {
            "start": self.baseline_words, "last": self.last_words, "target": target,
        }  # fmt: skip

    @property
    def _percent(self) -> bool:
        return pick(self.indicator.unit)[0] == "%"

    @property
    def bar(self) -> Bar:
        """Its line in the barometer."""
        row = self.indicator
        points = [(one.on, one.value) for one in self.measures]
        return bar(row.baseline_value, row.target_value, points, percent=self._percent)

    @property
    def plot(self) -> Plot | None:
        """Its series over time; None when no dated value is known."""
        row = self.indicator
        dated = row.baseline_value is not None and row.baseline_on
        base = (row.baseline_on, row.baseline_value) if dated else None
        target = (row.target_on, row.target_value) if row.target_value is not None else None
        points = [(one.on, one.value) for one in self.measures]
        return plot(base, target, points, percent=self._percent)  # type: ignore[arg-type]


def readings(indicators: QuerySet[Indicator]) -> list[Reading]:
    """Return indicators with their measures, by ambition then position, in two queries."""
    rows = list(
        indicators.select_related("node", "ambition__node", "strategy__node").order_by(
            F("ambition__number").asc(nulls_last=True), "position", "pk"
        )
    )
    measures: dict[UUID, list[Measure]] = {row.pk: [] for row in rows}
    for measure in Measure.objects.filter(indicator__in=list(measures)).order_by("on"):
        measures[measure.indicator_id].append(measure)
    return [Reading(row, measures[row.pk]) for row in rows]


def public_readings(strategy: Strategy) -> list[Reading]:
    """Return the public indicators of a strategy with their measures."""
    return readings(strategy.indicators.filter(node__state=State.PUBLIC))


def public_strategies() -> QuerySet[Strategy]:
    """Public strategies, the newest first."""
    return (
        Strategy.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "organisation__node")
        .order_by(F("unveiled_on").desc(nulls_last=True), "-pk")
    )


def strategy_by_slug(slug: str) -> Strategy:
    """Return a strategy with its organisation. Raises Strategy.DoesNotExist."""
    return Strategy.objects.select_related("node", "organisation__node").get(
        node__kind="strategy", node__slug=slug
    )


def indicator_by_slug(slug: str) -> Indicator:
    """Return an indicator with its strategy. Raises Indicator.DoesNotExist."""
    return Indicator.objects.select_related(
        "node", "strategy__node", "strategy__organisation__node", "ambition__node"
    ).get(node__kind="indicator", node__slug=slug)


@dataclass(frozen=True)
class AmbitionRow:
    """An ambition with its indicators; `ambition` is None for a number that was not read."""

    number: int
    ambition: Ambition | None
    readings: Sequence[Reading] = ()


@dataclass(frozen=True)
class OrientationRow:
    """An orientation with its ambitions; `orientation` is None for a number that was not read."""

    number: int
    orientation: Orientation | None
    ambitions: Sequence[AmbitionRow] = ()


@dataclass(frozen=True)
class Outline:
    """A strategy as a tree. What was announced and is not here keeps its line, empty."""

    strategy: Strategy
    orientations: Sequence[OrientationRow]
    ambitions: Sequence[AmbitionRow]
    """Those whose orientation no source gives, with the numbers that were not read."""
    readings: Sequence[Reading]
    """Indicators whose ambition no source gives."""
    read: Mapping[str, int] = field(default_factory=dict)

    @property
    def places(self) -> list[Node]:
        """The nodes of its orientations and ambitions: what commitments contribute to."""
        found = [row.orientation.node for row in self.orientations if row.orientation]
        inner = [one for row in self.orientations for one in row.ambitions]
        return found + [row.ambition.node for row in (*inner, *self.ambitions) if row.ambition]


def _numbers(known: Iterable[int], total: int | None) -> list[int]:
    return sorted({*known, *range(1, (total or 0) + 1)})


def outline(strategy: Strategy) -> Outline:
    """Return the public parts of a strategy with its gaps, in four queries."""
    shown = {"node__state": State.PUBLIC}
    orientations = {
        row.number: row for row in strategy.orientations.filter(**shown).select_related("node")
    }
    ambitions = list(strategy.ambitions.filter(**shown).select_related("node"))
    by_ambition: dict[UUID | None, list[Reading]] = {}
    known = {row.pk for row in ambitions}
    for reading in public_readings(strategy):
        pk = reading.indicator.ambition_id
        by_ambition.setdefault(pk if pk in known else None, []).append(reading)
    placed: dict[UUID | None, list[AmbitionRow]] = {}
    public = {row.pk for row in orientations.values()}
    for row in ambitions:
        line = AmbitionRow(row.number, row, by_ambition.get(row.pk, []))
        pk = row.orientation_id if row.orientation_id in public else None
        placed.setdefault(pk, []).append(line)
    taken = {row.number for row in ambitions}
    gaps = [
        AmbitionRow(n, None) for n in _numbers(taken, strategy.ambitions_total) if n not in taken
    ]
    tree = []
    for n in _numbers(orientations, strategy.orientations_total):
        found = orientations.get(n)
        tree.append(OrientationRow(n, found, placed.get(found.pk, []) if found else []))
    count = sum(len(rows) for rows in by_ambition.values())
    return Outline(
        strategy,
        tree,
        sorted([*placed.get(None, []), *gaps], key=lambda row: row.number),
        by_ambition.get(None, []),
        {"orientations": len(orientations), "ambitions": len(ambitions), "targets": count},
    )


def evidence(indicator: Indicator) -> list[Link]:
    """Return the public datasets that measure an indicator and documents about it."""
    arrows = Link.objects.filter(
        source_id=indicator.pk,
        relation__in=("measured_by", "evidenced_by"),
        target__state=State.PUBLIC,
    )
    return list(arrows.select_related("target").order_by("-relation", "pk"))


def contributions_to(places: Iterable[Node]) -> dict[UUID, list[Link]]:
    """Return place id -> public commitments and plans that contribute to it, in one query."""
    found = thread.linked([node.pk for node in places], "contributes_to", backwards=True)
    shown = {
        pk: [link for link in links if link.source.state == State.PUBLIC]
        for pk, links in found.items()
    }
    return {pk: links for pk, links in shown.items() if links}


# --- pillars -----------------------------------------------------------------------------------
SERVING = ("consultation", "commitment", "dataset", "document")
"""What serves a pillar, in the order of the pages."""


def pillars() -> list[Pillar]:
    """Return the public pillars, in order."""
    rows = Pillar.objects.filter(node__state=State.PUBLIC).select_related("node")
    return list(rows.order_by("position"))


def serving(pillar: Node) -> QuerySet[Link]:
    """Return the links of what is public and serves a pillar, the newest first."""
    return (
        Link.objects.filter(target=pillar, relation="serves", source__state=State.PUBLIC)
        .select_related("source")
        .order_by("-source__published_at", "-pk")
    )


def served_counts(pillars: Iterable[Node]) -> dict[UUID, dict[str, int]]:
    """Return pillar id -> kind -> how many public things of it serve the pillar, in one query."""
    ids = [node.pk for node in pillars]
    if not ids:
        return {}
    rows = (
        Link.objects.filter(target__in=ids, relation="serves", source__state=State.PUBLIC)
        .order_by()
        .values_list("target", "source__kind")
        .annotate(n=Count("pk"))
    )
    found: dict[UUID, dict[str, int]] = {pk: {} for pk in ids}
    for pk, kind, n in rows:
        found[pk][kind] = n
    return found
