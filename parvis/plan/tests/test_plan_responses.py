"""Responses: a verdict, its reason in every language, and the thread it writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from parvis.core import knots, revisions, thread
from parvis.core.access import NOBODY, SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid, SignInNeeded
from parvis.core.models import Link, State
from parvis.ledger.models import Leaf
from parvis.plan import queries, responses
from parvis.plan.models import Response
from parvis.plan.tests.plan_factories import (
    both,
    make_commitment,
    make_plan,
    make_report,
    make_response,
    make_theme,
)
from tests.factories import make_actor, make_consultation

pytestmark = pytest.mark.django_db
BOTH = ["fr", "en"]


@pytest.fixture
def consultation():
    """The node of a consultation."""
    return make_consultation().node


def refused(act):
    """Return the fields that a service refuses."""
    with pytest.raises(Invalid) as caught:
        act()
    return set(caught.value.errors)


def test_only_those_who_respond_may(consultation):
    theme = make_theme(consultation, "donnees")
    response = make_response(theme, public=False)
    other = make_theme(consultation, "autre")
    acts = [
        lambda a: responses.draft_response(actor=a, consultation=consultation, themes=[other]),
        lambda a: responses.update_response(actor=a, response=response, changes={}),
        lambda a: responses.publish_response(actor=a, response=response),
    ]
    for act in acts:
        for role in (None, "analyst", "steward", "operator"):
            with pytest.raises(Forbidden):
                act(make_actor(role, f"{role}{id(act)}@test.example"))
        with pytest.raises(SignInNeeded):
            act(NOBODY)
    responses.publish_response(actor=make_actor("adviser"), response=response)


def test_a_draft_writes_no_link_and_is_counted_nowhere(consultation):
    theme = make_theme(consultation, "donnees", said=3)
    row = make_commitment(make_plan())
    response = make_response(theme, row, public=False)
    assert not Link.objects.filter(relation__in=("answered_by", "leads_to")).exists()
    assert queries.responses_of(consultation) == []
    assert queries.responses_of(consultation, drafts=True) == [response]
    assert queries.responses_of_themes([theme.pk]) == {}
    assert queries.response_to(theme) == response
    assert thread.walk(row.node).levels == ()


def test_publishing_joins_theme_response_and_commitment(consultation):
    theme = make_theme(consultation, "donnees", said=3)
    row = make_commitment(make_plan())
    make_report(row)
    response = make_response(theme, row)
    assert response.node.state == State.PUBLIC
    assert response.published_on == timezone.localdate()
    assert queries.responses_of(consultation) == [response]
    assert queries.responses_of_themes([theme.pk]) == {theme.pk: response}
    led = queries.commitments_of_responses([response.pk])[response.pk]
    assert [(item.node, item.reason) for item in led] == [(row.node, both("Même sujet."))]
    walked = {level.kind: level.count for level in thread.walk(row.node).levels}
    assert walked == {"response": 1, "theme": 1, "contribution": 3}
    leaf = Leaf.objects.get(event__verb="response.published")
    assert leaf.on == f"consultation/{consultation.slug}"
    assert set(leaf.members["d"]) == {"sha256", "verdict"}
    drawn = {str(knot.name): knot for knot in knots.knots(theme)}
    assert drawn["Réponse"].count == "retenu"
    assert drawn["Avancement"].state == "current"


def test_publication_is_refused_without_verdict_or_reason_in_each_language(consultation):
    theme = make_theme(consultation, "donnees")
    response = responses.draft_response(actor=SYSTEM, consultation=consultation, themes=[theme])

    def publish(**changes):
        responses.update_response(actor=SYSTEM, response=response, changes=changes)
        return refused(
            lambda: responses.publish_response(actor=SYSTEM, response=response, languages=BOTH)
        )

    assert publish() == {"verdict", "reason"}
    assert publish(verdict="refused") == {"reason"}
    assert publish(reason={"fr": "Hors budget."}) == {"reason"}
    assert publish(reason=both("Hors budget."), follows={"fr": "Rien."}) == {"follows"}
    assert publish(follows={}, verdict="already_done") == {"existing_url"}
    changes = {"existing_url": "https://example.org/existe"}
    responses.update_response(actor=SYSTEM, response=response, changes=changes)
    responses.publish_response(actor=SYSTEM, response=response, languages=BOTH)
    with pytest.raises(Conflict):
        responses.publish_response(actor=SYSTEM, response=response, languages=BOTH)


def test_already_done_may_point_to_a_public_node(consultation):
    theme = make_theme(consultation, "donnees")
    plan = make_plan()
    hidden = make_commitment(plan, public=False)
    response = responses.draft_response(
        actor=SYSTEM, consultation=consultation, themes=[theme],
        fields={
            "verdict": "already_done", "reason": both("C’est fait."),
            "existing_node": hidden.node,
        },
    )  # fmt: skip
    publish = lambda: responses.publish_response(actor=SYSTEM, response=response)  # noqa: E731
    assert refused(publish) == {"existing_url"}
    changes = {"existing_node": plan.node}
    responses.update_response(actor=SYSTEM, response=response, changes=changes)
    publish()


def test_bad_responses_are_refused(consultation):
    theme = make_theme(consultation, "donnees")
    elsewhere = make_theme(make_consultation(slug="autre").node, "ailleurs")

    def draft(themes=(theme,), commitments=None, **fields):
        return lambda: responses.draft_response(
            actor=SYSTEM, consultation=consultation, themes=themes, fields=fields,
            commitments=commitments,
        )  # fmt: skip

    assert refused(draft(themes=[])) == {"themes"}
    assert refused(draft(themes=[elsewhere])) == {"themes"}
    assert refused(draft(themes=[consultation])) == {"themes"}
    assert refused(draft(verdict="maybe")) == {"verdict"}
    assert refused(draft(existing_url="javascript:alert(1)")) == {"existing_url"}
    assert refused(draft(reason={"fr": "x" * 20_001})) == {"reason"}
    assert refused(draft(commitments={consultation: {}})) == {"commitments"}
    assert refused(draft(colour="red")) == {"colour"}
    assert Response.objects.count() == 0
    make_response(theme)
    assert refused(draft()) == {"themes"}


def test_a_commitment_or_theme_that_is_not_public_holds_publication_back(consultation):
    theme = make_theme(consultation, "donnees")
    draft = make_commitment(make_plan(), public=False)
    response = make_response(theme, draft, public=False)
    publish = lambda: responses.publish_response(actor=SYSTEM, response=response)  # noqa: E731
    assert refused(publish) == {"commitments"}
    response = Response.objects.select_related("node__space").get(pk=response.pk)
    assert response.node.state == State.DRAFT
    assert not Link.objects.filter(relation="answered_by").exists()
    responses.update_response(actor=SYSTEM, response=response, changes={}, commitments={})
    theme.state = State.DRAFT
    theme.save()
    assert refused(publish) == {"themes"}
    tomorrow = timezone.localdate() + timedelta(days=1)
    late = lambda: responses.publish_response(  # noqa: E731
        actor=SYSTEM, response=response, published_on=tomorrow
    )
    assert refused(late) == {"published_on"}


def test_a_published_response_changes_in_the_open(consultation):
    theme = make_theme(consultation, "donnees")
    plan = make_plan()
    one, two = make_commitment(plan, "1"), make_commitment(plan, "2")
    response = make_response(theme, one)
    changes = {"verdict": "in_part", "reason": both("Une partie seulement.")}
    half = {**changes, "reason": {"fr": "Une partie seulement."}}

    def change(values):
        return lambda: responses.update_response(
            actor=SYSTEM, response=response, changes=values, languages=BOTH,
            commitments={two.node: both("Autre.")}, note=both("Précision."),
        )  # fmt: skip

    assert refused(change(half)) == {"reason"}
    change(changes)()
    led = queries.commitments_of_responses([response.pk])[response.pk]
    assert [item.node for item in led] == [two.node]
    newest, first = revisions.history(response.node)
    assert newest.note == both("Précision.") and first.first
    assert {change.field for change in newest.changes} == {"verdict", "reason"}
    digests = [
        leaf.members["d"]["sha256"]
        for leaf in Leaf.objects.filter(event__verb="response.published")
    ]
    assert len(digests) == len(set(digests)) == 2
    change(changes)()
    assert Leaf.objects.filter(event__verb="response.published").count() == 2


def test_what_a_rebuilt_consultation_says_is_marked():
    rebuilt = make_consultation(slug="rebuilt", fields={"reconstructed": True}).node
    assert make_response(make_theme(rebuilt, "a")).reconstructed
    assert not make_response(make_theme(make_consultation(slug="vraie").node, "b")).reconstructed


def test_the_queries_of_responses_do_not_grow(consultation, django_assert_num_queries):
    plan = make_plan()
    row = make_commitment(plan, milestones=1)
    make_report(row)
    themes = [make_theme(consultation, "t0")]
    made = [make_response(themes[0], row)]
    for size in (1, 6):
        while len(themes) < size:
            themes.append(make_theme(consultation, f"t{len(themes)}"))
            made.append(make_response(themes[-1], row))
        with django_assert_num_queries(2):
            assert len(queries.responses_of_themes([t.pk for t in themes])) == size
        with django_assert_num_queries(4):
            assert len(queries.commitments_of_responses([r.pk for r in made])) == size
