"""Strategies, pillars and measures for tests, made by the services so that data is always legal."""

from datetime import date
from decimal import Decimal
from typing import Any

from parvis.core.access import SYSTEM
from parvis.core.models import Link, Node, Organisation, State
from parvis.strategy import measures, services, ties
from parvis.strategy.models import Ambition, Indicator, Measure, Orientation, Pillar, Strategy
from tests.factories import make_organisation, make_site

SOURCE = "https://exemple.test/barometre"


def both(text: str) -> dict[str, str]:
    """Return a text in French and English."""
    return {"fr": text, "en": f"{text} (en)"}


def plain(text: object) -> str:
    """Return a phrase with ordinary spaces."""
    return str(text).replace("\u00a0", " ").replace("&nbsp;", " ")


def make_strategy(
    slug: str = "strategie-essai",
    *,
    public: bool = True,
    organisation: Organisation | None = None,
    **fields: Any,
) -> Strategy:
    """Return a strategy that announces two orientations, three ambitions and four targets."""
    make_site()
    known = {
        "summary": both("Une stratégie."),
        "orientations_total": 2,
        "ambitions_total": 3,
        "targets_total": 4,
    }
    row = services.create_strategy(
        actor=SYSTEM,
        title=both(f"Stratégie {slug}"),
        organisation=organisation or make_organisation(f"org-{slug}", f"Organisme {slug}"),
        slug=slug,
        fields={**known, **fields},
    )
    return _published(row, public)


def _published(row: Any, public: bool) -> Any:
    return services.publish(actor=SYSTEM, row=row) if public else row


def make_orientation(strategy: Strategy, number: int = 1, *, public: bool = True) -> Orientation:
    """Return an orientation."""
    row = services.add_orientation(
        actor=SYSTEM, strategy=strategy, title=both(f"Orientation {number}"), number=number
    )
    return _published(row, public)


def make_ambition(
    strategy: Strategy,
    number: int = 1,
    *,
    orientation: Orientation | None = None,
    public: bool = True,
) -> Ambition:
    """Return an ambition."""
    row = services.add_ambition(
        actor=SYSTEM,
        strategy=strategy,
        title=both(f"Ambition {number}"),
        number=number,
        orientation=orientation,
    )
    return _published(row, public)


def make_indicator(
    strategy: Strategy, name: str = "papier", *, public: bool = True, **fields: Any
) -> Indicator:
    """Return an indicator that aims at 75 % by 2027."""
    known = {
        "unit": {"fr": "%", "en": "%"},
        "target_value": Decimal(75),
        "target_on": date(2027, 1, 1),
        "target_precision": "year",
        "sources": [SOURCE],
    }
    row = services.add_indicator(
        actor=SYSTEM, strategy=strategy, title=both(f"Part {name}"), fields={**known, **fields}
    )
    return _published(row, public)


def make_measure(
    indicator: Indicator, on: date = date(2025, 3, 31), value: str = "40.5", **more: Any
) -> Measure:
    """Return a value of an indicator."""
    return measures.record_measure(
        actor=SYSTEM,
        indicator=indicator,
        on=on,
        value=Decimal(value),
        **{"source_url": SOURCE, "source_title": "Baromètre", **more},
    )


def make_pillar(pillar: str = "transparency") -> Pillar:
    """Return one of the four pillars."""
    make_site()
    return services.define_pillar(
        actor=SYSTEM,
        pillar=pillar,
        title={"fr": services.SLUGS[pillar].capitalize(), "en": pillar.capitalize()},
        definition=both(f"Ce que veut dire {pillar}."),
        sources=[SOURCE],
    )


def make_node(kind: str, slug: str, *, public: bool = True) -> Node:
    """Return the node of something of another domain."""
    state = State.PUBLIC if public else State.DRAFT
    return Node.objects.create(kind=kind, slug=slug, title=both(f"Titre {slug}"), state=state)


def tie(place: Any, other: Node, reason: str = "Même sujet.") -> Link:
    """Tie a thing to a place of the frame."""
    return ties.attach(actor=SYSTEM, place=place, other=other, reason=both(reason))
