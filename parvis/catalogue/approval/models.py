"""What was given to read of a dataset, who decided, when it is published; what was removed."""

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.models import Dataset
from parvis.core import limits
from parvis.core.models import File, Person

WORDS = [MaxLengthValidator(limits.COMMENT_CHARACTERS)]


def _person() -> "models.ForeignKey[Person | None, Person | None]":
    return models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )


class DataReview(models.Model):
    """One state of a dataset given to read: what it says, who asked, who decided, when.

    `version` is the SHA-256 of the snapshot and of `changes`: an approval holds while the dataset
    says exactly this. `changes` are those of a public dataset that wait (see `changes.apply`).
    `publish_at` is the minute chosen; when nothing could be published then, `refused_at` and
    `refused_because` say so. `published_at`: it has served.
    """

    RIGHT, WHOLE = "approve_data", "dataset"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be read")
        APPROVED = "approved", _("Approved")
        CHANGES = "changes_asked", _("Changes are asked")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Because(models.TextChoices):
        HOLES = "holes", _("something was missing")
        STALE = "stale", _("the dataset had changed since it was approved")
        ALONE = "alone", _("a second person had not approved it")

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="approvals")
    version = models.CharField(max_length=64)
    snapshot = models.JSONField()
    changes = models.JSONField(default=dict, blank=True)
    asked_by = _person()
    asked_at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, validators=WORDS)
    state = models.CharField(max_length=13, choices=State, default=State.WAITING)
    decided_by = _person()
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True, validators=WORDS)
    publish_at = models.DateTimeField(null=True, blank=True)
    scheduled_by = _person()
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_because = models.CharField(max_length=5, choices=Because, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["dataset"],
                condition=models.Q(state="waiting"),
                name="data_review_one_waiting",
            )
        ]
        indexes = [
            models.Index(
                fields=["publish_at"],
                condition=models.Q(
                    publish_at__isnull=False, refused_at__isnull=True, published_at__isnull=True
                ),
                name="data_review_scheduled",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.version[:8]} {self.state}"


class RemovedFile(models.Model):
    """A file or link that was removed, whole enough to be put back where it was.

    `rows` is Django's own serialisation of the resource and of its versions. `file` keeps the
    bytes from being cleaned.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="removed_files")
    name = models.JSONField(default=dict)
    rows = models.JSONField()
    file = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT)
    by = _person()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.pk}"
