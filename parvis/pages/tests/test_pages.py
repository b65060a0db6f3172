"""Editorial pages: what the desk writes, what the public sees, what is refused."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.models import Event, Role, State
from parvis.pages import services
from parvis.pages.models import Page
from parvis.pages.tests.pages_factories import both, make_page
from tests.factories import make_actor, make_organisation, make_person, make_site

pytestmark = pytest.mark.django_db
KEY = re.compile(r'name="key" value="([^"]+)"')
SEEN = re.compile(r'name="seen" value="([^"]+)"')


@pytest.fixture
def desk(client: Client) -> Client:
    """A coordinator's browser."""
    make_site()
    client.force_login(make_person("coordinator"))
    return client


def both_inputs(name: str, words: str) -> dict[str, str]:
    """Return the two inputs of a text by language."""
    return {f"{name}_fr": words, f"{name}_en": f"{words} (en)"}


def send(client: Client, url: str, **data: Any) -> Any:
    """Open a form, then send it with what it carries."""
    page = client.get(url)
    assert page.status_code == 200, url
    text = page.content.decode()
    hidden = {
        name: found.group(1)
        for name, pattern in (("key", KEY), ("seen", SEEN))
        if (found := pattern.search(text))
    }
    return client.post(url, {**hidden, **data})


def written(title: str, body: str) -> dict[str, str]:
    return {**both_inputs("title", title), **both_inputs("summary", "Bref"),
            **both_inputs("body", body)}  # fmt: skip


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


def test_from_a_draft_to_an_old_version_restored(desk: Client) -> None:
    answer = send(desk, "/fr/bureau/pages/nouvelle/", slug="", **written("À propos", "Premier."))
    assert (answer.status_code, answer["Location"]) == (303, "/fr/bureau/pages/a-propos/")
    public, at_desk = Client(), "/fr/bureau/pages/a-propos/"
    assert public.get("/fr/pages/a-propos/").status_code == 404
    assert "Premier." in text_of(desk, f"{at_desk}apercu/")

    desk.post(f"{at_desk}publier/")
    assert "Premier." in text_of(public, "/fr/pages/a-propos/")
    assert "Premier. (en)" in text_of(public, "/en/pages/a-propos/")

    # what is written over it waits, and can be looked at
    answer = send(desk, at_desk, preview="1", **written("À propos", "Deuxième."))
    assert answer["Location"] == f"{at_desk}apercu/"
    assert "Premier." in text_of(public, "/fr/pages/a-propos/")
    assert "Deuxième." in text_of(desk, f"{at_desk}apercu/")
    note = {"note-note_fr": "Plus clair", "note-note_en": "Clearer"}
    desk.post(f"{at_desk}publier/", note)
    assert "Deuxième." in text_of(public, "/fr/pages/a-propos/")
    history = text_of(public, "/fr/pages/a-propos/historique/")
    assert "Plus clair" in history and "<ins>Deuxième.</ins>" in history

    # the first version comes back, by the same way
    first = Page.objects.get().node.revisions.earliest("at").pk
    desk.post(f"{at_desk}restaurer/{first}/")
    assert "Deuxième." in text_of(public, "/fr/pages/a-propos/")
    desk.post(f"{at_desk}publier/")
    assert "Premier." in text_of(public, "/fr/pages/a-propos/")
    assert Page.objects.get().node.revisions.count() == 3

    # and the page is taken back
    desk.post(f"{at_desk}retirer/")
    assert public.get("/fr/pages/a-propos/").status_code == 410
    assert public.get("/fr/pages/a-propos/historique/").status_code == 410
    verbs = Event.objects.filter(node__kind="page").order_by("pk").values_list("verb", flat=True)
    assert list(verbs)[:2] == ["page.drafted", "page.published"]
    assert list(verbs)[-1] == "page.unpublished"


def test_the_same_form_twice_makes_one_page(desk: Client) -> None:
    data = {"key": "abc", "slug": "x", **written("Une page", "Texte.")}
    for _n in range(2):
        assert desk.post("/fr/bureau/pages/nouvelle/", data).status_code == 303
    assert Page.objects.count() == 1
    other = {**data, **both_inputs("title", "Autre")}
    assert desk.post("/fr/bureau/pages/nouvelle/", other).status_code == 409


