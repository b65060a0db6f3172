"""The eight rules looked for in files, with rows; the profile; quality criteria; lateness; zip."""

import io
import zipfile
from datetime import timedelta

import pytest
import xlsxwriter
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from parvis.catalogue import loading, services
from parvis.catalogue.conformity import profile, quality, standing, words
from parvis.catalogue.conformity import services as conformity
from parvis.catalogue.conformity.models import Conformity, Quality
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.tests.catalogue_factories import dataset_fields, make_dataset, organisation
from parvis.core.access import SYSTEM
from parvis.core.errors import Forbidden, Invalid
from tests.factories import make_actor, make_person

pytestmark = pytest.mark.django_db
EIGHT = {
    "relidi_confic_separateur_virgule", "relidi_confic_utf8", "relidi_confic_epsg",
    "relidi_confic_pascom", "relidi_condon_valinc", "relidi_condon_datheu",
    "relidi_condon_nombre", "relidi_condon_boolee",
}  # fmt: skip
# A file as they come: Windows-1252, semicolons, French dates and numbers, codes, absent values.
ROUGH = (
    "id;jour;montant;actif;lat;lon;note;quand;prix;vide\n"
    "1;31/12/2024;1 234,5;O;46,8;-71,2;n.d.;au printemps;12 $;\n"
    "2;13/11/2024;2,5;N;46,9;-71,3;été;01/02/2023;1 234 $;\n"
    "3;01/02/2024;3,5;O;46,1;-71,1;N/A;31/12/2023;7;\n"
).encode("cp1252")


def rough(public=False):
    """Return a dataset whose only file was accepted although some cells are wrong."""
    dataset = services.create_dataset(
        actor=SYSTEM, title={"fr": "Villes", "en": "Cities"}, organisation=organisation(),
        slug="villes", fields=dataset_fields(),
    )  # fmt: skip
    resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "Villes"})
    loading.add_version(
        actor=SYSTEM, resource=resource, source=ROUGH, name="villes.csv", accept=True
    )
    if public:
        services.publish_dataset(actor=SYSTEM, dataset=dataset)
    return dataset


def only():
    return Conformity.objects.select_related("version__resource__dataset__node").get()


def answers(found):
    return {check["code"]: (check["offered"], check["received"]) for check in found.checks}


def found_of(found, code):
    return next(check for check in found.checks if check["code"] == code)["found"]


def test_the_rules_are_looked_for_in_the_file_with_their_rows():
    rough()
    found = only()
    assert answers(found) == {
        "separator": ("oui", "non"), "utf8": ("oui", "non"), "epsg": ("oui", "oui"),
        "compression": ("oui", "oui"), "unknown": ("non", "non"), "dates": ("non", "non"),
        "numbers": ("non", "non"), "booleans": ("non", "non"),
    }  # fmt: skip
    assert found.received["encoding"] == "cp1252" and found.received["separator"] == ";"
    unknown = found_of(found, "unknown")[0]
    assert (unknown["column"], unknown["count"]) == ("note", 2)
    assert unknown["rows"] == [[2, "n.d."], [4, "N/A"]]
    text = next(one for one in found_of(found, "dates") if one["code"] == "date_as_text")
    assert text["column"] == "quand" and [3, "01/02/2023"] in text["rows"]
    price = next(one for one in found_of(found, "numbers") if one["code"] == "number_as_text")
    assert price["column"] == "prix" and price["rows"] == [[2, "12 $"], [3, "1 234 $"]]
    assert found.remarks == [{"code": "empty_columns", "value": "vide", "count": 1}]
    keys = conformity.resource_keys(found.version)
    assert set(keys) == EIGHT | {"relidi_description_champs"}
    assert keys["relidi_confic_utf8"] == "oui" and keys["relidi_condon_datheu"] == "non"
    assert keys["relidi_description_champs"] == "relidi.descha.absent"
    for language in ("fr", "en"):
        with translation.override(language):
            shown = words.rules(found)
            assert len(shown) == 8 and all(rule.rule and rule.found for rule in shown)
            assert all(rule.to_do for rule in shown if "non" in (rule.offered, rule.received))
            assert words.remarks(found)


def test_a_clean_file_follows_every_rule_that_applies():
    make_dataset(public=False)
    found = only()
    assert {offered for offered, _received in answers(found).values()} == {"oui", "n/a"}
    assert all("non" not in pair for pair in answers(found).values())
    assert found.remarks == []


