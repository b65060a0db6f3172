"""Where the tables are: one store of immutable Parquet files under PARVIS_HOME."""

from django.conf import settings
from django.db.models import F

from parvis.catalogue.models import Version
from parvis.tables import condition, quick
from parvis.tables import store as tables_store
from parvis.tables.errors import TableError
from parvis.tables.schema import Schema


def store() -> tables_store.Store:
    """Return the store of this home."""
    return tables_store.Store(settings.HOME / "tables")


def schema_of(version: Version) -> Schema:
    """Return the columns of a version with the words of its codebook."""
    return Schema.from_list(version.columns)


def stored(version: Version) -> tables_store.Version:
    """Return the file of a version. Raises TableError("no_such_version") when it is gone.

    What the row of the version says is not read again in the file.
    """
    path = store().root / version.path
    if not path.exists():
        raise TableError("no_such_version")
    schema = schema_of(version)
    return tables_store.Version(version.sha256, version.rows, schema, version.bytes, path)


def quicken() -> bool:
    """Make the copy of one large table that people read, and say whether there was one to make."""
    large = Version.objects.filter(rows__gte=quick.ROWS_MIN, resource__current=F("pk"))
    for version in large.order_by("-published_at").only("path", "columns"):
        path = store().root / version.path
        if path.exists() and quick.make(path, condition.said(schema_of(version))):
            return True
    return False
