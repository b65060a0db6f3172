"""The catalogue: datasets with their files, each version kept for good; documents."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.catalogue.lists import FREQUENCIES, LICENCE_DEFAULT, LICENCES, Licence
from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.ids import new_id
from parvis.core.models import File, Node, Organisation, Person


def _frequencies() -> list[tuple[str, Any]]:
    return list(FREQUENCIES.items())


def _licences() -> list[tuple[str, Any]]:
    return [(licence.id, f"{licence.short}") for licence in LICENCES.values()]


class Dataset(models.Model):
    """A set of tables on one subject; its node's slug is its CKAN name."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("Organisation"),
    )
    notes = TextField(blank=True, rows=4, verbose_name=_("Description"))
    licence = models.CharField(
        max_length=20, choices=_licences, default=LICENCE_DEFAULT, verbose_name=_("Licence")
    )
    licence_reason = TextField(
        blank=True,
        rows=2,
        characters_max=limits.REASON_CHARACTERS,
        verbose_name=_("Why another licence than CC BY"),
    )
    frequency = models.CharField(
        max_length=16,
        choices=_frequencies,
        default="irregular",
        verbose_name=_("Update frequency"),
    )
    tags = models.JSONField(default=list, blank=True)
    categories = models.JSONField(default=list, blank=True)
    languages = models.JSONField(default=list, blank=True)
    spatial = models.CharField(max_length=100, blank=True, verbose_name=_("Geographic coverage"))
    temporal = models.CharField(max_length=21, blank=True, verbose_name=_("Period covered"))
    methodology = TextField(blank=True, rows=4, verbose_name=_("Method"))
    author = models.CharField(max_length=120, blank=True, verbose_name=_("Responsible"))
    sources = models.JSONField(default=list, blank=True)
    withheld = TextField(
        blank=True,
        rows=2,
        characters_max=limits.REASON_CHARACTERS,
        verbose_name=_("What is withheld, and why"),
    )
    kept_of = models.JSONField(default=dict, blank=True)
    reconstructed = models.BooleanField(default=False)
    review = models.JSONField(default=dict, blank=True)
    url = models.URLField(blank=True, max_length=500, verbose_name=_("Address of the source"))
    version = models.CharField(max_length=100, blank=True, verbose_name=_("Version"))
    author_email = models.EmailField(blank=True, verbose_name=_("E-mail of the responsible"))
    maintainer = models.CharField(max_length=120, blank=True, verbose_name=_("Maintainer"))
    maintainer_email = models.EmailField(blank=True, verbose_name=_("E-mail of the maintainer"))
    # West, south, east, north, in degrees (WGS 84).
    box = models.JSONField(null=True, blank=True)
    # What other catalogues say of it under keys that have no field here.
    extras = models.JSONField(default=dict, blank=True)
    modified_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.node.slug

    @property
    def licence_words(self) -> Licence:
        """The licence in full."""
        return LICENCES[self.licence]

    @property
    def frequency_words(self) -> str:
        """The frequency in words."""
        return str(FREQUENCIES[self.frequency])


class Resource(models.Model):
    """One table, file or link of a dataset; `published_at` is null until people may see it.

    A table has versions, of which people get `current`; any other file is kept as it came in
    `file`; a link is at `url`, elsewhere.
    """

    class What(models.TextChoices):
        DATA = "donnees", pgettext_lazy("kind of file", "Data")
        SUPPORT = "support", pgettext_lazy("kind of file", "Documentation")
        WEB = "web", pgettext_lazy("kind of file", "Web")
        MAP = "carte", pgettext_lazy("kind of file", "Map")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="resources")
    slug = models.SlugField(max_length=60)
    name = TextField(characters_max=limits.TITLE_CHARACTERS, verbose_name=_("Name"))
    description = TextField(blank=True, rows=2, verbose_name=_("Description"))
    position = models.PositiveSmallIntegerField(default=0)
    format = models.CharField(max_length=40, default="CSV")
    kind = models.CharField(max_length=8, choices=What, default=What.DATA, verbose_name=_("Kind"))
    current = models.ForeignKey(
        "Version", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    url = models.URLField(blank=True, max_length=2000, verbose_name=_("Address"))
    file = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=120, blank=True)
    mimetype = models.CharField(max_length=120, blank=True)
    # Free keys that came with it (CKAN lets a resource have any).
    extras = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    # The last time that a link was tried, what came (0: nothing), since when it fails.
    checked_at = models.DateTimeField(null=True, blank=True)
    check_status = models.PositiveSmallIntegerField(null=True, blank=True)
    broken_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("position", "pk")
        constraints = [
            models.UniqueConstraint(fields=["dataset", "slug"], name="resource_slug_unique")
        ]

    def __str__(self) -> str:
        return self.slug


class Version(models.Model):
    """A table that never changes, named by the SHA-256 of its Parquet file.

    `columns` is the codebook (words may be corrected; cells never), `profile` the figures of each
    column. `published_at` is null while it waits for its publication.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="versions")
    sha256 = models.CharField(max_length=64, db_index=True)
    rows = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()
    csv_sha256 = models.CharField(max_length=64)
    csv_bytes = models.PositiveBigIntegerField()
    columns = models.JSONField()
    profile = models.JSONField()
    path = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    note = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["resource"],
                condition=models.Q(published_at__isnull=True),
                name="version_one_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.sha256[:12]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write once; afterwards only the publication date and the words of the codebook."""
        changed = set(kwargs.get("update_fields") or ())
        if not self._state.adding and not (changed and changed <= {"published_at", "columns"}):
            raise TypeError("a version is immutable")
        super().save(*args, **kwargs)

    @property
    def columns_count(self) -> int:
        """How many columns."""
        return len(self.columns)


class Document(models.Model):
    """A text to read here (Markdown by language), with its date, sources and attachment."""

    class What(models.TextChoices):
        SUMMARY = "summary", pgettext_lazy("kind of document", "Summary")
        REPORT = "report", pgettext_lazy("kind of document", "Report")
        PLAN = "plan", pgettext_lazy("kind of document", "Plan")
        REFERENCE = "reference", pgettext_lazy("kind of document", "Reference")
        STUDY = "study", pgettext_lazy("kind of document", "Study")
        DECISION = "decision", pgettext_lazy("kind of document", "Decision")
        MINUTES = "minutes", pgettext_lazy("kind of document", "Minutes")
        LAW = "law", pgettext_lazy("kind of document", "Law or regulation")
        FORM = "form", pgettext_lazy("kind of document", "Form")
        OTHER = "other", pgettext_lazy("kind of document", "Other")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    doc_kind = models.CharField(
        max_length=10, choices=What, default=What.OTHER, verbose_name=_("Kind of document")
    )
    date = models.DateField(null=True, blank=True, verbose_name=_("Date of the document"))
    summary = TextField(blank=True, rows=3, verbose_name=_("Summary"))
    body = TextField(blank=True, rows=14, characters_max=200_000, verbose_name=_("Text (Markdown)"))
    file = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=120, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("Organisation"),
    )
    tags = models.JSONField(default=list, blank=True)
    sources = models.JSONField(default=list, blank=True)
    written_by_us = models.BooleanField(
        default=False, verbose_name=_("Written by this site’s team from the sources")
    )
    reconstructed = models.BooleanField(default=False)
    modified_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.node.slug
