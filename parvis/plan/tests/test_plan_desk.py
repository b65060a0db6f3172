"""The coordinators' desk, by its pages: forms kept on error, nobody else comes in."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from parvis.core.models import Event, Node, State
from parvis.plan import queries
from parvis.plan.models import Commitment, Evaluation, Milestone, Plan, Response
from parvis.plan.tests.plan_factories import (
    make_commitment,
    make_milestone,
    make_plan,
    make_report,
    make_response,
    make_theme,
)
from tests.factories import make_consultation, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    """A client signed in as a coordinator."""
    client.force_login(make_person("coordinator"))
    return client


def typed(response):
    """Return the values that a form's page holds, ready to be sent again."""
    form = response.context["form"]
    data = {}
    for field in form:
        value = field.value()
        if hasattr(field.field.widget, "decompress"):
            parts = (
                value
                if isinstance(value, list)
                else field.field.widget.decompress(field.field.prepare_value(value))
            )
            for n, part in enumerate(parts):
                data[f"{field.html_name}_{_suffix(field, n)}"] = part or ""
        else:
            value = field.field.prepare_value(value)
            if isinstance(value, bool):
                if value:
                    data[field.html_name] = "on"
            else:
                data[field.html_name] = "" if value is None else value
    return data


def _suffix(field, n):
    return field.field.widget.widgets_names[n].removeprefix("_")


def test_every_page_of_the_desk_is_closed_to_others(client):
    plan = make_plan()
    row = make_commitment(plan)
    milestone = make_milestone(row, "Un jalon")
    consultation = make_consultation().node
    theme = make_theme(consultation, "donnees")
    one, two = plan.node.slug, row.node.slug
    urls = [
        reverse("desk_plans"),
        reverse("plan_new"),
        reverse("plan_edit", args=[one]),
        reverse("plan_close", args=[one]),
        reverse("commitment_new", args=[one]),
        reverse("plan_evaluation_new", args=[one]),
        reverse("commitment_edit", args=[two]),
        reverse("milestone_new", args=[two]),
        reverse("milestone_edit", args=[two, milestone.node.slug]),
        reverse("progress_report", args=[two]),
        reverse("evaluation_new", args=[two]),
        reverse("desk_responses", args=[consultation.slug]),
        reverse("response_edit", args=[consultation.slug, theme.slug]),
    ]
    posts = [reverse("plan_publish", args=[one]), reverse("commitment_publish", args=[two])]
    before = Event.objects.count()
    assert all(url.startswith("/fr/bureau/") for url in [*urls, *posts])
    assert {client.get(url).status_code for url in urls} <= {401, 302}
    for role in (None, "analyst", "steward", "operator"):
        client.force_login(make_person(role))
        assert {client.get(url).status_code for url in urls} == {403}
        assert {client.post(url, {"title_fr": "x"}).status_code for url in urls[1:11]} == {403}
        assert {client.post(url).status_code for url in posts} == {403}
    assert Event.objects.count() == before
    client.force_login(make_person("coordinator"))
    for url in urls:
        page = client.get(url)
        assert page.status_code == 200, url
        assert page["Cache-Control"] == "private, no-store"


