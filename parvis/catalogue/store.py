"""Where the tables are: one store of immutable Parquet files under PARVIS_HOME."""

from django.conf import settings

from parvis.catalogue.models import Version
from parvis.tables import store as tables_store
from parvis.tables.schema import Schema


def store() -> tables_store.Store:
    """Return the store of this home."""
    return tables_store.Store(settings.HOME / "tables")


def schema_of(version: Version) -> Schema:
    """Return the columns of a version with the words of its codebook."""
    return Schema.from_list(version.columns)


def stored(version: Version) -> tables_store.Version:
    """Return the file of a version. Raises TableError("no_such_version") when it is gone."""
    return store().version(version.sha256, schema_of(version))
