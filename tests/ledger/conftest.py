"""A register of its own for each test, and the last word of the public auditor on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from parvis.consult import contributions
from parvis.consult.models import Contribution
from parvis.ledger import openings, sequencer
from parvis.ledger.store import Store
from parvis.merkle.audit import Report, audit
from tests.factories import make_consultation, survey_of

VECTORS = Path(__file__).parents[1] / "merkle" / "vectors"


@pytest.fixture
def home(settings, tmp_path):
    """A home with no register yet."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    return settings.HOME


@pytest.fixture
def store(home) -> Store:
    return Store.here()


@pytest.fixture
def run(home) -> Callable[[], Report]:
    """Sequence everything, then audit the published files like anybody would."""

    def sequence_and_audit() -> Report:
        while sequencer.run_once():
            pass
        place = Store.here()
        return audit(place, place.verifier, openings=openings.current())

    return sequence_and_audit


@pytest.fixture
def consultation(db, home):
    return make_consultation(with_proposals=True)


@pytest.fixture
def survey(consultation):
    return survey_of(consultation)


@pytest.fixture
def proposals(consultation):
    return consultation.activities.select_related("node", "consultation__node").get(
        method="proposals"
    )


def parts_of(ids):
    """What the ledger committed to, as the tables hold it now."""
    rows = Contribution.objects.filter(pk__in=ids).select_related(
        "node", "activity__node", "activity__consultation__node"
    )
    out = {}
    for row in rows:
        family, _on = contributions._ledger_place(row.activity)
        out[row.pk] = contributions._parts(family, row)
    return out
