"""Tables that programs write row by row, in the main database; they are read from Parquet."""

from django.db import models
from django.utils import timezone

from parvis.catalogue.models import Resource, Version
from parvis.core.models import Person


class Table(models.Model):
    """A table written by programs, of one file of a dataset.

    `edition` counts its changes; `snapshot` is the Parquet file that readers get, made of edition
    `snapshot_edition`. While the two differ, the next reader makes another. `numbered`: rows were
    deleted, so that the snapshot carries their numbers in a column `_id` of its own.
    """

    resource = models.OneToOneField(
        Resource, on_delete=models.CASCADE, primary_key=True, related_name="table"
    )
    # [{"id", "type", "info"}], types as CKAN names them.
    fields = models.JSONField(default=list)
    primary_key = models.JSONField(default=list)
    indexes = models.JSONField(default=list)
    # Made for rows, not in the place of a file: written without `force`.
    owned = models.BooleanField(default=False)
    # Dropped: the file's own table is not read either, until somebody makes another.
    dropped = models.BooleanField(default=False)
    next_number = models.PositiveBigIntegerField(default=1)
    rows_count = models.PositiveBigIntegerField(default=0)
    edition = models.PositiveBigIntegerField(default=0)
    snapshot = models.CharField(max_length=64, blank=True)
    snapshot_edition = models.PositiveBigIntegerField(null=True)
    numbered = models.BooleanField(default=False)
    # The last version of the catalogue that was made of it, and of which edition.
    version = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    version_edition = models.PositiveBigIntegerField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return str(self.resource_id)

    @property
    def is_fresh(self) -> bool:
        """Whether readers get the last edition."""
        return self.snapshot_edition == self.edition

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [field["id"] for field in self.fields]


class Alias(models.Model):
    """Another name of a table."""

    name = models.CharField(max_length=100, unique=True)
    table = models.ForeignKey(Table, on_delete=models.CASCADE, related_name="aliases")

    def __str__(self) -> str:
        return self.name


class Row(models.Model):
    """One row: `number` is its `_id`; `key` the hash of its primary key, null without one."""

    table = models.ForeignKey(Table, on_delete=models.CASCADE, db_index=False)
    number = models.PositiveBigIntegerField()
    # Null, not empty: the rows of a table without primary key must not be equal.
    key = models.CharField(max_length=64, null=True)  # noqa: DJ001
    cells = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "number"], name="datastore_row_number"),
            models.UniqueConstraint(fields=["table", "key"], name="datastore_row_key"),
        ]

    def __str__(self) -> str:
        return f"{self.table_id} {self.number}"
