"""schema.org, Croissant, the site's map, citations and the card of a dataset."""

import hashlib
import json
import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from parvis.catalogue import loading, services
from parvis.catalogue.dcat import schemaorg
from parvis.catalogue.dcat.tests.dcat_factories import make_rich
from parvis.catalogue.models import Dataset, Version
from parvis.catalogue.tests.catalogue_factories import CSV, make_dataset
from parvis.core.access import SYSTEM
from parvis.core.models import Event, Node
from parvis.core.references import tex
from tests.factories import make_site

pytestmark = pytest.mark.django_db
SITE = django_settings.SITE_URL
DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


def said(client: Client, path: str) -> dict[str, Any]:
    (found,) = DATA.findall(client.get(path).content.decode())
    return dict(json.loads(found))


def second_version(dataset: Dataset) -> tuple[Version, Version]:
    """Return (the version before, the one that stands)."""
    resource = dataset.resources.select_related("current").get()
    before = resource.current
    content = (CSV + "Laval,438366,vrai\n").encode()
    loading.add_version(actor=SYSTEM, resource=resource, source=content, name="villes.csv")
    services.publish_dataset(actor=SYSTEM, dataset=dataset)
    resource.refresh_from_db()
    return before, resource.current


def test_a_page_describes_its_dataset_to_search_engines(client: Client) -> None:
    make_site()
    row = make_rich()["full"]
    data = said(client, "/fr/donnees/villes/")
    assert data["@type"] == "Dataset" and data["identifier"] == str(row.pk)
    assert data["@id"] == f"{SITE}/dataset/{row.pk}" and data["isAccessibleForFree"] is True
    assert data["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert data["creator"] == {"@type": "GovernmentOrganization", "name": "Secrétariat"}
    assert data["temporalCoverage"] == "2020-01-01/2021-12-31"
    assert data["spatialCoverage"]["geo"]["box"] == "44.9913 -79.7625 62.5 -57.1"
    assert data["inLanguage"] == ["fr-CA", "en-CA"] and data["keywords"] == ["Ville"]
    files = {one["encodingFormat"]: one for one in data["distribution"]}
    assert {"text/csv", "application/pdf", "application/geo+json"} <= set(files)
    assert client.get(files["text/csv"]["contentUrl"].removeprefix(SITE)).status_code == 200
    assert data["includedInDataCatalog"]["url"] == f"{SITE}/catalog"
    assert said(client, "/en/data/villes/")["keywords"] == ["City"]
    bare = said(client, "/fr/donnees/nu/")
    assert bare["description"] == "Nu" and "spatialCoverage" not in bare
    assert bare["temporalCoverage"] == "2020-01-01/.."
    listing = said(client, "/fr/donnees/")
    assert listing["@type"] == "DataCatalog" and listing["url"] == f"{SITE}/fr/donnees/"
    assert "ld+json" not in client.get("/fr/documents/").content.decode()


def test_the_profiles_of_others_are_answered(client: Client) -> None:
    row = make_rich()["full"]
    text = client.get(f"/dataset/{row.pk}.ttl?profiles=schemaorg").content.decode()
    assert "schema.org/" in text and "DataDownload" in text
    assert "croissant/" in client.get(f"/dataset/{row.pk}.nt?profiles=croissant").content.decode()
    assert client.get(f"/dataset/{row.pk}.ttl?profiles=rien").status_code == 400


def test_croissant_names_files_that_are_there_with_their_hash(client: Client) -> None:
    row = make_rich()["full"]
    answer = client.get("/dataset/villes.croissant.json")
    assert answer["Content-Type"] == "application/ld+json; charset=utf-8"
    data = answer.json()
    assert data["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert data["@context"]["cr"] == "http://mlcommons.org/croissant/"
    assert {"name", "description", "license", "url", "creator", "datePublished"} <= set(data)
    files = {one["@id"]: one for one in data["distribution"]}
    assert set(files) == {"villes.csv", "guide.pdf"}
    table = files["villes.csv"]
    content = b"".join(client.get(table["contentUrl"].removeprefix(SITE)).streaming_content)
    assert hashlib.sha256(content).hexdigest() == table["sha256"]
    assert table["contentSize"] == f"{len(content)} B"
    (records,) = data["recordSet"]
    assert [(one["name"], one["dataType"]) for one in records["field"]] == [
        ("ville", "sc:Text"), ("habitants", "sc:Integer"), ("ouvert", "sc:Boolean")
    ]  # fmt: skip
    assert records["field"][0]["source"] == {
        "fileObject": {"@id": "villes.csv"}, "extract": {"column": "ville"}
    }  # fmt: skip
    ids = [one["@id"] for one in records["field"]]
    assert len(set(ids)) == len(ids)
    assert client.get(f"/dataset/{row.pk}.croissant.json").json() == data


def test_columns_with_like_names_stay_apart() -> None:
    columns = [{"name": name, "type": "text"} for name in ("a b", "a-b", "é", "***")]
    taken: set[str] = set()
    resource = type("R", (), {"slug": "t", "current_id": 1, "file_name": ""})()
    offer = type("O", (), {"resource": resource, "key": "csv"})()
    ids = [schemaorg._field("t", offer, one, taken)["@id"] for one in columns]
    assert ids == ["t/a-b", "t/a-b-2", "t/e", "t/colonne"]


def test_the_map_of_the_site_says_when_data_changed(client: Client) -> None:
    row = make_dataset()
    Dataset.objects.filter(pk=row.pk).update(modified_at="2031-05-06T07:08:09Z")
    text = client.get("/sitemap-dataset.xml").content.decode()
    assert f"<loc>{SITE}/fr/donnees/villes/</loc><lastmod>2031-05-06" in text
    index = client.get("/sitemap.xml").content.decode()
    assert re.search(r"sitemap-dataset\.xml</loc><lastmod>2031-05-06", index)


def test_a_dataset_is_cited_as_datacite_has_it(client: Client) -> None:
    make_site()
    row = make_rich()["full"]
    answer = client.get("/dataset/villes/citation.json")
    assert answer["Content-Type"] == "application/vnd.datacite.datacite+json; charset=utf-8"
    data = answer.json()
    # What the JSON Schema of DataCite 4.5 requires.
    assert {"creators", "titles", "publisher", "publicationYear", "types", "schemaVersion"} <= set(
        data
    )
    assert data["identifiers"] == [
        {"identifier": f"{SITE}/dataset/{row.pk}", "identifierType": "URL"},
        {"identifier": str(row.pk), "identifierType": "UUID"},
    ]
    assert data["creators"] == [{"name": "Secrétariat", "nameType": "Organizational"}]
    assert data["titles"][1] == {
        "title": "Villes du Québec (en)", "lang": "en", "titleType": "TranslatedTitle"
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}", data["publicationYear"])
    assert data["types"]["resourceTypeGeneral"] == "Dataset"
    # The same hash as in the public register.
    event = Event.objects.filter(verb="dataset.published", node=row.node).latest("pk")
    assert data["version"] == event.data["sha256"]
    assert data["rightsList"][0]["rightsIdentifier"] == "CC-BY-4.0"
    assert {one["dateType"] for one in data["dates"]} == {"Issued", "Updated", "Other"}
    related = {
        (one["relationType"], one["relatedIdentifier"]) for one in data["relatedIdentifiers"]
    }
    sha256 = row.resources.get(current__isnull=False).current.sha256
    assert ("HasVersion", f"{SITE}/dataset/{row.pk}/version/{sha256}") in related
    assert ("IsDerivedFrom", f"{SITE}/fr/consultations/plan/") in related
    assert data["geoLocations"][0]["geoLocationBox"]["westBoundLongitude"] == -79.7625


def test_a_version_is_cited_with_those_around_it(client: Client) -> None:
    row = make_dataset()
    before, now = second_version(row)
    first = client.get(f"/dataset/{row.pk}/version/{before.sha256}/citation.json").json()
    second = client.get(f"/dataset/villes/version/{now.sha256}/citation.json").json()
    base = f"{SITE}/dataset/{row.pk}"

    def related(data: dict[str, Any]) -> dict[str, str]:
        return {o["relationType"]: o["relatedIdentifier"] for o in data["relatedIdentifiers"]}

    assert first["version"] == before.sha256 and second["version"] == now.sha256
    assert related(first) == {
        "IsVersionOf": base, "IsPreviousVersionOf": f"{base}/version/{now.sha256}"
    }  # fmt: skip
    assert related(second) == {
        "IsVersionOf": base, "IsNewVersionOf": f"{base}/version/{before.sha256}"
    }  # fmt: skip
    place = client.get(f"/dataset/{row.pk}/version/{before.sha256}")
    assert place.status_code == 303 and before.sha256 in place["Location"]
    shown = client.get(place["Location"]).content.decode()
    assert f"{base}/version/{before.sha256}" in shown.split("data-cite", 1)[1]
    cited = f"/dataset/{row.pk}/version/{before.sha256}/citation.bib"
    assert f'href="{cited}"' in shown
    assert before.sha256[:12] in client.get(cited).content.decode().split(",", 1)[0]
    assert client.get(f"/dataset/{row.pk}/version/{'0' * 64}/citation.json").status_code == 404
    assert client.get(f"/dataset/{row.pk}/citation.doc").status_code == 404
    # A version that waits is nobody's to cite.
    content = (CSV + "Gatineau,291041,vrai\n").encode()
    waiting = loading.add_version(
        actor=SYSTEM, resource=row.resources.get(), source=content, name="villes.csv"
    )
    address = f"/dataset/{row.pk}/version/{waiting.sha256}"
    assert client.get(address).status_code == client.get(f"{address}/citation.ris").status_code
    assert client.get(address).status_code == 404


def test_bibtex_and_ris_hold_hostile_words(client: Client) -> None:
    make_site()
    row = make_dataset(title="Coûts & revenus {100 %} _a_ \\b", reconstructed=True)
    bib = client.get("/dataset/villes/citation.bib")
    text = bib.content.decode()
    assert bib["Content-Type"] == "application/x-bibtex; charset=utf-8"
    assert text.startswith("@misc{parvis-villes,\n") and text.endswith("\n}\n")
    title = r"Coûts \& revenus \{100 \%\} \_a\_ \textbackslash{}b"
    assert f"  title = {{{{{title}}}}},\n" in text
    assert f"url = {{{SITE}/dataset/{row.pk}}}" in text and "reconstituées" in text
    assert tex("100 %") == r"100 \%"
    ris = client.get("/dataset/villes/citation.ris").content.decode()
    lines = ris.split("\r\n")
    assert lines[0] == "TY  - DATA" and lines[-2:] == ["ER  - ", ""]
    assert "AU  - Secrétariat" in lines and f"UR  - {SITE}/dataset/{row.pk}" in lines
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])
    english = client.get("/dataset/villes/citation.bib?lang=en").content.decode()
    assert "(en)" in english and "Reconstructed demonstration data" in english


