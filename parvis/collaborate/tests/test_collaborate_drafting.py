"""Writing together: each right, each bad input, versions, what moderation withdraws."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from parvis.collaborate import drafting as writing
from parvis.collaborate.models import Change, Drafting, Passage
from parvis.collaborate.tests.collaborate_factories import (
    ago,
    both,
    make_change,
    make_committee,
    make_draft,
    make_speaker,
    plain,
)
from parvis.core import kinds, revisions
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Closed, Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from parvis.core.events import IdempotencyKey
from parvis.core.models import Event, State
from parvis.moderation import services as moderation
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')


def refusal(act: Any, *args: Any, **kwargs: Any) -> set[str]:
    """Return the fields that a service refuses."""
    with pytest.raises(Invalid) as found:
        act(*args, **kwargs)
    return set(found.value.errors)


def settle(change: Change, adopt: bool = True, **more: Any) -> Change:
    """Decide on a change."""
    known = {"actor": SYSTEM, "decision": both("Plus clair."), **more}
    return writing.settle_change(change=change, adopt=adopt, **known)


def test_a_member_opens_a_text_cut_at_its_blank_lines() -> None:
    committee = make_committee()
    member = make_speaker(committee)
    key = IdempotencyKey.of("d", "k", "x")
    draft = make_draft(committee, actor=member, key=key)
    assert make_draft(committee, actor=member, key=IdempotencyKey.of("d", "k", "x")).pk == draft.pk
    assert [row.text["en"] for row in draft.passages.all()] == [
        "Publish the budgets.", "Every year, in April.",
    ]  # fmt: skip
    assert draft.node.state == State.PUBLIC and draft.is_open
    assert writing.whole_text(draft)["fr"] == "Publier les budgets.\n\nChaque année, en avril."


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"title": {"en": "Only"}}, {"title"}),
        ({"text": {}}, {"text"}),
        ({"text": {"en": "Only English"}}, {"text"}),
        ({"text": {"fr": "Un\n\nDeux", "en": "One"}}, {"text"}),
        ({"text": {"fr": "\n\n".join(["x"] * 61)}}, {"text"}),
        ({"text": {"fr": "x" * 3_501}}, {"text"}),
        ({"open_to": "nobody"}, {"open_to"}),
        ({"intro": {"de": "Nein"}}, {"intro"}),
    ],
)
def test_a_bad_text_is_refused(more: dict[str, Any], wrong: set[str]) -> None:
    assert refusal(make_draft, make_committee(), **more) == wrong
    assert not Drafting.objects.exists()


def test_who_may_open_propose_and_decide() -> None:
    committee, other = make_committee(), make_committee("autre")
    with pytest.raises(Forbidden):
        make_draft(committee, actor=make_actor())
    with pytest.raises(Forbidden):
        make_draft(committee, actor=make_speaker(other, "autre@test.example"))
    with pytest.raises(NotFound):
        make_draft(make_committee("secret", public=False))
    member, past = make_speaker(committee), make_speaker(committee, "ex@test.example", ends=ago(1))
    draft, citizen = make_draft(committee), make_actor(email="dame@test.example")
    for actor, error in ((NOBODY, SignInNeeded), (citizen, Forbidden), (past, Forbidden)):
        with pytest.raises(error):
            make_change(draft, actor=actor)
    mine = make_change(draft, actor=member)
    assert mine.author_name == "membre"
    with pytest.raises(Forbidden):
        settle(mine, actor=member)
    for actor in (citizen, past):
        with pytest.raises(Forbidden):
            settle(mine, actor=actor)
        with pytest.raises(Forbidden):
            writing.change_drafting(actor=actor, drafting=draft, changes={"closed": True})
    writing.change_drafting(actor=member, drafting=draft, changes={"open_to": "everybody"})
    theirs = make_change(draft, actor=citizen)
    assert theirs.author_name == ""
    settle(theirs, actor=member)
    settle(mine, adopt=False, actor=make_actor("coordinator"))


def test_adopted_words_are_a_new_version_with_its_difference() -> None:
    draft = make_draft(make_committee())
    change = make_change(draft, 1, "Publier tous les budgets.")
    stale = make_change(draft, 1, "Ne rien publier.")
    key = IdempotencyKey.of("s", "k", "x")
    settle(change, key=key)
    settle(change, key=IdempotencyKey.of("s", "k", "x"))
    passage = Passage.objects.get(drafting=draft, position=1)
    assert passage.version == 2 and passage.text["fr"] == "Publier tous les budgets."
    newest = revisions.history(draft.node)[0]
    assert newest.note == both("Plus clair.")
    french = next(one for one in newest.changes if one.language == "fr")
    assert ("insert", "tous") in french.runs and french.field == "passage-1"
    assert refusal(settle, stale) == {"adopt"}
    settle(stale, adopt=False)
    with pytest.raises(Conflict):
        settle(change, adopt=False)
    verbs = list(Event.objects.filter(verb__startswith="passage.").values_list("verb", flat=True))
    assert verbs == ["passage.proposed", "passage.proposed", "passage.adopted", "passage.refused"]


def test_a_language_that_is_left_out_falls() -> None:
    draft = make_draft(make_committee())
    settle(make_change(draft, 2, text={"fr": "Chaque mois de mai."}))
    assert draft.passages.get(position=2).text == {"fr": "Chaque mois de mai."}
    assert set(writing.whole_text(draft)) == {"fr"}


def test_bad_changes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    draft, actor = make_draft(make_committee(), open_to="everybody"), make_actor()
    for more, wrong in (
        ({"text": {}}, {"text"}),
        ({"text": {"en": "Only"}}, {"text"}),
        ({"text": {"fr": "x" * 3_501}}, {"text"}),
        ({"text": {"fr": "Publier les budgets.", "en": "Publish the budgets."}}, {"text"}),
        ({"reason": " "}, {"reason"}),
        ({"reason": "x" * 1_001}, {"reason"}),
    ):
        assert refusal(make_change, draft, actor=actor, **more) == wrong, more
    monkeypatch.setattr(writing, "PROPOSED_MAX", 1)
    change = make_change(draft, actor=actor)
    assert refusal(make_change, draft, actor=actor) == {"__all__"}
    assert refusal(settle, change, decision={"en": "Yes"}) == {"decision"}
    assert refusal(
        writing.change_drafting, actor=SYSTEM, drafting=draft, changes={"title": "x"}
    ) == {"title"}  # fmt: skip


def test_a_closed_text_takes_nothing_more_until_it_is_reopened() -> None:
    draft = make_draft(make_committee())
    change = make_change(draft)
    writing.change_drafting(actor=SYSTEM, drafting=draft, changes={"closed": True})
    change = Change.objects.select_related("passage__drafting__committee__node").get(pk=change.pk)
    with pytest.raises(Closed):
        make_change(draft)
    with pytest.raises(Closed):
        settle(change)
    writing.change_drafting(actor=SYSTEM, drafting=draft, changes={"closed": False})
    change = Change.objects.select_related("passage__drafting__committee__node").get(pk=change.pk)
    settle(change)


def test_a_withdrawn_change_keeps_its_place_and_cannot_be_adopted(client: Client) -> None:
    draft = make_draft(make_committee(), open_to="everybody")
    change = make_change(draft, 1, "Des injures.", actor=make_actor())
    moderation.hide(
        actor=make_actor("adviser"), node=change.node, rule="insult", motive="Insultant."
    )
    body = plain(client.get(reverse("drafting", args=[draft.node.slug])).content.decode())
    assert "Des injures." not in body and "Retiré par la modération" in body
    with pytest.raises(Conflict):
        settle(change)
    assert client.get(kinds.url(draft.node)).status_code == 200


def test_pages_by_forms_alone_from_opening_to_decision(client: Client) -> None:
    committee, person = make_committee(), make_person(email="membre@test.example")
    make_speaker(committee, person.email)
    client.force_login(person)
    base = f"/fr/collaborer/comites/{committee.node.slug}/textes/"

    def send(one: Client, url: str, **data: Any) -> Any:
        page = one.get(url)
        assert page.status_code == 200, (url, page.status_code)
        key = KEY.search(page.content.decode())
        assert key is not None
        return one.post(url, {**data, "key": key[1]})

    bad = send(client, base, title_fr="Titre", text_fr="Un\n\nDeux", text_en="One",
               open_to="everybody")  # fmt: skip
    assert bad.status_code == 422 and "Deux" in bad.content.decode()
    done = send(client, base, title_fr="Titre", text_fr="Un\n\nDeux", open_to="everybody")
    draft = Drafting.objects.get()
    page = f"/fr/collaborer/textes/{draft.node.slug}/"
    assert done["Location"] == page
    citizen = Client()
    assert citizen.get(f"{page}passages/2/").status_code in {302, 401}
    citizen.force_login(make_person(email="dame@test.example"))
    assert citizen.get(f"{page}passages/9/").status_code == 404
    done = send(citizen, f"{page}passages/2/", text_fr="Deux fois", reason="Encore.")
    change = Change.objects.get()
    assert done["Location"] == f"{page}#c-{change.node.slug}"
    assert citizen.get(f"/fr/collaborer/changements/{change.pk}/").status_code == 403
    body = plain(citizen.get(page).content.decode())
    assert "fois</ins>" in body and "Adopter ou refuser" not in body and "Encore." in body
    assert "Adopter ou refuser" in client.get(page).content.decode()
    url = f"/fr/collaborer/changements/{change.pk}/"
    assert send(client, url, adopt="yes").status_code == 422
    assert send(client, url, adopt="yes", decision_fr="Oui.").status_code == 303
    history = plain(client.get(f"{page}historique/").content.decode())
    assert "Passage 2" in history and "<ins>fois</ins>" in history
    assert send(client, f"{page}reglages/", open_to="members", closed="on").status_code == 303
    body = plain(client.get(page).content.decode())
    assert "Fermé le" in body and "Proposer un changement" not in body
    english = plain(client.get(f"/en/collaborate/drafts/{draft.node.slug}/").content.decode())
    assert "Changes to decide" in english and 'lang="fr-CA">Un' in english


def test_a_page_costs_the_same_with_few_and_many(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    committee = make_committee()
    small, text = make_draft(committee), {"fr": "\n\n".join(f"Passage {n}." for n in range(30))}
    large = make_draft(committee, "Long", text=text)
    for n in range(1, 21):
        make_change(large, n, f"Autre passage {n}.")
    for draft in (small, large):
        with django_assert_max_num_queries(9):
            client.get(reverse("drafting", args=[draft.node.slug]))


def test_somebody_without_name_is_told_of_as_such(client: Client) -> None:
    draft = make_draft(make_committee(), open_to="everybody")
    person = make_person(email="sans.nom@test.example")
    make_change(draft, actor=actor_for(person))
    named = make_person(email="nom@test.example")
    named.display_name = "Ginette"
    named.save()
    make_change(draft, 2, "Chaque mois.", actor=actor_for(named))
    body = client.get(reverse("drafting", args=[draft.node.slug])).content.decode()
    assert "une personne qui a un compte" in body and "Ginette" in body
    assert "test.example" not in body
