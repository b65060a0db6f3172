"""Tables that may be read: found by the id of their file, an alias, or dataset and file.

A table that the actor may not see is not there: 404, as one that does not exist.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, SlugField
from django.utils import timezone

from parvis.catalogue import loading, queries, store
from parvis.catalogue.datastore import fields, snapshot
from parvis.catalogue.datastore.fields import ID, Field
from parvis.catalogue.datastore.models import Alias, Table
from parvis.catalogue.models import Resource, Version
from parvis.core import access
from parvis.core.access import NOBODY, Actor
from parvis.core.errors import NotFound
from parvis.core.models import State
from parvis.core.prepared import Prepared
from parvis.tables import store as tables_store
from parvis.tables.errors import TableError
from parvis.tables.query import Query

FAR = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_READING = ("read_catalogue", "manage_catalogue")


@dataclass(frozen=True)
class Source:
    """A table to read: its file, and its columns without `_id`.

    `numbered`: the file has the numbers of its rows in a column `_id`; else a row's number is its
    place.
    """

    resource: Resource
    table: Table | None
    file: tables_store.Version
    fields: Sequence[Field]
    numbered: bool

    @property
    def place(self) -> str | None:
        """What `Query.place` must be for conditions on `_id`."""
        return None if self.numbered else ID

    @property
    def types(self) -> dict[str, str]:
        """Name of each column, `_id` first -> its type as CKAN names it."""
        return {ID: "int", **{field.id: field.type for field in self.fields}}

    def everything(self) -> Query:
        """Return the query for all rows with `_id` first."""
        return Query(columns=tuple(self.types), place=self.place)


def _resources() -> QuerySet[Resource]:
    return Resource.objects.select_related(
        "dataset__node", "dataset__organisation__node", "current", "table__by", "table__version"
    )


def as_id(text: str) -> uuid.UUID | None:
    """Return an identifier, or None for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def table_of(resource: Resource) -> Table | None:
    """Return the table that programs write in the place of a file, or None.

    A file that came after the last row wins over it.
    """
    table: Table | None = getattr(resource, "table", None)
    if table is None:
        return None
    table.resource = resource
    current = resource.current
    later = (
        current is not None
        and current.pk != table.version_id
        and current.created_at > table.changed_at
    )
    return None if later else table


def may_see(resource: Resource, actor: Actor) -> bool:
    """Whether the actor may read a file's table: public, or of a dataset they look after."""
    dataset = resource.dataset
    if dataset.node.state == State.PUBLIC:
        table = table_of(resource)
        written = table is not None and not table.dropped and resource.current_id is None
        # A file that was taken away keeps its versions, and is not published any more.
        if written or (resource.published_at or FAR) <= timezone.now():
            return True
    return any(access.can(actor, name, dataset) for name in _READING)


def resource_of(name: str, actor: Actor) -> Resource:
    """Return the file of that id or alias, seen by the actor. Raises NotFound."""
    pk = as_id(name)
    if pk is None:
        pk = Alias.objects.filter(name=name).values_list("table_id", flat=True).first()
    resource = _resources().filter(pk=pk).first() if pk else None
    if resource is None or not may_see(resource, actor):
        raise NotFound
    return resource


def _version(resource: Resource, actor: Actor) -> Version | None:
    if resource.current_id is not None and resource.dataset.node.state == State.PUBLIC:
        return resource.current
    return loading.latest(resource)


def read(resource: Resource, actor: Actor, *, wait: bool = False) -> Source:
    """Return the table of a file to read. Raises NotFound without one, NotReady."""
    table = table_of(resource)
    if table is not None and table.dropped:
        raise NotFound
    if table is not None:
        file = snapshot.read(table, wait=wait)
        if snapshot.due(table) and table.is_fresh and table.rows_count <= snapshot.AT_ONCE_ROWS:
            snapshot.make_version(table)
        columns = snapshot.codebook(table)
        return Source(resource, table, file, fields.of_schema(columns, table.fields),
                      table.numbered)  # fmt: skip
    version = _version(resource, actor)
    if version is None:
        raise NotFound
    schema = store.schema_of(version)
    try:
        file = store.store().version(version.sha256, schema)
    except TableError:
        raise NotFound from None
    found = fields.of_schema(schema)
    numbered = ID in schema.names and schema[ID].type == "integer"
    return Source(resource, None, file, [one for one in found if one.id != ID], numbered)


def find(name: str, actor: Actor) -> Source:
    """Return the table called `name` (id of the file, or alias). Raises NotFound, NotReady."""
    return read(resource_of(name, actor), actor)


def plain(text: str) -> str:
    """Return a name as statements may write it without quotation marks."""
    return text.lower().replace("-", "_")


def public(path: Sequence[str]) -> Source | None:
    """Return the public table that a statement names, or None.

    One part: the id of the file, an alias, or the name of a dataset with one table. Two parts:
    dataset and file. Hyphens may be written as underscores.
    """
    if len(path) == 1 and (as_id(path[0]) or Alias.objects.filter(name=path[0]).exists()):
        try:
            return find(path[0], NOBODY)
        except NotFound:
            return None
    if not 1 <= len(path) <= 2 or not all(part.isascii() for part in path):
        return None
    name = path[0].lower()
    rows = _resources().filter(
        Q(published_at__isnull=False) | Q(table__dropped=False),
        dataset__node__state=State.PUBLIC,
        dataset__node__slug__in={name, name.replace("_", "-"), plain(name)},
    )
    found = [row for row in rows if may_see(row, NOBODY)]
    if len(path) == 2:
        found = [row for row in found if plain(row.slug) == plain(path[1])]
    if len(found) != 1:
        return None
    try:
        return read(found[0], NOBODY)
    except NotFound:
        return None


# The rows of a public table are asked far more often than anything else of its dataset.
_tables = Prepared(
    lambda slug: (
        Version.objects.filter(
            resource__dataset__node__kind="dataset",
            resource__dataset__node__slug=slug,
            resource__dataset__node__state=State.PUBLIC,
            resource__published_at__isnull=False,
            resource__current=F("pk"),
        )
        .select_related("resource")
        .defer("profile")
        .order_by("resource__position", "resource__pk")
    ),
    slug=SlugField(),
)


def public_table(name: str, file: str) -> Version:
    """Return the version that people get of a table. Raises NotFound, Gone once withdrawn."""
    for version in _tables(slug=name):
        if file in ("", version.resource.slug):
            return version
    # Says whether it was withdrawn, or never there.
    queries.dataset_by_slug(name)
    raise NotFound
