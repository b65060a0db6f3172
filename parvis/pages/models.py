"""Editorial pages, news, pictures, blocks of the home page, announcements, host names."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.models import File, Node, Organisation


class Page(models.Model):
    """A text of the site in Markdown. `working` is what is being written over a public page."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    summary = TextField(
        blank=True, rows=2, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("Summary"),
        help_text=_(
            "One or two sentences: under the title, in search and when the page is shared."
        ),
    )  # fmt: skip
    body = TextField(
        blank=True, rows=16, characters_max=limits.TEXT_CHARACTERS, verbose_name=_("Text"),
        help_text=_(
            "Markdown: “## ” begins a heading, “- ” a list, [words](address) is a link, "
            "![](media:12) is picture 12 of the library."
        ),
    )  # fmt: skip
    working = models.JSONField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.node.slug


class Image(models.Model):
    """A picture of the library, re-encoded at several sizes. `decorative`: it says nothing."""

    name = models.CharField(
        max_length=120, verbose_name=_("Name"),
        help_text=_("To find it again in the library; the public does not see it."),
    )  # fmt: skip
    alt = TextField(
        blank=True, rows=2, characters_max=limits.SHORT_CHARACTERS,
        verbose_name=_("Alternative text"),
        help_text=_("What the picture shows, for those who do not see it. One sentence."),
    )  # fmt: skip
    decorative = models.BooleanField(
        default=False, verbose_name=_("This picture only decorates: it says nothing")
    )
    credit = models.CharField(
        max_length=200, blank=True, verbose_name=_("Credit"),
        help_text=_("Who made it, and under which licence."),
    )  # fmt: skip
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, unique=True)
    added_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class ImageSize(models.Model):
    """One re-encoded size of a picture, in one format."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="sizes")
    file = models.ForeignKey(File, on_delete=models.PROTECT)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    extension = models.CharField(max_length=4)

    class Meta:
        ordering = ["width", "extension"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "width", "extension"], name="image_size_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.width}.{self.extension}"


class News(models.Model):
    """News of the site, or a link to a release published elsewhere (none of it is copied)."""

    class Form(models.TextChoices):
        OWN = "own", _("News written here")
        EXTERNAL = "external", _("A release published elsewhere, linked")

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    form = models.CharField(
        max_length=8, choices=Form, default=Form.OWN, verbose_name=_("What it is")
    )
    dated_on = models.DateField(null=True, blank=True, verbose_name=_("Date"))
    organisation = models.ForeignKey(
        Organisation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("Organisation"),
    )
    lead = TextField(
        blank=True, rows=3, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("In short"),
        help_text=_("One or two sentences. For a release published elsewhere: in our own words."),
    )  # fmt: skip
    body = TextField(
        blank=True, rows=14, characters_max=limits.TEXT_CHARACTERS, verbose_name=_("Text"),
        help_text=_("Markdown; ![](media:12) is picture 12 of the library."),
    )  # fmt: skip
    contacts = TextField(
        blank=True, rows=3, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("Contacts"),
        help_text=_("For the press: who, how to reach them."),
    )  # fmt: skip
    quote = TextField(
        blank=True, rows=3, characters_max=limits.REASON_CHARACTERS, verbose_name=_("Quotation"),
        help_text=_("The exact words, without quotation marks."),
    )  # fmt: skip
    quote_name = models.CharField(max_length=120, blank=True, verbose_name=_("Who said it"))
    quote_office = TextField(
        blank=True, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("Their office")
    )
    quote_url = models.URLField(
        max_length=500, blank=True, verbose_name=_("Where these words were published")
    )
    external_url = models.URLField(
        max_length=500, blank=True, verbose_name=_("Address of the release")
    )
    publisher = models.CharField(
        max_length=120, blank=True, verbose_name=_("Who published the release")
    )
    language = models.CharField(
        max_length=2, default="fr", choices=[("fr", _("French")), ("en", _("English"))],
        verbose_name=_("Language of the release"),
    )  # fmt: skip
    image = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("Picture")
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "news"
        indexes = [models.Index(fields=["-dated_on"], name="news_by_date")]

    def __str__(self) -> str:
        return self.node.slug


class Banner(models.Model):
    """An announcement on every page, between two moments. Nobody can close it."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")

    text = TextField(rows=2, characters_max=limits.SHORT_CHARACTERS, verbose_name=_("Announcement"))
    url = models.CharField(
        max_length=300, blank=True, verbose_name=_("Address that it links"),
        help_text=_("An address of this site (/fr/…) or of another (https://…)."),
    )  # fmt: skip
    level = models.CharField(
        max_length=8, choices=Level, default=Level.INFO, verbose_name=_("How serious")
    )
    starts = models.DateTimeField(verbose_name=_("Shown from"))
    ends = models.DateTimeField(verbose_name=_("Shown until"))

    class Meta:
        ordering = ["-starts", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("starts")), name="banner_ends_after"
            )
        ]

    def __str__(self) -> str:
        return str(self.text.get("fr", ""))[:60]


class Block(models.Model):
    """A block of the home page, in its place."""

    class Kind(models.TextChoices):
        TEXT = "text", _("A text")
        LINKS = "links", _("A list of links")
        FEATURED = "featured", _("One thing to show")

    kind = models.CharField(max_length=8, choices=Kind)
    position = models.PositiveIntegerField()
    title = TextField(characters_max=limits.TITLE_CHARACTERS, verbose_name=_("Title"))
    body = TextField(
        blank=True, rows=8, characters_max=4_000, verbose_name=_("Text"),
        help_text=_("Markdown."),
    )  # fmt: skip
    links = TextField(
        blank=True, rows=5, characters_max=4_000, verbose_name=_("Links"),
        help_text=_("One a line: the words, a vertical bar, the address. Words | /fr/donnees/"),
    )  # fmt: skip
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.CASCADE)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.position} {self.kind}"


class HostName(models.Model):
    """Another name under which this site answers, and the section on which it opens."""

    class Section(models.TextChoices):
        HOME = "home", _("Home")
        CONSULTATIONS = "consultations", _("Consultations")
        COMMITMENTS = "commitments", _("Commitments")
        DATA = "datasets", _("Data")
        DOCUMENTS = "documents", _("Documents")
        STRATEGY = "strategies", _("Strategy")
        NEWS = "news_list", _("News")

    host = models.CharField(max_length=253, unique=True)
    section = models.CharField(
        max_length=16, choices=Section, default=Section.HOME, verbose_name=_("It opens on")
    )
    language = models.CharField(
        max_length=2, default="fr", choices=[("fr", _("French")), ("en", _("English"))],
        verbose_name=_("In which language"),
    )  # fmt: skip
    active = models.BooleanField(default=True, verbose_name=_("The site answers under this name"))

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host
