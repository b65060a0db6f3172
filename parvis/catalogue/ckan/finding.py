"""What every action does with its parameters: the rows they name, the page they ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet

from parvis.catalogue import seen
from parvis.catalogue.ckan import objects
from parvis.catalogue.ckan.errors import NotHere, ValidationFailed
from parvis.catalogue.ckan.registry import Data
from parvis.catalogue.ckan.search import whole
from parvis.catalogue.entries import BadFiles
from parvis.catalogue.models import Dataset, Resource
from parvis.core.access import Actor
from parvis.core.errors import Invalid

NAMES_MAX, FIELDS_MAX, PACKAGES_MAX = 1_000, 25, 10
_FIELDS = {
    "licence": "license_id",
    "organisation": "owner_org",
    "frequency": "update_frequency",
    "languages": "language",
    "spatial": "ext_spatial",
    "methodology": "methodologie",
    "categories": "groups",
    "licence_reason": "licence_motif",
    "files": "resources",
    "slug": "name",
}


def required(data: Data, *names: str) -> str:
    """Return the first of these parameters that is given. Raises ValidationFailed."""
    for name in names:
        value = data.get(name)
        if value not in (None, "", []):
            return str(value[0] if isinstance(value, list) else value)
    raise ValidationFailed({names[0]: ["Missing value"]})


def page_of(data: Data, default: int | None = None) -> slice:
    """Return the part of a list that is asked for, `default` rows at most."""
    offset = whole(data, "offset", 0)
    limit = whole(data, "limit", -1, negative=True) if "limit" in data else -1
    size = default if limit < 0 else limit if default is None else min(limit, default)
    return slice(offset, None if size is None else offset + size)


def find(rows: QuerySet[Any], text: str, what: str) -> Any:
    """Return the row of a node by id or name. Raises NotHere."""
    pk = objects.is_id(text)
    found = rows.filter(pk=pk).first() if pk else rows.filter(node__slug=text).first()
    if found is None:
        raise NotHere(f"{what} {text!r}")
    return found


def dataset_of(data: Data, actor: Actor, *names: str) -> Dataset:
    """Return the dataset that a request names, if the actor may see it. Raises NotHere."""
    text = required(data, *(names or ("id", "name_or_id")))
    found: Dataset = find(seen.visible(actor), text, "dataset")
    return found


def resource_of(data: Data, actor: Actor, name: str = "id") -> tuple[Dataset, Resource]:
    """Return the resource that a request names, and its dataset. Raises NotHere."""
    text = required(data, name)
    pk = objects.is_id(text)
    found = seen.visible(actor).filter(resources__pk=pk).first() if pk else None
    rows: list[Resource] = found.published if found else []  # type: ignore[attr-defined]
    row = next((one for one in rows if one.pk == pk), None)
    if found is None or row is None:
        raise NotHere(f"resource {text!r}")
    return found, row


@contextmanager
def ckan_fields() -> Iterator[None]:
    """Say what is wrong under the names that CKAN has for the fields. Raises ValidationFailed."""
    try:
        yield
    except BadFiles as refusal:
        raise ValidationFailed({"resources": refusal.rows}) from None
    except Invalid as refusal:
        words = {
            _FIELDS.get(name, name): [str(word) for word in messages]
            for name, messages in refusal.errors.items()
        }
        raise ValidationFailed(words) from None
