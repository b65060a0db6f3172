"""What was received, as advisers and analysts read it and say whether it counts."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from parvis.consult import contributions, queries
from parvis.consult.models import Channel, Contribution
from parvis.core.access import NOBODY
from parvis.core.models import Event
from tests.factories import make_actor, make_answer, make_consultation, make_person, survey_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


CAMPAIGN = "Nous demandons tous la même chose : publier les contrats."


@pytest.fixture
def url() -> str:
    return reverse("consult_contributions", args=["plan"])


def _sign(client: Client, role: str = "analyst") -> None:
    client.force_login(make_person(role, f"{role}-list@test.example"))


def _text(html: bytes) -> str:
    return html.decode().replace("\u00a0", " ")


def test_filters_by_channel_fate_activity_and_words(client: Client, url: str) -> None:
    survey = survey_of(make_consultation(with_proposals=True))
    adviser = make_actor("adviser", "saisie@test.example")
    make_answer(survey, {"first": "data", "why": "Il faut ouvrir l’ÉCOLE le soir."})
    paper = make_answer(survey, {"first": "docs", "why": "Des bancs partout."}, actor=adviser,
                        channel=Channel.PAPER)  # fmt: skip
    contributions.set_fate(
        actor=adviser, contribution=paper.contribution, fate="rejected", reason="test"
    )
    _sign(client)

    def shown(query: str) -> tuple[bool, bool]:
        html = _text(client.get(f"{url}?{query}").content)
        return "ÉCOLE le soir" in html, "Des bancs partout" in html

    assert shown("") == (True, True)
    assert shown("channel=paper") == (False, True)
    assert shown("fate=kept") == (True, False)
    assert shown("fate=rejected") == (False, True)
    assert shown("q=ecole soir") == (True, False)
    assert shown("q=bancs soir") == (False, False)
    # "data" is the identifier of an answer, not something that someone wrote.
    assert shown("q=data") == (False, False)
    assert shown("activity=plan-propositions") == (False, False)
    assert shown("activity=plan-questionnaire&channel=web") == (True, False)
    assert shown("channel=autre&fate=autre&activity=autre&same=autre") == (True, True)


def test_withdrawn_contribution_shows_no_text_and_cannot_be_ticked(client, url) -> None:
    survey = survey_of(make_consultation())
    receipt = make_answer(survey, {"first": "data", "why": "À reprendre."})
    holder = NOBODY.holding(receipt.contribution.pk)
    contributions.withdraw(actor=holder, contribution=receipt.contribution)
    _sign(client)
    html = _text(client.get(f"{url}?fate=gone").content)
    assert "Retirée : son texte a été effacé." in html
    assert "À reprendre." not in html and 'name="ids"' not in html
    data = {"ids": [str(receipt.contribution.pk)], "fate": "rejected", "reason": "test"}
    assert client.post(url, data).status_code == 422
    assert Contribution.objects.get().fate == "kept"


def test_same_text_is_flagged_and_listed(client: Client, url: str) -> None:
    survey = survey_of(make_consultation())
    for choice in ("data", "docs", "data"):
        make_answer(survey, {"first": choice, "why": CAMPAIGN})
    make_answer(survey, {"first": "data", "why": "Un autre avis, seul de son genre."})
    for _n in range(2):
        make_answer(survey, {"first": "data", "why": "Rien"})
    _sign(client)
    html = _text(client.get(url).content)
    assert html.count("Même texte dans 2 autres") == 3
    assert "Même texte dans 1 autre<" not in html
    row = Contribution.objects.filter(payload__why=CAMPAIGN).first()
    only = _text(client.get(f"{url}?same={row.pk}").content)
    assert only.count('name="ids"') == 3
    assert "Un autre avis" not in only


def test_several_set_aside_then_kept_again(client: Client, url: str) -> None:
    consultation = make_consultation()
    survey = survey_of(consultation)
    rows = [make_answer(survey, {"first": "data", "why": CAMPAIGN}).contribution for _n in range(3)]
    _sign(client)
    ids = [str(row.pk) for row in rows[:2]]
    place = f"{url}?channel=web"
    done = client.post(place, {"ids": ids, "fate": "rejected", "reason": "duplicate"})
    assert done.status_code == 303
    assert done["Location"] == place
    counts = queries.counts(consultation)
    assert (counts.received, counts.kept, counts.rejected) == (3, 1, 2)
    assert counts.rejected_by == {"duplicate": 2}
    assert Event.objects.filter(verb="answer.rejected").count() == 2
    assert client.post(url, {"ids": ids[:1], "fate": "kept"}).status_code == 303
    assert queries.counts(consultation).kept == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"fate": "rejected", "reason": ""}, "motif"),
        ({"fate": "", "reason": "test"}, "Dites si elles comptent"),
        ({"fate": "rejected", "reason": "impoli"}, "impoli"),
    ],
)
def test_refused_choice_keeps_the_ticks(client, url, data, said) -> None:
    survey = survey_of(make_consultation())
    row = make_answer(survey).contribution
    _sign(client)
    answer = client.post(url, {"ids": [str(row.pk)], **data})
    html = _text(answer.content)
    assert answer.status_code == 422
    assert said in html
    assert f'value="{row.pk}" checked' in html
    assert Contribution.objects.get().fate == "kept"


def test_nothing_ticked_or_somebody_elses_is_refused(client: Client, url: str) -> None:
    make_consultation()
    other = make_answer(survey_of(make_consultation(slug="autre"))).contribution
    _sign(client)
    for ids in ([], ["pas-un-identifiant"], [str(other.pk)]):
        answer = client.post(url, {"ids": ids, "fate": "rejected", "reason": "test"})
        assert answer.status_code == 422
        assert "Cochez au moins une contribution" in _text(answer.content)
    assert Contribution.objects.get().fate == "kept"


@pytest.mark.parametrize("role", [None, "operator", "steward", "coordinator"])
def test_other_roles_read_nothing(client: Client, url: str, role: str | None) -> None:
    row = make_answer(survey_of(make_consultation())).contribution
    client.force_login(make_person(role, "x@test.example"))
    assert client.get(url).status_code == 403
    data = {"ids": [str(row.pk)], "fate": "rejected", "reason": "test"}
    assert client.post(url, data).status_code == 403
    assert Contribution.objects.get().fate == "kept"


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_same_number_of_queries_whatever_the_number(client: Client, url: str) -> None:
    survey = survey_of(make_consultation(with_proposals=True))
    _sign(client)
    overview = reverse("consult_desk", args=["plan"])
    client.force_login(make_person("adviser", "lead@test.example"))
    for n in range(2):
        make_answer(survey, {"first": "data", "why": f"Une raison assez longue, {n}."})
    few = (_queries(client, url), _queries(client, f"{url}?q=raison"), _queries(client, overview))
    for n in range(2, 45):
        make_answer(survey, {"first": "data", "why": f"Une raison assez longue, {n}."})
    many = (_queries(client, url), _queries(client, f"{url}?q=raison"), _queries(client, overview))
    assert few == many
    html = _text(client.get(f"{url}?page=3&q=raison").content)
    assert html.count('name="ids"') == 5
