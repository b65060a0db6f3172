"""DCAT, CSW and CSV lists: what is read, by pages, and what hostile or broken answers give."""

import gzip
import json

import pytest

from parvis.catalogue.harvest.models import HarvestItem
from parvis.catalogue.harvest.readers import csv_list
from parvis.catalogue.harvest.reasons import in_words
from parvis.catalogue.harvest.remote import box_of, moment, period
from parvis.catalogue.harvest.tests.harvest_factories import (
    FakeClient,
    counts,
    harvest,
    make_source,
    outcomes,
)
from parvis.catalogue.harvest.vocabulary import categories_of, frequency_of, licence_of
from parvis.catalogue.models import Dataset
from parvis.core.egress import Answer

PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix locn: <http://www.w3.org/ns/locn#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
ARBRES = """
<https://d.example/set/arbres> a dcat:Dataset ;
  dct:title "Arbres"@fr, "Trees"@en ; dct:description "Chaque arbre."@fr ;
  dct:identifier "arbres" ; dcat:keyword "arbre"@fr, "tree"@en ;
  dct:license <http://publications.europa.eu/resource/authority/licence/CC_BY_4_0> ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL> ;
  dcat:theme <http://publications.europa.eu/resource/authority/data-theme/ENVI> ;
  dct:language <http://publications.europa.eu/resource/authority/language/FRA> ;
  dct:publisher [ a foaf:Agent ; foaf:name "Ville"@fr ] ;
  dcat:contactPoint [ vcard:fn "Données" ; vcard:hasEmail <mailto:donnees@ville.example> ] ;
  dct:temporal [ dcat:startDate "2020-01-01"^^xsd:date ; dcat:endDate "2021-12-31"^^xsd:date ] ;
  dct:spatial [ dcat:bbox "POLYGON((-71.5 46.7,-71.1 46.7,-71.1 46.9,-71.5 46.7))" ] ;
  dct:modified "2026-01-02"^^xsd:date ;
  dcat:distribution [ dct:title "Liste"@fr ; dcat:downloadURL <https://d.example/arbres.csv> ;
    dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ;
    dcat:mediaType <http://www.iana.org/assignments/media-types/text/csv> ],
  [ dct:title "Carte"@fr ; dcat:accessURL <https://d.example/arbres.geojson> ] .
"""
RUES = """
<https://d.example/set/rues> a dcat:Dataset ; dct:title "Rues" ;
  dcat:distribution [ dct:license <https://creativecommons.org/publicdomain/zero/1.0/> ;
    dcat:accessURL <https://d.example/rues> ] .
<https://d.example/set/sans> a dcat:Dataset ; dct:identifier "sans" ;
  dct:license <https://creativecommons.org/licenses/by/4.0/> .
"""
NEXT = """
<> a hydra:PartialCollectionView, hydra:PagedCollection ; hydra:totalItems 3 ;
  hydra:next <https://d.example/catalog.ttl?page=2> .
"""


def turtle(text):
    return Answer(200, (PREFIXES + text).encode(), {"content-type": "text/turtle; charset=utf-8"})


def converted(kind, media):
    import rdflib

    graph = rdflib.Graph().parse(data=PREFIXES + ARBRES, format="turtle")
    return Answer(200, graph.serialize(format=kind).encode(), {"content-type": media})


def dcat(url="https://d.example/catalog.ttl", **more):
    return make_source(kind="dcat", url=url, **more)


