"""The actions that read datasets, resources and words, as CKAN 2.11 names them."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from parvis.analysis.text import fold
from parvis.catalogue import queries, seen
from parvis.catalogue.ckan import objects, registry, search
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.finding import (
    NAMES_MAX,
    dataset_of,
    page_of,
    required,
    resource_of,
)
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.ckan.search import listed, truth, whole
from parvis.catalogue.lists import LICENCES
from parvis.catalogue.models import Dataset, Resource
from parvis.core.access import Actor
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Site, State

CKAN_VERSION = "2.11.5"
SUGGESTED = 10


@action()
def site_read(data: Data, actor: Actor) -> bool:
    """Return true: everybody may read this site."""
    return True


@action()
def status_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return the name, address and version of this site."""
    site = Site.objects.first()
    try:
        ours = version("parvis")
    except PackageNotFoundError:
        ours = "0"
    return {
        "site_title": tr(site.name, DEFAULT) if site else "Parvis",
        "site_description": "",
        "site_url": settings.SITE_URL,
        "locale_default": DEFAULT,
        "extensions": ["datastore", "activity"],
        "ckan_version": CKAN_VERSION,
        "parvis_version": ours,
        "error_emails_to": None,
    }


@action()
def help_show(data: Data, actor: Actor) -> str:
    """Return what an action does. name: the action."""
    name = required(data, "name")
    if name not in registry.ACTIONS:
        raise NotHere(f"action {name!r}")
    return (registry.ACTIONS[name].__doc__ or "").strip()


@action()
def license_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the licences that a dataset may have."""
    return [objects.licence_dict(licence) for licence in LICENCES.values()]


@action()
def package_search(data: Data, actor: Actor) -> dict[str, Any]:
    """Return the datasets that match. q (words, or Lucene with a colon), fq, fq_list, sort, rows
    (10, at most 1,000), start, facet, facet.field, facet.limit, facet.mincount, fl."""
    found: dict[str, Any] = search.package_search(data, actor)
    return found


@action()
def package_list(data: Data, actor: Actor) -> list[str]:
    """Return the names of the public datasets, sorted. limit, offset."""
    rows = Dataset.objects.filter(node__state=State.PUBLIC).order_by("node__slug")
    return list(rows.values_list("node__slug", flat=True)[page_of(data)])


@action()
def current_package_list_with_resources(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the public datasets in full, the last changed first. limit (1,000 at most), offset."""
    rows = queries.public_datasets().order_by("-modified_at", "pk")
    return [objects.package_dict(row) for row in rows[page_of(data, NAMES_MAX)]]


@action()
def package_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one dataset in full. id: its id or its name."""
    return objects.package_dict(dataset_of(data, actor))


@action()
def package_autocomplete(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the public datasets whose name or title holds some letters. q, limit (10)."""
    part = fold(required(data, "q", "query"))
    rows = Dataset.objects.filter(node__state=State.PUBLIC).order_by("node__slug")
    found = []
    for slug, title in rows.values_list("node__slug", "node__title"):
        words = objects.plain(title)
        field = "name" if part in slug else "title" if part in fold(words) else None
        if field:
            shown = slug if field == "name" else f"{words} ({slug})"
            found.append(
                {"name": slug, "title": words, "match_field": field, "match_displayed": shown}
            )
    return found[: whole(data, "limit", SUGGESTED)]


