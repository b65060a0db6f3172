"""What was found in each version of a file, and where each dataset stands."""

from django.db import models
from django.utils import timezone

from parvis.catalogue.models import Dataset, Version


class Conformity(models.Model):
    """The checks of one version: what came, and what people download.

    `received`: facts of the file as it came (format, encoding, separator…), kept so that the checks
    can be made again without it; empty where no file came. `checks`: see `checks.Check`.
    `remarks`: what else was seen (headers, empty columns, merged cells). `rules`: the edition of
    our rules that made them.
    """

    version = models.OneToOneField(
        Version, on_delete=models.CASCADE, primary_key=True, related_name="conformity"
    )
    received = models.JSONField(default=dict, blank=True)
    checks = models.JSONField(default=list, blank=True)
    remarks = models.JSONField(default=list, blank=True)
    rules = models.PositiveSmallIntegerField(default=0)
    computed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.version_id)


class Quality(models.Model):
    """Where a dataset stands, for lists to sort by; the criteria themselves are made when shown.

    `met` of `total` criteria that apply; `missing`: the codes of the others; `holes`: how many
    things keep it from being published; `late_since`: when an update was due and did not come;
    `broken`: links that do not answer.
    """

    dataset = models.OneToOneField(
        Dataset, on_delete=models.CASCADE, primary_key=True, related_name="quality"
    )
    met = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    missing = models.JSONField(default=list, blank=True)
    holes = models.PositiveSmallIntegerField(default=0)
    late_since = models.DateTimeField(null=True, blank=True)
    broken = models.PositiveSmallIntegerField(default=0)
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["computed_at"], name="quality_computed")]

    def __str__(self) -> str:
        return f"{self.met}/{self.total}"