@pytest.mark.parametrize(
    ("content", "code", "offered"),
    [
        ("nom,x,y\na,250000.5,5045000.1\nb,250010.5,5045010.1\n", "epsg", "non"),
        ("nom,latitude,longitude\na,46.8,-71.2\n", "epsg", "oui"),
        ("nom,budget en milliers\na,12\nb,13\n", "numbers", "non"),
        ("nom,n\n" + "a,9999\nb,9999\nc,3\nd,5\n", "unknown", "non"),
        ("nom,n\n" + "a,-999\nb,4\nc,3\n", "unknown", "non"),
        ("nom,jour\na,1900-01-01\nb,2020-01-02\n", "unknown", "non"),
        ("nom,n\n" + "a,9998\nb,9999\nc,9997\n", "unknown", "oui"),
        ("nom,ok\na,oui\nb,non\n", "booleans", "oui"),
        ("nom,ok\na,X\nb,\nc,X\n", "booleans", "non"),
        ("nom,jour\na,2024-01-31\n", "dates", "oui"),
        ("nom,jour\na,1er janvier 2024\nb,vers 1950\n", "dates", "non"),
    ],
)
def test_each_rule_on_its_own(content, code, offered):
    make_dataset(content=content, public=False)
    assert answers(only())[code][0] == offered


def test_geojson_and_spreadsheets_say_what_is_theirs():
    dataset = make_dataset(public=False)
    mtm = (
        b'{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":'
        b'"urn:ogc:def:crs:EPSG::32188"}},"features":[{"type":"Feature","properties":{"n":1},'
        b'"geometry":{"type":"Point","coordinates":[299000.5,5040000.2]}}]}'
    )
    resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "Lieux"})
    version = loading.add_version(
        actor=SYSTEM, resource=resource, source=io.BytesIO(mtm), name="lieux.geojson"
    )
    codes = {one["code"] for one in found_of(version.conformity, "epsg")}
    assert codes == {"shapes_outside", "declared"}
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Un")
        sheet.write_row(0, 0, ["a", "a"])
        sheet.merge_range("A2:A3", 1)
        sheet.write_column(1, 1, [2, 5])
        sheet.write_column(1, 2, [3, 6])
        sheet.write(0, 3, "d")
        book.add_worksheet("Deux").write(0, 0, "x")
    resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "Feuille"})
    version = loading.add_version(
        actor=SYSTEM, resource=resource, source=out.getvalue(), name="f.xlsx", accept=True
    )
    remarks = {one["code"]: one for one in version.conformity.remarks}
    assert {"duplicate_header", "empty_header", "merged", "sheets"} <= set(remarks)
    assert remarks["merged"]["value"] == "A2:A3"
    assert answers(version.conformity)["separator"] == ("oui", "n/a")


def test_checks_are_made_again_and_shown_with_what_to_do():
    dataset = rough(public=True)
    file = dataset.resources.get().slug
    Conformity.objects.update(checks=[], remarks=[], rules=0)
    with pytest.raises(Forbidden):
        conformity.recompute(actor=make_actor("adviser"), version=Version.objects.get())
    desk = Client()
    desk.force_login(make_person("steward"))
    url = reverse("desk_file_checks", args=["villes", file])
    assert desk.post(url).status_code == 302
    assert only().received["encoding"] == "cp1252" and len(only().checks) == 8
    text = desk.get(url).content.decode().replace("\u00a0", " ")
    assert "« note » : 2 cases disent que la valeur est absente." in text
    assert "<code>n.d.</code>" in text and "Laissez ces cases vides" in text
    public = Client().get(reverse("dataset", args=["villes"])).content.decode()
    assert "<code>n.d.</code>" in public and "Fiche descriptive" in public
    assert "Couverture géographique" in public and "Diffusion initiale" in public
    Conformity.objects.all().delete()
    assert desk.get(url).status_code == 200
    assert conformity.resource_keys(Version.objects.get()) == {}
    assert conformity.resource_keys(None) == {}


def test_the_profile_has_seventeen_fields_and_its_required_ones_are_holes():
    read = {row["champ"]: row for row in profile.as_read()["jeu"]}
    assert [f.key for f in profile.FIELDS] == [
        key for key in read if key != "extras_organisation_principale"
    ]
    assert len(profile.FIELDS) == 17
    dataset = services.create_dataset(actor=SYSTEM, title={"fr": "Vide"}, slug="vide")
    services.update_dataset(
        actor=SYSTEM, dataset=dataset, changes={"languages": [], "licence": "CC-BY-NC-4.0"}
    )
    missing = {hole.field for hole in services.holes(dataset)}
    assert missing == {
        "notes", "tags", "organisation", "languages", "spatial", "licence_reason", "files"
    }  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        services.publish_dataset(actor=SYSTEM, dataset=dataset)
    assert set(refusal.value.errors) == missing
    desk = Client()
    desk.force_login(make_person("steward"))
    text = desk.get(reverse("desk_dataset", args=["vide"])).content.decode()
    edit = desk.get(reverse("desk_dataset_edit", args=["vide"])).content.decode()
    for hole in services.holes(dataset):
        if hole.anchor:  # the link leads to an input that is there
            assert f"#{hole.anchor}" in text and f'id="{hole.anchor}"' in edit, hole
    for name in ("author_email", "url", "maintainer", "version", "licence_reason_fr", "temporal"):
        assert f'name="{name}"' in edit
    for bad in ([1, 2, 3], [10, 0, -10, 5], ["a", 1, 2, 3], [-200, 0, 1, 1], [float("nan")] * 4):
        with pytest.raises(Invalid):
            services.update_dataset(actor=SYSTEM, dataset=dataset, changes={"box": bad})


