"""The index of the catalogue: nothing here is the only copy of anything.

Every table can be made again from datasets and documents (`finding.index.rebuild`).
"""

from django.db import models

VALUE_CHARACTERS = 200


class Entry(models.Model):
    """One dataset or document: what orders and shows results. `number` is its row in postings.

    Times are microseconds since 1970 in UTC. `node` is the id in hexadecimal, not a foreign key:
    the row outlives its node until the index hears of the deletion.
    """

    number = models.PositiveIntegerField(primary_key=True)
    node = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    name = models.CharField(max_length=80)
    title_key = models.CharField(max_length=80)
    created = models.BigIntegerField(null=True)
    modified = models.BigIntegerField(null=True)
    published = models.BigIntegerField(null=True)
    # When the next update is expected; null when none is.
    due = models.BigIntegerField(null=True)
    west = models.FloatField(null=True)
    south = models.FloatField(null=True)
    east = models.FloatField(null=True)
    north = models.FloatField(null=True)
    stamp = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Terms(models.Model):
    """Every term under which an entry stands in the postings: what a change takes out again."""

    number = models.PositiveIntegerField(primary_key=True)
    data = models.BinaryField()

    def __str__(self) -> str:
        return str(self.number)


class Posting(models.Model):
    """The rows, of one block of numbers, that hold a value in a field (see `bits`)."""

    field = models.CharField(max_length=100)
    value = models.CharField(max_length=VALUE_CHARACTERS)
    block = models.PositiveIntegerField()
    rows = models.BinaryField()
    stamp = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "value", "block"], name="posting_unique")
        ]
        indexes = [models.Index(fields=["field", "stamp"], name="posting_changed")]

    def __str__(self) -> str:
        return f"{self.field}:{self.value}"


class Mark(models.Model):
    """A dataset or document that changed since it was merged: readers read it from its source."""

    node = models.UUIDField(primary_key=True)
    stamp = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.node)


class Standing(models.Model):
    """The one row that says which index this is and up to what it was brought."""

    epoch = models.CharField(max_length=32)
    stamp = models.BigIntegerField()
    # Rows are numbered below this.
    next = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.epoch
