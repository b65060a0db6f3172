"""CSW 2.0.2: GetRecords by pages, ISO 19139 (or Dublin Core, where ISO is not served)."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from parvis.catalogue.harvest.readers.asking import DETAIL_CHARACTERS, Asked, fetch, next_cursor
from parvis.catalogue.harvest.reasons import Refusal, reason
from parvis.catalogue.harvest.remote import (
    Bad,
    Found,
    Page,
    Remote,
    RemoteFile,
    bounds,
    period,
)

ROWS = 50
ISO = "http://www.isotc211.org/2005/gmd"
DC = "http://www.opengis.net/cat/csw/2.0.2"
NS = {
    "csw": DC,
    "gmd": ISO,
    "gco": "http://www.isotc211.org/2005/gco",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "gml": "http://www.opengis.net/gml",
    "gml32": "http://www.opengis.net/gml/3.2",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "ows": "http://www.opengis.net/ows",
    "xlink": "http://www.w3.org/1999/xlink",
}
_LANGUAGES = {"fre": "fr", "fra": "fr", "fr": "fr", "eng": "en", "en": "en"}
_OWN = {
    "service", "version", "request", "resulttype", "elementsetname", "typenames", "outputschema",
    "startposition", "maxrecords",
}  # fmt: skip


def _url(asked: Asked, schema: str, start: int) -> str:
    parts = urlsplit(asked.source.url)
    kept = [(k, v) for k, v in parse_qsl(parts.query) if k.lower() not in _OWN]
    names = "gmd:MD_Metadata" if schema == ISO else "csw:Record"
    query = {
        "service": "CSW",
        "version": "2.0.2",
        "request": "GetRecords",
        "resultType": "results",
        "elementSetName": "full",
        "typeNames": names,
        "outputSchema": schema,
        "startPosition": start,
        "maxRecords": ROWS,
    }
    return urlunsplit(parts._replace(query=urlencode([*kept, *query.items()]), fragment=""))


def _answer(asked: Asked, schema: str, start: int) -> Element:
    answer = fetch(asked, _url(asked, schema, start), accept="application/xml, text/xml")
    try:
        root: Element = fromstring(answer.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Refusal("not_csw", detail=f"{type(error).__name__}"[:DETAIL_CHARACTERS]) from error
    return root


def read(asked: Asked) -> Page:
    """Return a page. Raises Refusal, Unreachable."""
    start, schema = int(asked.cursor.get("start", 1)), asked.cursor.get("schema", ISO)
    root = _answer(asked, schema, start)
    if root.tag.endswith("ExceptionReport") and start == 1 and schema == ISO:
        schema = DC
        root = _answer(asked, schema, start)
    if root.tag.endswith("ExceptionReport"):
        raise Refusal("not_csw", detail=" ".join("".join(root.itertext()).split())[:200])
    results = root.find("csw:SearchResults", NS)
    if results is None:
        raise Refusal("not_csw", detail=root.tag[:DETAIL_CHARACTERS])
    total, following = (
        int(results.get(name) or 0) if (results.get(name) or "0").isdigit() else 0
        for name in ("numberOfRecordsMatched", "nextRecord")
    )
    found = [_found(record, asked) for record in results]
    if not found or not start < following <= total:
        return Page(found, None, total)
    page = " ".join(one.remote_id for one in found)
    return Page(found, next_cursor(asked, page, {"start": following, "schema": schema}), total)


def _found(record: Element, asked: Asked) -> Found:
    iso = record.tag == f"{{{ISO}}}MD_Metadata"
    path = "gmd:fileIdentifier/gco:CharacterString" if iso else "dc:identifier"
    remote_id = (record.findtext(path, "", NS) or "").strip()
    try:
        return _iso(record, remote_id, asked) if iso else _dublin(record, remote_id, asked)
    except (ValueError, TypeError, AttributeError) as error:
        return Bad(remote_id, "", reason("not_understood", detail=error))


def _text(element: Element | None) -> str:
    """Return the characters of a gco:CharacterString, a gmx:Anchor, a code or a date."""
    if element is None:
        return ""
    for child in element.iter():
        if child.get("codeListValue"):
            return str(child.get("codeListValue"))
        if child.text and child.text.strip():
            return child.text.strip()
    return ""


def _all(record: Element, path: str) -> Iterator[str]:
    for element in record.iterfind(path, NS):
        if text := _text(element):
            yield text


def _first(record: Element, *paths: str) -> str:
    return next((text for path in paths for text in _all(record, path)), "")


def _iso(record: Element, remote_id: str, asked: Asked) -> Remote:
    said = _text(record.find("gmd:language", NS))[:3].lower()
    language = _LANGUAGES.get(said, asked.source.language)
    info = ".//gmd:identificationInfo/*/"
    west, south, east, north = (
        _first(record, f".//gmd:EX_GeographicBoundingBox/gmd:{name}")
        for name in (
            "westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude",
        )
    )  # fmt: skip
    ends = [
        _first(record, f".//gml:TimePeriod/gml:{name}", f".//gml32:TimePeriod/gml32:{name}")
        for name in ("beginPosition", "endPosition")
    ]
    contact = f"{info}gmd:pointOfContact/gmd:CI_ResponsibleParty/"
    mail = "gmd:contactInfo//gmd:electronicMailAddress"
    return Remote(
        remote_id=remote_id,
        title=_one(language, _first(record, f"{info}gmd:citation//gmd:title")),
        notes=_one(language, _first(record, f"{info}gmd:abstract")),
        tags=[
            {language: word} for word in _all(record, f"{info}gmd:descriptiveKeywords//gmd:keyword")
        ],
        licence=_licence(record, info),
        frequency=_first(record, f"{info}gmd:resourceMaintenance//gmd:MD_MaintenanceFrequencyCode")
        or _first(record, f"{info}gmd:resourceMaintenance//gmd:maintenanceAndUpdateFrequency"),
        categories=list(_all(record, f"{info}gmd:topicCategory")),
        languages=[language],
        spatial=_first(record, ".//gmd:EX_Extent/gmd:description"),
        temporal=period(*ends),
        box=bounds(west, south, east, north),
        url=_page(asked, remote_id),
        version=_first(record, f"{info}gmd:citation//gmd:edition"),
        author=_first(record, f"{contact}gmd:organisationName", f"{contact}gmd:individualName"),
        author_email=_first(record, f"{contact}{mail}"),
        modified=_first(record, "gmd:dateStamp"),
        files=[_online(one, language) for one in record.iterfind(".//gmd:CI_OnlineResource", NS)],
    )


def _licence(record: Element, info: str) -> str:
    """Return the first constraint that speaks of Creative Commons, else the first of any."""
    paths = ("gmd:otherConstraints", "gmd:useLimitation")
    root = f"{info}gmd:resourceConstraints//"
    said = [text for path in paths for text in _all(record, root + path)]
    said += [
        str(anchor.get(f"{{{NS['xlink']}}}href"))
        for anchor in record.iterfind(f"{root}gmx:Anchor", NS)
        if anchor.get(f"{{{NS['xlink']}}}href")
    ]
    common = ("creativecommons.org", "cc-", "cc by", "cc0")
    known = [one for one in said if any(word in one.lower() for word in common)]
    return next(iter(known or said), "")


def _online(one: Element, language: str) -> RemoteFile:
    name = _first(one, "gmd:name")
    protocol = _first(one, "gmd:protocol")
    mimetype = ""
    for path in ("gmd:name/gmx:MimeFileType",):
        found = one.find(path, NS)
        mimetype = (found.get("type") or "") if found is not None else ""
    service = protocol.upper().startswith("OGC:")
    return RemoteFile(
        url=(one.findtext("gmd:linkage/gmd:URL", "", NS) or "").strip(),
        name=_one(language, name),
        description=_one(language, _first(one, "gmd:description")),
        format=protocol.split(":")[1].split("-")[0] if service else "",
        mimetype=mimetype,
        kind="carte" if service else "donnees",
    )


def _dublin(record: Element, remote_id: str, asked: Asked) -> Remote:
    language = _LANGUAGES.get(
        (record.findtext("dc:language", "", NS) or "")[:3].lower(), asked.source.language
    )
    title = record.findtext("dc:title", "", NS)
    places = [
        text
        for path in ("dct:references", "dc:URI", "dc:source")
        for text in _all(record, path)
        if text.startswith("http")
    ]
    return Remote(
        remote_id=remote_id,
        title=_one(language, title),
        notes=_one(language, _first(record, "dct:abstract", "dc:description")),
        tags=[{language: word} for word in _all(record, "dc:subject")],
        licence=_first(record, "dct:license", "dc:rights"),
        languages=[language],
        spatial=_first(record, "dct:spatial"),
        box=_corners(record),
        url=_page(asked, remote_id),
        author=_first(record, "dc:creator", "dc:publisher"),
        modified=_first(record, "dct:modified", "dc:date"),
        files=[
            RemoteFile(url=place, name=_one(language, title), format=_first(record, "dc:format"))
            for place in places
        ],
    )


def _corners(record: Element) -> list[float] | None:
    """Return the box of ows:BoundingBox, whose corners are longitude then latitude."""
    lower, upper = (
        (record.findtext(f"ows:BoundingBox/ows:{name}", "", NS) or "").split()
        for name in ("LowerCorner", "UpperCorner")
    )
    return bounds(*lower, *upper) if len(lower) == len(upper) == 2 else None


def _one(language: str, text: Any) -> Mapping[str, str]:
    return {language: str(text)} if text else {}


def _page(asked: Asked, remote_id: str) -> str:
    """Return the address of the record itself, which every CSW has."""
    parts = urlsplit(asked.source.url)
    query = {"service": "CSW", "version": "2.0.2", "request": "GetRecordById", "id": remote_id}
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))
