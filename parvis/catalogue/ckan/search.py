"""`package_search`: words, Lucene filters, facets and order, answered by the index."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from parvis.catalogue import queries, seen
from parvis.catalogue.ckan import objects, query
from parvis.catalogue.ckan.errors import SearchError, SearchQueryError, ValidationFailed
from parvis.catalogue.ckan.models import Group
from parvis.catalogue.finding import conditions, snapshot, words
from parvis.catalogue.finding.answering import Answering, Key, TooMuch, first, order_key, score
from parvis.catalogue.finding.boxes import Box, read_box, touching
from parvis.catalogue.finding.snapshot import PUBLIC, Sight, Snapshot
from parvis.catalogue.lists import CATEGORIES, LICENCES
from parvis.core import access
from parvis.core.access import NOBODY, Actor
from parvis.core.models import Organisation

ROWS_MAX = 1_000
FACETS_MAX = 50
SORT_DEFAULT = "score desc, metadata_modified desc"
PARAMETERS = frozenset(
    "q fq fq_list sort rows start facet facet.field facet.limit facet.mincount fl include_private "
    "include_drafts include_deleted use_default_schema qf bf boost tie defType mm".split()
)
_TRUE = {"true", "1", "yes", "on", "t", "y"}
# Signs of the query language in words without a colon.
_OPERATORS = re.compile(r"(?:^|\s)(?:AND|OR|NOT|&&|\|\|)(?:\s|$)|[()]|\w[*?]|[*?]\w")
_SEEING = ("read_catalogue", "manage_catalogue")


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
        except (ValueError, RecursionError):
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


@dataclass(frozen=True)
class Asked:
    """A checked request."""

    q: str
    lucene: conditions.Condition | None
    filters: tuple[conditions.Condition, ...]
    box: Box | None
    sort: str
    order: tuple[tuple[str, bool], ...]
    rows: int
    start: int
    facets: tuple[str, ...]
    facet_limit: int
    facet_mincount: int
    fields: tuple[str, ...]
    private: bool
    drafts: bool
    deleted: bool


def read(data: Mapping[str, Any]) -> Asked:
    """Check a request. Raises SearchQueryError, SearchError, ValidationFailed."""
    if unknown := [n for n in data if n not in PARAMETERS and not n.startswith("ext_")]:
        raise SearchQueryError(f"unknown parameters: {', '.join(unknown)}")
    fq = [_text(data, "fq"), *(_filters(data))]
    sort = _text(data, "sort") or SORT_DEFAULT
    facets = tuple(dict.fromkeys(listed(data, "facet.field")))
    if len(facets) > FACETS_MAX:
        raise SearchError(f"more than {FACETS_MAX} facets")
    q = _text(data, "q")
    return Asked(
        q=q,
        lucene=_lucene(q),
        filters=tuple(query.parse(text) for text in fq if text),
        box=_box(_text(data, "ext_bbox")),
        sort=sort,
        order=_order(sort),
        rows=min(whole(data, "rows", 10), ROWS_MAX),
        start=whole(data, "start", 0),
        facets=facets if truth(data.get("facet", True)) else (),
        facet_limit=whole(data, "facet.limit", 50, negative=True),
        facet_mincount=whole(data, "facet.mincount", 1),
        fields=tuple(part for one in listed(data, "fl") for part in one.split(",") if part),
        private=truth(data.get("include_private", False)),
        drafts=truth(data.get("include_drafts", False)),
        deleted=truth(data.get("include_deleted", False)),
    )


def _lucene(q: str) -> conditions.Condition | None:
    """Return `q` read as Lucene when it has a colon or signs of it; None: words, or nothing."""
    if q in {"", "*", "*:*"}:
        return None
    if ":" in q:
        return query.parse(q)
    if _OPERATORS.search(q):
        try:
            return query.parse(q)
        except SearchError:  # words that only look like it, as an open parenthesis
            return None
    return None


def _box(text: str) -> Box | None:
    try:
        return read_box(text.split(",")) if text else None
    except ValueError as error:
        raise SearchError(f"ext_bbox: {error}") from None


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


def sight_of(actor: Actor, asked: Asked) -> Sight:
    """Return what an actor sees besides what is public, of what the request asks to include."""
    if not (asked.private or asked.drafts or asked.deleted):
        return PUBLIC
    opened = [name for name in _SEEING if actor.only is None or name in actor.only]
    roles = {role for name in opened for rule in access.MATRIX[name] for role in rule.roles}
    everywhere = bool(actor.roles & roles)
    within = frozenset(scope for role, scope in actor.scopes if role in roles)
    if not everywhere and not within:
        return PUBLIC
    return Sight(asked.private, asked.drafts, asked.deleted, everywhere, within)


@dataclass(frozen=True)
class Found:
    """What a request found in the index: a mask, who sees it, scores where words were asked."""

    index: Snapshot
    sight: Sight
    visible: np.ndarray
    mask: np.ndarray
    scores: np.ndarray | None


def find(asked: Asked, actor: Actor) -> Found:
    """Return what a request finds. Raises SearchError."""
    index, sight = snapshot.current(), sight_of(actor, asked)
    visible = index.visible("dataset", sight)
    mask, scores = visible.copy(), None
    try:
        asking = [*asked.filters, *([asked.lucene] if asked.lucene else [])]
        answering = Answering(index, asking)
        for condition in asking:
            mask &= answering.rows(condition)
    except TooMuch as error:
        raise SearchError(str(error)) from None
    if asked.lucene is not None:
        scores = _lucene_scores(index, asked.lucene, visible)
    elif asked.q not in {"", "*", "*:*"}:
        there, scores = words.find(index, words.read(asked.q), visible)
        mask &= there
    if asked.box is not None:
        mask &= touching(index, asked.box)
    return Found(index, sight, visible, mask, scores)


def _lucene_scores(
    index: Snapshot, condition: conditions.Condition, visible: np.ndarray
) -> np.ndarray | None:
    """Return scores by the words that a query wants in texts, or None when it wants none."""
    wanted = [
        one.wanted
        for one in conditions.each(condition)
        if isinstance(one, conditions.Words) and one.wanted
    ]
    return score(index, wanted[: words.CLAUSES_MAX], visible)[1] if wanted else None


def package_search(data: Mapping[str, Any], actor: Actor = NOBODY) -> dict[str, Any]:
    """Return the datasets that match, public ones and, when asked for, those that the actor may
    see besides. q (words, or Lucene with a colon), fq, fq_list, sort, rows (10, at most 1,000),
    start, facet, facet.field, facet.limit, facet.mincount, fl, include_private, include_drafts,
    include_deleted, ext_bbox (west,south,east,north)."""
    asked = read(data)
    found = find(asked, actor)
    facets = {name: _counts(name, found, asked) for name in asked.facets}
    return {
        "count": int(np.count_nonzero(found.mask)),
        "sort": asked.sort,
        "results": _packages(_page(found, asked), found, asked, actor),
        "facets": facets,
        "search_facets": {name: _facet(name, counts) for name, counts in facets.items()},
    }


def _page(found: Found, asked: Asked) -> list[UUID]:
    if not asked.rows:
        return []
    index = found.index
    keys: list[Key] = [order_key(index, *part, found.scores) for part in asked.order]
    # What is equal in all that was asked: the newest first, the same in every process.
    keys.append(order_key(index, "id", True, None))
    rows = first(np.flatnonzero(found.mask), keys, asked.start + asked.rows)
    return [index.pk(row) for row in rows[asked.start :]]


def _packages(
    ids: Sequence[UUID], found: Found, asked: Asked, actor: Actor
) -> list[dict[str, Any]]:
    if not ids:
        return []
    rows = queries.public_datasets() if found.sight == PUBLIC else seen.visible(actor)
    packages = [objects.package_dict(row) for row in queries.in_order(rows, ids)]
    if asked.fields:
        packages = [{k: p[k] for k in asked.fields if k in p} for p in packages]
    return packages


def _counts(name: str, found: Found, asked: Asked) -> dict[str, int]:
    index, limit = found.index, asked.facet_limit
    column = index.column(name)
    known = ("dataset", found.sight) if _is_all(found) else None
    counts = index.counts(name, found.mask, known)
    if asked.facet_mincount == 0:  # of what one may see only: a private value is no value
        kept = np.flatnonzero(index.counts(name, found.visible, ("dataset", found.sight)))
    else:
        kept = np.flatnonzero(counts >= asked.facet_mincount)
    if 0 <= limit < len(kept):
        if limit == 0:
            return {}
        least = np.partition(counts[kept], -limit)[-limit]
        kept = kept[counts[kept] >= least]
    pairs = sorted(
        ((column.values[code], int(counts[code])) for code in kept),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return dict(pairs if limit < 0 else pairs[:limit])


def _is_all(found: Found) -> bool:
    return bool(np.array_equal(found.mask, found.visible))


def _facet(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    labels = _labels(name, counts) if counts else {}
    items = [
        {"name": value, "display_name": labels.get(value, value), "count": count}
        for value, count in counts.items()
    ]
    return {"title": name, "items": items}


def _labels(name: str, values: Mapping[str, int]) -> dict[str, str]:
    """Return value -> words for the fields whose values have some: one query at most."""
    if name == "organization":
        # With the kind, which begins the index of slugs.
        owners = Organisation.objects.filter(node__kind="organisation", node__slug__in=list(values))
        rows = owners.values_list("node__slug", "node__title")
        return {slug: objects._plain(title) for slug, title in rows}
    if name == "owner_org":
        by_id = Organisation.objects.filter(pk__in=list(values)).values_list("pk", "node__title")
        return {str(pk): objects._plain(title) for pk, title in by_id}
    if name == "groups":
        made = Group.objects.filter(slug__in=list(values)).values_list("slug", "title")
        known = {slug: str(label) for slug, label in CATEGORIES.items()}
        return {**{slug: objects._plain(title) for slug, title in made}, **known}
    if name == "license_id":
        return {row.id: f"{row.title} ({row.short})" for row in LICENCES.values()}
    return {}
