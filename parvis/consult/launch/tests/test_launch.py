"""The launch kit by its pages: words from the fields, holes that stay holes, visits counted."""

import io
import zipfile
from datetime import timedelta
from email import message_from_bytes, policy

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.consult import services as consult
from parvis.consult.launch import addresses, pdf, pieces, services
from parvis.consult.launch.facts import facts_of
from parvis.consult.launch.models import Quotation, ShortAddress, VisitDay, VisitSource
from parvis.consult.models import Consultation
from parvis.core.access import SYSTEM
from parvis.core.errors import Conflict, Invalid
from parvis.core.models import Event
from tests.factories import make_consultation, make_person

pytestmark = pytest.mark.django_db
BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0"}
QUOTE = {
    "words": {"fr": "Nous voulons vous lire.", "en": "We want to read you."},
    "name": "Camille Essai",
    "office": {"fr": "directrice du plan", "en": "director of the plan"},
    "source": "https://exemple.quebec/declaration",
    "media_contact": "medias@exemple.quebec",
}


@pytest.fixture
def consultation() -> Consultation:
    question = {"fr": "Que doit contenir le plan?", "en": "What should the plan contain?"}
    return make_consultation(fields={"question": question})


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_person("adviser"))
    return client


def _kit(consultation: Consultation, name: str = "launch_kit", *more: str) -> str:
    return reverse(name, args=[consultation.node.slug, *more])


def _text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    words = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(words.replace("\ufffe", "").split())


def _codes(content: bytes) -> list[str]:
    page = pypdfium2.PdfDocument(content)[0].render(scale=3, grayscale=True)
    pixels = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    return [code.text for code in zxingcpp.read_barcodes(pixels)]


# Words ------------------------------------------------------------------------------------------


def test_the_page_holds_every_text_in_both_languages(
    desk: Client, consultation: Consultation
) -> None:
    page = desk.get(_kit(consultation)).content.decode()
    code = ShortAddress.objects.get().code
    for words in ("Que doit contenir le plan?", "What should the plan contain?"):
        assert words in page
    for word in ("courriel", "mail", "communique", "release", "reseaux", "social"):
        assert f"/c/{code}/{word}" in page
    assert "&lt;iframe" in page


def test_a_consultation_in_french_has_no_english_pieces(desk: Client) -> None:
    consultation = make_consultation(fields={"languages": ["fr"]})
    page = desk.get(_kit(consultation)).content.decode()
    assert "affiche-a4-fr.pdf" in page
    assert "poster-a4-en.pdf" not in page
    assert desk.get(_kit(consultation, "launch_file", "poster-a4-en.pdf")).status_code == 404


def test_without_a_quotation_the_release_has_a_hole(consultation: Consultation) -> None:
    facts = facts_of(consultation, "fr")
    with translation.override("fr"):
        assert "[CITATION MANQUANTE" in pieces.release(facts)
        assert "<mark>" in pieces.release(facts, html=True)


def test_a_quotation_fills_the_hole_with_its_author_and_source(
    desk: Client, consultation: Consultation
) -> None:
    form = {
        "words_fr": QUOTE["words"]["fr"], "words_en": QUOTE["words"]["en"], "name": QUOTE["name"],
        "office_fr": QUOTE["office"]["fr"], "office_en": QUOTE["office"]["en"],
        "source": QUOTE["source"], "media_contact": QUOTE["media_contact"],
    }  # fmt: skip
    assert desk.post(_kit(consultation, "launch_quote"), form).status_code == 303
    french = desk.get(_kit(consultation, "launch_file", "communique-fr.txt")).content.decode()
    assert "«\u00a0Nous voulons vous lire.\u00a0»" in french
    assert "– Camille Essai, directrice du plan" in french
    assert "Source de la citation : https://exemple.quebec/declaration" in french.replace(
        "\u00a0", " "
    )
    assert "MANQUANT" not in french
    english = desk.get(_kit(consultation, "launch_file", "release-en.txt")).content.decode()
    assert "“We want to read you.”" in english
    assert desk.post(_kit(consultation, "launch_unquote")).status_code == 303
    assert "MANQUANTE" in desk.get(_kit(consultation)).content.decode()
    assert not Quotation.objects.exists()


