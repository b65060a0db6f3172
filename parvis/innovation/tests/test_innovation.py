"""Innovation by its pages: read before it shows, open by the clock, what is missing is said."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from parvis.catalogue.tests import catalogue_factories as catalogue
from parvis.core.access import NOBODY, SYSTEM, actor_for
from parvis.core.errors import Conflict, Forbidden, Invalid, TooMany
from parvis.core.logs import mask
from parvis.core.models import Link, Node, State
from parvis.core.search import index, search
from parvis.innovation import places, queries, services
from parvis.innovation.models import Alternative, Call, Helper, Region, Reuse
from parvis.innovation.tests.innovation_factories import (
    FIELDS,
    make_call,
    make_helper,
    make_reuse,
)
from parvis.moderation import services as moderation
from parvis.moderation.guards import HumanForm
from tests.factories import make_actor, make_consultation, make_person, make_site

pytestmark = pytest.mark.django_db


def _form(**more: Any) -> dict[str, Any]:
    opened = HumanForm().fields["opened"].initial
    return {"title": "Une carte", **FIELDS, "opened": opened, "key": "cle-1", **more}


# Reuses -----------------------------------------------------------------------------------------


def test_a_reuse_is_sent_without_account_read_then_shown(client: Client) -> None:
    make_site()
    dataset = catalogue.make_dataset()
    answer = client.post(reverse("reuse_new"), _form(datasets=[str(dataset.pk)]))
    assert answer.status_code == 303
    row = Reuse.objects.get()
    assert row.node.state == State.PRIVATE
    page = client.get(answer["Location"])
    assert "Attend d’être lue" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    code = answer["Location"].rstrip("/").rsplit("/", 1)[-1]
    assert code not in mask(answer["Location"])
    assert client.get(reverse("reuse", args=[row.node.slug])).status_code == 404
    assert "Une carte" not in client.get(reverse("reuses")).content.decode()
    moderator = Client()
    moderator.force_login(make_person("adviser"))
    decide = reverse("reuse_decide", args=[row.pk])
    assert "https://exemple.quebec/carte" in moderator.get(decide).content.decode()
    assert moderator.post(decide, {"choice": "accept"}).status_code == 303
    assert "Une carte" in client.get(reverse("reuses")).content.decode()
    shown = client.get(reverse("reuse", args=[row.node.slug])).content.decode()
    assert 'rel="noopener nofollow ugc"' in shown
    assert dataset.node.title["fr"] in shown
    assert Link.objects.filter(source=row.node, relation="reuses", target=dataset.node).exists()
    assert "Une carte" in client.get(reverse("dataset", args=[dataset.node.slug])).content.decode()
    assert "Publiée" in client.get(answer["Location"]).content.decode()


def test_the_same_form_twice_is_one_reuse(client: Client) -> None:
    form = _form()
    first = client.post(reverse("reuse_new"), form)
    again = client.post(reverse("reuse_new"), form)
    assert first["Location"] == again["Location"]
    assert Reuse.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "pas une adresse"}, "url"),
        ({"description": "x" * 2001}, "description"),
        ({"what": "autre-chose"}, "what"),
        ({"author_name": ""}, "author_name"),
        ({"datasets": ["00000000-0000-0000-0000-000000000000"]}, "datasets"),
        ({"website": "https://robot.example"}, None),
        ({"opened": "faux"}, None),
    ],
)
def test_a_bad_reuse_is_refused_and_kept_in_the_form(
    client: Client, changes: dict[str, Any], field: str | None
) -> None:
    answer = client.post(reverse("reuse_new"), _form(**changes))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert not Reuse.objects.exists()
    assert "Une carte des engagements" in page or field == "description"
    assert f'href="#id_{field}' in page if field else "error-summary" in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example",
                                 "https://a:b@x.example/", "//x.example"])  # fmt: skip
def test_the_service_takes_web_addresses_only(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make_reuse(fields={"url": url})
    assert "url" in refusal.value.errors


def test_a_dataset_that_is_not_public_is_not_chosen() -> None:
    draft = catalogue.make_dataset("secret", public=False)
    with pytest.raises(Invalid):
        make_reuse(datasets=[draft.pk])


def test_a_refusal_says_why_to_its_author_only(client: Client) -> None:
    sent = services.submit_reuse(actor=NOBODY, title="Une publicité", fields=FIELDS)
    moderator = make_actor("adviser")
    with pytest.raises(Invalid):
        services.refuse_reuse(actor=moderator, reuse=sent.reuse, motive={"en": "Advertising"})
    services.refuse_reuse(actor=moderator, reuse=sent.reuse, motive={"fr": "De la publicité."})
    assert (
        "De la publicité." in client.get(reverse("reuse_code", args=[sent.code])).content.decode()
    )
    assert client.get(reverse("reuse", args=[sent.reuse.node.slug])).status_code == 404
    with pytest.raises(Conflict):
        services.accept_reuse(actor=moderator, reuse=sent.reuse)


def test_its_author_takes_it_back_by_the_code_and_nobody_else(client: Client) -> None:
    sent = services.submit_reuse(actor=NOBODY, title="Une carte", fields=FIELDS)
    row = services.accept_reuse(actor=SYSTEM, reuse=sent.reuse)
    with pytest.raises(Forbidden):
        services.withdraw_reuse(actor=make_actor(), reuse=row)
    wrong = reverse("reuse_code", args=["0000-0000-0000-0000-00"])
    assert client.get(wrong).status_code == 404 and client.post(wrong).status_code == 404
    assert "Taken back" not in client.post(reverse("reuse_code", args=[sent.code])).content.decode()
    row.node.refresh_from_db()
    assert row.node.state == State.WITHDRAWN
    page = client.get(reverse("reuse", args=[row.node.slug]))
    assert page.status_code == 410 and FIELDS["description"] not in page.content.decode()
    assert client.post(reverse("reuse_code", args=[sent.code])).status_code == 409


def test_moderation_hides_a_reuse_and_puts_it_back(client: Client) -> None:
    row = make_reuse()
    url = reverse("report", args=[row.pk])
    assert url in client.get(reverse("reuse", args=[row.node.slug])).content.decode()
    moderator = actor_for(make_person("adviser", "moderatrice@test.example"))
    moderation.hide(actor=moderator, node=row.node, rule="advertising", motive="De la publicité.")
    page = client.get(reverse("reuse", args=[row.node.slug]))
    assert page.status_code == 410 and FIELDS["url"] not in page.content.decode()
    assert "Une carte" not in client.get(reverse("reuses")).content.decode()
    moderation.restore(actor=moderator, node=row.node, motive="À tort.")
    assert client.get(reverse("reuse", args=[row.node.slug])).status_code == 200


def test_too_many_that_wait_are_refused_in_words(monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "WAITING_MAX", 1)
    make_reuse(accepted=False)
    with pytest.raises(TooMany):
        make_reuse("Une autre", accepted=False)


def test_what_people_wrote_is_text(client: Client) -> None:
    row = make_reuse("<b>gras</b>", fields={"description": "<script>alert(1)</script>"})
    for url in (reverse("reuse", args=[row.node.slug]), reverse("reuses"), reverse("innovation")):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page and "<b>gras" not in page


def test_the_gallery_narrows_by_dataset_and_kind(client: Client) -> None:
    dataset = catalogue.make_dataset()
    make_reuse("Avec le jeu", datasets=[dataset.pk])
    make_reuse("Un cours", fields={"what": "teaching"})
    page = client.get(reverse("reuses"), {"dataset": dataset.node.slug}).content.decode()
    assert "Avec le jeu" in page and "Un cours" not in page
    page = client.get(reverse("reuses"), {"what": "teaching"}).content.decode()
    assert "Un cours" in page and "Avec le jeu" not in page
    assert client.get(reverse("reuses"), {"dataset": "rien"}).status_code == 404


def test_a_reuse_is_found_by_search() -> None:
    row = make_reuse("Une carte singulière")
    index([row.pk])
    assert [hit.node.pk for hit in search("singuliere").hits] == [row.pk]


# Calls ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "state"),
    [((1, 5), "coming"), ((0, 0), "open"), ((-5, 0), "open"), ((-5, -1), "closed")],
)
def test_calls_open_and_close_by_the_clock(
    client: Client, days: tuple[int, int], state: str
) -> None:
    call = make_call(days=days)
    assert queries.state_of(call) == state
    page = client.get(reverse("call", args=[call.node.slug])).content.decode()
    assert str(queries.STATES[state]) in page
    assert ("Pas encore dit" in page) == (state == "closed")


def test_a_call_is_written_published_and_told_by_its_results(client: Client) -> None:
    client.force_login(make_person("coordinator"))
    form = {"title_fr": "Un hackathon", "what": "hackathon", "summary_fr": "Deux jours."}
    answer = client.post(reverse("call_new"), form)
    assert answer.status_code == 303
    call = Call.objects.get()
    assert client.post(reverse("call_publish", args=[call.node.slug])).status_code == 303
    call.node.refresh_from_db()
    assert call.node.state == State.DRAFT  # no dates yet
    assert Client().get(reverse("call", args=[call.node.slug])).status_code == 404
    dates = {"opens": "2026-01-10", "closes": "2026-01-12", "results_fr": "- Un prototype"}
    client.post(answer["Location"], {**form, **dates})
    client.post(reverse("call_publish", args=[call.node.slug]))
    page = Client().get(reverse("call", args=[call.node.slug])).content.decode()
    assert "<li>Un prototype</li>" in page and str(queries.STATES["closed"]) in page
    wrong = {**form, "opens": "2026-01-12", "closes": "2026-01-10"}
    assert client.post(answer["Location"], wrong).status_code == 422
    call.refresh_from_db()
    assert call.closes == date(2026, 1, 12)


def test_the_database_too_refuses_a_call_that_ends_before_it_starts() -> None:
    call = make_call(public=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(closes=date(2000, 1, 1))


# Who helps --------------------------------------------------------------------------------------


def test_regions_without_anybody_say_so(client: Client) -> None:
    page = client.get(reverse("helpers")).content.decode()
    assert page.count("Personne de connu ici.") == len(Region) == 17
    make_helper()
    page = client.get(reverse("helpers")).content.decode()
    assert page.count("Personne de connu ici.") == 16
    assert "Bibliothèque d’essai" in page and "Vérifié le" in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"what": "person", "agreed": False}, "agreed"), ({"source": ""}, "source"),
        ({"region": "99"}, "region"), ({"url": "javascript:x"}, "url"), ({"helps": {}}, "helps"),
    ],
)  # fmt: skip
def test_bad_helpers_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make_helper(**changes)
    assert field in refusal.value.errors
    assert not Helper.objects.exists()


def test_the_list_as_csv_is_safe_for_spreadsheets(client: Client) -> None:
    make_helper(name="=HYPERLINK(1)")
    answer = client.get(reverse("helpers_csv"))
    assert "'=HYPERLINK(1)" in answer.content.decode()
    assert "lieux-et-personnes.csv" in answer["Content-Disposition"]


def test_a_place_is_added_changed_and_removed_at_the_desk(client: Client) -> None:
    client.force_login(make_person("steward"))
    form = {"what": "place", "name": "Atelier", "region": "06", "helps_fr": "Aider.",
            "source": "Confirmé par écrit le 1er novembre", "checked_on": "2026-11-01"}  # fmt: skip
    assert client.post(reverse("helper_new"), form).status_code == 303
    row = Helper.objects.get()
    edit = reverse("helper_edit", args=[row.pk])
    assert client.post(edit, {**form, "name": ""}).status_code == 422
    assert client.post(edit, {**form, "name": "Atelier ouvert"}).status_code == 303
    assert Helper.objects.get().name == "Atelier ouvert"
    assert client.post(reverse("helper_remove", args=[row.pk])).status_code == 303
    assert not Helper.objects.exists()


# Other versions ---------------------------------------------------------------------------------


def test_a_version_shows_on_its_page_and_the_missing_are_said(client: Client) -> None:
    consultation = make_consultation()
    page_url = reverse("consultation", args=[consultation.node.slug])
    assert "Autres versions" not in client.get(page_url).content.decode()
    page = client.get(reverse("versions")).content.decode()
    assert page.count("Manquante") == 4
    places.add_alternative(
        actor=SYSTEM, node=consultation.node, what="easy", language="fr", text="# Facile\n\nUn mot."
    )
    assert "Facile à lire" in client.get(page_url).content.decode()
    assert client.get(reverse("versions")).content.decode().count("Manquante") == 3
    easy = client.get(reverse("version", args=[consultation.pk, "easy", "fr"])).content.decode()
    assert "<p>Un mot.</p>" in easy
    assert client.get(reverse("version", args=[consultation.pk, "plain", "fr"])).status_code == 404


def test_a_file_is_what_its_name_says_and_comes_as_an_attachment(client: Client) -> None:
    document = catalogue.make_document()
    client.force_login(make_person("adviser"))
    edit = reverse("desk_version_edit", args=[document.pk])
    fake = SimpleUploadedFile("lecture.mp3", b"<html>pas un son</html>")
    answer = client.post(edit, {"what": "audio", "language": "fr", "upload": fake})
    assert answer.status_code == 422 and not Alternative.objects.exists()
    sound = SimpleUploadedFile("Une lecture.mp3", b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\0" * 400)
    assert (
        client.post(edit, {"what": "audio", "language": "fr", "upload": sound}).status_code == 303
    )
    row = Alternative.objects.get()
    url = reverse("version_file", args=[document.pk, "audio", "fr", row.file_name])
    answer = Client().get(url)
    assert answer["Content-Type"] == "audio/mpeg"
    assert answer["Content-Disposition"].startswith("attachment")
    assert Client().get(url.replace(".mp3", ".html")).status_code == 404
    assert client.post(reverse("version_remove", args=[document.pk, row.pk])).status_code == 303
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"what": "plain", "language": "fr"}, "text"),
        ({"what": "plain", "language": "fr", "text": "x", "url": "https://x.example"}, "text"),
        ({"what": "sign", "language": "fr", "url": "https://x.example"}, "language"),
        ({"what": "plain", "language": "lsq", "text": "x"}, "language"),
        ({"what": "plain", "language": "fr", "url": "javascript:x"}, "url"),
        ({"what": "plain", "language": "fr", "upload": ("x.exe", b"MZ")}, "upload"),
        ({"what": "rien", "language": "fr", "text": "x"}, "what"),
    ],
)
def test_bad_versions_are_refused(given: dict[str, Any], field: str) -> None:
    node = make_consultation().node
    with pytest.raises(Invalid) as refusal:
        places.add_alternative(actor=SYSTEM, node=node, **given)
    assert field in refusal.value.errors


def test_a_draft_has_no_other_version(client: Client) -> None:
    draft = make_consultation(opened=False)
    with pytest.raises(Conflict):
        places.add_alternative(
            actor=SYSTEM, node=draft.node, what="plain", language="fr", text="Un mot."
        )
    client.force_login(make_person("adviser"))
    assert client.get(reverse("desk_version_edit", args=[draft.pk])).status_code == 404


def test_a_version_of_the_same_kind_is_replaced() -> None:
    node = make_consultation().node
    for words in ("Un", "Deux"):
        places.add_alternative(actor=SYSTEM, node=node, what="plain", language="fr", text=words)
    assert Alternative.objects.get().text == "Deux"


# Lists at two sizes, both languages -------------------------------------------------------------


@pytest.mark.parametrize("name", ["innovation", "reuses", "calls", "helpers", "versions"])
def test_lists_ask_the_same_at_two_sizes(
    client: Client, name: str, django_assert_max_num_queries
) -> None:
    dataset = catalogue.make_dataset()

    def more(n: int) -> None:
        make_reuse(f"Une carte {n}", datasets=[dataset.pk])
        make_call(f"Un défi {n}")
        make_helper(name=f"Un lieu {n}", region=f"{n % 17 + 1:02d}")
        document = catalogue.make_document(f"doc-{n}")
        places.add_alternative(
            actor=SYSTEM, node=document.node, what="plain", language="fr", text="Un mot."
        )

    def ask() -> int:
        with django_assert_max_num_queries(30) as seen:
            assert client.get(reverse(name)).status_code == 200
        return len(seen)

    for n in range(4):
        more(n)
    ask()
    few = ask()
    for n in range(4, 16):
        more(n)
    assert ask() == few


def test_pages_speak_both_languages(client: Client) -> None:
    make_site()
    row = make_reuse()
    call = make_call()
    for language, words in (("fr", "Réutiliser et apprendre"), ("en", "Reuse and learn")):
        with translation.override(language):
            for url in (
                reverse("innovation"), reverse("reuses"), reverse("calls"), reverse("helpers"),
                reverse("versions"), reverse("reuse", args=[row.node.slug]),
                reverse("call", args=[call.node.slug]),
            ):  # fmt: skip
                assert words in client.get(url).content.decode(), url


def test_a_page_of_a_slot_costs_one_query_more(django_assert_num_queries) -> None:
    from parvis.innovation import slots

    node = make_consultation().node
    with django_assert_num_queries(1):
        assert slots.alternatives(node) == ""


def test_nodes_of_other_kinds_have_no_versions() -> None:
    dataset = catalogue.make_dataset()
    with pytest.raises(Conflict):
        places.add_alternative(
            actor=SYSTEM, node=Node.objects.get(pk=dataset.pk), what="plain", language="fr",
            text="Un mot.",
        )  # fmt: skip