def test_from_an_empty_site_to_a_public_commitment(desk):
    make_site()
    organisation = make_organisation("sct")
    page = desk.get(reverse("plan_new"))
    data = typed(page)
    data |= {"title_fr": "Plan 2027", "title_en": "Plan 2027", "organisation": organisation.pk,
             "summary_fr": "Un plan.", "summary_en": "A plan.", "ends": "2028-03-31",
             "notes_fr": "Un.\nDeux.", "notes_en": "One.\nTwo.",
             "sources": "https://example.org/a\nhttps://example.org/b"}  # fmt: skip
    assert desk.post(reverse("plan_new"), data).status_code == 303
    assert desk.post(reverse("plan_new"), data).status_code == 303
    plan = Plan.objects.select_related("node").get()
    assert plan.sources == ["https://example.org/a", "https://example.org/b"]
    assert plan.notes == [{"fr": "Un.", "en": "One."}, {"fr": "Deux.", "en": "Two."}]
    assert desk.post(reverse("plan_publish", args=[plan.node.slug])).status_code == 303
    new = reverse("commitment_new", args=[plan.node.slug])
    data = typed(desk.get(new))
    data |= {"title_fr": "Ouvrir", "title_en": "Open", "number": "1", "lead_fr": "SCT",
             "lead_en": "SCT"}  # fmt: skip
    assert desk.post(new, data).status_code == 303
    row = Commitment.objects.select_related("node").get()
    add = reverse("milestone_new", args=[row.node.slug])
    data = typed(desk.get(add)) | {"title_fr": "Un jalon", "title_en": "A milestone"}
    assert desk.post(add, data).status_code == 303
    assert desk.post(reverse("commitment_publish", args=[row.node.slug])).status_code == 303
    page = desk.get(reverse("commitment", args=[row.node.slug]))
    assert page.status_code == 200 and "Un jalon" in page.content.decode()
    listed = desk.get(reverse("desk_plans")).content.decode()
    assert reverse("progress_report", args=[row.node.slug]) in listed


def test_saving_a_plan_as_it_is_changes_nothing(desk):
    plan = make_plan(notes=[{"fr": "a", "en": "b"}], sources=["https://example.org/"])
    url = reverse("plan_edit", args=[plan.node.slug])
    assert desk.post(url, typed(desk.get(url))).status_code == 303
    again = Plan.objects.select_related("node").get(pk=plan.pk)
    for name in ("summary", "starts", "ends", "ends_precision", "notes", "sources"):
        assert getattr(again, name) == getattr(plan, name), name
    assert again.node.revisions.count() == 1


def test_a_wrong_plan_comes_back_as_it_was_typed(desk):
    plan = make_plan()
    url = reverse("plan_edit", args=[plan.node.slug])
    data = typed(desk.get(url))
    data |= {"sources": "pas une adresse", "summary_fr": "Texte gardé"}
    page = desk.post(url, data)
    html = page.content.decode()
    assert page.status_code == 422
    assert "Texte gardé" in html and "pas une adresse" in html and "error-summary" in html
    moved = typed(desk.get(url)) | {"ends": "2028-12-31"}
    page = desk.post(url, moved)
    assert page.status_code == 422 and "dites pourquoi" in page.content.decode()
    assert desk.post(url, moved | {"note_fr": "Retard.", "note_en": "Late."}).status_code == 303
    lines = typed(desk.get(url)) | {"notes_fr": "a\nb", "notes_en": "a"}
    assert desk.post(url, lines).status_code == 422
    assert Plan.objects.get(pk=plan.pk).ends.year == 2028


def test_publishing_says_what_is_missing(desk):
    plan = make_plan(public=False, summary={})
    back = desk.post(reverse("plan_publish", args=[plan.node.slug]), follow=True)
    assert "Dites en quelques phrases" in back.content.decode()
    assert desk.get(reverse("plan_publish", args=[plan.node.slug])).status_code == 405


def test_the_report_form_asks_why_and_keeps_what_was_typed(desk):
    row = make_commitment(make_plan())
    milestone = make_milestone(row, "Le portail")
    url = reverse("progress_report", args=[row.node.slug])
    data = typed(desk.get(url))
    data |= {"completion": "limited", "text_fr": "Le portail avance."}
    page = desk.post(url, data)
    html = page.content.decode()
    assert page.status_code == 422
    assert "Le portail avance." in html and "dites pourquoi" in html
    assert row.updates.count() == 0
    data |= {"why_fr": "Manque de personnel.", "nothing_external": "on",
             "milestone": str(milestone.pk), "milestone_reached": "true"}  # fmt: skip
    assert desk.post(url, data).status_code == 303
    assert desk.post(url, data).status_code == 303
    assert row.updates.count() == 1
    update = queries.last_update(row)
    assert (update.milestones_reached, update.milestones_total) == (1, 1)
    assert update.reported_on == timezone.localdate()
    public = desk.get(reverse("commitment", args=[row.node.slug])).content.decode()
    assert "Manque de personnel." in public
    other = dict(data, text_fr="Autre contenu sous la même clé.")
    assert desk.post(url, other).status_code == 409
    tomorrow = timezone.localdate() + timedelta(days=1)
    bad = typed(desk.get(url)) | {"completion": "complete", "text_fr": "Fait.",
                                  "reported_on": tomorrow.isoformat()}  # fmt: skip
    assert desk.post(url, bad).status_code == 422
    assert desk.post(url, bad | {"reported_on": "hier"}).status_code == 422
    assert desk.post(url, bad | {"milestone": "x"}).status_code == 422
    draft = make_commitment(row.plan, "2", public=False)
    assert desk.get(reverse("progress_report", args=[draft.node.slug])).status_code == 404


