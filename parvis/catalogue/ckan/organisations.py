"""Organisations and groups in the Action API. Our categories are groups that nobody may change."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet

from parvis.analysis.text import fold
from parvis.catalogue import queries
from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.finding import (
    FIELDS_MAX,
    NAMES_MAX,
    PACKAGES_MAX,
    find,
    page_of,
    required,
)
from parvis.catalogue.ckan.incoming import find_group
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.ckan.registry import Data, action
from parvis.catalogue.ckan.search import listed, truth
from parvis.catalogue.lists import CATEGORIES
from parvis.catalogue.models import Dataset
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.models import Organisation, Role, State

Rows = list[dict[str, Any]]


def organisations() -> QuerySet[Any]:
    """Return the organisations that everybody sees, with how many public datasets they have."""
    public = Q(dataset__node__state=State.PUBLIC)
    return (
        Organisation.objects.filter(node__state=State.PUBLIC)
        .select_related("node", "face")
        .annotate(
            packages=Count("dataset", filter=public, distinct=True),
            followers=Count("node__follow", distinct=True),
        )
        .order_by("node__slug")
    )


_SORTS = {
    "name": lambda row: row["name"],
    "title": lambda row: fold(row["title"]),
    "packages": lambda row: row["package_count"],
    "package_count": lambda row: row["package_count"],
}


def listing(rows: Rows, data: Data, what: str) -> list[Any]:
    """Return names, or dicts with all_fields, in the order asked for. Raises ValidationFailed."""
    if wanted := listed(data, what):
        rows = [row for row in rows if row["name"] in wanted or row["id"] in wanted]
    if text := fold(str(data.get("q") or "").strip()):
        rows = [row for row in rows if text in fold(f"{row['name']} {row['title']}")]
    name, _space, direction = str(data.get("sort") or "title asc").strip().partition(" ")
    if name not in _SORTS or direction.lower() not in {"", "asc", "desc"}:
        raise ValidationFailed({"sort": [f"no such order: {name}"]})
    rows = sorted(rows, key=_SORTS[name], reverse=direction.lower() == "desc")
    full = truth(data.get("all_fields", False))
    rows = rows[page_of(data, FIELDS_MAX if full else NAMES_MAX)]
    return rows if full else [row["name"] for row in rows]


def organisation_out(row: Any) -> dict[str, Any]:
    """Return an organisation of `organisations()` in full."""
    return objects.organisation_full(row, row.packages, row.followers)


@action()
def organization_list(data: Data, actor: Actor) -> list[Any]:
    """Return the organisations' names, or dicts with all_fields (25 at most). sort, limit, offset,
    q, organizations."""
    return listing([organisation_out(row) for row in organisations()], data, "organizations")


@action()
def organization_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one organisation. id: its id or name; include_datasets adds its first ten datasets."""
    row = find(organisations(), required(data, "id"), "organization")
    found = organisation_out(row)
    if truth(data.get("include_datasets", False)):
        rows = queries.public_datasets().filter(organisation=row)[:PACKAGES_MAX]
        found["packages"] = [objects.package_dict(one) for one in rows]
    return found


@action()
def organization_autocomplete(data: Data, actor: Actor) -> Rows:
    """Return the organisations whose name or title holds some letters. q, limit (20)."""
    return _suggested([organisation_out(row) for row in organisations()], data)


@action()
def group_autocomplete(data: Data, actor: Actor) -> Rows:
    """Return the groups whose name or title holds some letters. q, limit (20)."""
    return _suggested(group_rows(), data)


def _suggested(rows: Rows, data: Data) -> Rows:
    part = fold(required(data, "q"))
    found = [row for row in rows if part in fold(f"{row['name']} {row['title']}")]
    return [
        {key: row[key] for key in ("id", "name", "title")}
        for row in found[page_of({"limit": 20, **data})]
    ]


@action()
def organization_list_for_user(data: Data, actor: Actor) -> Rows:
    """Return the organisations in which the holder of the token may write. permission (ignored:
    reading is for everybody)."""
    if actor.person is None:
        return []
    rows = [row for row in organisations() if access.can(actor, "manage_catalogue", _holder(row))]
    return [
        {**objects.organisation_dict(row), "display_name": objects.plain(row.node.title),
         "package_count": row.packages, "capacity": "admin"}
        for row in rows
    ]  # fmt: skip


