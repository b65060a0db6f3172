"""Consultations: what is asked, by whom, until when; activities; contributions; votes."""

from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.consult.legal.models import LegalDefaults as LegalDefaults
from parvis.consult.legal.models import LegalText as LegalText
from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.lists import Sourced, TextsField
from parvis.core.models import Node, Organisation, Person


class WhoMay(models.TextChoices):
    """Who may answer, shown in words before the first question."""

    ANYONE = "anyone", _("Anyone, without an account")
    EMAIL = "email", _("Anyone who confirms an e-mail address")
    ACCOUNT = "account", _("People with an account")


class Channel(models.TextChoices):
    """How a contribution came."""

    WEB = "web", _("Online")
    PAPER = "paper", _("On paper")
    PHONE = "phone", _("By telephone")
    MEETING = "meeting", _("At a meeting")
    API = "api", _("By the API")
    IMPORT = "import", _("Imported from a file")


class Consultation(models.Model):
    """One question put to the public, with all that must be said before it opens."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT)
    question = TextField(
        blank=True, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("The question")
    )
    summary = TextField(blank=True, rows=3, verbose_name=_("Summary"))
    influence_decision = TextField(blank=True, rows=2, verbose_name=_("The decision to be taken"))
    influence_who = TextField(blank=True, rows=2, verbose_name=_("Who decides"))
    influence_on = models.DateField(null=True, blank=True, verbose_name=_("Decided by"))
    influence_out = TextField(blank=True, rows=2, verbose_name=_("What is not on the table"))
    who_may = models.CharField(
        max_length=8, choices=WhoMay, blank=True, verbose_name=_("Who may answer")
    )
    duplicate_rule = TextField(blank=True, rows=2, verbose_name=_("How duplicates are handled"))
    notice_purpose = TextField(blank=True, rows=2, verbose_name=_("Why answers are collected"))
    notice_readers = TextField(blank=True, rows=2, verbose_name=_("Who reads the answers"))
    notice_refusal = TextField(blank=True, rows=2, verbose_name=_("What happens if you refuse"))
    notice_rights = TextField(blank=True, rows=2, verbose_name=_("Your rights"))
    retention_on = models.DateField(
        null=True, blank=True, verbose_name=_("Answers are destroyed or made anonymous on")
    )
    themes_due = models.DateField(
        null=True, blank=True, verbose_name=_("What was said is published by")
    )
    response_due = models.DateField(
        null=True, blank=True, verbose_name=_("Each theme is answered by")
    )
    report_due = models.DateField(null=True, blank=True, verbose_name=_("The data is published by"))
    time_zone = models.CharField(max_length=40, default="America/Toronto")
    languages = models.JSONField(default=list, blank=True)
    minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, verbose_name=_("Minutes to answer")
    )
    other_ways = TextField(blank=True, rows=2, verbose_name=_("Other ways to answer"))
    history = TextField(blank=True, rows=2)
    sources = models.JSONField(default=list, blank=True)
    reconstructed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.node.slug


class Phase(models.Model):
    """Pure time: when some actions of some activities are open."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="phases")
    title = TextField(characters_max=limits.TITLE_CHARACTERS)
    starts = models.DateTimeField()
    ends = models.DateTimeField()

    class Meta:
        ordering = ("starts", "pk")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")), name="phase_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return str(self.title.get("fr", ""))


class Activity(models.Model):
    """A method with its settings, owned by a consultation. Several are open at once."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    consultation = models.ForeignKey(
        Consultation, on_delete=models.CASCADE, related_name="activities"
    )
    method = models.CharField(max_length=24)
    settings = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.node.slug

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation that consults: a role on it reaches the activity."""
        return self.consultation.organisation_id


class PhaseAction(models.Model):
    """During this phase, this action of this activity is open."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="actions")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="openings")
    action = models.CharField(max_length=24)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["phase", "activity", "action"], name="phase_action_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.phase_id} {self.activity_id} {self.action}"


class Extension(models.Model):
    """A phase made longer: an act with its reason, never an edit."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="extensions")
    old_ends = models.DateTimeField()
    new_ends = models.DateTimeField()
    reason = TextField(characters_max=limits.REASON_CHARACTERS)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.old_ends:%Y-%m-%d} → {self.new_ends:%Y-%m-%d}"


