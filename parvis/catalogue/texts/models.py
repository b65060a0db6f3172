"""The text of the file of a document."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.models import Document


class FileText(models.Model):
    """What was read in the file whose SHA-256 is `sha256`; another file has another text.

    `parts` are pages (PDF) or stretches of paragraphs (DOCX, `pages` null), in order.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("The text of the file is not ready yet.")
        READ = "read", _("Text of the file")
        SCANNED = (
            "scanned",
            _("This file holds pictures of pages, without text: it is to be transcribed."),
        )
        LOCKED = "locked", _("The file is protected by a password: its text cannot be read.")
        DAMAGED = (
            "damaged",
            _("The file is damaged, or is not what its name says: its text cannot be read."),
        )
        TOO_LONG = (
            "too_long",
            _(
                "Reading this file takes more time or memory than is allowed: "
                "its text is not shown."
            ),
        )

    document = models.OneToOneField(
        Document, on_delete=models.CASCADE, primary_key=True, related_name="file_text"
    )
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=2, default="fr")
    parts = models.JSONField(default=list)
    pages = models.PositiveIntegerField(null=True, blank=True)
    cut = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.document_id} {self.state}"

    @property
    def why(self) -> str:
        """What its state means, in words."""
        return str(self.get_state_display())

    @property
    def characters(self) -> int:
        """How much text there is."""
        return sum(len(part) for part in self.parts)
