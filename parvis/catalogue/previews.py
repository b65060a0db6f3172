"""A version as a table on a page: filters, order and page all in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from parvis.catalogue import store
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Version
from parvis.core import limits
from parvis.tables import store as tables_store
from parvis.tables.errors import TableError
from parvis.tables.query import Query, Sort, Where
from parvis.tables.schema import Schema

ROWS = 20
COLUMNS_MAX = 30
FILTERS_MAX = 10
# As written in the address -> (operator of the query, words).
OPERATORS: Mapping[str, tuple[Any, Any]] = {
    "eq": ("=", _("is")),
    "ne": ("!=", _("is not")),
    "contains": ("contains", _("contains")),
    "gt": (">", _("is greater than")),
    "gte": (">=", _("is at least")),
    "lt": ("<", _("is less than")),
    "lte": ("<=", _("is at most")),
    "empty": ("empty", _("is empty")),
    "filled": ("filled", _("is filled")),
}


@dataclass(frozen=True)
class Filter:
    """One condition as shown: `value_in_url` is "column|operator|value"."""

    column: str
    heading: str
    operator: str
    value: str

    @property
    def words(self) -> str:
        """The operator in words."""
        return str(OPERATORS[self.operator][1])

    @property
    def in_url(self) -> str:
        """The form it has in the address."""
        return f"{self.column}|{self.operator}|{self.value}"

    @property
    def where(self) -> Where:
        """The condition of the query."""
        return Where(self.column, OPERATORS[self.operator][0], self.value)


@dataclass(frozen=True)
class Heading:
    """A column's head: its words, and the order that a click asks for."""

    name: str
    words: str
    numeric: bool
    sort: str
    sorted_by: str


@dataclass(frozen=True)
class Preview:
    """The rows of one page and all that the page says of them. `problem` is set, or rows are."""

    headings: Sequence[Heading]
    rows: Sequence[Sequence[Any]]
    count: int
    number: int
    filters: Sequence[Filter]
    search: str
    sort: str
    columns_hidden: int
    problem: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether something narrows the rows."""
        return bool(self.filters or self.search)


def filters_of(parameters: QueryDict, schema: Schema) -> list[Filter]:
    """Return the filters of an address: `filter` repeated, and the form's own three fields."""
    language = (get_language() or "fr")[:2]
    written = parameters.getlist("filter")
    if column := parameters.get("column"):
        operator, value = parameters.get("operator", "eq"), parameters.get("value", "")
        written = [*written, f"{column}|{operator}|{value}"]
    found: dict[str, Filter] = {}
    for text in written[:FILTERS_MAX]:
        # From the right: a column's name may hold a bar, an operator never.
        column, operator, value = _cut(text)
        if column in schema.names and operator in OPERATORS:
            if operator in {"empty", "filled"}:
                value = ""
            elif not value:
                continue
            one = Filter(column, schema[column].heading(language), operator, value)
            found[one.in_url] = one
    return list(found.values())


def _cut(text: str) -> tuple[str, str, str]:
    for operator in OPERATORS:
        column, bar, value = text.partition(f"|{operator}|")
        if bar:
            return column, operator, value
    return text, "", ""


def sort_of(parameters: QueryDict, schema: Schema) -> tuple[str, tuple[Sort, ...]]:
    """Return the order asked for as written, and as the query takes it."""
    asked = parameters.get("sort", "")
    name, descending = asked.removeprefix("-"), asked.startswith("-")
    if asked in schema.names:
        name, descending = asked, False
    return (asked, (Sort(name, descending),)) if name in schema.names else ("", ())


def preview(version: Version, parameters: QueryDict, number: int = 1) -> Preview:
    """Return one page of a version's rows. A condition that cannot be answered gives `problem`."""
    schema = store.schema_of(version)
    language = (get_language() or "fr")[:2]
    filters = filters_of(parameters, schema)
    search = parameters.get("words", "").strip()[: limits.SEARCH_CHARACTERS]
    sort, order = sort_of(parameters, schema)
    shown = schema.columns[:COLUMNS_MAX]
    headings = [
        Heading(
            column.name,
            column.heading(language),
            column.type in {"integer", "number"},
            f"-{column.name}" if sort == column.name else column.name,
            {column.name: "ascending", f"-{column.name}": "descending"}.get(sort, ""),
        )
        for column in shown
    ]
    where = tuple(one.where for one in filters)
    hidden = len(schema.columns) - len(shown)
    try:
        file = store.store().version(version.sha256, schema)
        count = store.store().count(file, Query(where=where, search=search))
        number = min(number, max(1, -(-count // ROWS)))
        rows = _rows(file, where, search, order, [c.name for c in shown], number)
        rows = _with_years(version, rows)
    except TableError as error:
        words = in_words(error.reason, error.params)
        return Preview(headings, [], 0, 1, filters, search, sort, hidden, words)
    return Preview(headings, rows, count, number, filters, search, sort, hidden)


def _rows(
    file: tables_store.Version,
    where: tuple[Where, ...],
    search: str,
    order: tuple[Sort, ...],
    names: Sequence[str],
    number: int,
) -> list[list[Any]]:
    query = Query(
        columns=tuple(names),
        where=where,
        search=search,
        sort=order,
        limit=ROWS,
        offset=(number - 1) * ROWS,
    )
    table = store.store().query(file, query).read_all()
    return [list(row.values()) for row in table.to_pylist()]


def _with_years(version: Version, rows: list[list[Any]]) -> list[list[Any]]:
    """Write years as people do: 2021, not 2 021."""
    figures = version.profile["columns"][:COLUMNS_MAX]
    years = {
        place
        for place, column in enumerate(figures)
        if column["type"] == "integer"
        and column["minimum"] is not None
        and column["minimum"] >= 1500
        and column["maximum"] <= 2200
    }
    if not years:
        return rows
    return [
        [
            str(cell) if place in years and cell is not None else cell
            for place, cell in enumerate(row)
        ]
        for row in rows
    ]


@dataclass(frozen=True)
class Described:
    """One line of the codebook: words, and what the column holds."""

    name: str
    type: str
    label: str
    description: str
    filled: int
    empty: int
    distinct: int


def columns_of(version: Version) -> list[Described]:
    """Return the codebook of a version with each column's figures, in the reader's language."""
    schema, language = store.schema_of(version), (get_language() or "fr")[:2]
    figures = {column["name"]: column for column in version.profile["columns"]}
    return [
        Described(
            line["name"],
            line["type"],
            line["label"] if line["label"] != line["name"] else "",
            line["description"],
            figures[line["name"]]["filled"],
            figures[line["name"]]["empty"],
            figures[line["name"]]["distinct"],
        )
        for line in schema.codebook(language)
    ]


@dataclass(frozen=True)
class Example:
    """A request to paste, and how many rows it gives."""

    command: str
    rows: int


def example(site_url: str, dataset: str, file: str, table: Preview) -> Example:
    """Return the API request that gives the rows now shown: same filters, words and order."""
    parameters: list[tuple[str, str]] = [("file", file)]
    parameters += [("filter", one.in_url) for one in table.filters]
    if table.search:
        parameters.append(("words", table.search))
    if table.sort:
        parameters.append(("sort", table.sort))
    parameters.append(("limit", str(ROWS)))
    address = f"{site_url}/api/v1/datasets/{dataset}/rows?{urlencode(parameters)}"
    return Example(f"curl '{address}'", min(table.count, ROWS))
