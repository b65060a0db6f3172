"""`package_search`: words, Lucene filters, facets and order over the public catalogue."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from parvis.analysis.text import fold, stems
from parvis.catalogue import queries
from parvis.catalogue.ckan import objects, query
from parvis.catalogue.ckan.errors import SearchQueryError, ValidationFailed
from parvis.catalogue.finding import conditions
from parvis.catalogue.lists import CATEGORIES, LICENCES
from parvis.catalogue.models import Dataset
from parvis.core.models import Organisation

ROWS_MAX = 1_000
SORT_DEFAULT = "score desc, metadata_modified desc"
PARAMETERS = frozenset(
    "q fq fq_list sort rows start facet facet.field facet.limit facet.mincount fl include_private "
    "include_drafts include_deleted use_default_schema qf bf boost tie defType mm".split()
)
_TRUE = {"true", "1", "yes", "on", "t", "y"}


def whole(data: Mapping[str, Any], name: str, default: int, *, negative: bool = False) -> int:
    """Return a whole number of the request. Raises ValidationFailed."""
    value = data.get(name, default)
    if isinstance(value, list):
        value = value[-1] if value else default
    if value in (None, ""):
        return default
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValidationFailed({name: ["Not a whole number"]}) from None
    if number < 0 and not negative:
        raise ValidationFailed({name: ["Not a natural number"]})
    return number


def truth(value: Any) -> bool:
    """Return a yes or no of the request."""
    return value is True or str(value).strip().lower() in _TRUE


def listed(data: Mapping[str, Any], name: str) -> list[str]:
    """Return a list: repeated, JSON text, or a single value. Raises ValidationFailed."""
    value = data.get(name)
    if value in (None, ""):
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValidationFailed({name: ["Not JSON"]}) from None
    if isinstance(value, str):
        return value.split()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationFailed({name: ["Not a list of strings"]})
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    return "" if value is None else str(value).strip()


def document(dataset: Dataset) -> dict[str, Any]:
    """Return what searches compare: field -> value, list of values, or set of stems."""
    files, node = dataset.published, dataset.node  # type: ignore[attr-defined]
    names = objects.tag_names(dataset)
    titles = list(node.title.values())
    organisation = dataset.organisation
    text = {
        "title": titles,
        "notes": list(dataset.notes.values()),
        "author": [dataset.author],
        "maintainer": [],
        "res_name": [words for row in files for words in row.name.values()],
        "res_description": [words for row in files for words in row.description.values()],
    }
    tags = [words for tag in dataset.tags for words in tag.values()]
    groups = [str(CATEGORIES[slug]) for slug in dataset.categories]
    owner = list(organisation.node.title.values()) if organisation else []
    text["text"] = [part for parts in text.values() for part in parts]
    text["text"] += [*tags, *groups, *owner, node.slug.replace("-", " ")]
    doc: dict[str, Any] = {
        "pk": dataset.pk,
        "id": str(dataset.pk),
        "name": node.slug,
        "title_string": objects._plain(node.title),
        "license_id": dataset.licence,
        "license": LICENCES[dataset.licence].short,
        "tags": names,
        "groups": sorted(dataset.categories),
        "organization": organisation.node.slug if organisation else None,
        "owner_org": str(organisation.pk) if organisation else None,
        "state": "active",
        "capacity": "public",
        "private": "false",
        "dataset_type": "dataset",
        "type": "dataset",
        "entity_type": "package",
        "site_id": "default",
        "metadata_created": objects.naive(node.published_at),
        "metadata_modified": objects.naive(dataset.modified_at),
        "res_format": sorted({row.format for row in files}),
        "res_url": [objects.download_url(dataset, row) for row in files],
        "res_type": sorted({row.kind for row in files}),
        "url": dataset.sources[0] if dataset.sources else None,
        "num_resources": str(len(files)),
        "update_frequency": dataset.frequency,
        "language": objects.language_code(dataset),
        "ext_spatial": dataset.spatial,
        "temporal": dataset.temporal,
        **{extra["key"]: extra["value"] for extra in objects._extras(dataset)},
    }
    for field, parts in text.items():
        doc[field] = [part for part in parts if part]
        doc[f"{field}:stems"] = _stems(doc[field])
        doc[f"{field}:words"] = set(fold(" ".join(doc[field])).split())
    doc["labels:stems"] = _stems([*tags, *groups])
    return doc


def _stems(parts: Sequence[str]) -> frozenset[str]:
    return frozenset(stem for part in parts for code in ("fr", "en") for stem in stems(part, code))


def score_words(text: str, doc: Mapping[str, Any]) -> float:
    """Return how well a document answers some words; 0 when it does not.

    Of two words both are needed, of three to five all but one, beyond that 80 %. A word in the
    title counts four times, in keywords and categories twice.
    """
    found, wanted, total = 0, 0, 0.0
    for word in text.split()[:50]:
        forms = conditions.forms(word.lstrip("+-"))
        if not forms:
            continue
        here = bool(forms & doc["text:stems"])
        if word.startswith("-"):
            if here:
                return 0.0
            continue
        wanted += 1
        found += here
        total += here + 4 * bool(forms & doc["title:stems"]) + 2 * bool(forms & doc["labels:stems"])
    needed = wanted if wanted <= 2 else wanted - 1 if wanted <= 5 else int(0.8 * wanted)
    return total if wanted and found >= needed else 0.0 if wanted else 1.0


@dataclass(frozen=True)
class Asked:
    """A checked request."""

    q: str
    filters: tuple[conditions.Condition, ...]
    sort: str
    order: tuple[tuple[str, bool], ...]
    rows: int
    start: int
    facets: tuple[str, ...]
    facet_limit: int
    facet_mincount: int
    fields: tuple[str, ...]


def read(data: Mapping[str, Any]) -> Asked:
    """Check a request. Raises SearchQueryError, SearchError, ValidationFailed."""
    if unknown := [n for n in data if n not in PARAMETERS and not n.startswith("ext_")]:
        raise SearchQueryError(f"unknown parameters: {', '.join(unknown)}")
    fq = [_text(data, "fq"), *(_filters(data))]
    sort = _text(data, "sort") or SORT_DEFAULT
    return Asked(
        q=_text(data, "q"),
        filters=tuple(query.parse(text) for text in fq if text),
        sort=sort,
        order=_order(sort),
        rows=min(whole(data, "rows", 10), ROWS_MAX),
        start=whole(data, "start", 0),
        facets=tuple(listed(data, "facet.field")) if truth(data.get("facet", True)) else (),
        facet_limit=whole(data, "facet.limit", 50, negative=True),
        facet_mincount=whole(data, "facet.mincount", 1),
        fields=tuple(part for one in listed(data, "fl") for part in one.split(",") if part),
    )


def _filters(data: Mapping[str, Any]) -> list[str]:
    value = data.get("fq_list")
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return [value]  # one filter, spaces and all
    return listed(data, "fq_list")


def _order(sort: str) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in re.split(r"\s*,\s*", sort.strip()):
        name, _space, direction = part.partition(" ")
        if direction.strip().lower() not in {"asc", "desc"} or not re.fullmatch(r"[\w.-]+", name):
            raise SearchQueryError(f"this is no order: {sort!r}")
        order.append((name, direction.strip().lower() == "desc"))
    return tuple(order)


def package_search(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public datasets that match. q (words, or Lucene with a colon), fq, fq_list, sort,
    rows (10, at most 1,000), start, facet, facet.field, facet.limit, facet.mincount, fl."""
    asked = read(data)
    docs = [document(row) for row in queries.public_datasets()]
    scores: dict[UUID, float] = {}
    words = asked.q not in {"", "*", "*:*"}
    test = query.parse(asked.q) if words and ":" in asked.q else None
    found = []
    for doc in docs:
        value = 1.0
        if test is not None:
            value = float(test(doc))
        elif words:
            value = score_words(asked.q, doc)
        if value and all(fits(doc) for fits in asked.filters):
            scores[doc["pk"]] = value
            found.append(doc)
    for name, descending in reversed(asked.order):
        found.sort(key=lambda doc: _key(doc, name, scores), reverse=descending)
    ids = [doc["pk"] for doc in found[asked.start : asked.start + asked.rows]]
    rows = queries.in_order(queries.public_datasets(), ids) if ids else []
    packages = [objects.package_dict(row) for row in rows]
    if asked.fields:
        packages = [{k: p[k] for k in asked.fields if k in p} for p in packages]
    facets = {name: _counts(name, found, docs, asked) for name in asked.facets}
    return {
        "count": len(found),
        "sort": asked.sort,
        "results": packages,
        "facets": facets,
        "search_facets": {name: _facet(name, counts, rows=docs) for name, counts in facets.items()},
    }


