"""What an address asks of a table, read with its mistakes: nothing that is wrong is dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.catalogue import previews, store
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Version
from parvis.catalogue.previews import FILTERS_MAX, OPERATORS, Filter
from parvis.core import limits
from parvis.tables.query import Query, Sort
from parvis.tables.schema import Schema

ROWS = 50
COLUMNS_SHOWN = 12
COLUMNS_MAX = 40


@dataclass(frozen=True)
class Wrong:
    """Something of the address that cannot be answered, and the address without it."""

    words: str
    without: str


@dataclass(frozen=True)
class Asked:
    """A view of a version: conditions, order, columns, place. `wrong` is set, or it is answered."""

    version: Version
    schema: Schema
    language: str
    filters: Sequence[Filter]
    search: str
    sort: str
    columns: tuple[str, ...]
    chosen: bool
    after: int | None
    before: int | None
    facet: str
    pinned: bool
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def base(self) -> Query:
        """Conditions and order."""
        name, descending = _order(self.sort, self.schema)
        return Query(
            where=tuple(one.where for one in self.filters),
            search=self.search,
            sort=(Sort(name, descending),) if name else (),
        )

    @property
    def narrowed(self) -> bool:
        """Whether something narrows the rows."""
        return bool(self.filters or self.search)

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:
        """The view as parameters; `changes` replaces some, None or empty removes."""
        said: dict[str, Any] = {
            "version": self.version.sha256 if self.pinned else "",
            "filter": [one.in_url for one in self.filters],
            "words": self.search,
            "sort": self.sort,
            "columns": list(self.columns) if self.chosen else [],
            "facet": self.facet,
            **changes,
        }
        found = []
        for name, value in said.items():
            values = value if isinstance(value, list) else [value]
            found += [(name, str(one)) for one in values if one not in ("", None)]
        return found

    def link(self, **changes: Any) -> str:
        """The address of this view with changes, from its first page."""
        pairs = self.pairs(**changes)
        return f"?{urlencode(pairs)}" if pairs else "?"

    def without(self, gone: Filter) -> str:
        """The address without one condition."""
        return self.link(filter=[one.in_url for one in self.filters if one is not gone])

    def heading(self, name: str) -> str:
        """The words of a column."""
        return self.schema[name].heading(self.language)


def _order(asked: str, schema: Schema) -> tuple[str, bool]:
    if asked in schema.names:
        return asked, False
    name = asked.removeprefix("-")
    return (name, True) if asked.startswith("-") and name in schema.names else ("", False)


def read(parameters: QueryDict, version: Version, *, pinned: bool = False) -> Asked:
    """Return what is asked of a version; `wrong` says what cannot be answered."""
    schema, language = store.schema_of(version), (get_language() or "fr")[:2]
    wrong: list[Wrong] = []
    filters = _filters(parameters, schema, language, wrong)
    sort = parameters.get("sort", "")[:210]
    if sort and not _order(sort, schema)[0]:
        wrong.append(Wrong(_no_column(sort.removeprefix("-")), _less(parameters, "sort", sort)))
        sort = ""
    columns = []
    for name in dict.fromkeys(parameters.getlist("columns")[:200]):
        if name in schema.names:
            columns.append(name)
        elif name:
            wrong.append(Wrong(_no_column(name), _less(parameters, "columns", name)))
    facet = parameters.get("facet", "")
    if facet and facet not in schema.names:
        wrong.append(Wrong(_no_column(facet), _less(parameters, "facet", facet)))
        facet = ""
    return Asked(
        version,
        schema,
        language,
        filters,
        parameters.get("words", "").replace("\0", "").strip()[: limits.SEARCH_CHARACTERS],
        sort,
        tuple(columns)[:COLUMNS_MAX] or schema.names[:COLUMNS_SHOWN],
        bool(columns),
        _place(parameters, "after", wrong),
        _place(parameters, "before", wrong),
        facet,
        pinned,
        wrong,
    )


def _no_column(name: str) -> str:
    return in_words("no_such_column", {"column": name[:100]})


def _less(parameters: QueryDict, name: str, value: str) -> str:
    """The address without one value of a parameter."""
    copy = parameters.copy()
    copy.setlist(name, [one for one in copy.getlist(name) if one != value])
    return f"?{copy.urlencode()}"


def _place(parameters: QueryDict, name: str, wrong: list[Wrong]) -> int | None:
    text = parameters.get(name, "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 16 and int(text) > 0:
        return int(text)
    words = _("“%(value)s” is not the number of a row.") % {"value": text[:40]}
    wrong.append(Wrong(words, _less(parameters, name, text)))
    return None


def _filters(
    parameters: QueryDict, schema: Schema, language: str, wrong: list[Wrong]
) -> list[Filter]:
    written = [("filter", text) for text in parameters.getlist("filter") if text]
    if column := parameters.get("column"):
        parts = (column, parameters.get("operator", "eq"), parameters.get("value", ""))
        written.append(("column", "|".join(parts)))
    found: dict[str, Filter] = {}
    for name, text in written[:FILTERS_MAX]:
        gone = text if name == "filter" else parameters.get("column", "")
        less = _less(parameters, name, gone)
        column, operator, value = previews._cut(text)
        value = "" if operator in {"empty", "filled"} else value.replace("\0", "")
        if not operator:
            words = _("“%(text)s” is no condition: write column|operator|value.")
            wrong.append(Wrong(words % {"text": text[:100]}, less))
        elif column not in schema.names:
            wrong.append(Wrong(_no_column(column), less))
        elif not value and operator not in {"empty", "filled"}:
            heading = schema[column].heading(language)
            wrong.append(Wrong(_("Write a value for “%(name)s”.") % {"name": heading}, less))
        else:
            one = Filter(column, schema[column].heading(language), operator, value[:1000])
            found[one.in_url] = one
    if len(written) > FILTERS_MAX:
        words = _("Ten conditions at most.")
        wrong.append(Wrong(words, _less(parameters, *written[-1])))
    return list(found.values())


def operators() -> dict[str, Any]:
    """The operators of a form: as written in the address -> words."""
    return {code: words for code, (_operator, words) in OPERATORS.items()}
