"""Plans, their commitments, and what became of them. Fields and scales are OGP's."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.lists import Sourced, TextsField
from parvis.core.models import Node, Organisation, Person
from parvis.plan.values import (
    VERDICT_MARKS,
    Completion,
    EarlyResults,
    OgpValue,
    Potential,
    Precision,
    Verdict,
)

LONG = {"rows": 4, "characters_max": limits.TEXT_CHARACTERS, "blank": True}
SHORT = {"characters_max": limits.SHORT_CHARACTERS, "blank": True}


class Plan(Sourced):
    """An action plan: commitments of an organisation for some years."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="plans")
    summary = TextField(verbose_name=_("Summary"), **LONG)
    announced_on = models.DateField(_("Announced on"), null=True, blank=True)
    filed_on = models.DateField(_("Filed with OGP on"), null=True, blank=True)
    starts = models.DateField(_("Start"), null=True, blank=True)
    starts_precision = models.CharField(
        _("Start known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    ends = models.DateField(_("End"), null=True, blank=True)
    ends_precision = models.CharField(
        _("End known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    closed = models.BooleanField(_("Closed plan"), default=False)
    closed_on = models.DateField(_("Closed on"), null=True, blank=True)
    closed_on_precision = models.CharField(
        _("Closing known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    last_reported_on = models.DateField(_("Last report"), null=True, blank=True)
    notes = TextsField(verbose_name=_("What is not known, and gaps between sources"))

    def __str__(self) -> str:
        return self.node.slug


class Commitment(Sourced):
    """One promise of a plan. What became of it is in its progress updates, never here."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="commitments")
    number = models.CharField(_("Number in the plan"), max_length=12)
    code = models.CharField(_("OGP code"), max_length=24, blank=True)
    lead = TextField(verbose_name=_("Lead institution"), **SHORT)
    institutions = TextsField(verbose_name=_("Other institutions"))
    stakeholders = TextField(verbose_name=_("Stakeholders"), **SHORT)
    starts = models.DateField(_("Start"), null=True, blank=True)
    starts_precision = models.CharField(
        _("Start known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    ends = models.DateField(_("Due"), null=True, blank=True)
    ends_precision = models.CharField(
        _("Due date known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    problem = TextField(verbose_name=_("The problem"), **LONG)
    status_quo = TextField(verbose_name=_("Where things stood"), **LONG)
    action = TextField(verbose_name=_("What is promised"), **LONG)
    contributes = TextField(verbose_name=_("How it opens government"), **LONG)
    ogp_value = models.CharField(_("OGP value"), max_length=16, choices=OgpValue, blank=True)
    policy_area = TextField(verbose_name=_("Policy area"), **SHORT)
    sector = TextField(verbose_name=_("Sector"), **SHORT)
    budget = TextField(verbose_name=_("Budget"), **SHORT)
    programmes = TextField(verbose_name=_("Link to other programmes"), **SHORT)
    notes = TextsField(verbose_name=_("What is not known"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="commitment_number_unique")
        ]

    def __str__(self) -> str:
        return self.node.slug

    @property
    def organisation_id(self) -> Any:
        """The plan's organisation: a role on it reaches its commitments."""
        return self.plan.organisation_id


class Milestone(models.Model):
    """A step of a commitment. `reached` is null when our sources do not say."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    commitment = models.ForeignKey(Commitment, on_delete=models.CASCADE, related_name="milestones")
    position = models.PositiveSmallIntegerField(default=0)
    starts = models.DateField(_("Start"), null=True, blank=True)
    starts_precision = models.CharField(
        _("Start known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    ends = models.DateField(_("Due"), null=True, blank=True)
    ends_precision = models.CharField(
        _("Due date known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    responsible = TextField(verbose_name=_("Responsible"), **SHORT)
    reached = models.BooleanField(_("Reached"), null=True, blank=True)
    note = TextField(verbose_name=_("Note"), **SHORT)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.node.slug


class ProgressUpdate(Sourced):
    """What was reported on a day. Never edited: a newer one corrects it."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    commitment = models.ForeignKey(Commitment, on_delete=models.CASCADE, related_name="updates")
    milestone = models.ForeignKey(
        Milestone, null=True, blank=True, on_delete=models.SET_NULL, related_name="updates"
    )
    reported_on = models.DateField(_("Reported on"), null=True, blank=True)
    completion = models.CharField(
        _("Level of completion"), max_length=12, choices=Completion, blank=True
    )
    milestones_reached = models.PositiveSmallIntegerField(
        _("Milestones reached"), null=True, blank=True
    )
    milestones_total = models.PositiveSmallIntegerField(
        _("Milestones in all"), null=True, blank=True
    )
    text = TextField(verbose_name=_("What was done"), rows=4, characters_max=limits.TEXT_CHARACTERS)
    why = TextField(verbose_name=_("Why it is not finished"), **LONG)
    external = TextField(verbose_name=_("What outside the organisation weighed in"), **LONG)
    source_silent = models.BooleanField(_("The source does not say why"), default=False)

    class Meta:
        indexes = [models.Index(fields=["commitment", "reported_on"], name="progress_history")]

    def __str__(self) -> str:
        return f"{self.commitment_id} {self.reported_on}"

    @property
    def is_done(self) -> bool:
        """Complete; or, when the level was not read, every milestone reached."""
        if self.completion:
            return self.completion == Completion.COMPLETE
        return bool(self.milestones_total) and self.milestones_reached == self.milestones_total


class Evaluation(Sourced):
    """What somebody concludes of a commitment or of a plan, on OGP's scales; `by` says who.

    A committee and an accredited group publish theirs alone: `body` is theirs, `author` the person
    who sent it, `signed` the name that it bears. No service edits or deletes an evaluation.
    """

    class By(models.TextChoices):
        RECORDED = "recorded", _("Read in a source")
        GOVERNMENT = "government", _("The government evaluates itself")
        COMMITTEE = "committee", _("A committee")
        GROUP = "group", _("An accredited group")

    class Moment(models.TextChoices):
        INCEPTION = "inception", _("Inception report")
        END = "end", _("End-of-commitment report")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    commitment = models.ForeignKey(
        Commitment, null=True, blank=True, on_delete=models.CASCADE, related_name="evaluations"
    )
    plan = models.ForeignKey(
        Plan, null=True, blank=True, on_delete=models.CASCADE, related_name="evaluations"
    )
    evaluator = TextField(verbose_name=_("Evaluator"), **SHORT)
    kind = models.CharField(_("Moment"), max_length=9, choices=Moment)
    evaluated_on = models.DateField(_("Date"), null=True, blank=True)
    verifiable = models.BooleanField(_("Verifiable"), null=True, blank=True)
    relevant = models.BooleanField(_("Relevant"), null=True, blank=True)
    potential = models.CharField(
        _("Potential for results"), max_length=12, choices=Potential, blank=True
    )
    completion = models.CharField(
        _("Level of completion"), max_length=12, choices=Completion, blank=True
    )
    early_results = models.CharField(
        _("Did it open government?"), max_length=12, choices=EarlyResults, blank=True
    )
    text = TextField(verbose_name=_("Findings"), **LONG)
    by = models.CharField(_("Who evaluates"), max_length=10, choices=By, default=By.RECORDED)
    body = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations_made"
    )
    author = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    signed = models.CharField(_("Signed"), max_length=200, blank=True)
    reasons = models.JSONField(default=dict, blank=True)
    """Scale -> why, by language."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(by__in=["committee", "group"], body__isnull=False)
                | models.Q(by__in=["recorded", "government"], body__isnull=True),
                name="evaluation_body",
            ),
            models.CheckConstraint(
                condition=models.Q(commitment__isnull=True, plan__isnull=False)
                | models.Q(commitment__isnull=False, plan__isnull=True),
                name="evaluation_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return self.node.slug


class Response(Sourced):
    """What is decided about what a theme asks, and why."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    verdict = models.CharField(_("Decision"), max_length=12, choices=Verdict, blank=True)
    asked = TextField(verbose_name=_("What was asked"), **LONG)
    reason = TextField(verbose_name=_("Why"), **LONG)
    follows = TextField(verbose_name=_("What follows"), **LONG)
    existing_url = models.CharField(_("Where it exists already"), max_length=500, blank=True)
    existing_node = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    published_on = models.DateField(_("Published on"), null=True, blank=True)
    reconstructed = models.BooleanField(default=False)
    intended = models.JSONField(default=dict, blank=True)
    """Links a draft will write: {"themes": [id], "commitments": {id: reason}}. Links of the
    thread are counted in public, so a draft writes none."""

    def __str__(self) -> str:
        return self.node.slug

    @property
    def mark(self) -> str:
        """The `data-verdict` of the style sheet."""
        return VERDICT_MARKS.get(Verdict(self.verdict), "") if self.verdict else ""