def contents(dataset):
    row = Dataset.objects.select_related("node", "organisation__node").get(pk=dataset.pk)
    return standing.contents_of([row])[0]


def test_quality_is_a_list_that_says_what_to_do_and_lateness_since_when():
    dataset = make_dataset("villes", frequency="monthly")
    found = {one.code: one for one in quality.criteria(contents(dataset))}
    assert set(found) == set(quality.LABELS)
    assert all(one.evidence for one in found.values())
    assert all(one.to_do and one.url("villes") for one in found.values() if one.met is False)
    assert found["description"].met is False and found["up_to_date"].met is True
    assert found["links"].met is None and found["licence"].met is True
    long_ago = timezone.now() - timedelta(days=100)
    Version.objects.update(published_at=long_ago)
    resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": "Service"})
    Resource.objects.filter(pk=resource.pk).update(
        url="https://exemple.test/x", modified_at=long_ago, published_at=long_ago, format="SHP",
        broken_since=long_ago, checked_at=long_ago,
    )  # fmt: skip
    late = {one.code: one for one in quality.criteria(contents(dataset))}
    assert late["up_to_date"].met is False and "68" in late["up_to_date"].evidence
    assert late["links"].met is False and "exemple.test" in late["links"].evidence
    assert late["open_formats"].met is False
    assert standing.refresh() == 1 and standing.refresh() == 0
    row = Quality.objects.get()
    assert row.late_since and row.broken == 1 and "links" in row.missing
    Quality.objects.update(computed_at=timezone.now() - timedelta(days=2))
    assert standing.refresh() == 1
    desk = Client()
    desk.force_login(make_person("steward"))
    text = desk.get(reverse("desk_data"), {"sort": "late"}).content.decode()
    assert "en retard depuis" in text and "La description en dit assez" in text
    table = desk.get(reverse("desk_quality")).content.decode()
    assert "Secrétariat" in table
    todo = desk.get(reverse("desk")).content.decode().replace("\u00a0", " ")
    assert "1 jeu de données en retard" in todo and "1 lien brisé dans les données" in todo
    public = Client().get(reverse("dataset", args=["villes"])).content.decode()
    assert "en retard depuis" in public and "Quelqu’un à qui écrire" in public
    assert organisation("sct").node.title["fr"]


def test_an_old_version_stays_says_it_is_old_and_the_dictionary_survives():
    dataset = make_dataset("villes")
    resource = dataset.resources.get()
    first = resource.current
    words_of = {"ville": {"label": {"fr": "Nom de la ville"}}}
    first.resource.dataset = dataset
    services.describe_columns(actor=SYSTEM, version=first, words=words_of)
    loading.add_version(
        actor=SYSTEM, resource=Resource.objects.get(), source=b"ville,habitants\nGatineau,291041\n",
        name="v.csv", note={"fr": "Gatineau ajoutée"},
    )  # fmt: skip
    services.publish_dataset(actor=SYSTEM, dataset=Dataset.objects.get())
    client = Client()
    old = client.get(reverse("version_page", args=["villes", first.sha256])).content.decode()
    now = Resource.objects.get().current
    current = reverse("version_page", args=["villes", now.sha256])
    assert "Ceci est une ancienne version" in old and current in old
    page = client.get(current).content.decode()
    assert "ancienne version" not in page
    assert "Gatineau ajoutée" in page and "Nom de la ville" in page and now.csv_sha256 in page
    file = client.get(
        reverse("dataset_file", args=["villes", first.sha256, f"{resource.slug}.csv"])
    )
    assert "Lévis" in b"".join(file.streaming_content).decode()
    assert now.sha256 in file["Link"] and 'rel="latest-version"' in file["Link"]
    assert "Link" not in client.get(
        reverse("dataset_file", args=["villes", now.sha256, f"{resource.slug}.csv"])
    )
    assert client.get(reverse("version_page", args=["villes", "0" * 64])).status_code == 404


def test_the_whole_dataset_comes_as_a_zip_without_being_held():
    make_dataset("villes", licence="CC-BY-NC-4.0", licence_reason={"fr": "Une entente l’exige."})
    url = reverse("dataset_zip", args=["villes"])
    response = Client().get(url)
    assert response.streaming and response["Content-Type"] == "application/zip"
    pieces = list(response.streaming_content)
    assert len(pieces) > 1
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "LISEZMOI.txt" and "villes.csv" in names
        assert "villes-colonnes.csv" in names
        readme = archive.read("LISEZMOI.txt").decode()
        assert "CC BY-NC 4.0" in readme and "Une entente l’exige." in readme
        assert "Québec,549459" in archive.read("villes.csv").decode()
    assert Client().head(url).status_code == 200