@pytest.mark.django_db
def test_dcat_by_pages_twice():
    def answer(url):
        return turtle(RUES if url.endswith("?page=2") else ARBRES + NEXT)

    source, client = dcat(), FakeClient(answer)
    assert counts(harvest(source, client)) == {"added": 2, "failed": 1}
    assert client.asked == ["https://d.example/catalog.ttl", "https://d.example/catalog.ttl?page=2"]
    assert outcomes(source)["sans"] == ("failed", "no_title")
    row = Dataset.objects.select_related("node").get(harvested__remote_id="arbres")
    assert row.node.title == {"fr": "Arbres", "en": "Trees"}
    assert (row.licence, row.frequency, row.languages) == ("CC-BY-4.0", "annual", ["fr"])
    assert row.categories == ["environnement-ressources-naturelles-energie"]
    assert (row.author, row.maintainer_email) == ("Ville", "donnees@ville.example")
    assert (row.temporal, row.box) == ("2020-01-01/2021-12-31", [-71.5, 46.7, -71.1, 46.9])
    files = [(r.url, r.format, r.mimetype) for r in row.resources.all()]
    assert files == [
        ("https://d.example/arbres.csv", "CSV", "text/csv"),
        ("https://d.example/arbres.geojson", "GEOJSON", ""),
    ]
    rues = Dataset.objects.get(harvested__remote_id="https://d.example/set/rues")
    assert rues.licence == "CC0-1.0" and rues.licence_reason["fr"]
    # Nodes without a name come in another order each time; nothing changed all the same.
    for _n in range(2):
        assert counts(harvest(source, client)) == {"unchanged": 2, "failed": 1}


@pytest.mark.django_db
def test_dcat_in_three_serialisations_gives_the_same():
    digests = set()
    for kind, media in (("xml", "application/rdf+xml"), ("json-ld", "application/ld+json"),
                        ("turtle", "")):  # fmt: skip
        source = dcat(f"https://d.example/{kind}")
        answer = converted(kind, media)
        run = harvest(source, FakeClient(lambda _u, answer=answer: answer))
        assert counts(run) == {"added": 1}, in_words(run.reason)
        item = HarvestItem.objects.get(source=source)
        digests.add(item.digest)
    assert len(digests) == 1


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b;</rdf:RDF>"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "media"),
    [
        (BOMB, "application/rdf+xml"),
        (b"<rdf:RDF", "application/rdf+xml"),
        (b"<html><body>Perdu</body></html>", "text/turtle"),
        (b'{"@context": {"@import": "https://x.example/"}}', "application/ld+json"),
        (b"{", "application/ld+json"),
        (gzip.compress(b"x", mtime=0), "text/turtle"),
    ],
)
def test_dcat_that_cannot_be_read_ends_the_run(body, media):
    run = harvest(dcat(), FakeClient(lambda _u: Answer(200, body, {"content-type": media})))
    assert (run.state, run.reason["code"]) == ("failed", "not_rdf")


@pytest.mark.django_db
def test_contexts_elsewhere_come_by_our_own_client_and_few():
    document = {
        "@context": ["context.jsonld", {"more": "https://m.example/"}],
        "@id": "https://d.example/set/1", "@type": "dcat:Dataset", "title": "Un",
        "dct:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
        "dcat:distribution": {"dcat:accessURL": {"@id": "https://d.example/1.csv"}},
    }  # fmt: skip
    context = {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "title": {"@id": "dct:title", "@language": "fr"},
        }
    }  # fmt: skip

    def answer(url):
        said = context if url.endswith("context.jsonld") else document
        return Answer(200, json.dumps(said).encode(), {"content-type": "application/ld+json"})

    client = FakeClient(answer)
    assert counts(harvest(dcat("https://d.example/c"), client)) == {"added": 1}
    assert client.asked == ["https://d.example/c", "https://d.example/context.jsonld"]
    document["@context"] = [f"c{n}.jsonld" for n in range(20)]
    run = harvest(dcat("https://d.example/e"), FakeClient(answer))
    assert run.reason["code"] == "not_rdf"


# CSW ----------------------------------------------------------------------------------------------

CSW = """<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"
 xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"
 xmlns:gmx="http://www.isotc211.org/2005/gmx" xmlns:xlink="http://www.w3.org/1999/xlink"
 xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dct="http://purl.org/dc/terms/" xmlns:ows="http://www.opengis.net/ows">
 <csw:SearchResults numberOfRecordsMatched="{total}" nextRecord="{next}">{records}
 </csw:SearchResults></csw:GetRecordsResponse>"""