def _holder(row: Organisation) -> Dataset:
    """Return a dataset that this organisation would own, to ask rights of."""
    return Dataset(node=row.node, organisation=row)


def _counts() -> dict[str, int]:
    counts = dict.fromkeys(CATEGORIES, 0)
    rows = Dataset.objects.filter(node__state=State.PUBLIC).values_list("categories", flat=True)
    for slugs in rows:
        for slug in slugs:
            counts[slug] = counts.get(slug, 0) + 1
    return counts


def made_groups() -> QuerySet[Any]:
    """Return the groups that the API made, with how many public datasets are in them."""
    public = Q(datasets__node__state=State.PUBLIC)
    return Group.objects.filter(deleted=False).annotate(packages=Count("datasets", filter=public))


def group_rows() -> Rows:
    """Return every group in full: categories, then those made by the API."""
    counts = _counts()
    rows = [objects.group_full(objects.group_dict(slug), counts[slug], None) for slug in CATEGORIES]
    return rows + [
        objects.group_full(objects.made_group(row), row.packages, row) for row in made_groups()
    ]


@action()
def group_list(data: Data, actor: Actor) -> list[Any]:
    """Return the groups' names, or dicts with all_fields (25 at most): the categories, and those
    made by programs. sort, limit, offset, q, groups."""
    return listing(group_rows(), data, "groups")


def group_of(data: Data) -> Group | str:
    """Return the group that a request names. Raises NotHere."""
    text = required(data, "id")
    found = find_group(text)
    if found is None:
        raise NotHere(f"group {text!r}")
    return found


def members(group: Group | str) -> QuerySet[Dataset]:
    """Return the public datasets of a group."""
    rows = queries.public_datasets()
    if isinstance(group, Group):
        return rows.filter(ckan_groups=group)
    known = Dataset.objects.filter(node__state=State.PUBLIC).values_list("pk", "categories")
    return rows.filter(pk__in=[pk for pk, slugs in known if group in slugs])


@action()
def group_show(data: Data, actor: Actor) -> dict[str, Any]:
    """Return one group. id: its id or name; include_datasets adds its first ten datasets."""
    group = group_of(data)
    name = group if isinstance(group, str) else group.slug
    found = next(row for row in group_rows() if row["name"] == name)
    if truth(data.get("include_datasets", False)):
        found["packages"] = [objects.package_dict(row) for row in members(group)[:PACKAGES_MAX]]
    return found


@action()
def group_package_show(data: Data, actor: Actor) -> Rows:
    """Return the public datasets of a group. id, limit (1,000 at most)."""
    rows = members(group_of(data))[page_of(data, NAMES_MAX)]
    return [objects.package_dict(row) for row in rows]


@action()
def group_list_authz(data: Data, actor: Actor) -> Rows:
    """Return the groups in which the holder of the token may put datasets."""
    return group_rows() if access.can(actor, "manage_catalogue") else []


@action()
def member_list(data: Data, actor: Actor) -> list[list[str]]:
    """Return what is in an organisation or a group, as [id, type, capacity]. id, object_type
    (package or user: people are shown to operators only)."""
    text, wanted = required(data, "id"), str(data.get("object_type") or "package")
    group = find_group(text)
    if group is not None:
        rows = members(group)
        return [[str(row.pk), "package", "public"] for row in rows] if wanted == "package" else []
    row = find(organisations(), text, "group")
    if wanted == "user":
        access.require(actor, "manage_people")
        roles = Role.objects.filter(scope=row.node).values_list("person_id", flat=True)
        return [[str(pk), "user", "admin"] for pk in sorted(set(roles), key=str)]
    owned = Dataset.objects.filter(organisation=row, node__state=State.PUBLIC).order_by("pk")
    return [[str(pk), "package", "public"] for pk in owned.values_list("pk", flat=True)]


def shown_fields(data: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a patch makes of what is shown."""
    return {**shown, **{key: value for key, value in data.items() if key != "id"}}
