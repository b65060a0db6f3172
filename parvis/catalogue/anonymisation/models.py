"""One entry a dataset of answers, and each version that a person completed."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.analysis.privacy import FLOOR, THRESHOLD
from parvis.catalogue.models import Dataset
from parvis.core.models import Person

THRESHOLD_MAX = 100


class Entry(models.Model):
    """What was done so that published answers show nobody (CQLR c. A-2.1, r. 0.1).

    `threshold` and `crosses` ([activity, column, column]) are chosen before publication. `facts`
    are the figures of the disclosure risk note, `tables` the crossed tables, protected, by
    activity; `made_of` is a keyed digest of the answers and choices they were made of. `texts`
    (element -> text by language) and `qualified` are a person's words; `completed_of` is the
    `made_of` that they were written about.
    """

    dataset = models.OneToOneField(
        Dataset, on_delete=models.CASCADE, primary_key=True, related_name="anonymisation"
    )
    threshold = models.PositiveSmallIntegerField(
        default=THRESHOLD,
        validators=[MinValueValidator(FLOOR), MaxValueValidator(THRESHOLD_MAX)],
        verbose_name=_("Threshold"),
    )
    crosses = models.JSONField(default=list, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    tables = models.JSONField(default=dict, blank=True)
    made_of = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)
    texts = models.JSONField(default=dict, blank=True)
    qualified = models.CharField(max_length=200, blank=True, verbose_name=_("Qualified person"))
    reassess_on = models.DateField(null=True, blank=True, verbose_name=_("To be assessed again by"))
    version = models.PositiveIntegerField(default=0)
    completed_of = models.CharField(max_length=64, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.version}"

    @property
    def is_complete(self) -> bool:
        """Whether a person completed it for what the note says now."""
        return bool(self.completed_at) and self.completed_of == self.made_of

    @property
    def is_due(self) -> bool:
        """Whether the day came on which the risk is to be assessed again."""
        return self.reassess_on is not None and self.reassess_on <= timezone.localdate()


class EntryVersion(models.Model):
    """The entry as a person completed it: it never changes."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["entry", "number"], name="anonymisation_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.number}"
