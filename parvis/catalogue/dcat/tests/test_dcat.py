"""The catalogue in RDF: formats, pages, shapes, negotiation; what is not public is nowhere."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, PROV, RDF, XSD

from parvis.catalogue.datastore.models import Table
from parvis.catalogue.dcat import pages, records, vocabulary
from parvis.catalogue.dcat.tests.dcat_factories import add_link, make_rich
from parvis.catalogue.dcat.triples import PREFIXES
from parvis.catalogue.lists import CATEGORIES, FREQUENCIES
from parvis.catalogue.models import Dataset
from parvis.catalogue.tests.catalogue_factories import make_dataset
from parvis.core.cache import PageCache
from parvis.core.models import Node, State
from tests.factories import make_site

HYDRA, SPDX, VCARD = (Namespace(PREFIXES[name]) for name in ("hydra", "spdx", "vcard"))
pytestmark = pytest.mark.django_db
SHAPES = next(
    (
        folder / "shared/data/dcat-ap/dcat-ap_3_shacl_shapes.ttl"
        for folder in (django_settings.BASE_DIR, *django_settings.BASE_DIR.parents)
        if (folder / "shared/data/dcat-ap/dcat-ap_3_shacl_shapes.ttl").exists()
    ),
    None,
)
FORMATS = {
    "xml": ("application/rdf+xml", "xml"),
    "rdf": ("application/rdf+xml", "xml"),
    "ttl": ("text/turtle", "turtle"),
    "n3": ("text/n3", "n3"),
    "jsonld": ("application/ld+json", "json-ld"),
    "nt": ("application/n-triples", "nt"),
}
SITE = django_settings.SITE_URL


def graph(client: Client, path: str, extension: str = "ttl", **headers: str) -> Graph:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.content.decode()[:500]
    return Graph().parse(data=answer.content, format=FORMATS[extension][1])


def test_every_format_says_the_same_with_its_charset_and_head_too(client: Client) -> None:
    row = make_rich()["full"]
    for path in ("/catalog", f"/dataset/{row.pk}"):
        graphs = []
        for extension, (media_type, name) in FORMATS.items():
            answer = client.get(f"{path}.{extension}")
            assert answer["Content-Type"] == f"{media_type}; charset=utf-8"
            assert answer["Access-Control-Allow-Origin"] == "*"
            assert "Villes du Québec" in answer.content.decode() or extension == "nt"
            head = client.head(f"{path}.{extension}")
            assert head.status_code == 200 and not head.content
            assert head["Content-Type"] == answer["Content-Type"]
            one = Graph().parse(data=answer.content, format=name)
            # The node of the page is the address itself, which the extension is part of.
            for view in list(one.subjects(RDF.type, HYDRA.PagedCollection)):
                one.remove((view, None, None))
            graphs.append(one)
        assert len(graphs[0]) > 60
        assert all(isomorphic(graphs[0], other) for other in graphs[1:])
    by_name = graph(client, f"/dataset/{row.node.slug}.ttl")
    assert isomorphic(by_name, graphs[0])
    assert client.get("/catalog.csv").status_code == 404
    assert client.get(f"/dataset/{row.pk}.csv").status_code == 404
    assert client.post("/catalog.ttl").status_code == 405


def test_what_is_said_of_a_dataset(client: Client) -> None:
    row = make_rich()["full"]
    found = graph(client, f"/dataset/{row.pk}.ttl")
    me = URIRef(f"{SITE}/dataset/{row.pk}")
    assert found.value(me, DCTERMS.identifier) == Literal(str(row.pk))
    assert {(str(o), o.language) for o in found.objects(me, DCTERMS.title)} == {
        ("Villes du Québec", "fr"), ("Villes du Québec (en)", "en")
    }  # fmt: skip
    assert {(str(o), o.language) for o in found.objects(me, DCAT.keyword)} == {
        ("Ville", "fr"), ("City", "en")
    }  # fmt: skip
    assert {o.language for o in found.objects(me, DCTERMS.description)} == {"fr", "en"}
    assert str(found.value(me, DCTERMS.license)) == "https://creativecommons.org/licenses/by/4.0/"
    assert str(found.value(me, DCTERMS.accrualPeriodicity)).endswith("frequency/ANNUAL")
    assert [str(o).rsplit("/", 1)[1] for o in found.objects(me, DCAT.theme)] == ["SOCI"]
    modified = found.value(me, DCTERMS.modified)
    assert modified is not None and modified.toPython() <= timezone.now()
    place = found.value(me, DCTERMS.spatial)
    assert str(found.value(place, DCAT.bbox)) == (
        "POLYGON((-79.7625 44.9913, -57.1 44.9913, -57.1 62.5, -79.7625 62.5, -79.7625 44.9913))"
    )
    span = found.value(me, DCTERMS.temporal)
    assert str(found.value(span, DCAT.startDate)) == "2020-01-01"
    who = found.value(me, DCAT.contactPoint)
    assert (who, RDF.type, VCARD.Kind) in found
    assert str(found.value(who, VCARD.hasEmail)) == "mailto:donnees@exemple.org"
    assert str(found.value(me, PROV.wasGeneratedBy)) == f"{SITE}/fr/consultations/plan/"
    assert URIRef(f"{SITE}/fr/consultations/plan/") in set(found.objects(me, DCTERMS.relation))


def test_what_is_said_of_its_files(client: Client) -> None:
    row = make_rich()["full"]
    found = graph(client, f"/dataset/{row.pk}.ttl")
    me = URIRef(f"{SITE}/dataset/{row.pk}")
    offers = {}
    for node in found.objects(me, DCAT.distribution):
        assert found.value(node, DCAT.accessURL) is not None
        offers[str(found.value(node, DCTERMS.format)).rsplit("/", 1)[1]] = node
    assert set(offers) == {"CSV", "JSON", "PARQUET", "XLSX", "PDF", "GEOJSON", "WMS_SRVC"}
    version = row.resources.get(current__isnull=False).current
    size = found.value(offers["CSV"], DCAT.byteSize)
    assert size == Literal(str(version.csv_bytes), datatype=XSD.nonNegativeInteger)
    checksum = found.value(offers["CSV"], SPDX.checksum)
    assert str(found.value(checksum, SPDX.checksumValue)).lower() == version.csv_sha256
    assert found.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
    assert str(found.value(offers["CSV"], DCAT.mediaType)).endswith("/media-types/text/csv")
    # A link elsewhere stays one, with what an IRI forbids escaped.
    link = str(found.value(offers["GEOJSON"], DCAT.downloadURL))
    assert link == "https://exemple.org/a%20b%7Cc.geojson"
    assert found.value(offers["WMS_SRVC"], DCAT.downloadURL) is None
    # What is said can be taken: the table in each format, and its columns.
    for name in ("CSV", "JSON", "PARQUET", "XLSX"):
        url = str(found.value(offers[name], DCAT.downloadURL)).removeprefix(SITE)
        assert client.get(url).status_code == 200, url
    schema = str(found.value(offers["CSV"], DCTERMS.conformsTo)).removeprefix(SITE)
    assert [one["type"] for one in client.get(schema).json()["fields"]] == [
        "string", "integer", "boolean"
    ]  # fmt: skip
    shown = client.get(str(offers["PDF"]).removeprefix(SITE).split("#")[0])
    assert shown.status_code == 303 and shown["Location"].endswith("?file=guide")


def test_the_catalogue_breaks_no_shape_of_dcat_ap(client: Client) -> None:
    if SHAPES is None:
        pytest.skip("the shapes of DCAT-AP 3 are not beside the project")
    from pyshacl import validate

    make_site()
    rich = make_rich()
    Dataset.objects.filter(pk=rich["full"].pk).update(
        modified_at=timezone.now() + timedelta(days=3)
    )
    data = graph(client, "/catalog.ttl")
    assert len(list(data.subjects(RDF.type, DCAT.Dataset))) == len(rich)
    ok, _found, text = validate(
        data, shacl_graph=str(SHAPES), inference="rdfs", advanced=True, meta_shacl=False
    )
    assert ok, text[:3000]
    for value in data.objects(None, DCTERMS.modified):
        assert value.toPython() <= timezone.now()


def test_the_shapes_do_refuse(client: Client) -> None:
    """What proves that the test above can fail."""
    if SHAPES is None:
        pytest.skip("the shapes of DCAT-AP 3 are not beside the project")
    from pyshacl import validate

    me = URIRef("https://exemple.org/1")
    bad = Graph()
    bad.add((me, RDF.type, DCAT.Dataset))
    assert not validate(bad, shacl_graph=str(SHAPES), inference="none", advanced=True)[0]


def test_walking_the_pages_meets_each_dataset_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DATASETS_PER_PAGE", 2)
    made = {str(make_dataset(f"jeu-{n}", title=f"Jeu {n}").pk) for n in range(5)}
    path, seen, walked = "/catalog.ttl", [], 0
    while path:
        found = graph(client, path)
        walked += 1
        views = set(found.subjects(RDF.type, HYDRA.PartialCollectionView))
        assert len(views) == 1 and views == set(found.subjects(RDF.type, HYDRA.PagedCollection))
        (view,) = views
        assert int(found.value(view, HYDRA.totalItems)) == 5
        assert str(found.value(view, HYDRA.first)) == f"{SITE}/catalog.ttl?page=1"
        assert str(found.value(view, HYDRA.last)) == f"{SITE}/catalog.ttl?page=3"
        assert (found.value(view, HYDRA.previous) is None) == (walked == 1)
        rows = list(found.objects(URIRef(f"{SITE}/catalog"), DCAT.dataset))
        assert set(rows) == set(found.subjects(RDF.type, DCAT.Dataset)) and len(rows) <= 2
        seen += [str(row).rsplit("/", 1)[1] for row in rows]
        following = list(found.objects(view, HYDRA.next))
        assert len(following) <= 1 and all(isinstance(one, URIRef) for one in following)
        path = str(following[0]).removeprefix(SITE) if following else ""
    assert walked == 3 and len(seen) == 5 and set(seen) == made
    # Beyond the end (a dataset went while somebody was reading): empty, and the walk ends.
    after = graph(client, "/catalog.ttl?page=9")
    (view,) = after.subjects(RDF.type, HYDRA.PagedCollection)
    assert after.value(view, HYDRA.next) is None
    assert not list(after.subjects(RDF.type, DCAT.Dataset))


def test_the_pages_keep_what_was_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "DATASETS_PER_PAGE", 1)
    old = make_dataset("ancien", title="Ancien")
    make_dataset("neuf", title="Neuf", licence="CC0-1.0", licence_reason={"fr": "Simple."})
    make_dataset("neuve", title="Neuve", licence="CC0-1.0", licence_reason={"fr": "Simple."})
    Dataset.objects.filter(pk=old.pk).update(modified_at="2024-01-01T00:00:00Z")

    def names(query: str) -> set[str]:
        found: set[str] = set()
        path = f"/catalog.ttl?{query}"
        while path:
            one = graph(client, path)
            titles = (one.objects(s, DCTERMS.title) for s in one.subjects(RDF.type, DCAT.Dataset))
            found |= {str(t) for words in titles for t in words if t.language == "fr"}
            (view,) = one.subjects(RDF.type, HYDRA.PagedCollection)
            following = one.value(view, HYDRA.next)
            path = str(following).removeprefix(SITE) if following else ""
        return found

    assert names("modified_since=2025-01-01") == {"Neuf", "Neuve"}
    assert names("modified_since=2023-12-31T23:00:00-05:00") == {"Neuf", "Neuve"}
    assert names("modified_since=2023-12-31T23:00:00%2B01:00") == {"Ancien", "Neuf", "Neuve"}
    assert names("q=ancien") == {"Ancien"}
    assert names("fq=license_id:CC0-1.0&modified_since=2025-01-01T00:00:00Z") == {"Neuf", "Neuve"}
    assert names("fq=license_id:CC-BY-4.0&profiles=euro_dcat_ap_3") == {"Ancien"}


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=deux", "page=1.5", "page=99999999999", "modified_since=hier",
     "modified_since=2026-02-31", "modified_since=0001-01-01T00:00:00%2B14:00", "profiles=autre",
     "fq=(a", "q=title:(a"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_words(client: Client, query: str) -> None:
    answer = client.get(f"/catalog.ttl?{query}")
    assert answer.status_code == 400 and answer["Content-Type"] == "text/plain; charset=utf-8"
    name = query.split("=", 1)[0]
    assert name in answer.content.decode().replace("profil", "profiles")
    if name in {"page", "modified_since"}:
        assert client.head(f"/catalog.ttl?{query}").status_code == 400


ACCEPTED = {
    "text/turtle": "text/turtle",
    "application/ld+json": "application/ld+json",
    "application/rdf+xml;q=0.9, text/html;q=0.2": "application/rdf+xml",
    "text/n3": "text/n3",
    "application/n-triples, */*;q=0.1": "application/n-triples",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "",
    "*/*": "",
    "image/png": "",
    "text/turtle;q=0.3, text/html": "",
}


def test_an_address_answers_what_is_asked_for(client: Client) -> None:
    row = make_rich()["full"]
    places = {
        "/catalog": "/fr/donnees/",
        f"/dataset/{row.pk}": "/fr/donnees/villes/",
        "/dataset/villes": "/fr/donnees/villes/",
        "/fr/donnees/villes/": "",
    }
    for path, place in places.items():
        for accept, media_type in ACCEPTED.items():
            answer = client.get(path, headers={"Accept": accept})
            assert "Accept" in [one.strip() for one in answer["Vary"].split(",")], path
            if media_type:
                assert answer.status_code == 200, (path, accept)
                assert answer["Content-Type"] == f"{media_type}; charset=utf-8"
            elif place:
                assert (answer.status_code, answer["Location"]) == (303, place)
            else:
                assert answer["Content-Type"].startswith("text/html")
    english = client.get("/dataset/villes", headers={"Accept-Language": "en"})
    assert english["Location"] == "/en/data/villes/" and "Accept-Language" in english["Vary"]
    page = client.get("/fr/donnees/villes/").content.decode()
    assert f'<link rel="alternate" type="text/turtle" href="{SITE}/dataset/{row.pk}.ttl">' in page
    listing = client.get("/fr/donnees/").content.decode()
    assert f'type="application/ld+json" href="{SITE}/catalog.jsonld"' in listing


def test_the_page_cache_never_mixes_pages_and_rdf(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    make_dataset()
    settings.HOME = tmp_path

    def site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        answer = client.get(environ["PATH_INFO"], headers={"Accept": environ["HTTP_ACCEPT"]})
        start_response(f"{answer.status_code} OK", list(answer.items()))
        return [answer.content]

    cached = PageCache(site, 60)

    def ask(accept: str) -> tuple[str, bool]:
        said: dict[str, str] = {}
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/fr/donnees/villes/", "HTTP_ACCEPT": accept
        }  # fmt: skip
        list(cached(environ, lambda status, headers, exc_info=None: said.update(headers)))
        return said["Content-Type"].split(";")[0], "x-page-cache" in said

    assert ask("text/html,*/*;q=0.8") == ("text/html", False)
    assert ask("text/html,*/*;q=0.8") == ("text/html", True)
    for accept in ("text/turtle", "application/ld+json, */*;q=0.1", "application/rdf+xml"):
        assert ask(accept) == (accept.split(",")[0], False)
    assert ask("*/*") == ("text/html", True)


def test_a_new_name_changes_no_identifier(client: Client) -> None:
    row = make_rich()["full"]
    keys = (DCTERMS.identifier, DCAT.accessURL, DCAT.downloadURL, DCAT.distribution, DCAT.version)

    def said(path: str) -> set[Any]:
        found = graph(client, path)
        return {(s, p, o) for p in keys for s, o in found.subject_objects(p)}

    before, by_id = said("/catalog.ttl"), said(f"/dataset/{row.pk}.ttl")
    Node.objects.filter(pk=row.pk).update(slug="villes-et-villages", title={"fr": "Autre nom"})
    assert said("/catalog.ttl") == before
    assert said(f"/dataset/{row.pk}.ttl") == by_id == said("/dataset/villes-et-villages.ttl")
    assert client.get("/dataset/villes.ttl").status_code == 404


@pytest.mark.parametrize("state", [State.DRAFT, State.PRIVATE, State.HIDDEN, State.WITHDRAWN])
def test_what_is_not_public_is_nowhere(client: Client, state: State) -> None:
    make_dataset()
    secret = make_dataset("secret", title="Trésor caché")
    sha256 = secret.resources.get().current.sha256
    resource = secret.resources.get().pk
    Node.objects.filter(pk=secret.pk).update(state=state)
    gone = {404, 410}
    for query in ("", "?q=tresor", "?fq=name:secret", "?modified_since=2020-01-01"):
        text = client.get(f"/catalog.ttl{query}").content.decode()
        assert "/secret/" not in text and "Trésor" not in text and str(secret.pk) not in text
    for name in ("secret", secret.pk):
        for tail in ("", ".ttl", ".jsonld", ".croissant.json", "/citation.json", "/citation.bib",
                     f"/version/{sha256}", f"/version/{sha256}/citation.ris",
                     f"/resource/{resource}", f"/resource/{resource}/schema.json"):  # fmt: skip
            assert client.get(f"/dataset/{name}{tail}").status_code in gone, tail
        turtle = {"Accept": "text/turtle"}
        assert client.get(f"/dataset/{name}", headers=turtle).status_code in gone
    for path in ("/fr/donnees/secret/integrer/", "/fr/donnees/secret/"):
        assert client.get(path, headers={"Accept": "text/turtle"}).status_code in gone
    assert "secret" not in client.get("/sitemap-dataset.xml").content.decode()


def test_a_file_that_waits_is_not_told(client: Client) -> None:
    row = make_dataset()
    add_link(row, "Plus tard", "https://exemple.org/plus-tard.csv", published=False)
    assert "plus-tard" not in client.get(f"/dataset/{row.pk}.ttl").content.decode()


def test_a_table_that_programs_write_is_taken_from_its_rows(client: Client) -> None:
    row = make_dataset()
    empty = add_link(row, "Rangs", "")
    assert "Rangs" not in client.get(f"/dataset/{row.pk}.ttl").content.decode()
    Table.objects.create(resource=empty, owned=True, fields=[{"id": "a", "type": "int4"}])
    found = graph(client, f"/dataset/{row.pk}.ttl")
    dumps = {str(o) for o in found.objects(None, DCAT.downloadURL) if "/datastore/" in str(o)}
    assert f"{SITE}/datastore/dump/{empty.pk}?format=csv" in dumps and len(dumps) == 4
    assert {client.get(one.removeprefix(SITE)).status_code for one in dumps} == {200}


def test_a_page_costs_the_same_for_many(client: Client) -> None:
    counts = []
    for size in (2, 6):
        for n in range(Dataset.objects.count(), size):
            row = make_dataset(f"jeu-{n}", title=f"Jeu {n}")
            add_link(row, "Ailleurs", f"https://exemple.org/{n}.csv")
        client.get("/catalog.ttl")
        with CaptureQueriesContext(connection) as caught:
            client.get("/catalog.ttl")
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 9, counts


def test_nothing_in_a_text_breaks_a_format(client: Client) -> None:
    row = make_dataset(title='Un "titre" <i>\\ & \x0b\u2028 é')
    Dataset.objects.filter(pk=row.pk).update(
        sources=['https://exemple.org/a b<>{}|^`"\\'], url="https://exemple.org/é?x=[1]#y"
    )
    graphs = [graph(client, f"/dataset/{row.pk}.{e}", e) for e in FORMATS]
    assert all(len(one) == len(graphs[0]) for one in graphs)


def test_every_value_of_our_lists_has_a_word_of_europe() -> None:
    assert set(vocabulary.FREQUENCY) == set(FREQUENCIES)
    assert set(vocabulary.THEMES) == set(CATEGORIES)
    codes = {code for themes in vocabulary.THEMES.values() for code in themes}
    assert codes == set(vocabulary.THEME_WORDS)
    assert records.iri("https://a.org/é b") == "https://a.org/%C3%A9%20b"
