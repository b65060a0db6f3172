"""Queries whose SQL is written once and run many times, and inserts written the same way.

Measured on the pages that are read most, Django spent two to four times longer writing the SQL
of a query than SQLite running it. A `Prepared` keeps what the first writing gave: the text, the
places of the values, how columns become fields. Rows come out as the ORM gives them.

It leans on the ORM's compiler (`as_sql`, `klass_info`, `get_related_populators`), which is not
public: `core/tests/test_prepared.py` compares each shape with the queryset itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)

_PLANS_MAX: Final = 200
_LIST_MAX: Final = 50


class Param(Expression):
    """The place of a value given at each run, converted for the database as its field does."""

    def __init__(self, name: str, field: models.Field, rank: int = 0) -> None:
        super().__init__(output_field=field)
        self.name, self.rank = name, rank

    def as_sql(self, compiler: Any, connection: Any) -> Any:  # type: ignore[override]
        """Return a place holder, and itself to be replaced."""
        return "%s", [self]


class _List(Expression):
    """The places of a list of values."""

    def __init__(self, params: Sequence[Param]) -> None:
        super().__init__(output_field=params[0].output_field)
        self.params = params

    def as_sql(self, compiler: Any, connection: Any) -> Any:  # type: ignore[override]
        return f"({', '.join(['%s'] * len(self.params))})", list(self.params)


@dataclass(frozen=True)
class Many:
    """Says that a parameter is a list of values of this field, for `__in`."""

    field: models.Field


@dataclass(frozen=True)
class _Plan:
    sql: str
    params: Sequence[Any]
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]
    read: Callable[[list[Any]], Any]

    def run(self, values: dict[str, Any]) -> list[Any]:
        # Through the proxy, each attribute would be looked up by thread.
        database = connections[DEFAULT_DB_ALIAS]
        bound = [
            _convert(param, values[param.name], database) if isinstance(param, Param) else param
            for param in self.params
        ]
        with database.cursor() as cursor:
            cursor.execute(self.sql, bound)
            found = cursor.fetchall()
        read, converters = self.read, self.converters
        out = []
        for raw in found:
            row = list(raw)
            for position, convert, expression in converters:
                value = row[position]
                for one in convert:
                    value = one(value, expression, database)
                row[position] = value
            out.append(read(row))
        return out


def _convert(param: Param, value: Any, database: Any) -> Any:
    if isinstance(value, list | tuple):
        value = value[param.rank]
    return param.output_field.get_db_prep_value(value, database)


def _reader(queryset: Any, compiler: Any) -> Callable[[list[Any]], Any]:
    """Return what makes one row of the columns read, as the queryset would."""
    rows = queryset._iterable_class
    if rows is FlatValuesListIterable:
        return lambda row: row[0]
    if rows is ValuesListIterable:
        return tuple
    if rows is not ModelIterable or queryset._prefetch_related_lookups:
        raise TypeError("a prepared query gives rows of a model or of values_list()")
    info = compiler.klass_info
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[first:last]]
    others = get_related_populators(info, compiler.select, queryset.db)  # type: ignore[call-arg]
    annotations = tuple((compiler.annotation_col_map or {}).items())
    model, database = info["model"], queryset.db

    def read(row: list[Any]) -> Any:
        thing = model.from_db(database, names, row[first:last])
        for other in others:
            other.populate(row, thing)
        for name, position in annotations:
            setattr(thing, name, row[position])
        return thing

    return read


class Prepared:
    """A queryset of named parameters: `Prepared(lambda slug: Node.objects.filter(slug=slug),
    slug=SlugField())(slug="a")` returns the list of rows.

    `fields` says how each parameter is converted; `Many(field)` is for a list. Positional
    arguments of a call are not values: each combination has SQL of its own (an order, a page).
    No prefetch, no `values()`. Long or empty lists go through the ORM.
    """

    def __init__(
        self, build: Callable[..., models.QuerySet[Any]], **fields: models.Field | Many
    ) -> None:
        self.build, self.fields = build, fields
        self._plans: dict[tuple[Any, ...], _Plan] = {}

    def __call__(self, *shape: Any, **values: Any) -> list[Any]:
        """Run it and return its rows."""
        lengths = tuple(
            len(values[name]) for name, field in self.fields.items() if isinstance(field, Many)
        )
        if lengths and not 0 < max(lengths) <= _LIST_MAX:
            return list(self.build(*shape, **values))
        key = (connection.vendor, shape, lengths)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _PLANS_MAX:
                self._plans.clear()
            plan = self._plans[key] = self._write(shape, values)
        return plan.run(values)

    def first(self, *shape: Any, **values: Any) -> Any:
        """Return the first row, or None."""
        return next(iter(self(*shape, **values)), None)

    def _write(self, shape: tuple[Any, ...], values: dict[str, Any]) -> _Plan:
        given: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, Many):
                ranks = range(len(values[name]))
                given[name] = _List([Param(name, field.field, n) for n in ranks])
            else:
                given[name] = Param(name, field)
        queryset = self.build(*shape, **given)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        columns = [column[0] for column in compiler.select[: compiler.col_count]]
        converters = [
            (position, tuple(convert), expression)
            for position, (convert, expression) in compiler.get_converters(columns).items()
        ]
        return _Plan(sql, tuple(params), converters, _reader(queryset, compiler))


@dataclass(frozen=True)
class _Insert:
    sql: str
    fields: Sequence[models.Field]
    returned: models.Field | None


_inserts: dict[tuple[str, type[models.Model]], _Insert] = {}


def insert(row: models.Model) -> None:
    """Insert a new row, as `save(force_insert=True)` does, without signals or database defaults.

    A key that the database counts is set on the row. Raises IntegrityError.
    """
    model = type(row)
    database = connections[DEFAULT_DB_ALIAS]
    plan = _inserts.get((database.vendor, model))
    if plan is None:
        plan = _inserts[(database.vendor, model)] = _write_insert(model)
    values = [field.get_db_prep_save(field.pre_save(row, True), database) for field in plan.fields]
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), database.cursor() as cursor:
        cursor.execute(plan.sql, values)
        if plan.returned is not None:
            (key,) = cursor.fetchone()
            setattr(row, plan.returned.attname, key)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _write_insert(model: type[models.Model]) -> _Insert:
    quote = connection.ops.quote_name
    counted = model._meta.auto_field
    fields = [field for field in model._meta.concrete_fields if field is not counted]
    sql = "INSERT INTO {} ({}) VALUES ({})".format(  # noqa: S608 names of our own models
        quote(model._meta.db_table),
        ", ".join(quote(str(field.column)) for field in fields),
        ", ".join(["%s"] * len(fields)),
    )
    if counted is not None:
        sql += f" RETURNING {quote(str(counted.column))}"
    return _Insert(sql, fields, counted)
