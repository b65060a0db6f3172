"""Where datasets come from: the sources, each run, and what became of each thing read."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.catalogue.lists import LICENCES
from parvis.catalogue.models import Dataset
from parvis.core.models import Job, Node, Organisation, Person

REMOTE_ID_CHARACTERS = 500


def licences() -> list[tuple[str, Any]]:
    """Return the choice of a licence, none first."""
    return [("", "—"), *((row.id, f"{row.short}, {row.title}") for row in LICENCES.values())]


class HarvestSource(models.Model):
    """Another catalogue, read again and again; its datasets belong to `organisation`."""

    class Kind(models.TextChoices):
        CKAN = "ckan", _("CKAN (address of the site)")
        DCAT = "dcat", _("DCAT (RDF/XML, Turtle or JSON-LD)")
        CSW = "csw", _("CSW 2.0.2 (ISO 19139 or Dublin Core)")
        CSV = "csv", _("CSV list, after the template")

    class Schedule(models.TextChoices):
        NEVER = "never", pgettext_lazy("schedule", "Only when somebody asks")
        DAILY = "daily", pgettext_lazy("schedule", "Every day")
        WEEKLY = "weekly", pgettext_lazy("schedule", "Every week")

    class Arrival(models.TextChoices):
        PUBLIC = "public", _("Published at once")
        DRAFT = "draft", _("Kept as drafts until somebody publishes them")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("Organisation")
    )
    name = models.CharField(max_length=120, verbose_name=_("Name of the source"))
    kind = models.CharField(max_length=4, choices=Kind, verbose_name=_("Kind of catalogue"))
    url = models.URLField(max_length=2000, verbose_name=_("Address"))
    # Of a CKAN site: {"organizations": [...], "groups": [...], "without": [...]}.
    filters = models.JSONField(default=dict, blank=True)
    language = models.CharField(
        max_length=2,
        choices=[("fr", _("French")), ("en", _("English"))],
        default="fr",
        verbose_name=_("Language of its texts"),
    )
    licence = models.CharField(
        max_length=20, blank=True, choices=licences, verbose_name=_("Licence where none is said")
    )
    schedule = models.CharField(
        max_length=6, choices=Schedule, default=Schedule.NEVER, verbose_name=_("When to read it")
    )
    arrival = models.CharField(
        max_length=6, choices=Arrival, default=Arrival.DRAFT, verbose_name=_("New datasets are")
    )
    active = models.BooleanField(default=True, verbose_name=_("Read it"))
    # Who set it up last: where two persons publish, the other one does.
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(null=True, blank=True)
    # The latest date of change met in the source, by its own clock.
    newest = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def node(self) -> Node:
        """Whose rights count: those on the organisation."""
        return self.organisation.node


class HarvestRun(models.Model):
    """One reading of a source, or what was read of it before it ended. It always ends.

    `cursor` is where to go on after a kill; a run that is not `complete` asked for changes only,
    and says nothing of what vanished.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("run", "Waiting")
        RUNNING = "running", pgettext_lazy("run", "Running")
        DONE = "done", pgettext_lazy("run", "Done")
        FAILED = "failed", pgettext_lazy("run", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("run", "Stopped")

    ACTIVE = (State.WAITING, State.RUNNING)

    source = models.ForeignKey(HarvestSource, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    complete = models.BooleanField(default=True)
    since = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL)
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    restored = models.PositiveIntegerField(default=0)
    archived = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Why it failed: {"code": ..., "params": {...}}, see reasons.py.
    reason = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="harvest_one_run",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.state}"


class HarvestItem(models.Model):
    """One thing of a source: its dataset here, and what became of it the last time.

    `digest` is the SHA-256 of what was read. `missed_runs` counts the complete runs in a row that
    did not find it. `kept` is a person's word that it stays although the source lost it.
    """

    class Outcome(models.TextChoices):
        ADDED = "added", pgettext_lazy("outcome", "Added")
        CHANGED = "changed", pgettext_lazy("outcome", "Changed")
        UNCHANGED = "unchanged", pgettext_lazy("outcome", "Unchanged")
        RESTORED = "restored", pgettext_lazy("outcome", "Brought back")
        ARCHIVED = "archived", pgettext_lazy("outcome", "Archived")
        DETACHED = "detached", pgettext_lazy("outcome", "Detached from the source")
        FAILED = "failed", pgettext_lazy("outcome", "Refused")

    source = models.ForeignKey(HarvestSource, on_delete=models.CASCADE, related_name="items")
    remote_id = models.CharField(max_length=REMOTE_ID_CHARACTERS)
    dataset = models.OneToOneField(
        Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="harvested"
    )
    title = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=2000, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=9, choices=Outcome)
    reason = models.JSONField(default=dict, blank=True)
    missed_runs = models.PositiveSmallIntegerField(default=0)
    seen_in = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)
    # Its state before it was archived: what bringing it back gives.
    state_before = models.CharField(max_length=10, blank=True)
    kept = models.BooleanField(default=False)
    detached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "remote_id"], name="harvest_item_once")
        ]
        indexes = [
            models.Index(fields=["source", "outcome", "remote_id"], name="harvest_item_outcome"),
            models.Index(fields=["remote_id"], name="harvest_item_remote"),
        ]

    def __str__(self) -> str:
        return self.remote_id