class Contribution(models.Model):
    """One act of one participant, whatever the method: a receipt, a channel and a fate."""

    class Fate(models.TextChoices):
        KEPT = "kept", _("Kept")
        REJECTED = "rejected", _("Rejected")

    class Why(models.TextChoices):
        DUPLICATE = "duplicate", _("Duplicate, by the published rule")
        EMPTY = "empty", _("Nothing was answered")
        OUT_OF_SCOPE = "out_of_scope", _("About something else")
        INELIGIBLE = "ineligible", _("The person could not answer, by the published rule")
        TEST = "test", _("Test")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="contributions")
    author = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    participant_key = models.BinaryField(max_length=32, null=True, blank=True)
    once_key = models.BinaryField(max_length=32, null=True, blank=True)
    behalf_of = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    parent = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.PROTECT, related_name="replies",
        db_index=False,
    )  # fmt: skip
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.WEB)
    language = models.CharField(max_length=2, default="fr")
    body = models.TextField(blank=True)
    payload = models.JSONField(default=dict, blank=True)
    fate = models.CharField(max_length=8, choices=Fate, default=Fate.KEPT)
    fate_reason = models.CharField(max_length=12, choices=Why, blank=True)
    receipt_lookup = models.BigIntegerField(db_index=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "once_key"],
                condition=models.Q(once_key__isnull=False),
                name="contribution_once",
            )
        ]
        indexes = [
            models.Index(fields=["parent", "node"], name="contribution_replies"),
            # What is not the usual case, so that counting reads few rows and that each index
            # which an answer does not need costs it nothing.
            models.Index(
                fields=["activity", "fate_reason"],
                condition=models.Q(fate="rejected"),
                name="contribution_rejected",
            ),
            models.Index(
                fields=["activity", "channel"],
                condition=~models.Q(channel="web"),
                name="contribution_not_web",
            ),
            models.Index(
                fields=["author"],
                condition=models.Q(author__isnull=False),
                name="contribution_author",
            ),
        ]

    def __str__(self) -> str:
        return str(self.node_id)

    @property
    def consultation_id(self) -> UUID:
        """The consultation it was given to: a role on it reaches its contributions."""
        return self.activity.consultation_id

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation that consults."""
        return self.activity.consultation.organisation_id


class Draft(models.Model):
    """An answer in progress, found by the hash of its token; no node, no leaf."""

    token_digest = models.BinaryField(max_length=32, unique=True)
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE)
    payload = models.JSONField(default=dict, blank=True)
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.activity_id} {self.expires:%Y-%m-%d}"


class Vote(models.Model):
    """A support (or a vote) by one person on one thing, changeable while open."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="votes")
    voter_key = models.BinaryField(max_length=32)
    target = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="votes")
    value = models.SmallIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "voter_key", "target"], name="vote_once")
        ]
        indexes = [models.Index(fields=["target"], name="vote_target")]

    def __str__(self) -> str:
        return f"{self.target_id}"


class Elsewhere(Sourced):
    """A consultation held elsewhere than on this site: what is published of it, and where.

    A date is known to the day, the month or the year; it is stored by the first day of what is
    known for the start, by the last for the end. `figures` are the published numbers:
    [{"label": {"fr": …}, "value": 12, "unit": {"fr": …}, "approximate": true}]; a value is null
    where it was looked for and not found.
    """

    class Precision(models.TextChoices):
        DAY = "day", _("To the day")
        MONTH = "month", _("To the month")
        YEAR = "year", _("To the year")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT,
        related_name="consultations_elsewhere", verbose_name=_("Organisation"),
    )  # fmt: skip
    body = TextField(
        blank=True, characters_max=limits.SHORT_CHARACTERS,
        verbose_name=_("Organisation, when it is not in the list"),
    )  # fmt: skip
    opens = models.DateField(null=True, blank=True, verbose_name=_("Start"))
    opens_precision = models.CharField(
        max_length=5, choices=Precision, default=Precision.DAY, verbose_name=_("Start known")
    )
    closes = models.DateField(null=True, blank=True, verbose_name=_("End"))
    closes_precision = models.CharField(
        max_length=5, choices=Precision, default=Precision.DAY, verbose_name=_("End known")
    )
    url = models.CharField(
        max_length=500, blank=True, verbose_name=_("Web address of the consultation")
    )
    result_url = models.CharField(
        max_length=500, blank=True, verbose_name=_("Web address of its results")
    )
    participants = models.PositiveIntegerField(
        null=True, blank=True, verbose_name=_("Number of participants, if published")
    )
    participants_approximate = models.BooleanField(
        default=False, verbose_name=_("The source rounds this number")
    )
    forms = TextsField(verbose_name=_("How one took part"))
    figures = models.JSONField(default=list, blank=True)
    notes = TextsField(verbose_name=_("Notes"))
    rebuilt_as = models.ForeignKey(
        Consultation, null=True, blank=True, on_delete=models.SET_NULL,
        related_name="rebuilt_from",
    )  # fmt: skip

    class Meta:
        indexes = [models.Index(fields=["opens"], name="elsewhere_opens")]

    def __str__(self) -> str:
        return self.node.slug
