"""The barometer as files: the figures of the page, exact, as JSON and as CSV."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from parvis.core import kinds
from parvis.strategy import queries
from parvis.strategy.models import Indicator, Measure, Strategy
from parvis.strategy.queries import Reading
from parvis.strategy.values import exact
from parvis.tables.cells import csv_text

COLUMNS = (
    "strategy", "ambition", "indicator", "label_fr", "label_en", "unit_fr", "unit_en",
    "baseline_value", "baseline_on", "target_value", "target_on", "target_precision",
    "target_fr", "target_en", "state", "measured_on", "value", "source_title", "source",
)  # fmt: skip


def measure_card(row: Measure) -> dict[str, Any]:
    """Return a measure as JSON says it: values are exact decimals, as text."""
    return {
        "on": row.on.isoformat(),
        "value": exact(row.value),
        "source": row.source_url,
        "source_title": row.source_title,
        "note": row.note,
    }


def indicator_card(reading: Reading) -> dict[str, Any]:
    """Return an indicator and its series as JSON says them; what is not known is null."""
    row: Indicator = reading.indicator
    return {
        "id": str(row.pk),
        "slug": row.node.slug,
        "title": row.node.title,
        "url": kinds.urls(row.node),
        "strategy": row.strategy.node.slug,
        "ambition": row.ambition.number if row.ambition else None,
        "unit": row.unit,
        "baseline_value": exact(row.baseline_value),
        "baseline_on": row.baseline_on.isoformat() if row.baseline_on else None,
        "target": row.target,
        "target_value": exact(row.target_value),
        "target_on": row.target_on.isoformat() if row.target_on else None,
        "target_precision": row.target_precision,
        "state": reading.state,
        "note": row.note,
        "sources": row.sources,
        "measures": [measure_card(measure) for measure in reading.measures],
    }


def barometer(strategy: Strategy) -> dict[str, Any]:
    """Return every public indicator of a strategy with its series."""
    readings = queries.public_readings(strategy)
    return {
        "strategy": strategy.node.slug,
        "title": strategy.node.title,
        "url": kinds.urls(strategy.node),
        "targets_announced": strategy.targets_total,
        "count": len(readings),
        "indicators": [indicator_card(reading) for reading in readings],
    }


def barometer_csv(strategy: Strategy) -> str:
    """Return the same as CSV (RFC 4180), a line a measure; one line for what has none.

    Text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return csv_text(COLUMNS, _lines(strategy))


def _lines(strategy: Strategy) -> Iterable[Iterable[Any]]:
    for reading in queries.public_readings(strategy):
        series: Sequence[Measure | None] = reading.measures or [None]
        for measure in series:
            yield _cells(reading, measure)


def _cells(reading: Reading, measure: Measure | None) -> Iterable[Any]:
    row = reading.indicator
    by_language = [row.node.title, row.unit, row.target]
    title, unit, target = ([text.get(code, "") for code in ("fr", "en")] for text in by_language)
    return [
        row.strategy.node.slug, row.ambition.number if row.ambition else "", row.node.slug,
        *title, *unit, _number(row.baseline_value), row.baseline_on, _number(row.target_value),
        row.target_on, row.target_precision if row.target_on else "", *target, reading.state,
        measure.on if measure else "", _number(measure.value) if measure else "",
        measure.source_title if measure else "", measure.source_url if measure else "",
    ]  # fmt: skip


def _number(value: Decimal | None) -> Decimal | None:
    """A value as a number, which no spreadsheet takes for a formula; as `exact` otherwise."""
    return None if value is None else value.normalize()