def test_a_new_name_keeps_what_was_cited(client: Client) -> None:
    row = make_dataset()
    before = client.get(f"/dataset/{row.pk}/citation.json").json()
    Node.objects.filter(pk=row.pk).update(slug="autre-nom")
    after = client.get(f"/dataset/{row.pk}/citation.json").json()
    assert after["identifiers"] == before["identifiers"]
    assert client.get(f"/dataset/{row.pk}")["Location"] == "/fr/donnees/autre-nom/"


def test_the_page_says_how_to_cite_and_to_show_elsewhere(client: Client) -> None:
    make_site()
    row = make_dataset()
    text = client.get("/fr/donnees/villes/").content.decode()
    for tail in ("citation.bib", "citation.ris", "citation.json"):
        assert f'href="/dataset/{row.pk}/{tail}"' in text
    (cite,) = re.findall(r"<p class=\"prose\" data-cite>(.*?)</p>", text, re.S)
    assert cite.startswith("Secrétariat (") and f"{SITE}/dataset/{row.pk}" in cite
    assert f"&lt;iframe src=&quot;{SITE}/fr/donnees/villes/integrer/&quot;" in text
    english = client.get("/en/data/villes/").content.decode()
    assert f'href="/dataset/{row.pk}/citation.bib?lang=en"' in english
    assert "/en/data/villes/embed/" in english


