"""The actions that read the catalogue, as CKAN 2.11 names them."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from parvis.catalogue import queries
from parvis.catalogue.ckan import objects, search
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.registry import ACTIONS, Data, action
from parvis.catalogue.ckan.search import listed, truth, whole
from parvis.catalogue.lists import CATEGORIES, LICENCES
from parvis.catalogue.models import Dataset, Resource
from parvis.core.access import Actor
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import Organisation, Site, State

CKAN_VERSION = "2.11.5"
NAMES_MAX, FIELDS_MAX, PACKAGES_MAX = 1_000, 25, 10


def _required(data: Data, *names: str) -> str:
    for name in names:
        value = data.get(name)
        if value not in (None, "", []):
            return str(value[0] if isinstance(value, list) else value)
    raise ValidationFailed({names[0]: ["Missing value"]})


def _page(data: Data, default: int | None = None) -> slice:
    offset = whole(data, "offset", 0)
    limit = whole(data, "limit", -1, negative=True) if "limit" in data else -1
    size = default if limit < 0 else limit if default is None else min(limit, default)
    return slice(offset, None if size is None else offset + size)


def _find(rows: QuerySet[Any], text: str, what: str) -> Any:
    pk = objects.is_id(text)
    found = rows.filter(pk=pk).first() if pk else rows.filter(node__slug=text).first()
    if found is None:
        raise NotHere(f"{what} {text!r}")
    return found


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
        "extensions": [],
        "ckan_version": CKAN_VERSION,
        "parvis_version": ours,
        "error_emails_to": None,
    }


@action()
def help_show(data: Data, actor: Actor) -> str:
    """Return what an action does. name: the action."""
    name = _required(data, "name")
    if name not in ACTIONS:
        raise NotHere(f"action {name!r}")
    return (ACTIONS[name].__doc__ or "").strip()


@action()
def license_list(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the licences that a dataset may have."""
    return [objects.licence_dict(licence) for licence in LICENCES.values()]


@action()
def package_list(data: Data, actor: Actor) -> list[str]:
    """Return the names of the public datasets, sorted. limit, offset."""
    rows = Dataset.objects.filter(node__state=State.PUBLIC).order_by("node__slug")
    return list(rows.values_list("node__slug", flat=True)[_page(data)])


@action()
def current_package_list_with_resources(data: Data, actor: Actor) -> list[dict[str, Any]]:
    """Return the public datasets in full, the last changed first. limit (1,000 at most), offset."""
    rows = queries.public_datasets().order_by("-modified_at", "pk")
    return [objects.package_dict(row) for row in rows[_page(data, NAMES_MAX)]]


@action()
def package_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one dataset in full. id: its id or its name."""
    text = _required(data, "id", "name_or_id")
    return objects.package_dict(_find(queries.public_datasets(), text, "dataset"))


@action()
def resource_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one file. id."""
    text = _required(data, "id")
    rows = Resource.objects.select_related("current", "dataset__node").filter(
        current__isnull=False, dataset__node__state=State.PUBLIC
    )
    pk = objects.is_id(text)
    resource = rows.filter(pk=pk).first() if pk else None
    if resource is None:
        raise NotHere(f"resource {text!r}")
    return objects.resource_dict(resource.dataset, resource)


def _organisations() -> QuerySet[Any]:
    public = Q(dataset__node__state=State.PUBLIC)
    return (
        Organisation.objects.filter(node__state=State.PUBLIC)
        .select_related("node")
        .annotate(packages=Count("dataset", filter=public))
        .order_by("node__slug")
    )


_SORTS = {
    "name": lambda row: row["name"],
    "title": lambda row: row["title"].casefold(),
    "packages": lambda row: row["package_count"],
    "package_count": lambda row: row["package_count"],
}


def _listing(rows: list[dict[str, Any]], data: Data, what: str) -> list[Any]:
    """Return names, or dicts with all_fields, in the order asked for."""
    if wanted := listed(data, what):
        rows = [row for row in rows if row["name"] in wanted or row["id"] in wanted]
    if text := str(data.get("q") or "").strip().casefold():
        rows = [row for row in rows if text in f"{row['name']} {row['title']}".casefold()]
    name, _space, direction = str(data.get("sort") or "title asc").strip().partition(" ")
    if name not in _SORTS or direction.lower() not in {"", "asc", "desc"}:
        raise ValidationFailed({"sort": [f"no such order: {name}"]})
    rows = sorted(rows, key=_SORTS[name], reverse=direction.lower() == "desc")
    full = truth(data.get("all_fields", False))
    rows = rows[_page(data, FIELDS_MAX if full else NAMES_MAX)]
    return rows if full else [row["name"] for row in rows]


@action()
def organization_list(data: Data, actor: Actor) -> list[Any]:
    """Return the organisations' names, or dicts with all_fields (25 at most). sort, limit, offset,
    q, organizations."""
    rows = [objects.organisation_full(row, row.packages) for row in _organisations()]
    return _listing(rows, data, "organizations")


@action()
def organization_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one organisation. id: its id or name; include_datasets adds its first ten datasets."""
    row = _find(_organisations(), _required(data, "id"), "organization")
    found = objects.organisation_full(row, row.packages)
    if truth(data.get("include_datasets", False)):
        rows = queries.public_datasets().filter(organisation=row)[:PACKAGES_MAX]
        found["packages"] = [objects.package_dict(one) for one in rows]
    return found


def _categories() -> dict[str, int]:
    counts = dict.fromkeys(CATEGORIES, 0)
    rows = Dataset.objects.filter(node__state=State.PUBLIC).values_list("categories", flat=True)
    for slugs in rows:
        for slug in slugs:
            counts[slug] += 1
    return counts


@action()
def group_list(data: Data, actor: Actor) -> list[Any]:
    """Return the categories' names, or dicts with all_fields (25 at most)."""
    rows = [objects.group_full(slug, count) for slug, count in _categories().items()]
    return _listing(rows, data, "groups")


@action()
def group_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one category. id: its id or name; include_datasets adds its first ten datasets."""
    text = _required(data, "id")
    slug = next((s for s in CATEGORIES if text in {s, objects.stable_id("group", s)}), None)
    if slug is None:
        raise NotHere(f"group {text!r}")
    found = objects.group_full(slug, _categories()[slug])
    if truth(data.get("include_datasets", False)):
        rows = [row for row in queries.public_datasets() if slug in row.categories]
        found["packages"] = [objects.package_dict(one) for one in rows[:PACKAGES_MAX]]
    return found


@action()
def tag_list(data: Data, actor: Actor) -> list[Any]:
    """Return the keywords in use, sorted; dicts with all_fields. query: part of the word."""
    names = {
        name
        for row in Dataset.objects.filter(node__state=State.PUBLIC).only("tags")
        for name in objects.tag_names(row)
    }
    part = str(data.get("query") or "").casefold()
    found = sorted(name for name in names if part in name.casefold())
    return [objects.tag_dict(n) for n in found] if truth(data.get("all_fields", False)) else found


@action()
def package_search(data: Data, actor: Actor) -> dict[str, Any]:
    """Return the public datasets that match. q (words, or Lucene with a colon), fq, fq_list, sort,
    rows (10, at most 1,000), start, facet, facet.field, facet.limit, facet.mincount, fl."""
    return search.package_search(data)
