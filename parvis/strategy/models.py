"""The frame: four pillars, a strategy, its orientations, ambitions, indicators and measures."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.lists import URL_CHARACTERS, Sourced, TextsField
from parvis.core.models import Node, Organisation

LONG = {"rows": 4, "characters_max": limits.TEXT_CHARACTERS, "blank": True}
SHORT = {"characters_max": limits.SHORT_CHARACTERS, "blank": True}
DIGITS: dict[str, Any] = {"max_digits": 18, "decimal_places": 4, "null": True, "blank": True}


class Precision(models.TextChoices):
    """How much of a target's date is known; a year is stored by its last day."""

    DAY = "day", _("To the day")
    YEAR = "year", _("To the year")


class Pillar(Sourced):
    """One of the four values that open government rests on. Anything may serve it, by a link."""

    class Key(models.TextChoices):
        TRANSPARENCY = "transparency", _("Transparency")
        INNOVATION = "innovation", _("Innovation")
        PARTICIPATION = "participation", _("Participation")
        COLLABORATION = "collaboration", _("Collaboration")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    key = models.CharField(max_length=16, choices=Key, unique=True)
    definition = TextField(
        verbose_name=_("What it means, in plain words"), rows=4,
        characters_max=limits.TEXT_CHARACTERS,
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.key


class Strategy(Sourced):
    """What a government wants to become in some years, and how it will be known.

    The totals are what was announced: a page says how many of them our sources give.
    """

    class Completeness(models.TextChoices):
        PARTIAL = "partial", _("Read in part")
        COMPLETE = "complete", _("Read in full")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="strategies"
    )
    summary = TextField(verbose_name=_("Summary"), **LONG)
    unveiled_on = models.DateField(_("Unveiled on"), null=True, blank=True)
    starts = models.DateField(_("Start"), null=True, blank=True)
    ends = models.DateField(_("End"), null=True, blank=True)
    completeness = models.CharField(
        _("How much of it is here"), max_length=8, choices=Completeness,
        default=Completeness.PARTIAL,
    )  # fmt: skip
    orientations_total = models.PositiveSmallIntegerField(
        _("Orientations announced"), null=True, blank=True
    )
    ambitions_total = models.PositiveSmallIntegerField(
        _("Ambitions announced"), null=True, blank=True
    )
    targets_total = models.PositiveSmallIntegerField(_("Targets announced"), null=True, blank=True)
    barometer = TextField(verbose_name=_("About its barometer"), **LONG)
    facts = TextsField(verbose_name=_("Other facts read"))
    notes = TextsField(verbose_name=_("What is not known"))

    def __str__(self) -> str:
        return self.node.slug


class Part(models.Model):
    """A part of a strategy: a role on the strategy's organisation reaches it."""

    number = models.PositiveSmallIntegerField(_("Number"))

    class Meta:
        abstract = True
        ordering = ["number", "pk"]

    def __str__(self) -> str:
        return self.node.slug  # type: ignore[attr-defined]

    @property
    def organisation_id(self) -> Any:
        """The strategy's organisation."""
        return self.strategy.organisation_id  # type: ignore[attr-defined]


class Orientation(Part):
    """A direction of a strategy. Commitments contribute to it."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="orientations")

    class Meta(Part.Meta):
        constraints = [
            models.UniqueConstraint(fields=["strategy", "number"], name="orientation_number")
        ]


class Ambition(Part):
    """What a strategy wants true at its end. `orientation` is null where no source says which."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="ambitions")
    orientation = models.ForeignKey(
        Orientation, null=True, blank=True, on_delete=models.SET_NULL, related_name="ambitions",
        verbose_name=_("Orientation"),
    )  # fmt: skip

    class Meta(Part.Meta):
        constraints = [
            models.UniqueConstraint(fields=["strategy", "number"], name="ambition_number")
        ]


class Indicator(Sourced):
    """What is measured, from where it started to where it should be. Unknown values are null.

    `ambition` is null where no source says which one the target belongs to.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="indicators")
    ambition = models.ForeignKey(
        Ambition, null=True, blank=True, on_delete=models.SET_NULL, related_name="indicators",
        verbose_name=_("Ambition"),
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(default=0)
    unit = TextField(verbose_name=_("Unit"), blank=True, characters_max=40)
    target = TextField(verbose_name=_("Target, in words"), **SHORT)
    target_value = models.DecimalField(_("Target value"), **DIGITS)
    target_on = models.DateField(_("Target date"), null=True, blank=True)
    target_precision = models.CharField(
        _("Target date known"), max_length=4, choices=Precision, default=Precision.DAY
    )
    baseline_value = models.DecimalField(_("Value at the start"), **DIGITS)
    baseline_on = models.DateField(_("Date of the value at the start"), null=True, blank=True)
    note = TextField(verbose_name=_("Note"), **SHORT)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.node.slug

    @property
    def organisation_id(self) -> Any:
        """The strategy's organisation."""
        return self.strategy.organisation_id


class Measure(models.Model):
    """One value of an indicator, on a day, with where it was read."""

    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="measures")
    on = models.DateField(_("Date"))
    value = models.DecimalField(_("Value"), max_digits=18, decimal_places=4)
    source_url = models.CharField(_("Address of the source"), max_length=URL_CHARACTERS)
    source_title = models.CharField(_("Title of the source"), max_length=200, blank=True)
    note = TextField(verbose_name=_("Note"), **SHORT)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["indicator", "on"], name="measure_once")]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.on}"