@pytest.mark.parametrize("missing", ["words", "name", "office", "source"])
def test_a_quotation_with_a_hole_is_refused_and_kept_in_the_form(
    desk: Client, consultation: Consultation, missing: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        services.quote(
            actor=SYSTEM,
            consultation=consultation,
            fields={**QUOTE, missing: {} if missing in {"words", "office"} else ""},
        )
    assert missing in refusal.value.errors
    answer = desk.post(_kit(consultation, "launch_quote"), {"words_fr": "Des mots", "name": ""})
    assert answer.status_code == 422
    assert "Des mots" in answer.content.decode()
    assert not Quotation.objects.exists()


def test_english_without_its_own_words_keeps_its_hole(consultation: Consultation) -> None:
    fields = {**QUOTE, "words": {"fr": "Nous voulons vous lire."}}
    services.quote(actor=SYSTEM, consultation=consultation, fields=fields)
    with translation.override("en"):
        assert "QUOTATION MISSING" in pieces.release(facts_of(consultation, "en"))


def test_what_people_wrote_is_never_markup(consultation: Consultation) -> None:
    hostile = '<script>alert(1)</script> "#panic() $x$ @a'
    consult.update_consultation(
        actor=SYSTEM,
        consultation=consultation,
        changes={"question": {"fr": hostile, "en": hostile}},
    )
    facts = facts_of(consultation, "fr")
    with translation.override("fr"):
        assert "<script" not in pieces.invitation(facts, html=True)
        assert "<script" not in pieces.release(facts, html=True)
        assert "<script" not in pieces.embed(facts)
    assert '"#panic() $x$ @a' in _text(pdf.poster(facts))


def test_the_short_text_fits_a_network(consultation: Consultation) -> None:
    long = {"fr": "mot " * 74, "en": "word " * 59}
    consult.update_consultation(actor=SYSTEM, consultation=consultation, changes={"question": long})
    for language in ("fr", "en"):
        facts = facts_of(consultation, language)
        with translation.override(language):
            words = pieces.short_post(facts)
        assert len(words) <= pieces.SHORT_CHARACTERS
        assert words.endswith(facts.url("social"))


# Files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "word"), [("fr", "affiche"), ("en", "poster")])
def test_posters_hold_the_text_are_tagged_and_their_code_leads_there(
    consultation: Consultation, language: str, word: str
) -> None:
    facts = facts_of(consultation, language)
    for size, sheet in pdf.SIZES.items():
        content = pdf.poster(facts, size)
        document = pypdfium2.PdfDocument(content)
        assert len(document) == 1
        width, height = document[0].get_size()
        assert (width, height) == pytest.approx(
            (sheet.width / 25.4 * 72, sheet.height / 25.4 * 72), abs=1
        )
        assert facts.question in _text(content)
        assert f"/c/{facts.code}/{word}" in _text(content).replace(" ", "")
        assert b"/StructTreeRoot" in content and b"/Lang" in content
        assert b"/Subtype/Image" not in content  # everything is drawn, nothing is a picture
    assert _codes(pdf.poster(facts, "letter")) == [facts.url("poster")]


def test_the_longest_texts_stay_on_one_sheet(consultation: Consultation) -> None:
    long_ones = ("question", "influence_decision", "influence_who", "other_ways")
    text = {"fr": ("Un texte fort long. " * 15)[:300], "en": "A text."}
    consult.update_consultation(
        actor=SYSTEM,
        consultation=consultation,
        title={"fr": ("Titre très long " * 13)[:200], "en": "Title"},
        changes=dict.fromkeys(long_ones, text),
    )
    facts = facts_of(consultation, "fr")
    for size in pdf.SIZES:
        content = pdf.poster(facts, size)
        assert len(pypdfium2.PdfDocument(content)) == 1
        assert f"/c/{facts.code}" in _text(content).replace(" ", "")
    assert len(pypdfium2.PdfDocument(pdf.postcard(facts))) == 2
    assert _codes(pdf.postcard(facts)) == [facts.url("card")]


def test_the_whole_kit_is_one_archive_the_same_twice(
    desk: Client, consultation: Consultation
) -> None:
    answer = desk.get(_kit(consultation, "launch_file", "trousse.zip"))
    assert answer["Content-Type"] == "application/zip"
    again = desk.get(_kit(consultation, "launch_file", "trousse.zip"))
    assert answer.content == again.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
        for piece in pieces.PIECES:
            assert f"francais/{piece.names['fr']}" in names
            assert f"english/{piece.names['en']}" in names
        assert "francais/LISEZ-MOI.txt" in names
        message = message_from_bytes(archive.read("francais/invitation-fr.eml"), policy=policy.SMTP)
    assert message["X-Unsent"] == "1"
    assert message["To"] is None
    assert "Que doit contenir le plan?" in message.get_body(("plain",)).get_content()


def test_every_file_named_on_the_page_is_there(desk: Client, consultation: Consultation) -> None:
    for piece in pieces.PIECES:
        for name in piece.names.values():
            answer = desk.get(_kit(consultation, "launch_file", name))
            assert answer.status_code == 200 and answer.content
            assert f'filename="{name}"' in answer["Content-Disposition"]
    preview = desk.get(_kit(consultation, "launch_file", "affiche-fr.svg"))
    assert preview.content.startswith(b"<svg")
    assert desk.get(_kit(consultation, "launch_file", "rien.pdf")).status_code == 404
    assert desk.get(_kit(consultation, "launch_file", "..%2fsecret.key")).status_code == 404


# The box ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_box_may_be_framed_and_holds_no_script_and_no_cookie(
    client: Client, consultation: Consultation, language: str
) -> None:
    with translation.override(language):
        answer = client.get(_kit(consultation, "consultation_embed"))
    policy_ = answer["Content-Security-Policy"]
    assert "frame-ancestors *" in policy_
    assert "script-src 'none'" in policy_ and "form-action 'none'" in policy_
    assert "<script" not in answer.content.decode()
    assert not answer.cookies
    assert "public" in answer["Cache-Control"]
    assert f"/c/{ShortAddress.objects.get().code}/" in answer.content.decode()