def test_the_card_may_be_framed_and_no_other_page(client: Client) -> None:
    make_rich()
    assert reverse("dataset_embed", args=["villes"]) == "/fr/donnees/villes/integrer/"
    answer = client.get("/fr/donnees/villes/integrer/")
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors *" in policy and "script-src 'none'" in policy
    assert "X-Frame-Options" not in answer and "public" in answer["Cache-Control"]
    text = answer.content.decode()
    assert "Villes du Québec" in text and "Secrétariat" in text and "CC BY 4.0" in text
    assert "CSV" in text and "GeoJSON" in text and "4 fichiers" in text
    assert '<a class="button" href="' + SITE in text and 'rel="noopener"' in text
    assert "<form" not in text and "<script" not in text and "style=" not in text
    page = client.get("/fr/donnees/villes/")["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page
    assert client.get("/fr/donnees/rien/integrer/").status_code == 404


def test_an_organisation_leads_to_its_datasets(client: Client) -> None:
    row = make_dataset()
    owner = row.organisation
    for name in (owner.pk, owner.node.slug):
        answer = client.get(f"/organization/{name}")
        assert answer.status_code == 303
        assert "Villes du Québec" in client.get(answer["Location"]).content.decode()
    assert client.get("/organization/rien").status_code == 404