def test_two_editors_lose_nothing(desk: Client) -> None:
    page = make_page()
    url = "/fr/bureau/pages/a-propos/"
    seen = services.seen_of(page)
    services.save_page(actor=SYSTEM, page=page, texts={**services.texts_of(page),
                                                       "body": both("Le sien.")})  # fmt: skip
    answer = desk.post(url, {"seen": seen, **written("À propos", "Le mien.")})
    text = answer.content.decode()
    assert answer.status_code == 422 and "Le mien." in text
    assert Page.objects.get().working["body"]["fr"] == "Le sien."
    again = {"seen": SEEN.search(text).group(1), **written("À propos", "Le mien.")}
    assert desk.post(url, again).status_code == 303
    assert Page.objects.get().working["body"]["fr"] == "Le mien."


def test_what_is_missing_is_said_before_publication(desk: Client) -> None:
    send(desk, "/fr/bureau/pages/nouvelle/", slug="p", title_fr="Titre", body_fr="Texte")
    page = text_of(desk, "/fr/bureau/pages/p/")
    assert "Il manque" in page or "Manque" in page or "anglais" in page
    desk.post("/fr/bureau/pages/p/publier/")
    assert Page.objects.get().node.state == State.DRAFT
    answer = send(desk, "/fr/bureau/pages/nouvelle/", slug="q", title_en="Only English")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "texts", [{"title": {}}, {"title": both("x" * 201)}, {"body": both("x" * 20_001)},
              {"summary": {"de": "Kurz"}}, {"summary": "du texte"}],
)  # fmt: skip
def test_texts_that_are_refused(texts: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        make_page(**texts)
    assert not Page.objects.exists()


def test_services_refuse_what_makes_no_sense() -> None:
    page = make_page()
    other = make_page("autre")
    with pytest.raises(Conflict):
        services.publish_page(actor=SYSTEM, page=page)
    with pytest.raises(Conflict):
        services.drop_working(actor=SYSTEM, page=page)
    with pytest.raises(Conflict):
        services.restore_page(actor=SYSTEM, page=page, revision=other.node.revisions.get())
    services.unpublish_page(actor=SYSTEM, page=page)
    with pytest.raises(Conflict):
        services.unpublish_page(actor=SYSTEM, page=page)


def test_only_the_whole_site_s_coordinators_and_operators_write() -> None:
    page = make_page()
    for role in ("adviser", "analyst", "steward"):
        with pytest.raises(Forbidden):
            services.publish_page(actor=make_actor(role), page=page)
    from parvis.core.access import actor_for

    local = make_person(email="ailleurs@test.example")
    Role.objects.create(person=local, role="coordinator", scope=make_organisation("ici").node)
    with pytest.raises(Forbidden):
        services.unpublish_page(actor=actor_for(local), page=page)
    services.unpublish_page(actor=make_actor("operator"), page=page)


def test_markdown_runs_nothing(client: Client) -> None:
    bad = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://ailleurs.test/p.png)"
    make_page(body=both(bad))
    text = text_of(client, "/fr/pages/a-propos/")
    assert "<script>alert" not in text and 'href="javascript' not in text
    assert "ailleurs.test" not in text


def test_pages_are_found_and_their_drafts_are_not() -> None:
    page = make_page(body=both("Les microbrasseries patrimoniales."))
    draft = make_page("secret", public=False, body=both("Les microbrasseries secrètes."))
    search.index([page.pk, draft.pk])
    assert [hit.node.pk for hit in search.search("microbrasserie").hits] == [page.pk]


def test_the_desk_costs_the_same_for_many(desk: Client) -> None:
    counts = []
    for size in (2, 8):
        for n in range(Page.objects.count(), size):
            make_page(f"page-{n}")
        with CaptureQueriesContext(connection) as caught:
            assert desk.get("/fr/bureau/pages/").status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 16


def test_a_public_page_may_be_kept_and_holds_no_form(client: Client) -> None:
    make_page()
    with CaptureQueriesContext(connection) as caught:
        answer = client.get("/fr/pages/a-propos/")
    assert "public" in answer["Cache-Control"]
    assert b"csrfmiddlewaretoken" not in answer.content
    assert len(caught) <= 3
    assert len(answer.content) < 40_000