RECORD = """<gmd:MD_Metadata>
 <gmd:fileIdentifier><gco:CharacterString>iso-{n}</gco:CharacterString></gmd:fileIdentifier>
 <gmd:language><gmd:LanguageCode codeListValue="fra"/></gmd:language>
 <gmd:dateStamp><gco:Date>2026-01-02</gco:Date></gmd:dateStamp>
 <gmd:identificationInfo><gmd:MD_DataIdentification>
  <gmd:citation><gmd:CI_Citation><gmd:title><gco:CharacterString>Carte {n}</gco:CharacterString>
   </gmd:title></gmd:CI_Citation></gmd:citation>
  <gmd:abstract><gco:CharacterString>Ce que montre la carte.</gco:CharacterString></gmd:abstract>
  <gmd:pointOfContact><gmd:CI_ResponsibleParty><gmd:organisationName>
   <gco:CharacterString>Ministère</gco:CharacterString></gmd:organisationName>
   <gmd:contactInfo><gmd:CI_Contact><gmd:address><gmd:CI_Address><gmd:electronicMailAddress>
    <gco:CharacterString>geo@min.example</gco:CharacterString></gmd:electronicMailAddress>
   </gmd:CI_Address></gmd:address></gmd:CI_Contact></gmd:contactInfo>
  </gmd:CI_ResponsibleParty></gmd:pointOfContact>
  <gmd:resourceMaintenance><gmd:MD_MaintenanceInformation><gmd:maintenanceAndUpdateFrequency>
   <gmd:MD_MaintenanceFrequencyCode codeListValue="annually"/></gmd:maintenanceAndUpdateFrequency>
  </gmd:MD_MaintenanceInformation></gmd:resourceMaintenance>
  <gmd:descriptiveKeywords><gmd:MD_Keywords><gmd:keyword>
   <gco:CharacterString>cours d’eau</gco:CharacterString></gmd:keyword></gmd:MD_Keywords>
  </gmd:descriptiveKeywords>
  <gmd:resourceConstraints><gmd:MD_LegalConstraints><gmd:otherConstraints>
   <gmx:Anchor xlink:href="https://creativecommons.org/licenses/by/4.0/">CC-BY 4.0</gmx:Anchor>
  </gmd:otherConstraints></gmd:MD_LegalConstraints></gmd:resourceConstraints>
  <gmd:topicCategory><gmd:MD_TopicCategoryCode>inlandWaters</gmd:MD_TopicCategoryCode>
  </gmd:topicCategory>
  <gmd:extent><gmd:EX_Extent><gmd:geographicElement><gmd:EX_GeographicBoundingBox>
   <gmd:westBoundLongitude><gco:Decimal>-79.8</gco:Decimal></gmd:westBoundLongitude>
   <gmd:eastBoundLongitude><gco:Decimal>-57.1</gco:Decimal></gmd:eastBoundLongitude>
   <gmd:southBoundLatitude><gco:Decimal>45</gco:Decimal></gmd:southBoundLatitude>
   <gmd:northBoundLatitude><gco:Decimal>62.6</gco:Decimal></gmd:northBoundLatitude>
  </gmd:EX_GeographicBoundingBox></gmd:geographicElement><gmd:temporalElement>
   <gmd:EX_TemporalExtent><gmd:extent><gml:TimePeriod><gml:beginPosition>2019-01-01
   </gml:beginPosition><gml:endPosition>2019-12-31</gml:endPosition></gml:TimePeriod></gmd:extent>
   </gmd:EX_TemporalExtent></gmd:temporalElement></gmd:EX_Extent></gmd:extent>
 </gmd:MD_DataIdentification></gmd:identificationInfo>
 <gmd:distributionInfo><gmd:MD_Distribution><gmd:transferOptions><gmd:MD_DigitalTransferOptions>
  <gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>https://geo.example/wms?{n}</gmd:URL>
   </gmd:linkage><gmd:protocol><gco:CharacterString>OGC:WMS</gco:CharacterString></gmd:protocol>
   <gmd:name><gco:CharacterString>Service</gco:CharacterString></gmd:name>
  </gmd:CI_OnlineResource></gmd:onLine></gmd:MD_DigitalTransferOptions></gmd:transferOptions>
 </gmd:MD_Distribution></gmd:distributionInfo></gmd:MD_Metadata>"""
