"""Governing together: committees, their meetings and advice, accredited groups, common drafts."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.lists import URL_CHARACTERS, Sourced, SourcesField, TextsField
from parvis.core.models import Node, Organisation, Person

LONG = {"rows": 4, "characters_max": limits.TEXT_CHARACTERS, "blank": True}
SHORT = {"characters_max": limits.SHORT_CHARACTERS, "blank": True}
REASON = {"characters_max": limits.REASON_CHARACTERS, "blank": True}
NAME_CHARACTERS = 120
MONTHS_APART_MAX = 6
"""OGP asks a forum to meet at least every six months: a committee may only promise more often
(https://www.opengovpartnership.org/ogp-participation-co-creation-standards/)."""


class Precision(models.TextChoices):
    """How much of a date is known; a month is stored by its first day."""

    DAY = "day", _("To the day")
    MONTH = "month", _("To the month")


class Committee(Sourced):
    """People of the government and of civil society who advise it, by rules that are public."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("It meets")
        ENDED = "ended", _("It meets no more")
        UNKNOWN = "unknown", _("Our sources do not say")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="committees"
    )
    summary = TextField(verbose_name=_("Summary"), **LONG)
    mandate = TextField(verbose_name=_("Mandate"), **LONG)
    rules = TextField(verbose_name=_("Rules of procedure"), **LONG)
    created_on = models.DateField(_("Created on"), null=True, blank=True)
    created_precision = models.CharField(
        _("Creation known"), max_length=5, choices=Precision, default=Precision.DAY
    )
    status = models.CharField(_("Today"), max_length=7, choices=Status, default=Status.ACTIVE)
    months_apart = models.PositiveSmallIntegerField(
        _("Months between two meetings, at most"), default=MONTHS_APART_MAX,
        validators=[MinValueValidator(1), MaxValueValidator(MONTHS_APART_MAX)],
    )  # fmt: skip
    reply_days = models.PositiveSmallIntegerField(
        _("Days that the government has to reply to an advice"), default=60,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
    )  # fmt: skip
    seats_civil_society = models.PositiveSmallIntegerField(
        _("Seats of civil society announced"), null=True, blank=True
    )
    seats_government = models.PositiveSmallIntegerField(
        _("Seats of public bodies announced"), null=True, blank=True
    )
    notes = TextsField(verbose_name=_("What is not known"))
    reconstructed = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.node.slug


class Group(Sourced):
    """A group that may publish its own evaluations. Ending it takes back none of them."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="accredited",
        verbose_name=_("Accredited by"),
    )  # fmt: skip
    why = TextField(verbose_name=_("Why it is accredited"), **REASON)
    homepage = models.CharField(_("Web site"), max_length=URL_CHARACTERS, blank=True)
    since = models.DateField(_("Since"))
    until = models.DateField(_("Until"), null=True, blank=True)
    end_reason = TextField(verbose_name=_("Why it ended"), **REASON)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    by_name = models.CharField(_("Decided by"), max_length=NAME_CHARACTERS)
    reconstructed = models.BooleanField(default=False)

    class Meta:
        ordering = ["since", "pk"]

    def __str__(self) -> str:
        return self.node.slug

    def is_current(self, today: Any) -> bool:
        """Whether it may publish on this day."""
        return self.since <= today and (self.until is None or today <= self.until)


class Member(models.Model):
    """Somebody who sits on a committee, or who speaks for an accredited group."""

    class Seat(models.TextChoices):
        GOVERNMENT = "government", _("Public body")
        CIVIL_SOCIETY = "civil_society", _("Civil society")
        OTHER = "other", _("Other")

    body = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="members")
    name = models.CharField(_("Name"), max_length=NAME_CHARACTERS)
    seat = models.CharField(_("Seat"), max_length=13, choices=Seat)
    organisation_name = models.CharField(_("Organisation"), max_length=200, blank=True)
    starts = models.DateField(_("Term starts"), null=True, blank=True)
    ends = models.DateField(_("Term ends"), null=True, blank=True)
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="memberships"
    )

    class Meta:
        ordering = ["seat", "name", "pk"]

    def __str__(self) -> str:
        return self.name

    def is_current(self, today: Any) -> bool:
        """Whether the term runs on this day; a date that is not known bars nobody."""
        begun = self.starts is None or self.starts <= today
        return begun and (self.ends is None or today <= self.ends)


class _Inside(models.Model):
    """A part of a committee: a role on the committee or on its organisation reaches it."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.node.slug  # type: ignore[attr-defined]

    @property
    def organisation_id(self) -> Any:
        """The committee's organisation."""
        return self.committee.organisation_id  # type: ignore[attr-defined]


