"""Parameters of `datastore_search` and of dumps, read into a query. What is wrong: 409, by name."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parvis.catalogue.ckan.errors import ValidationFailed
from parvis.catalogue.ckan.search import truth, whole
from parvis.catalogue.datastore import words
from parvis.catalogue.datastore.fields import ID
from parvis.catalogue.datastore.sources import Source
from parvis.tables.query import Query, Sort, Where

Data = Mapping[str, Any]
LIMIT, LIMIT_MAX = 100, 32_000
OFFSET_MAX = 2**53
FORMATS = ("objects", "lists", "csv", "tsv")
_RANGES = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "ne": "!="}
_SORT = re.compile(
    r'\s*(?:"((?:[^"]|"")+)"|(.+?))(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*', re.I
)
KNOWN = frozenset(
    "resource_id id filters q full_text plain language distinct limit offset fields sort "
    "include_total total_estimation_threshold records_format force".split()
)


def refuse_unknown(data: Data, known: frozenset[str]) -> None:
    """Refuse parameters that do not exist. Raises ValidationFailed."""
    if unknown := sorted(set(data) - known):
        raise ValidationFailed(
            {name: [f"The input field {name} was not expected."] for name in unknown}
        )


def read_json(data: Data, name: str) -> Any:
    """Return a parameter, read as JSON when it is text that looks like it."""
    value = data.get(name)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValidationFailed({name: ["Cannot parse JSON"]}) from None
    return value


def names(data: Data, name: str) -> list[str] | None:
    """Return a list of names: a list, JSON, or text with commas; None when nothing is said."""
    value = read_json(data, name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return [part.strip().strip('"') for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationFailed({name: ["Not a list of strings"]})
    return [one.strip() for one in value]


def query_of(data: Data, source: Source) -> Query:
    """Return the query asked for, without limit and offset. Raises ValidationFailed."""
    columns = names(data, "fields") or list(source.types)
    for column in columns:
        if column not in source.types:
            raise ValidationFailed({"fields": [f'field "{column}" not in table']})
    if len(set(columns)) < len(columns):
        raise ValidationFailed({"fields": ["a field is named twice"]})
    query = Query(
        columns=tuple(columns),
        place=source.place,
        where=conditions(data, source),
        sort=_sort(data, source),
        distinct=truth(data.get("distinct", False)),
    )
    if query.distinct and any(one.column not in columns for one in query.sort):
        raise ValidationFailed({"sort": ["distinct rows are sorted by the fields asked for"]})
    return _with_words(query, data, source)


def conditions(data: Data, source: Source) -> tuple[Where, ...]:
    """Return the conditions of `filters`: a value, a list of them, or bounds by column."""
    filters = read_json(data, "filters")
    if filters in (None, ""):
        return ()
    if not isinstance(filters, dict):
        raise ValidationFailed({"filters": ["Not a dict"]})
    found: list[Where] = []
    for column, value in filters.items():
        if column not in source.types:
            raise ValidationFailed({"filters": [f'field "{column}" not in table']})
        found += _conditions(column, value)
    return tuple(found)


def _conditions(column: str, value: Any) -> list[Where]:
    if isinstance(value, dict):
        if not value or not set(value) <= set(_RANGES):
            known = ", ".join(_RANGES)
            raise ValidationFailed({"filters": [f'bounds of "{column}" are {known}']})
        return [
            Where(column, _RANGES[name], _scalar(column, bound))  # type: ignore[arg-type]
            for name, bound in value.items()
        ]
    if isinstance(value, list):
        if not all(one is None or isinstance(one, str | int | float) for one in value):
            raise ValidationFailed({"filters": [f'values of "{column}" are no lists']})
        return [Where(column, "in", value)]
    return [Where(column, "empty")] if value is None else [Where(column, "=", value)]


def _scalar(column: str, value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise ValidationFailed({"filters": [f'a bound of "{column}" is no value']})
    return value


def _sort(data: Data, source: Source) -> tuple[Sort, ...]:
    asked = data.get("sort")
    if asked in (None, "", []):
        return ()
    clauses = asked if isinstance(asked, list) else _split(str(asked))
    found = []
    for clause in clauses:
        match = _SORT.fullmatch(str(clause))
        column = (match[1] or match[2]).replace('""', '"') if match else ""
        if match is None or column not in source.types:
            raise ValidationFailed({"sort": [f'field "{column or clause}" not in table']})
        descending = (match[3] or "").lower() == "desc"
        # As PostgreSQL: empty cells count as the greatest.
        first = match[4].lower() == "first" if match[4] else descending
        found.append(Sort(column, descending, first))
    return tuple(found)


def _split(text: str) -> list[str]:
    """Return the clauses between commas, but those within quotation marks."""
    return [part for part in re.findall(r'(?:"(?:[^"]|"")*"|[^,])+', text) if part.strip()]


def _with_words(query: Query, data: Data, source: Source) -> Query:
    asked = read_json(data, "q")
    plain = truth(data.get("plain", True))
    if isinstance(asked, dict):
        for column, text in asked.items():
            if column not in source.types or column == ID:
                raise ValidationFailed({"q": [f'field "{column}" not in table']})
            query = _add(query, str(text), column, plain)
    elif isinstance(asked, str) and asked.strip():
        query = _add(query, asked, None, plain)
    elif asked not in (None, ""):
        raise ValidationFailed({"q": ["Not a string or a dict"]})
    if text := str(data.get("full_text") or "").strip():
        query = _add(query, text, None, False)
    return query


def _add(query: Query, text: str, column: str | None, plain: bool) -> Query:
    if len(text) > 200:
        raise ValidationFailed({"q": ["longer than 200 characters"]})
    if plain and column is None:
        return replace(query, search=text)
    try:
        groups = (
            tuple((Where(column, "contains", word),) for word in text.split())
            if plain
            else words.groups(text, column)
        )
    except words.BadWords as error:
        raise ValidationFailed({"q": [str(error)]}) from None
    return replace(query, any_of=(*query.any_of, *groups))


def bounds(data: Data, default: int | None, most: int | None) -> tuple[int | None, int]:
    """Return limit and offset. Raises ValidationFailed."""
    limit = whole(data, "limit", default) if default is not None else None
    if default is None and data.get("limit") not in (None, ""):
        limit = whole(data, "limit", 0)
    if limit is not None and most is not None:
        limit = min(limit, most)
    offset = whole(data, "offset", 0)
    if offset > OFFSET_MAX or (limit or 0) > OFFSET_MAX:
        raise ValidationFailed({"offset": ["too large"]})
    return limit, offset