DUBLIN = """<csw:Record><dc:identifier>dc-1</dc:identifier><dc:title>Sols</dc:title>
 <dc:subject>sol</dc:subject><dct:abstract>Les sols.</dct:abstract>
 <dc:rights>https://creativecommons.org/licenses/by/4.0/</dc:rights>
 <dct:references>https://geo.example/sols.zip</dct:references><dct:modified>2026-02-03</dct:modified>
 <ows:BoundingBox><ows:LowerCorner>-75 45</ows:LowerCorner><ows:UpperCorner>-70 48</ows:UpperCorner>
 </ows:BoundingBox></csw:Record>"""
EXCEPTION = '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows">non</ows:ExceptionReport>'


def csw(total=0, following=0, records=""):
    return Answer(200, CSW.format(total=total, next=following, records=records).encode())


@pytest.mark.django_db
def test_csw_iso_by_pages():
    pages = {1: (51, range(50)), 51: (0, [50])}

    def answer(url):
        start = int(url.split("startPosition=")[1].split("&")[0])
        following, numbers = pages[start]
        return csw(51, following, "".join(RECORD.format(n=n) for n in numbers))

    source = make_source(kind="csw", url="https://geo.example/csw?lang=fre&request=GetCapabilities")
    client = FakeClient(answer)
    assert counts(harvest(source, client)) == {"added": 51}
    assert len(client.asked) == 2 and "lang=fre&service=CSW" in client.asked[0]
    assert "GetCapabilities" not in client.asked[0]
    row = Dataset.objects.select_related("node").get(harvested__remote_id="iso-7")
    assert row.node.title == {"fr": "Carte 7"} and row.licence == "CC-BY-4.0"
    assert (row.frequency, row.temporal) == ("annual", "2019-01-01/2019-12-31")
    assert row.box == [-79.8, 45.0, -57.1, 62.6]
    assert row.categories == ["environnement-ressources-naturelles-energie"]
    assert (row.author, row.author_email) == ("Ministère", "geo@min.example")
    assert row.tags == [{"fr": "cours d’eau"}]
    link = row.resources.get()
    assert (link.url, link.format, link.kind) == ("https://geo.example/wms?7", "WMS", "carte")
    assert counts(harvest(source, client)) == {"unchanged": 51}


@pytest.mark.django_db
def test_csw_in_dublin_core_where_iso_is_not_served():
    def answer(url):
        if "gmd%3AMD_Metadata" in url:
            return Answer(200, EXCEPTION.encode())
        return csw(1, 0, DUBLIN)

    source = make_source(kind="csw", url="https://geo.example/csw")
    assert counts(harvest(source, FakeClient(answer))) == {"added": 1}
    row = Dataset.objects.get(harvested__remote_id="dc-1")
    assert row.box == [-75.0, 45.0, -70.0, 48.0]
    assert row.resources.get().format == "ZIP"


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"<a", b"{}", EXCEPTION.encode(), b"<x/>", BOMB])
def test_csw_that_cannot_be_read_ends_the_run(body):
    source = make_source(kind="csw", url="https://geo.example/csw")
    run = harvest(source, FakeClient(lambda _u: Answer(200, body)))
    assert (run.state, run.reason["code"]) == ("failed", "not_csw")


