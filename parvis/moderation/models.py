"""Reports, decisions and appeals. A report keeps no name; a decision is public but its text."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import Node, Person
from parvis.moderation.rules import BY_NUMBER, CHOICES, Rule


class Report(models.Model):
    """Somebody says that a thing breaks a rule. `by_key` is an HMAC: one report by person."""

    class State(models.TextChoices):
        OPEN = "open", _("To be examined")
        UPHELD = "upheld", _("Acted upon")
        DISMISSED = "dismissed", pgettext_lazy("report", "Kept as it is")

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="reports")
    reason = models.CharField(max_length=16, choices=CHOICES)
    details = models.TextField(blank=True, max_length=limits.REASON_CHARACTERS)
    by_key = models.BinaryField(max_length=32, null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    decision = models.ForeignKey(
        "Decision", null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node", "by_key"],
                condition=models.Q(by_key__isnull=False, state="open"),
                name="report_once",
            )
        ]
        indexes = [
            models.Index(fields=["at"], condition=models.Q(state="open"), name="report_waiting"),
            models.Index(fields=["state", "at"], name="report_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.node_id} {self.reason}"


class Decision(models.Model):
    """What was decided about a thing, under which rule and why.

    `motive` is for the public and the author; `facts` (what was seen) stay on the desk.
    `second` is who agreed, where the rule asks for two people.
    """

    class Action(models.TextChoices):
        HIDE = "hide", pgettext_lazy("contribution", "Withdrawn")
        RESTORE = "restore", pgettext_lazy("contribution", "Put back")
        NONE = "none", _("Kept as it is")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waits for a second person")
        IN_FORCE = "in_force", _("In force")
        REFUSED = "refused", _("Refused by the second person")
        REVERSED = "reversed", pgettext_lazy("decision", "Reversed")

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="decisions")
    rule = models.PositiveSmallIntegerField(null=True, blank=True)
    action = models.CharField(max_length=8, choices=Action)
    state = models.CharField(max_length=9, choices=State, default=State.IN_FORCE)
    motive = TextField(characters_max=limits.REASON_CHARACTERS)
    facts = models.TextField(blank=True, max_length=limits.REASON_CHARACTERS)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    second = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    effective_at = models.DateTimeField(null=True, blank=True)
    automatic = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["node", "-at"], name="decision_of_node"),
            models.Index(fields=["-effective_at"], name="decision_register"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.action}"

    @property
    def charter_rule(self) -> Rule | None:
        """The rule applied; None where nothing was done."""
        return BY_NUMBER.get(self.rule or 0)

    @property
    def since(self) -> datetime:
        """When it took effect, or was proposed."""
        return self.effective_at or self.at


class Appeal(models.Model):
    """The author disagrees: another person looks again, within seven days."""

    class State(models.TextChoices):
        OPEN = "open", _("To be examined")
        CONFIRMED = "confirmed", _("The decision stands")
        REVERSED = "reversed", _("The decision is reversed")

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="appeal")
    text = models.TextField(max_length=limits.COMMENT_CHARACTERS)
    at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    answer = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.decision_id} {self.state}"