def test_other_pages_may_not_be_framed(client: Client, consultation: Consultation) -> None:
    answer = client.get(reverse("consultation", args=[consultation.node.slug]))
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_the_box_of_a_draft_is_shown_to_nobody(client: Client) -> None:
    draft = make_consultation(opened=False)
    assert client.get(_kit(draft, "consultation_embed")).status_code == 404


# Visits -----------------------------------------------------------------------------------------


def test_each_word_opens_its_language_and_is_counted(
    client: Client, consultation: Consultation
) -> None:
    code = addresses.code_of(consultation)
    slug = consultation.node.slug
    for word, place in (
        ("/affiche", f"/fr/consultations/{slug}/"),
        ("/poster", f"/en/consultations/{slug}/"),
        ("/inconnu", f"/fr/consultations/{slug}/"),
        ("", f"/fr/consultations/{slug}/"),
    ):
        answer = client.get(f"/c/{code}{word}", **BROWSER)
        assert (answer.status_code, answer["Location"]) == (302, place)
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
    counts = dict(VisitDay.objects.values_list("source", "count"))
    assert counts == {"poster": 2, "": 2}
    answer = client.get(f"/c/{code}", HTTP_ACCEPT_LANGUAGE="en-CA,en;q=0.9", **BROWSER)
    assert answer["Location"].startswith("/en/")


def test_a_code_typed_with_letters_that_look_alike_is_found(
    client: Client, consultation: Consultation
) -> None:
    code = addresses.code_of(consultation)
    typed = code.replace("0", "O").replace("1", "l").upper().replace("L", "l")
    assert client.get(f"/c/{typed}", **BROWSER).status_code == 302
    assert client.get("/c/zzzzzz", **BROWSER).status_code == 404
    assert client.get(f"/c/{code}/<b>", **BROWSER).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {
            "HTTP_USER_AGENT": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
        },
        {"HTTP_USER_AGENT": "facebookexternalhit/1.1"},
        {"HTTP_USER_AGENT": "curl/8.5.0"},
        {**BROWSER, "HTTP_SEC_PURPOSE": "prefetch;prerender"},
    ],
)
def test_programs_are_sent_there_but_not_counted(
    client: Client, consultation: Consultation, headers: dict[str, str]
) -> None:
    code = addresses.code_of(consultation)
    assert client.get(f"/c/{code}/affiche", **headers).status_code == 302
    assert client.head(f"/c/{code}/affiche", **BROWSER).status_code == 302
    assert client.post(f"/c/{code}/affiche", **BROWSER).status_code == 405
    assert not VisitDay.objects.exists()


def test_a_visit_keeps_nothing_but_a_number(client: Client, consultation: Consultation) -> None:
    code = addresses.code_of(consultation)
    before = Event.objects.count()
    client.get(
        f"/c/{code}", REMOTE_ADDR="203.0.113.9", HTTP_REFERER="https://ailleurs.example/", **BROWSER
    )
    columns = {field.name for field in VisitDay._meta.get_fields()}
    assert columns == {"id", "consultation", "source", "day", "count"}
    assert Event.objects.count() == before
    assert not client.session.keys()