def test_a_milestone_is_changed_with_its_reason(desk):
    row = make_commitment(make_plan())
    milestone = make_milestone(row, "Le portail", ends=timezone.localdate())
    url = reverse("milestone_edit", args=[row.node.slug, milestone.node.slug])
    data = typed(desk.get(url)) | {"ends": "2027-01-31"}
    assert desk.post(url, data).status_code == 422
    assert desk.post(url, data | {"reason_fr": "Grève.", "reason_en": "Strike."}).status_code == 303
    assert Milestone.objects.get(pk=milestone.pk).ends.isoformat() == "2027-01-31"


def test_evaluations_of_a_commitment_and_of_a_plan(desk):
    row = make_commitment(make_plan())
    for url, back in (
        (reverse("evaluation_new", args=[row.node.slug]), "commitment"),
        (reverse("plan_evaluation_new", args=[row.plan.node.slug]), "plan"),
    ):
        data = typed(desk.get(url)) | {"kind": "end", "verifiable": "true"}
        assert desk.post(url, data).status_code == 422
        done = desk.post(url, data | {"text_fr": "Le Comité conclut.", "text_en": "x"})
        assert done.status_code == 303
        slug = row.node.slug if back == "commitment" else row.plan.node.slug
        assert "Le Comité conclut." in desk.get(reverse(back, args=[slug])).content.decode()
    assert set(Evaluation.objects.values_list("verifiable", "relevant")) == {(True, None)}


def test_closing_a_plan_by_its_page(desk):
    plan = make_plan()
    row = make_commitment(plan)
    url = reverse("plan_close", args=[plan.node.slug])
    today = timezone.localdate().isoformat()
    assert desk.post(url, {"closed_on": today}).status_code == 422
    make_report(row)
    assert desk.post(url, {"closed_on": today}).status_code == 303
    page = desk.get(reverse("plan", args=[plan.node.slug])).content.decode()
    assert "Ce plan est terminé" in page
    assert desk.post(url, {"closed_on": today}).status_code == 409


