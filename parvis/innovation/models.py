"""Reuses of data, calls for projects, places that help, and other versions of any page."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import File, Node, Person

AUTHOR_CHARACTERS = 120
URL_CHARACTERS = 500


class Reuse(models.Model):
    """What somebody made with data of the portal. It carries a link: a person reads it first.

    `wanted` holds the ids of the datasets given, tied to it when it is published. Whoever sends it
    has an account, or the receipt code of its node.
    """

    class What(models.TextChoices):
        APPLICATION = "application", _("Application or service")
        PICTURE = "picture", _("Map or visualisation")
        STUDY = "study", _("Study or article")
        TEACHING = "teaching", _("Teaching")
        OTHER = "other", pgettext_lazy("kind of reuse", "Other")

    class Review(models.TextChoices):
        WAITING = "waiting", _("Waits to be read")
        ACCEPTED = "accepted", pgettext_lazy("reuse", "Published")
        REFUSED = "refused", pgettext_lazy("reuse", "Refused")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    author = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    author_name = models.CharField(max_length=AUTHOR_CHARACTERS, verbose_name=_("Made by"))
    what = models.CharField(
        max_length=12, choices=What, default=What.OTHER, verbose_name=_("What it is")
    )
    url = models.URLField(max_length=URL_CHARACTERS, verbose_name=_("Web address"))
    description = models.TextField(
        max_length=limits.COMMENT_CHARACTERS, verbose_name=_("In a few sentences")
    )
    language = models.CharField(max_length=2, default="fr")
    wanted = models.JSONField(default=list, blank=True)
    review = models.CharField(max_length=8, choices=Review, default=Review.WAITING)
    motive = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    receipt_lookup = models.BigIntegerField(db_index=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["node"], condition=models.Q(review="waiting"), name="reuse_waiting"
            )
        ]

    def __str__(self) -> str:
        return self.node.slug


class Call(models.Model):
    """A call for projects or a hackathon: open by the clock, told until its results."""

    class What(models.TextChoices):
        PROJECTS = "projects", _("Call for projects")
        HACKATHON = "hackathon", _("Hackathon")
        CHALLENGE = "challenge", _("Challenge")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    what = models.CharField(
        max_length=10, choices=What, default=What.PROJECTS, verbose_name=_("What it is")
    )
    opens = models.DateField(null=True, blank=True, verbose_name=_("First day"))
    closes = models.DateField(null=True, blank=True, verbose_name=_("Last day"))
    place = TextField(
        blank=True, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("Where it is held")
    )
    summary = TextField(rows=3, verbose_name=_("In a few sentences"))
    deliverables = TextField(blank=True, rows=4, verbose_name=_("What is expected (Markdown)"))
    results = TextField(blank=True, rows=6, verbose_name=_("What came out of it (Markdown)"))
    url = models.URLField(
        blank=True, max_length=URL_CHARACTERS, verbose_name=_("Where one takes part")
    )
    sources = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__isnull=True)
                | models.Q(opens__isnull=True)
                | models.Q(closes__gte=models.F("opens")),
                name="call_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.node.slug


class Region(models.TextChoices):
    """The seventeen administrative regions, by their official numbers."""

    R01 = "01", "Bas-Saint-Laurent"
    R02 = "02", "Saguenay–Lac-Saint-Jean"
    R03 = "03", "Capitale-Nationale"
    R04 = "04", "Mauricie"
    R05 = "05", "Estrie"
    R06 = "06", "Montréal"
    R07 = "07", "Outaouais"
    R08 = "08", "Abitibi-Témiscamingue"
    R09 = "09", "Côte-Nord"
    R10 = "10", "Nord-du-Québec"
    R11 = "11", "Gaspésie–Îles-de-la-Madeleine"
    R12 = "12", "Chaudière-Appalaches"
    R13 = "13", "Laval"
    R14 = "14", "Lanaudière"
    R15 = "15", "Laurentides"
    R16 = "16", "Montérégie"
    R17 = "17", "Centre-du-Québec"


class Helper(models.Model):
    """A place, or a person who agreed to be listed, that helps people use data and take part."""

    class What(models.TextChoices):
        PLACE = "place", _("Place")
        PERSON = "person", _("Person")

    what = models.CharField(
        max_length=6, choices=What, default=What.PLACE, verbose_name=_("What it is")
    )
    name = models.CharField(max_length=160, verbose_name=_("Name"))
    region = models.CharField(max_length=2, choices=Region, verbose_name=_("Region"))
    town = models.CharField(max_length=80, blank=True, verbose_name=_("Town"))
    helps = TextField(
        rows=2, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("What help is given")
    )
    hours = TextField(blank=True, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("When"))
    contact = models.CharField(
        max_length=200, blank=True, verbose_name=_("How to reach it or them")
    )
    url = models.URLField(blank=True, max_length=URL_CHARACTERS, verbose_name=_("Web address"))
    source = models.CharField(
        max_length=URL_CHARACTERS,
        verbose_name=_("Source"),
        help_text=_("Where this can be checked: a web address, or who confirmed it and when."),
    )
    agreed = models.BooleanField(
        default=False, verbose_name=_("This person agreed in writing to be listed")
    )
    checked_on = models.DateField(verbose_name=_("Checked on"))

    class Meta:
        ordering = ("region", "name")

    def __str__(self) -> str:
        return self.name


class Alternative(models.Model):
    """The same thing said otherwise: plain words, easy to read, aloud, in sign language.

    One of text, file or url holds it.
    """

    class What(models.TextChoices):
        PLAIN = "plain", _("Plain language")
        EASY = "easy", _("Easy to read")
        AUDIO = "audio", _("Audio")
        SIGN = "sign", _("Sign language")

    class Language(models.TextChoices):
        FR = "fr", _("French")
        EN = "en", _("English")
        LSQ = "lsq", _("Quebec Sign Language (LSQ)")
        ASL = "asl", _("American Sign Language (ASL)")

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="alternatives")
    what = models.CharField(max_length=5, choices=What, verbose_name=_("Version"))
    language = models.CharField(max_length=3, choices=Language, verbose_name=_("Language"))
    text = models.TextField(
        blank=True, max_length=limits.TEXT_CHARACTERS, verbose_name=_("Text (Markdown)")
    )
    file = models.ForeignKey(File, null=True, blank=True, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=120, blank=True)
    url = models.URLField(blank=True, max_length=URL_CHARACTERS, verbose_name=_("Web address"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("what", "language")
        constraints = [
            models.UniqueConstraint(fields=["node", "what", "language"], name="alternative_once")
        ]

    def __str__(self) -> str:
        return f"{self.node_id} {self.what} {self.language}"
