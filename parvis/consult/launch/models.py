"""The launch kit: short addresses, where visits come from, the words of whoever announces."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.consult.models import Consultation
from parvis.core import limits
from parvis.core.i18n import TextField

CODE_CHARACTERS = 6
SOURCE_CHARACTERS = 24


class ShortAddress(models.Model):
    """`/c/<code>`: printed on posters, so it never changes and is never given twice."""

    consultation = models.OneToOneField(
        Consultation, on_delete=models.CASCADE, primary_key=True, related_name="short_address"
    )
    code = models.CharField(max_length=12, unique=True)

    def __str__(self) -> str:
        return self.code


class VisitSource(models.Model):
    """A place of the staff's own where the short address is shown: `/c/<code>/<name>`."""

    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, related_name="visit_sources"
    )
    name = models.SlugField(max_length=SOURCE_CHARACTERS)
    label = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consultation", "name"], name="visit_source_once")
        ]

    def __str__(self) -> str:
        return self.name


class VisitDay(models.Model):
    """How many times a short address was followed on a day: a number, nothing about anybody."""

    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, related_name="visit_days", db_index=False
    )
    source = models.CharField(max_length=SOURCE_CHARACTERS, blank=True)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consultation", "source", "day"], name="visit_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.source} {self.count}"


class Quotation(models.Model):
    """What the person who announces the consultation said, and where it can be checked."""

    consultation = models.OneToOneField(
        Consultation, on_delete=models.CASCADE, primary_key=True, related_name="quotation"
    )
    words = TextField(
        rows=4, characters_max=limits.REASON_CHARACTERS, verbose_name=_("The words, as said")
    )
    name = models.CharField(max_length=120, verbose_name=_("Who said them"))
    office = TextField(
        characters_max=limits.TITLE_CHARACTERS, verbose_name=_("Office of that person")
    )
    source = models.CharField(
        max_length=500,
        verbose_name=_("Where these words can be checked"),
        help_text=_("A web address, or who approved them in writing and when."),
    )
    media_contact = models.CharField(
        max_length=200,
        blank=True,
        verbose_name=_("Whom journalists reach"),
        help_text=_("A name, a telephone number, an e-mail address."),
    )

    def __str__(self) -> str:
        return self.name
