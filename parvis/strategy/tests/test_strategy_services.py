"""The services of the frame: what they write, and each thing that they refuse."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from parvis.core.access import SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, Link, Node, Role, State
from parvis.strategy import measures, services, ties
from parvis.strategy.models import Measure, Pillar
from parvis.strategy.tests.strategy_factories import (
    SOURCE,
    both,
    make_ambition,
    make_indicator,
    make_measure,
    make_node,
    make_orientation,
    make_pillar,
    make_strategy,
    tie,
)
from tests.factories import make_actor, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db


def refused(call: Any) -> dict[str, list[str]]:
    """Return the messages of a refusal, by field."""
    with pytest.raises(Invalid) as refusal:
        call()
    return {name: [str(m) for m in found] for name, found in refusal.value.errors.items()}


def strategy_of(**fields: Any) -> Any:
    return services.create_strategy(
        actor=SYSTEM, title=both("Une stratégie"), organisation=make_organisation(), fields=fields
    )


# --- strategies and their parts ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"starts": date(2024, 1, 2), "ends": date(2024, 1, 1)}, "ends"),
        ({"sources": ["javascript:alert(1)"]}, "sources"),
        ({"completeness": "almost"}, "completeness"),
        ({"ambitions_total": -1}, "ambitions_total"),
        ({"summary": {"de": "Hallo"}}, "summary"),
        ({"organisation": None}, "organisation"),
        ({"facts": 3}, "facts"),
    ],
)
def test_a_bad_strategy_is_refused(fields: dict[str, Any], where: str) -> None:
    assert where in refused(lambda: strategy_of(**fields))
    assert not Node.objects.filter(kind="strategy").exists()


def test_a_strategy_needs_a_title_in_french() -> None:
    found = refused(
        lambda: services.create_strategy(
            actor=SYSTEM, title={"en": "Only English"}, organisation=make_organisation()
        )
    )
    assert set(found) == {"title"}


def test_a_slug_never_takes_a_word_of_the_addresses() -> None:
    assert make_strategy("indicateurs").node.slug == "indicateurs-2"


def test_publishing_needs_a_summary_in_every_language_and_happens_once() -> None:
    make_site()
    row = strategy_of()
    assert set(refused(lambda: services.publish(actor=SYSTEM, row=row))) == {"summary"}
    services.change(actor=SYSTEM, row=row, changes={"summary": {"fr": "Seulement en français."}})
    assert set(refused(lambda: services.publish(actor=SYSTEM, row=row))) == {"summary"}
    row = services.change(actor=SYSTEM, row=row, changes={"summary": both("Un résumé.")})
    row.node.refresh_from_db()
    services.publish(actor=SYSTEM, row=row)
    assert row.node.state == State.PUBLIC and row.node.revisions.count() == 1
    with pytest.raises(Conflict):
        services.publish(actor=SYSTEM, row=row)


def test_a_part_waits_for_its_strategy() -> None:
    row = make_orientation(make_strategy(public=False), public=False)
    assert set(refused(lambda: services.publish(actor=SYSTEM, row=row))) == {"__all__"}


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_number_is_free_and_announced(number: int) -> None:
    strategy = make_strategy()
    make_orientation(strategy, 1)
    found = refused(
        lambda: services.add_orientation(
            actor=SYSTEM, strategy=strategy, title=both("Autre"), number=number
        )
    )
    assert set(found) == {"number"}
    assert strategy.orientations.count() == 1


def test_fewer_parts_than_there_are_cannot_be_announced() -> None:
    strategy = make_strategy()
    make_ambition(strategy, 3)
    change = {"ambitions_total": 2}
    found = refused(lambda: services.change(actor=SYSTEM, row=strategy, changes=change))
    assert set(found) == {"ambitions_total"}


def test_a_part_of_another_strategy_is_no_whole() -> None:
    one, other = make_strategy(), make_strategy("autre")
    orientation, ambition = make_orientation(other), make_ambition(other)
    assert set(refused(lambda: make_ambition(one, orientation=orientation))) == {"orientation"}
    assert set(refused(lambda: make_indicator(one, ambition=ambition))) == {"ambition"}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"target_value": None, "target_on": date(2027, 1, 1)}, "target_value"),
        ({"baseline_on": date(2020, 1, 1)}, "baseline_value"),
        ({"target_value": Decimal("1e15")}, "target_value"),
        ({"target_precision": "month"}, "target_precision"),
        ({"sources": ["ftp://nulle-part"]}, "sources"),
        ({"position": 3}, "position"),
    ],
)
def test_a_bad_indicator_is_refused(fields: dict[str, Any], where: str) -> None:
    strategy = make_strategy()
    assert where in refused(lambda: make_indicator(strategy, **fields))
    assert not strategy.indicators.exists()


def test_a_year_is_kept_by_its_last_day() -> None:
    assert make_indicator(make_strategy()).target_on == date(2027, 12, 31)


def test_a_public_target_moves_with_its_reason_in_the_history() -> None:
    row = make_indicator(make_strategy())
    change = {"target_value": Decimal(60)}
    found = refused(lambda: services.change(actor=SYSTEM, row=row, changes=change))
    assert set(found) == {"reason"}
    row.refresh_from_db()
    assert row.target_value == 75
    services.change(actor=SYSTEM, row=row, changes=change, note=both("La loi a changé."))
    kept = row.node.revisions.order_by("-pk").first()
    assert kept is not None and kept.note["fr"] == "La loi a changé."
    assert kept.texts["target_value"] == "60"


def test_the_same_form_twice_makes_one_strategy() -> None:
    organisation = make_organisation()

    def send(title: str) -> Any:
        return services.create_strategy(
            actor=SYSTEM,
            title=both(title),
            organisation=organisation,
            key=IdempotencyKey.of("strategy", "abc", title),
        )

    assert send("Une").pk == send("Une").pk
    with pytest.raises(Conflict):
        send("Deux")
    assert Node.objects.filter(kind="strategy").count() == 1


# --- who may ------------------------------------------------------------------------------------
def test_a_coordinator_of_another_organisation_changes_nothing() -> None:
    strategy = make_strategy()
    person = make_person(email="ailleurs@test.example")
    Role.objects.create(
        person=person, role="coordinator", scope=make_organisation("ailleurs", "Ailleurs").node
    )
    actor = actor_for(person)
    indicator = make_indicator(strategy)
    measure, pillar = make_measure(indicator), make_pillar()
    other = make_node("commitment", "un")
    for act in (
        lambda: services.change(actor=actor, row=strategy, changes={}),
        lambda: services.publish(actor=actor, row=indicator),
        lambda: services.add_ambition(actor=actor, strategy=strategy, title=both("A"), number=1),
        lambda: services.define_pillar(
            actor=actor, pillar="innovation", title=both("I"), definition=both("D")
        ),
        lambda: services.define_pillar(
            actor=actor, pillar="transparency", title=both("T"), definition=both("D")
        ),
        lambda: measures.remove_measure(actor=actor, measure=measure, reason=both("Non.")),
        lambda: ties.attach(actor=actor, place=pillar, other=other, reason=both("Oui.")),
        lambda: ties.detach(actor=actor, place=pillar, other=other),
    ):
        with pytest.raises(Forbidden):
            act()
    assert Pillar.objects.count() == 1 and Measure.objects.count() == 1


def test_nobody_is_asked_to_sign_in() -> None:
    from parvis.core.access import NOBODY

    with pytest.raises(SignInNeeded):
        services.change(actor=NOBODY, row=make_strategy(), changes={})


def test_a_coordinator_of_the_organisation_manages_its_parts() -> None:
    organisation = make_organisation()
    person = make_person(email="ici@test.example")
    Role.objects.create(person=person, role="coordinator", scope=organisation.node)
    strategy = make_strategy(organisation=organisation)
    row = services.add_orientation(
        actor=actor_for(person), strategy=strategy, title=both("O"), number=1
    )
    assert row.node.state == State.DRAFT


# --- measures -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"on": date(2025, 3, 31)}, "on"),
        ({"on": timezone.localdate() + timedelta(days=1)}, "on"),
        ({"source_url": ""}, "source_url"),
        ({"source_url": "barometre"}, "source_url"),
        ({"source_title": "x" * 201}, "source_title"),
        ({"value": "12345678901234567890"}, "value"),
        ({"note": {"fr": "x" * 301}}, "note"),
    ],
)
def test_a_bad_value_is_refused(more: dict[str, Any], where: str) -> None:
    indicator = make_indicator(make_strategy())
    make_measure(indicator)
    given = {"on": date(2025, 6, 30), **more}
    assert where in refused(lambda: make_measure(indicator, **given))
    assert indicator.measures.count() == 1


def test_a_value_is_required() -> None:
    indicator = make_indicator(make_strategy())
    found = refused(
        lambda: measures.record_measure(
            actor=SYSTEM, indicator=indicator, on=date(2025, 1, 1), value=None, source_url=SOURCE
        )
    )
    assert set(found) == {"value"}


def test_a_correction_and_a_removal_say_why_and_stay_in_the_history() -> None:
    indicator = make_indicator(make_strategy())
    row = make_measure(indicator)
    change = {"value": Decimal("41")}
    found = refused(
        lambda: measures.correct_measure(actor=SYSTEM, measure=row, changes=change, reason={})
    )
    assert set(found) == {"reason"}
    row.refresh_from_db()
    measures.correct_measure(
        actor=SYSTEM, measure=row, changes=change, reason=both("Faute de frappe.")
    )
    assert set(refused(lambda: measures.remove_measure(actor=SYSTEM, measure=row, reason={}))) == {
        "reason"
    }
    measures.remove_measure(actor=SYSTEM, measure=row, reason=both("Source retirée."))
    said = [
        (rev.texts.get("measures", ""), rev.note.get("fr", ""))
        for rev in indicator.node.revisions.order_by("pk")
    ]
    assert [note for _texts, note in said] == ["", "", "Faute de frappe.", "Source retirée."]
    assert ": 41 (" in said[2][0] and said[3][0] == ""
    events = Event.objects.filter(verb="indicator.measured").order_by("pk")
    assert [event.data["what"] for event in events] == ["recorded", "corrected", "removed"]


# --- pillars and ties ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"pillar": "loyalty"}, "pillar"),
        ({"title": {}}, "title"),
        ({"definition": {}}, "definition"),
        ({"definition": {"fr": "En français seulement."}}, "definition"),
        ({"sources": ["nulle part"]}, "sources"),
    ],
)
def test_a_bad_pillar_is_refused(given: dict[str, Any], where: str) -> None:
    make_site()
    known = {"pillar": "innovation", "title": both("Innovation"), "definition": both("Essayer.")}
    assert where in refused(lambda: services.define_pillar(actor=SYSTEM, **{**known, **given}))


def test_a_pillar_said_again_keeps_its_history() -> None:
    row = make_pillar()
    services.define_pillar(
        actor=make_actor("coordinator"),
        pillar="transparency",
        title=both("Transparence"),
        definition=both("Autrement dit."),
    )
    assert Pillar.objects.get().definition["fr"] == "Autrement dit."
    assert row.node.revisions.count() == 2 and row.node.slug == "transparence"


def test_a_tie_needs_a_reason_something_public_and_the_right_kind() -> None:
    pillar = make_pillar()
    public, draft = make_node("dataset", "jeu"), make_node("document", "note", public=False)
    theme = make_node("theme", "theme")
    assert set(
        refused(lambda: ties.attach(actor=SYSTEM, place=pillar, other=public, reason={}))
    ) == {"reason"}
    assert set(refused(lambda: tie(pillar, draft))) == {"other"}
    assert set(refused(lambda: tie(pillar, theme))) == {"other"}
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    ("kind", "other", "relation", "inwards"),
    [
        ("pillar", "consultation", "serves", True),
        ("orientation", "commitment", "contributes_to", True),
        ("ambition", "plan", "contributes_to", True),
        ("indicator", "dataset", "measured_by", False),
        ("indicator", "document", "evidenced_by", False),
    ],
)
def test_each_place_has_its_relation(kind: str, other: str, relation: str, inwards: bool) -> None:
    strategy = make_strategy()
    place = {
        "pillar": make_pillar,
        "orientation": lambda: make_orientation(strategy),
        "ambition": lambda: make_ambition(strategy),
        "indicator": lambda: make_indicator(strategy),
    }[kind]()
    node = make_node(other, "chose")
    made = tie(place, node)
    ends = (node, place.node) if inwards else (place.node, node)
    assert (made.source, made.relation, made.target) == (ends[0], relation, ends[1])
    assert [thing.pk for thing, _link in ties.tied(place.node)] == [node.pk]
    ties.detach(actor=SYSTEM, place=place, other=node)
    assert not Link.objects.exists()
    with pytest.raises(NotFound):
        ties.detach(actor=SYSTEM, place=place, other=node)
    verbs = Event.objects.filter(verb__startswith="frame.").values_list("verb", flat=True)
    assert sorted(verbs) == ["frame.tied", "frame.untied"]
