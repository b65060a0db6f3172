"""What is published in each class, and the registers: rows, their earlier versions, periods."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.ids import new_id
from parvis.core.models import File, Node, Organisation, Person


class Placement(models.Model):
    """Something published in a class: a thing of this site, or an address elsewhere."""

    code = models.CharField(max_length=40)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.CASCADE)
    url = models.CharField(max_length=500, blank=True)
    title = TextField(
        blank=True, characters_max=limits.TITLE_CHARACTERS, verbose_name=_("Name of the link")
    )
    reason = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["code", "organisation", "node"],
                condition=models.Q(node__isnull=False),
                name="placement_node_once",
            ),
            models.UniqueConstraint(
                fields=["code", "organisation", "url"],
                condition=~models.Q(url=""),
                name="placement_url_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.url or self.node_id}"


class Waiver(models.Model):
    """A class that does not apply to an organisation, and why."""

    code = models.CharField(max_length=40)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    motive = TextField(characters_max=limits.REASON_CHARACTERS, verbose_name=_("Motive"))
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "organisation"], name="waiver_once")]

    def __str__(self) -> str:
        return self.code


class Register(models.Model):
    """A typed register of an organisation; `since` is the first day that it answers for.

    `dataset` is the node of the dataset that the site makes of it.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    kind = models.CharField(max_length=40)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    since = models.DateField()
    reconstructed = models.BooleanField(default=False)
    dataset = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "organisation"], name="register_once")
        ]

    def __str__(self) -> str:
        return self.node.slug


class Import(models.Model):
    """A file sent for a register: read by a job, shown, then put in or dropped by a person."""

    class State(models.TextChoices):
        READING = "reading", _("Being read")
        READY = "ready", _("To check")
        APPLYING = "applying", _("Being put in")
        APPLIED = "applied", _("Put in")
        DROPPED = "dropped", _("Dropped")
        REFUSED = "refused", _("Cannot be used")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="imports")
    file = models.ForeignKey(File, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=120)
    note = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    state = models.CharField(max_length=8, choices=State, default=State.READING)
    report = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.file_name


class Record(models.Model):
    """A row of a register as it stands. What it said before is in `Former`.

    `day`, `amount` (dollars), `period`, `words` come from `values`; `due_on` and `done_on` are
    those of an access request.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="records")
    number = models.CharField(max_length=60)
    values = models.JSONField()
    day = models.DateField()
    year = models.PositiveSmallIntegerField()
    period = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)
    words = models.TextField(blank=True)
    file = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=120, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_why = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-day", "-pk")
        constraints = [
            models.UniqueConstraint(fields=["register", "number"], name="record_number_once")
        ]
        indexes = [models.Index(fields=["register", "-day"], name="record_listing")]

    def __str__(self) -> str:
        return self.number


class Former(models.Model):
    """What a row said until it was corrected: never changed, never removed."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="formers")
    values = models.JSONField()
    until = models.DateTimeField(default=timezone.now)
    why = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("-until", "-pk")

    def __str__(self) -> str:
        return f"{self.record_id} {self.until:%Y-%m-%d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write once."""
        if not self._state.adding:
            raise TypeError("what a row said before is immutable")
        super().save(*args, **kwargs)


class NothingToReport(models.Model):
    """A declaration that a period has no row; taken back when rows come for it."""

    register = models.ForeignKey(Register, on_delete=models.CASCADE, related_name="nothing")
    period = models.CharField(max_length=12)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "period"],
                condition=models.Q(taken_back_at__isnull=True),
                name="nothing_once",
            )
        ]

    def __str__(self) -> str:
        return self.period