def _key(doc: Mapping[str, Any], name: str, scores: Mapping[UUID, float]) -> tuple[int, Any]:
    if name == "score":
        return 1, scores[doc["pk"]]
    value = doc.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return (0, "") if value is None else (1, fold(value) if "title" in name else str(value))


def _counts(
    name: str, found: Sequence[Mapping[str, Any]], docs: Sequence[Mapping[str, Any]], asked: Asked
) -> dict[str, int]:
    counts: Counter[str] = Counter()
    if asked.facet_mincount == 0:
        counts.update(dict.fromkeys((v for doc in docs for v in conditions.listed(doc, name)), 0))
    for doc in found:
        counts.update(conditions.listed(doc, name))
    kept = [(v, n) for v, n in counts.items() if n >= asked.facet_mincount]
    kept.sort(key=lambda pair: (-pair[1], pair[0]))
    return dict(kept if asked.facet_limit < 0 else kept[: asked.facet_limit])


def _facet(
    name: str, counts: Mapping[str, int], *, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    words: dict[str, str] = {}
    if name == "organization":
        words = dict(organisation_titles())
    elif name == "groups":
        words = {slug: str(label) for slug, label in CATEGORIES.items()}
    elif name == "license_id":
        words = {row.id: f"{row.title} ({row.short})" for row in LICENCES.values()}
    items = [
        {"name": value, "display_name": words.get(value, value), "count": count}
        for value, count in counts.items()
    ]
    return {"title": name, "items": items}


def organisation_titles() -> list[tuple[str, str]]:
    """Return (name, title) of every organisation."""
    rows = Organisation.objects.values_list("node__slug", "node__title")
    return [(slug, objects._plain(title)) for slug, title in rows]