def test_the_desk_of_plans_does_not_grow(desk, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    plan = make_plan()
    seen = []
    for size in (1, 6):
        while plan.commitments.count() < size:
            make_report(make_commitment(plan, str(plan.commitments.count() + 1), milestones=1))
        with CaptureQueriesContext(connection) as caught:
            assert desk.get(reverse("desk_plans")).status_code == 200
        seen.append(len(caught))
    assert seen[0] == seen[1]


def test_a_response_from_draft_to_public_by_its_page(client):
    client.force_login(make_person("adviser"))
    consultation = make_consultation().node
    theme = make_theme(consultation, "donnees", said=3)
    row = make_commitment(make_plan())
    index = reverse("desk_responses", args=[consultation.slug])
    assert "Aucune réponse encore" in client.get(index).content.decode()
    url = reverse("response_edit", args=[consultation.slug, theme.slug])
    data = typed(client.get(url)) | {"verdict": "retained", "reason_fr": "Un bon motif."}
    page = client.post(url, data | {"publish": "1"})
    assert page.status_code == 422
    assert "Un bon motif." in page.content.decode() and "anglais" in page.content.decode()
    # What was typed is kept as a draft, on the page and in the base.
    assert Response.objects.get().node.state == "draft"
    data |= {"commitments": [str(row.pk)], "link_reason_fr": "Même sujet."}
    assert client.post(url, data).status_code == 303
    response = Response.objects.select_related("node").get()
    assert response.node.state == "draft"
    page = client.get(url)
    again = typed(page)
    assert again["reason_fr"] == "Un bon motif." and again["commitments"] == [str(row.pk)]
    again |= {"reason_en": "A good reason.", "publish": "1"}
    assert client.post(url, again).status_code == 303
    led = queries.commitments_of_responses([response.pk])[response.pk]
    assert [(item.node, item.reason) for item in led] == [(row.node, {"fr": "Même sujet."})]
    listed = client.get(index).content.decode()
    assert "1 thème sur 1 a une réponse publique" in listed.replace("\xa0", " ")
    change = typed(client.get(url)) | {"verdict": "already_done"}
    assert client.post(url, change).status_code == 422
    change |= {"existing_url": "https://example.org/", "note_fr": "Précision."}
    assert client.post(url, change).status_code == 303
    public = client.get(reverse("response", args=[response.node.slug])).content.decode()
    assert "Déjà fait" in public and "Précision." in public


def test_the_desk_of_responses_does_not_grow(desk):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    consultation = make_consultation().node
    seen = []
    for size in (2, 8):
        for n in range(len(seen) * 2, size):
            make_response(make_theme(consultation, f"t{size}-{n}"), public=n % 2 == 0)
        with CaptureQueriesContext(connection) as caught:
            page = desk.get(reverse("desk_responses", args=[consultation.slug]))
        assert page.status_code == 200
        seen.append(len(caught))
    assert seen[0] == seen[1]
    assert desk.get(reverse("response_edit", args=[consultation.slug, "rien"])).status_code == 404
    assert desk.get(reverse("desk_responses", args=["rien"])).status_code == 404


def test_evidence_is_attached_detached_and_attached_again(client):
    row = make_commitment(make_plan(), "1")
    thing = Node.objects.create(
        kind="document", slug="bilan", title={"fr": "Le bilan"}, state=State.PUBLIC
    )
    secret = Node.objects.create(kind="document", slug="note", title={"fr": "Une note"})
    url = reverse("commitment_evidence", args=[row.node.slug])
    edit, public = (
        reverse(name, args=[row.node.slug]) for name in ("commitment_edit", "commitment")
    )
    client.force_login(make_person("adviser"))
    assert client.post(url, {"attach": str(thing.pk)}).status_code == 403
    client.force_login(make_person("coordinator"))
    assert ">Le bilan (Document)</option>" in client.get(edit).content.decode()
    for _twice in range(2):
        assert client.post(url, {"attach": str(thing.pk)}).status_code == 303
    assert row.node.links_out.filter(relation="evidenced_by", target=thing).count() == 1
    assert "Le bilan" in client.get(public).content.decode()
    assert 'aria-label="Détacher\u00a0:\u00a0Le bilan"' in client.get(edit).content.decode()
    html = client.post(url, {"detach": str(thing.pk)}, follow=True).content.decode()
    assert "Le bilan\u00a0» est détaché" in html
    assert not row.node.links_out.filter(relation="evidenced_by").exists()
    assert "Le bilan" not in client.get(public).content.decode()
    assert Event.objects.filter(verb="commitment.evidence_detached").count() == 1
    assert client.post(url, {"detach": str(thing.pk)}).status_code == 404
    assert client.post(url, {"attach": str(secret.pk)}).status_code == 422
    for wrong in ("", "x", str(row.pk)):
        html = client.post(url, {"attach": wrong}, follow=True).content.decode()
        assert "Choisissez un document ou un jeu de données." in html
    client.post(url, {"attach": str(thing.pk)})
    assert row.node.links_out.filter(relation="evidenced_by", target=thing).count() == 1
