"""What CKAN's API knows beyond the catalogue: groups, pictures, files as they came, statuses."""

from django.db import models
from django.utils import timezone

from parvis.catalogue.models import Dataset, Version
from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.ids import new_id
from parvis.core.models import File, Organisation


class Group(models.Model):
    """A group made by the API; the categories of the catalogue are groups too, without a row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=100, unique=True)
    title = TextField(characters_max=limits.TITLE_CHARACTERS)
    description = TextField(blank=True)
    image_url = models.URLField(blank=True, max_length=500)
    extras = models.JSONField(default=dict, blank=True)
    deleted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    datasets = models.ManyToManyField(Dataset, related_name="ckan_groups", blank=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class OrganisationFace(models.Model):
    """What CKAN keeps of an organisation and we do not: its picture, its free keys."""

    organisation = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, primary_key=True, related_name="face"
    )
    image_url = models.URLField(blank=True, max_length=500)
    extras = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return str(self.organisation_id)


class Original(models.Model):
    """The file that a version of a table was read from, byte for byte, and its name."""

    version = models.OneToOneField(
        Version, on_delete=models.CASCADE, primary_key=True, related_name="original"
    )
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    mimetype = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class TaskStatus(models.Model):
    """Where a program that loads or checks something is, in its own words."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    entity_id = models.UUIDField()
    entity_type = models.CharField(max_length=40)
    task_type = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    value = models.TextField(blank=True, max_length=10_000)
    state = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True, max_length=10_000)
    last_updated = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity_id", "task_type", "key"], name="ckan_task_status_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_type} {self.state}"
