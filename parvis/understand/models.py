"""Themes: what people said, in words staff wrote; who expresses them; passages that show it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import File, Node, Person


class Theme(models.Model):
    """Something that several people said. `node.space` is the consultation's node.

    `sources` are the published lessons that a theme repeats: [{"words": {"fr": …}, "url": …}].
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    description = TextField(
        blank=True, rows=3, characters_max=limits.REASON_CHARACTERS, verbose_name=_("Description")
    )
    position = models.PositiveSmallIntegerField(default=0, verbose_name=_("Place in the list"))
    response_due = models.DateField(null=True, blank=True, verbose_name=_("Answered by"))
    sources = models.JSONField(default=list, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.node.slug

    @property
    def space(self) -> Node:
        """The consultation's node."""
        if self.node.space is None:
            raise ValueError(f"the theme {self.pk} is of no consultation")
        return self.node.space


class Quote(models.Model):
    """A passage of a contribution, word for word, that shows a theme.

    `contribution text[field][start:end]` was `text` when it was kept. `public` means that a
    person read it, found that it identifies nobody, and lets everybody see it.
    """

    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="quotes")
    contribution = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="quotes")
    field = models.CharField(max_length=100)
    text = models.TextField(max_length=limits.CONTRIBUTION_CHARACTERS)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    public = models.BooleanField(default=False)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["theme", "contribution", "field", "start", "end"], name="quote_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(end__gt=models.F("start")), name="quote_end_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.theme_id} {self.start}-{self.end}"


class Coded(models.Model):
    """A contribution that somebody read, and what came of it."""

    class Outcome(models.TextChoices):
        THEMES = "themes", _("Expresses themes")
        NONE = "none", _("No theme")
        SKIPPED = "skipped", _("Postponed")
        NO_TEXT = "no_text", _("Nothing was written in words")

    contribution = models.OneToOneField(
        Node, on_delete=models.CASCADE, primary_key=True, related_name="coded"
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    note = models.CharField(
        max_length=limits.SHORT_CHARACTERS, blank=True, verbose_name=_("Note for the team")
    )
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.contribution_id} {self.outcome}"


class Run(models.Model):
    """A computation over a consultation's texts: its result is a file, never links.

    `input_sha256` is over the texts read, in order; `parameters` and `code_version` say how, so
    that it can be computed again.
    """

    space = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="runs")
    method = models.CharField(max_length=32)
    parameters = models.JSONField(default=dict)
    code_version = models.CharField(max_length=40, blank=True)
    input_sha256 = models.CharField(max_length=64)
    artefact = models.ForeignKey(File, on_delete=models.PROTECT)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["space", "method", "-at"], name="run_latest")]

    def __str__(self) -> str:
        return f"{self.method} {self.at:%Y-%m-%d}"