def test_the_count_is_one_statement(
    client: Client, consultation: Consultation, django_assert_num_queries
) -> None:
    code = addresses.code_of(consultation)
    client.get(f"/c/{code}/affiche", **BROWSER)
    # The code and the count; the two others are the savepoint of the test's own transaction.
    with django_assert_num_queries(4):
        client.get(f"/c/{code}/affiche", **BROWSER)
    assert VisitDay.objects.get().count == 2


def test_a_draft_has_an_address_that_opens_nothing_yet(client: Client) -> None:
    draft = make_consultation(opened=False)
    code = addresses.code_of(draft)
    assert client.get(f"/c/{code}", **BROWSER).status_code == 404
    consult.open_consultation(actor=SYSTEM, consultation=draft)
    assert client.get(f"/c/{code}", **BROWSER).status_code == 302
    assert addresses.code_of(draft) == code


def test_own_places_are_added_counted_and_removed_only_unused(
    desk: Client, consultation: Consultation
) -> None:
    form = {"label": "Bibliothèque de Sainte-Foy", "name": ""}
    assert desk.post(_kit(consultation, "launch_source_new"), form).status_code == 303
    row = VisitSource.objects.get()
    assert row.name == "bibliotheque-de-sainte-f"
    remove = _kit(consultation, "launch_source_remove", row.name)
    desk.get(f"{addresses.path_of(consultation)}/{row.name}", **BROWSER)
    assert VisitDay.objects.get().source == row.name
    desk.post(remove)
    assert VisitSource.objects.exists()
    with pytest.raises(Conflict):
        addresses.remove_source(actor=SYSTEM, source=row)
    VisitDay.objects.all().delete()
    assert desk.post(remove).status_code == 303
    assert not VisitSource.objects.exists()


@pytest.mark.parametrize(
    ("label", "name", "field"),
    [("", "", "label"), ("x" * 81, "", "label"), ("Affiche", "affiche", "name"),
     ("Poster", "poster", "name"), ("!!!", "", "name")],
)  # fmt: skip
def test_bad_places_are_refused(
    consultation: Consultation, label: str, name: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        addresses.add_source(actor=SYSTEM, consultation=consultation, label=label, name=name)
    assert field in refusal.value.errors


def test_a_place_is_made_once_and_a_consultation_has_so_many(consultation: Consultation) -> None:
    addresses.add_source(actor=SYSTEM, consultation=consultation, label="Un lieu")
    with pytest.raises(Invalid):
        addresses.add_source(actor=SYSTEM, consultation=consultation, label="Un lieu")
    VisitSource.objects.bulk_create(
        VisitSource(consultation=consultation, name=f"n{n}", label="x")
        for n in range(addresses.SOURCES_MAX - 1)
    )
    with pytest.raises(Invalid):
        addresses.add_source(actor=SYSTEM, consultation=consultation, label="De trop")


def test_the_chart_has_every_day_and_the_totals(consultation: Consultation) -> None:
    today = timezone.localdate()
    for days, times in ((0, 3), (2, 1), (200, 5)):
        for _n in range(times):
            addresses.count_visit(consultation, "poster", today - timedelta(days=days))
    visits = addresses.visits_of(consultation, "fr")
    assert visits.total == 9
    assert len(visits.bars) == addresses.DAYS_SHOWN
    assert [bar.visits for bar in visits.bars[-3:]] == [1, 0, 3]
    assert visits.bars[-1].tall == "100" and visits.bars[-3].top == "66.67"
    assert next(s.visits for s in visits.sources if s.url.endswith("/affiche")) == 9


def test_the_page_asks_the_same_at_two_sizes(
    desk: Client, consultation: Consultation, django_assert_max_num_queries
) -> None:
    def ask() -> int:
        with django_assert_max_num_queries(60) as seen:
            assert desk.get(_kit(consultation)).status_code == 200
        return len(seen)

    ask()
    few = ask()
    for n in range(15):
        addresses.add_source(actor=SYSTEM, consultation=consultation, label=f"Lieu {n}")
        addresses.count_visit(consultation, f"lieu-{n}", timezone.localdate() - timedelta(days=n))
    assert ask() == few


def test_short_addresses_are_the_sites_own(consultation: Consultation) -> None:
    assert addresses.url_of(consultation).startswith(settings.SITE_URL + "/c/")