@action()
def resource_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one file. id."""
    return objects.resource_dict(*resource_of(data, actor))


_SEARCHED = ("name", "description", "format", "url", "hash", "mimetype", "resource_type", "id")


@action()
def resource_search(data: Data, actor: Actor) -> dict[str, Any]:
    """Return the public files whose field holds some words. query: "field:words", repeated: all of
    them. order_by, offset, limit."""
    tests = [one.partition(":") for one in _phrases(data)]
    if not tests:
        raise ValidationFailed({"query": ["Missing value"]})
    for name, mark, _words in tests:
        if not mark:
            raise ValidationFailed({"query": ["Must be <field>:<value>"]})
        if name not in _SEARCHED:
            raise ValidationFailed(
                {"query": [f'Field "{name}" not recognised in resource_search.']}
            )
    rows = [
        objects.resource_dict(dataset, row)
        for dataset in queries.public_datasets()
        for row in dataset.published  # type: ignore[attr-defined]
    ]
    found = [
        row for row in rows if all(fold(words) in fold(str(row[name])) for name, _m, words in tests)
    ]
    if order := str(data.get("order_by") or ""):
        if order not in _SEARCHED:
            raise ValidationFailed({"order_by": [f'Field "{order}" not recognised']})
        found.sort(key=lambda row: str(row[order]))
    return {"count": len(found), "results": found[page_of(data, NAMES_MAX)]}


def _phrases(data: Data) -> list[str]:
    value = data.get("query")
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return [value] if value else []  # one test, spaces and all
    return listed(data, "query")


@action()
def resource_view_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return how this site shows a file: a table for what can be queried. id."""
    dataset, row = resource_of(data, actor)
    if not objects.has_rows(row, seen.shown_version(row)):
        return []
    return [
        {
            "id": objects.stable_id("view", str(row.pk)),
            "package_id": str(dataset.pk),
            "resource_id": str(row.pk),
            "title": "Table",
            "description": "",
            "view_type": "datatables_view",
        }
    ]


def _tags() -> QuerySet[Dataset]:
    return Dataset.objects.filter(node__state=State.PUBLIC).only("tags")


def _names(part: str) -> list[str]:
    names = {name for row in _tags() for name in objects.tag_names(row)}
    return sorted((name for name in names if fold(part) in fold(name)), key=lambda n: (fold(n), n))


@action()
def tag_list(data: Data, actor: Actor) -> list[Any]:
    """Return the keywords in use, sorted; dicts with all_fields. query: part of the word."""
    if data.get("vocabulary_id"):
        raise NotHere(f"vocabulary {data['vocabulary_id']!r}")
    found = _names(str(data.get("query") or ""))
    return [objects.tag_dict(n) for n in found] if truth(data.get("all_fields", False)) else found


@action()
def tag_autocomplete(data: Data, actor: Actor) -> list[str]:
    """Return the keywords that hold some letters. query (or q), limit (10)."""
    part = str(data.get("query") or data.get("q") or "")
    found = _names(part)[page_of({"limit": SUGGESTED, **data})]
    return found if part else []


@action()
def tag_search(data: Data, actor: Actor) -> dict[str, Any]:
    """Return how many keywords hold some letters, and some of them. query, limit, offset."""
    found = _names(required(data, "query", "q"))
    rows = [objects.tag_dict(name) for name in found[page_of(data, NAMES_MAX)]]
    return {"count": len(found), "results": rows}


@action()
def tag_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one keyword. id: the keyword or its id; include_datasets adds its datasets."""
    text = required(data, "id")
    name = next((n for n in _names("") if text in {n, objects.stable_id("tag", n)}), None)
    if name is None:
        raise NotHere(f"tag {text!r}")
    found: dict[str, Any] = objects.tag_dict(name)
    if truth(data.get("include_datasets", False)):
        ids = [row.pk for row in _tags() if name in objects.tag_names(row)]
        rows = queries.in_order(queries.public_datasets(), ids[:NAMES_MAX])
        found["packages"] = [objects.package_dict(row) for row in rows]
    return found


@action()
def vocabulary_list(data: Data, actor: Actor) -> list[Any]:
    """Return no vocabulary: keywords are free here."""
    return []


@action()
def vocabulary_show(data: Data, actor: Actor) -> None:
    """Refuse: there is no vocabulary here. id."""
    raise NotHere(f"vocabulary {required(data, 'id')!r}")


@action()
def format_autocomplete(data: Data, actor: Actor) -> list[str]:
    """Return the formats in use that hold some letters, lower case. q, limit (5)."""
    part = required(data, "q", "query").lower()
    rows = Resource.objects.filter(
        published_at__isnull=False, dataset__node__state=State.PUBLIC, format__icontains=part
    )
    found = sorted({name.lower() for name in rows.values_list("format", flat=True).distinct()})
    return found[: whole(data, "limit", 5)]