# CSV lists ----------------------------------------------------------------------------------------


def listed(text, encoding="utf-8"):
    return FakeClient(lambda _u: Answer(200, text.encode(encoding)))


def csv_source(**more):
    return make_source(kind="csv", url="https://exemple.org/liste.csv", **more)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_template_itself_is_a_list(encoding):
    source = csv_source()
    assert counts(harvest(source, listed(csv_list.template(), encoding))) == {"added": 1}
    row = Dataset.objects.select_related("node").get()
    assert row.node.slug == "arbres-2026"
    assert row.node.title == {"fr": "Arbres publics", "en": "Public trees"}
    assert row.tags == [
        {"fr": "arbre", "en": "tree"},
        {"fr": "forêt urbaine", "en": "urban forest"},
    ]
    assert (row.licence, row.frequency, row.spatial) == ("CC-BY-4.0", "annual", "Québec")
    assert row.resources.get().name == {"fr": "Liste des arbres", "en": "List of trees"}


@pytest.mark.django_db
def test_errors_of_a_list_are_said_by_row():
    text = (
        "id;title_fr;licence;file_url;bureau\n"
        "a;Premier;cc-by;https://exemple.org/a.csv;Nord\n"
        "a;Premier;cc-by;https://exemple.org/a2.csv;\n"
        ";Sans identifiant;cc-by;https://exemple.org/b.csv;\n"
        "c;Mauvais lien;cc-by;exemple.org/c.csv;\n"
        "\n"
        "d;;cc-by;https://exemple.org/d.csv;\n"
    )
    source = csv_source()
    assert counts(harvest(source, listed(text))) == {"added": 1, "failed": 3}
    row = Dataset.objects.get()
    assert row.resources.count() == 2 and row.extras["bureau"] == "Nord"
    failed = HarvestItem.objects.filter(outcome="failed")
    said = {i.remote_id: in_words(i.reason).replace("\u00a0", " ") for i in failed}
    assert said == {
        "row 4": "Ligne 4 : la colonne « id » est vide.",
        "c": "Ligne 5 : « exemple.org/c.csv » n’est pas une adresse web.",
        "d": "Il n’y a pas de titre.",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_columns"),
        ("a,b\n1,2\n", "no_columns"),
        ("id,file_url\n1,https://exemple.org/\n", "no_columns"),
        ('id,title_fr,file_url\n"1,2\n', "not_csv"),
    ],
)
def test_a_list_that_is_none(text, code):
    run = harvest(csv_source(), listed(text))
    assert (run.state, run.reason["code"]) == ("failed", code)


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("cc-by", "CC-BY-4.0"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.fr", "CC-BY-NC-SA-4.0"),
        ("https://creativecommons.org/licenses/by/3.0/", ""),
        ("http://publications.europa.eu/resource/authority/licence/CC0", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", ""),
        ("uk-ogl", ""),
    ],
)
def test_licences(written, known):
    assert licence_of(written) == known


def test_words_of_other_catalogues():
    assert frequency_of("http://purl.org/cld/freq/biennial") == "biennial"
    assert frequency_of("R/P1Y") == "annual" and frequency_of("weekly") == "weekly"
    assert frequency_of("quand on y pense") == "irregular"
    assert categories_of(["transport", "x", "health"]) == ["sante", "transport"]
    assert period("2020-01-01T00:00:00", "") == "2020-01-01/"
    assert period("2021-01-01", "2020-01-01") == period("hier") == ""
    assert moment("2026-01-01T10:00:00-05:00") == "2026-01-01T15:00:00+00:00"
    assert moment("hier") == moment(None) == ""
    assert box_of("POINT EMPTY") is box_of("Québec") is box_of('{"type": "x"}') is None
    assert box_of('{"type": "Point", "coordinates": [-71, 46]}') == [-71.0, 46.0, -71.0, 46.0]
    assert box_of('{"type": "Point", "coordinates": [-271, 46]}') is None