class Meeting(_Inside, Sourced):
    """A meeting of a committee. It counts once it is recorded as held."""

    class Status(models.TextChoices):
        CALLED = "called", pgettext_lazy("meeting", "Announced")
        HELD = "held", pgettext_lazy("meeting", "Held")
        CANCELLED = "cancelled", pgettext_lazy("meeting", "Cancelled")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    committee = models.ForeignKey(Committee, on_delete=models.CASCADE, related_name="meetings")
    on = models.DateField(_("Date"))
    place = TextField(verbose_name=_("Place"), **SHORT)
    link = models.CharField(_("Link to join or to watch"), max_length=URL_CHARACTERS, blank=True)
    agenda = TextField(verbose_name=_("Agenda"), **LONG)
    minutes = TextField(verbose_name=_("Minutes"), **LONG)
    status = models.CharField(max_length=9, choices=Status, default=Status.CALLED)
    cancel_reason = TextField(verbose_name=_("Why it was cancelled"), **REASON)

    class Meta:
        ordering = ["-on", "-pk"]
        indexes = [models.Index(fields=["committee", "status", "on"], name="meeting_rhythm")]


class Attendance(models.Model):
    """Whether a member came to a meeting."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendance")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="attendance")
    present = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "member"], name="attendance_once")
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.member_id}"


class Advice(_Inside):
    """What a committee tells the government, and what the government replies, dated.

    Members publish it themselves; nobody edits it. `author` is who published it.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    committee = models.ForeignKey(Committee, on_delete=models.CASCADE, related_name="advice")
    text = TextField(verbose_name=_("The advice"), rows=10, blank=True,
                     characters_max=limits.TEXT_CHARACTERS)  # fmt: skip
    given_on = models.DateField(_("Given on"))
    reply_due = models.DateField(_("Reply due on"))
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    by_office = models.BooleanField(default=False)
    """Recorded by the committee's office, from a paper or a meeting."""
    reply = TextField(verbose_name=_("The government’s reply"), **LONG)
    replied_on = models.DateField(_("Replied on"), null=True, blank=True)
    replier = TextField(verbose_name=_("Who replies"), **SHORT)

    class Meta:
        ordering = ["-given_on", "-pk"]
        indexes = [models.Index(fields=["committee", "-given_on"], name="advice_listing")]


class Drafting(_Inside):
    """The text of a commitment, written together passage by passage."""

    class OpenTo(models.TextChoices):
        MEMBERS = "members", _("The members of the committee")
        EVERYBODY = "everybody", _("Anybody signed in")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    committee = models.ForeignKey(Committee, on_delete=models.CASCADE, related_name="drafts")
    intro = TextField(verbose_name=_("What is being written, and for what"), **LONG)
    open_to = models.CharField(
        _("Who may propose changes"), max_length=9, choices=OpenTo, default=OpenTo.MEMBERS
    )
    closed_on = models.DateField(null=True, blank=True)

    @property
    def is_open(self) -> bool:
        """Whether changes may still be proposed."""
        return self.closed_on is None


class Passage(models.Model):
    """A passage of a draft: its words now, and how many times they changed."""

    drafting = models.ForeignKey(Drafting, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveSmallIntegerField()
    text = TextField(verbose_name=_("Words of the passage"), rows=4,
                     characters_max=limits.CONTRIBUTION_CHARACTERS)  # fmt: skip
    version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["drafting", "position"], name="passage_position")
        ]

    def __str__(self) -> str:
        return f"{self.drafting_id} {self.position}"


class Change(models.Model):
    """New words proposed for a passage, why, and what was decided about them, why."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ADOPTED = "adopted", _("Adopted")
        REFUSED = "refused", _("Refused")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="changes")
    base_version = models.PositiveSmallIntegerField()
    base = TextField(verbose_name=_("Words before"), **LONG)
    text = TextField(verbose_name=_("New words"), rows=4, blank=True,
                     characters_max=limits.CONTRIBUTION_CHARACTERS)  # fmt: skip
    reason = models.CharField(_("Why"), max_length=limits.REASON_CHARACTERS)
    language = models.CharField(max_length=2, default="fr")
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    author_name = models.CharField(max_length=NAME_CHARACTERS, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.PROPOSED)
    decision = TextField(verbose_name=_("Why it is adopted or refused"), **REASON)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.node.slug


class Check(models.Model):
    """What people say of one standard for one plan, beside what the program sees by itself."""

    class State(models.TextChoices):
        MET = "met", _("Met")
        PARTLY = "partly", _("Partly met")
        NOT_YET = "not_yet", _("Not yet")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")

    plan = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="checks")
    key = models.CharField(max_length=24)
    state = models.CharField(_("State"), max_length=14, choices=State)
    comment = TextField(verbose_name=_("Comment"), rows=3, **REASON)
    evidence = SourcesField(verbose_name=_("Evidence"))
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "key"], name="check_once")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.key}"
