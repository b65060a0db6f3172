"""CKAN: package_search by pages of 100, sorted by id, until an empty page."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from parvis.catalogue.harvest.readers.asking import DETAIL_CHARACTERS, Asked, fetch, next_cursor
from parvis.catalogue.harvest.reasons import Refusal, reason
from parvis.catalogue.harvest.remote import (
    Bad,
    Found,
    Page,
    Remote,
    RemoteFile,
    box_of,
    period,
    texts,
)

ROWS = 100
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# What has a place of its own, or says nothing outside of the CKAN that it comes from.
_KNOWN = frozenset(
    """id name title title_translated notes notes_translated url version author author_email
    maintainer maintainer_email license_id license_title license_url isopen private state type
    owner_org organization creator_user_id metadata_created metadata_modified num_resources
    num_tags resources tags groups extras relationships_as_subject relationships_as_object
    update_frequency language ext_spatial spatial temporal tracking_summary validation_status
    datastore_active""".split()
)
_FILE_KNOWN = frozenset(
    """id package_id position name name_translated description description_translated format url
    url_type resource_type mimetype mimetype_inner size hash created last_modified
    metadata_modified cache_url cache_last_updated state datastore_active tracking_summary
    revision_id""".split()
)


def _api(url: str) -> str:
    parts = urlsplit(url)
    path = re.sub(r"/(?:api(?:/.*)?|dataset(?:/.*)?)?$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}/api/3/action/"


def query_of(filters: Mapping[str, Any], since: str) -> str:
    """Return the fq of CKAN's search for the filters of a source; empty: everything."""
    parts = []
    for field, name in (("organization", "organizations"), ("groups", "groups")):
        values = [one for one in filters.get(name, ()) if _NAME.fullmatch(one)]
        if values:
            parts.append("(" + " OR ".join(f"{field}:{one}" for one in values) + ")")
    parts += [f"-organization:{one}" for one in filters.get("without", ()) if _NAME.fullmatch(one)]
    if since:
        moment = since.removesuffix("+00:00").removesuffix("Z")
        parts.append(f"metadata_modified:[{moment}Z TO *]")
    return " ".join(parts)


def read(asked: Asked) -> Page:
    """Return a page. Raises Refusal, Unreachable."""
    start = int(asked.cursor.get("start", 0))
    parameters: dict[str, Any] = {"rows": ROWS, "start": start, "sort": "id asc"}
    if query := query_of(asked.source.filters, asked.since):
        parameters["fq"] = query
    url = _api(asked.source.url) + "package_search?" + urlencode(parameters)
    answer = fetch(asked, url, accept="application/json")
    try:
        said = json.loads(answer.body)
        result = said["result"]
        rows, total = list(result["results"]), int(result["count"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        detail = f"{type(error).__name__}, {answer.body[:60].decode('utf-8', 'replace')}"
        raise Refusal("not_ckan", detail=detail[:DETAIL_CHARACTERS]) from error
    if said.get("success") is not True:
        raise Refusal("not_ckan", detail=str(said.get("error"))[:DETAIL_CHARACTERS])
    if not rows:
        return Page([], None, total)
    page = " ".join(str(row.get("id")) if isinstance(row, dict) else "?" for row in rows)
    cursor = next_cursor(asked, page, {"start": start + len(rows)})
    return Page([_found(row, asked) for row in rows], cursor, total)


def _found(row: Any, asked: Asked) -> Found:
    if not isinstance(row, Mapping):
        return Bad("", "", reason("not_understood", detail=type(row).__name__))
    remote_id, title = str(row.get("id") or row.get("name") or ""), str(row.get("title") or "")
    if row.get("private") is True:
        return Bad(remote_id, title, reason("private"))
    try:
        return _remote(row, remote_id, asked)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return Bad(remote_id, title, reason("not_understood", detail=error))


def _texts(row: Mapping[str, Any], name: str, language: str) -> dict[str, str]:
    translated = row.get(f"{name}_translated")
    return (texts(translated, language) if isinstance(translated, Mapping) else {}) or texts(
        row.get(name), language
    )


def _remote(row: Mapping[str, Any], remote_id: str, asked: Asked) -> Remote:
    language = asked.source.language
    extras = {
        str(one["key"]): one.get("value")
        for one in row.get("extras") or ()
        if isinstance(one, Mapping) and one.get("key")
    }
    every = {**extras, **{key: row[key] for key in row if key not in _KNOWN}}
    spatial = row.get("spatial") or extras.get("spatial") or ""
    start, _slash, end = str(row.get("temporal") or extras.get("temporal") or "").partition("/")
    name = str(row.get("name") or "")
    site = _api(asked.source.url).removesuffix("/api/3/action/")
    return Remote(
        remote_id=remote_id,
        title=_texts(row, "title", language) or texts(name, language),
        name=name,
        notes=_texts(row, "notes", language),
        tags=[
            texts(tag.get("display_name") or tag.get("name"), language)
            for tag in row.get("tags") or ()
        ],
        licence=str(row.get("license_id") or row.get("license_url") or ""),
        frequency=str(row.get("update_frequency") or extras.get("frequency") or ""),
        categories=[str(group.get("name", "")) for group in row.get("groups") or ()],
        languages=_languages(row.get("language") or extras.get("language"), language),
        spatial=str(row.get("ext_spatial") or extras.get("ext_spatial") or ""),
        temporal=period(start, end),
        box=box_of(spatial) if spatial else None,
        url=f"{site}/dataset/{name or remote_id}",
        version=str(row.get("version") or ""),
        author=str(row.get("author") or ""),
        author_email=str(row.get("author_email") or ""),
        maintainer=str(row.get("maintainer") or ""),
        maintainer_email=str(row.get("maintainer_email") or ""),
        modified=str(row.get("metadata_modified") or ""),
        extras={key: value for key, value in every.items() if key != "spatial"},
        files=[
            _file(one, language)
            for one in row.get("resources") or ()
            if one.get("state", "active") == "active"
        ],
    )


def _languages(written: Any, language: str) -> list[str]:
    """Return language codes of "FR_EN", ["fra"], "fr"... else the source's own."""
    said = written if isinstance(written, list) else re.split(r"[_,;\s]+", str(written or ""))
    found = [str(one).rpartition("/")[2][:2].lower() for one in said if one]
    return [code for code in found if code in {"fr", "en"}] or [language]


def _file(one: Mapping[str, Any], language: str) -> RemoteFile:
    return RemoteFile(
        url=str(one.get("url") or ""),
        name=_texts(one, "name", language),
        description=_texts(one, "description", language),
        format=str(one.get("format") or ""),
        mimetype=str(one.get("mimetype") or ""),
        kind=str(one.get("resource_type") or ""),
        modified=str(one.get("last_modified") or one.get("metadata_modified") or ""),
        extras={key: one[key] for key in one if key not in _FILE_KNOWN},
    )
