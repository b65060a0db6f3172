"""What the site keeps of the whole: promises kept or not, figures that the worker counted."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core.models import File, Node


class Promise(models.TextChoices):
    """A figure of what the site promises: its name in addresses is in `promise_words`."""

    CONTRIBUTIONS = "contributions", _("Contributions told what became of them")
    RESPONSES = "responses", _("Themes answered on time")
    COMMITMENTS = "commitments", _("Retained themes that lead to a commitment")
    NEWS = "news", _("Commitments with recent news")
    DELAY = "delay", _("Days to answer")


class PromiseMonth(models.Model):
    """A figure of a month: `numerator` of `denominator` (for `delay`, the median in days, of so
    many answers). The row of the current month is the figure of now.

    `demo`: counted over consultations rebuilt for the demonstration, never mixed with the others.
    """

    name = models.CharField(max_length=16, choices=Promise)
    demo = models.BooleanField(default=False)
    month = models.DateField()
    numerator = models.DecimalField(max_digits=12, decimal_places=1)
    denominator = models.PositiveIntegerField()
    late = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "demo", "month"], name="promise_month_once")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.name} {self.numerator}/{self.denominator}"


class PromiseRow(models.Model):
    """What a figure counts, one by one, as last counted: its page shows these rows.

    `rank` orders them, late ones first. `part` of `whole` is for what is itself a count.
    """

    class State(models.TextChoices):
        LATE = "late", _("Late")
        MISSING = "missing", _("Not kept")
        WAITING = "waiting", _("Not due yet")
        KEPT = "kept", _("Promise kept")

    name = models.CharField(max_length=16, choices=Promise)
    demo = models.BooleanField(default=False)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="promises")
    state = models.CharField(max_length=8, choices=State)
    days = models.PositiveIntegerField(null=True, blank=True)
    due = models.DateField(null=True, blank=True)
    done = models.DateField(null=True, blank=True)
    part = models.PositiveIntegerField(default=0)
    whole = models.PositiveIntegerField(default=0)
    rank = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "node"], name="promise_row_once")]
        indexes = [models.Index(fields=["name", "demo", "rank"], name="promise_row_rank")]

    def __str__(self) -> str:
        return f"{self.name} {self.node_id} {self.state}"


class ReceivedDay(models.Model):
    """How many contributions a consultation received on a day, in its own time zone."""

    consultation = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="received_days")
    day = models.DateField()
    received = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consultation", "day"], name="received_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.day} {self.received}"


class FrozenCopy(models.Model):
    """The page of a closed consultation as it was on a day: a file that never changes.

    `content_sha256` is over what the copy says without its date, so that the same is kept once.
    """

    class Moment(models.TextChoices):
        CLOSED = "closed", _("When it closed")
        REPORT = "report", _("When it was answered")

    consultation = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="copies")
    moment = models.CharField(max_length=6, choices=Moment)
    language = models.CharField(max_length=2)
    at = models.DateTimeField()
    file = models.ForeignKey(File, on_delete=models.PROTECT)
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["consultation", "language", "file"], name="frozen_copy_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} {self.moment} {self.at:%Y-%m-%d}"
