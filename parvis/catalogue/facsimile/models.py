"""What was made, once, to show the contents of a file."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.core.models import File


class Facsimile(models.Model):
    """How a file looks; the same contents have the same facsimile, whatever datasets hold them.

    `parts` are the texts of pages (pdf), stretches of text (docx) or [name, bytes] of members
    (zip). `pages` is how many pages or members the file has. `table` says which table of the store
    was read in it (geojson).
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        DOCX = "docx", "DOCX"
        PICTURE = "picture", pgettext_lazy("kind of file", "Picture")
        ARCHIVE = "archive", "ZIP"
        PLACES = "places", "GeoJSON"

    class State(models.TextChoices):
        WAITING = "waiting", _("The preview is being made: come back in a minute.")
        READY = "ready", _("Preview")
        LOCKED = "locked", _("The file is protected by a password: it cannot be shown here.")
        DAMAGED = (
            "damaged",
            _("The file is damaged, or is not what its name says: it cannot be shown here."),
        )
        TOO_LONG = (
            "too_long",
            _("Showing this file takes more time or memory than is allowed: download it."),
        )

    file = models.OneToOneField(
        File, on_delete=models.CASCADE, primary_key=True, related_name="facsimile"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    language = models.CharField(max_length=2, default="fr")
    parts = models.JSONField(default=list)
    pages = models.PositiveIntegerField(null=True, blank=True)
    cut = models.BooleanField(default=False)
    table = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.file_id} {self.kind} {self.state}"

    @property
    def why(self) -> str:
        """What its state means, in words."""
        return str(self.get_state_display())


class Leaf(models.Model):
    """A page of a PDF, or a picture, as WebP of a width in pixels."""

    facsimile = models.ForeignKey(Facsimile, on_delete=models.CASCADE, related_name="leaves")
    number = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("number", "width")
        constraints = [
            models.UniqueConstraint(fields=["facsimile", "number", "width"], name="leaf_unique")
        ]

    def __str__(self) -> str:
        return f"{self.number} × {self.width}"
