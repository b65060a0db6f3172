"""Published counts are the recount of the leaves, and the site's figures must be the same."""

import pytest

from parvis.consult import contributions, queries
from parvis.core.access import NOBODY
from parvis.core.models import Event
from parvis.ledger import reading, sequencer
from parvis.ledger.counts import CountsDiffer, publish_counts
from parvis.ledger.models import Leaf
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.state import LogState
from parvis.methods.proposals import services
from tests.factories import make_actor, make_answer
from tests.ledger.helpers import accept


def shown(consultation):
    """What the site's own pages count, from the tables."""

    def figures():
        out = {}
        for activity in queries.activities_of(consultation):
            counts = queries.counts(consultation, activity)
            if activity.method == "survey":
                out[f"survey/{activity.node.slug}"] = {"kept": counts.kept}
            else:
                out[f"consultation/{consultation.node.slug}"] = {
                    "received": counts.received,
                    "visible": counts.kept,
                    "withdrawn": counts.withdrawn,
                    "moderated": counts.hidden + counts.rejected,
                }
        return out

    return figures


def state_of(store):
    state = LogState(store.origin)
    for entry in reading.entries(0, 10_000):
        state.apply(merkle_leaf.parse(entry.raw))
    return state


@pytest.fixture
def acts(consultation, survey, proposals):
    analyst = make_actor("analyst")
    answers = [make_answer(survey).contribution for _ in range(6)]
    holders = [NOBODY.holding(answer.pk) for answer in answers]
    contributions.change(actor=holders[0], contribution=answers[0], payload={"first": "docs"})
    contributions.withdraw(actor=holders[1], contribution=answers[1])
    for number, fate in ((2, "rejected"), (3, "rejected"), (3, "kept")):
        reason = "duplicate" if fate == "rejected" else ""
        contributions.set_fate(
            actor=analyst, contribution=answers[number], fate=fate, reason=reason
        )
    for title in ("Un", "Deux", "Trois"):
        receipt = services.propose(
            actor=analyst, activity=proposals, title=title, body="Parce que."
        )
    contributions.withdraw(actor=analyst, contribution=receipt.contribution)
    return answers


def test_equal_the_tables_the_recount_and_the_audit(consultation, acts, run, store):
    events = publish_counts(consultation.node, shown(consultation))
    report = run()
    assert report.ok and report.kinds["count.published"] == 2
    state = state_of(store)
    published = {leaf.on: leaf.members["d"] for leaf in Leaf.objects.filter(event__in=events)}
    survey, place = "survey/plan-questionnaire", "consultation/plan"
    assert published[survey] == {
        "answers": 8,
        "kept": 4,
        "rejected": 4,
        "rejected_by": {"replaced": 1, "withdrawn": 1, "duplicate": 2},
    }
    assert published[place] == {
        "received": 3,
        "visible": 2,
        "withdrawn": 1,
        "moderated": 0,
        "supports": 0,
    }
    for on, figures in published.items():
        assert figures.items() <= state.counts(on).items()


def test_again_after_more(consultation, survey, acts, run):
    for _ in range(3):
        publish_counts(consultation.node, shown(consultation))
        make_answer(survey)
        sequencer.run_once()
    assert run().ok


def test_a_deleted_answer_is_not_published_over(consultation, acts, store):
    acts[4].node.delete()
    before = Event.objects.count()
    with pytest.raises(CountsDiffer) as refusal:
        publish_counts(consultation.node, shown(consultation))
    assert refusal.value.differences == ("survey/plan-questionnaire: kept is 3, recounted 4",)
    assert Event.objects.count() == before


def test_a_false_count_written_by_hand_is_not_signed(db, store, run):
    from django.db import transaction

    from parvis.core.events import emit

    accept(3)
    with transaction.atomic():
        emit("count.published", node=None, data={"answers": 2}, on="survey/questions")
    report = run()
    assert report.ok and "count.published" not in report.kinds
    assert "answers is 2, recounted 3" in Leaf.objects.get(kind="count.published").problem


def test_an_unpublished_subject_has_its_zeros(consultation, run):
    publish_counts(consultation.node, lambda: {"survey/plan-questionnaire": {}})
    assert run().ok
    leaf = Leaf.objects.get(kind="count.published")
    assert leaf.members["d"] == {"answers": 0, "kept": 0, "rejected": 0, "rejected_by": {}}
