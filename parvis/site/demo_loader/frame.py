"""The digital strategy as far as it was read, and the four pillars with what serves each."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import override

from parvis.core.access import SYSTEM
from parvis.core.models import Node, Organisation, State
from parvis.core.templatetags.parvis import day
from parvis.site.demo_loader.reading import day_of, read
from parvis.strategy import services, ties
from parvis.strategy.models import Ambition, Indicator, Orientation, Strategy

LANGUAGES = ("fr", "en")


def _public(kind: str, slug: str) -> Node:
    return Node.objects.get(kind=kind, slug=slug, state=State.PUBLIC)


@transaction.atomic
def load_pillars() -> None:
    """Define the four pillars and tie what serves them."""
    for row in read("pillars"):
        pillar = services.define_pillar(
            actor=SYSTEM,
            pillar=row["pillar"],
            title=row["title"],
            definition=row["definition"],
            sources=row["sources"],
        )
        for item in row["serving"]:
            other = _public(item["kind"], item["slug"])
            ties.attach(actor=SYSTEM, place=pillar, other=other, reason=item["reason"])


@transaction.atomic
def load_strategy(organisations: Mapping[str, Organisation]) -> Strategy:
    """Load the strategy of 2019-2023: what was not read stays empty, and the pages say so."""
    row = read("strategy")
    strategy = services.create_strategy(
        actor=SYSTEM,
        title=row["title"],
        organisation=organisations[row["organisation"]],
        slug=row["slug"],
        fields={
            "summary": row["summary"],
            "unveiled_on": day_of(row["unveiled_on"]),
            "starts": day_of(row["starts"]),
            "ends": day_of(row["ends"]),
            "completeness": row["completeness"],
            "orientations_total": len(row["orientations"]),
            "ambitions_total": row["ambitions_total"],
            "targets_total": row["targets_total"],
            "barometer": _barometer(row["barometer"]),
            "facts": _facts(row),
            "notes": row["notes"],
            "sources": _sources(row),
        },
    )
    services.publish(actor=SYSTEM, row=strategy)
    orientations = {item["slug"]: _orientation(item, strategy) for item in row["orientations"]}
    ambitions: dict[int, Ambition] = {}
    for item in row["ambitions"]:
        if item["title"]:
            ambitions[item["number"]] = _ambition(item, strategy)
            for indicator in item["indicators"] or ():
                _indicator(indicator, row, strategy, ambitions[item["number"]])
    for indicator in row["targets"]:
        _indicator(indicator, row, strategy, None)
    _contributions(row, orientations, ambitions)
    return strategy


def _orientation(row: Mapping[str, Any], strategy: Strategy) -> Orientation:
    made = services.add_orientation(
        actor=SYSTEM, strategy=strategy, title=row["title"], number=row["number"], slug=row["slug"]
    )
    services.publish(actor=SYSTEM, row=made)
    return made


def _ambition(row: Mapping[str, Any], strategy: Strategy) -> Ambition:
    made = services.add_ambition(
        actor=SYSTEM, strategy=strategy, title=row["title"], number=row["number"], slug=row["slug"]
    )
    services.publish(actor=SYSTEM, row=made)
    return made


def _indicator(
    row: Mapping[str, Any], whole: Mapping[str, Any], strategy: Strategy, ambition: Ambition | None
) -> Indicator:
    made = services.add_indicator(
        actor=SYSTEM,
        strategy=strategy,
        title=row["label"],
        slug=row["slug"],
        fields={
            "ambition": ambition,
            "unit": dict.fromkeys(LANGUAGES, row["unit"]),
            "target_value": Decimal(str(row["target"])),
            "target_on": date(row["due"], 12, 31) if row["due"] else None,
            "target_precision": "year" if row["due"] else "day",
            "sources": row["sources"],
        },
    )
    services.publish(actor=SYSTEM, row=made)
    document = whole["document"]
    ties.attach(
        actor=SYSTEM, place=made, other=_public("document", document["slug"]),
        reason=document["reason"],
    )  # fmt: skip
    return made


def _contributions(
    row: Mapping[str, Any],
    orientations: Mapping[str, Orientation],
    ambitions: Mapping[int, Ambition],
) -> None:
    for item in row["contributions"]:
        ties.attach(
            actor=SYSTEM,
            place=orientations[item["orientation"]],
            other=_public("commitment", item["commitment"]),
            reason=item["reason"],
        )
    for plan in read("plans"):
        for number in plan.get("strategy_ambitions") or ():
            ties.attach(
                actor=SYSTEM,
                place=ambitions[number],
                other=_public("plan", plan["slug"]),
                reason=row["plan_reason"],
            )


def _days(text: str) -> dict[str, str]:
    """Return a day of the files in full, by language."""
    found = {}
    for code in LANGUAGES:
        with override(code):
            found[code] = day(date.fromisoformat(text))
    return found


def _barometer(row: Mapping[str, Any]) -> dict[str, str]:
    title, note, online = row["title"], row["note"], _days(row["online_on"])
    sample, followed = row["organisations_sampled"], row["targets_followed"]
    return {
        "fr": f"{title['fr']} : en ligne depuis le {online['fr']}; suit {followed} cibles auprès "
        f"de {sample} organisations. {note['fr']}",
        "en": f"{title['en']}: online since {online['en']}; follows {followed} targets in {sample} "
        f"organisations. {note['en']}",
    }


def _facts(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was read besides: key measures, initiatives, money."""
    numbered = {"fr": "Mesure clé {} : {}.", "en": "Key measure {}: {}."}
    facts = []
    for item in row["key_measures"]:
        fact = {
            code: numbered[code].format(item["number"], item["title"][code]) for code in numbered
        }
        if done := item["done"]:
            days = _days(done["date"])
            said = {code: text.rstrip(".") for code, text in done["text"].items()}
            fact = {code: f"{fact[code]} {said[code]} ({days[code]})." for code in fact}
        facts.append(fact)
    facts.extend(row["initiatives"])
    for item in row["budget"]["items"]:
        shown = {"fr": f"{item['value']}".replace(".", ","), "en": f"{item['value']}"}
        colon = {"fr": " : ", "en": ": "}
        facts.append(
            {
                code: f"{item['label'][code]}{colon[code]}{shown[code]} {item['unit'][code]}."
                for code in shown
            }
        )
    return facts


def _sources(row: Mapping[str, Any]) -> list[str]:
    parts = (row, row["barometer"], row["budget"], *row["key_measures"])
    return list(dict.fromkeys(url for part in parts for url in part["sources"]))
