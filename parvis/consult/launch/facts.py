"""What the kit says, in one language, from the fields of the consultation and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from parvis.consult import phases
from parvis.consult.launch import addresses
from parvis.consult.launch.models import Quotation
from parvis.consult.models import Consultation, WhoMay
from parvis.core.i18n import DEFAULT, LANGUAGES, tr
from parvis.core.models import Site
from parvis.core.templatetags.parvis import day, deadline


@dataclass(frozen=True)
class Said:
    """A name and the words under it."""

    name: str
    words: str

    @property
    def line(self) -> str:
        """Both in a line, in the active language."""
        return said_line(self.name, self.words)


def said_line(name: str, words: str) -> str:
    """Return `name: words` as the active language writes it."""
    return _("%(name)s: %(words)s") % {"name": name, "words": words} if words else name


@dataclass(frozen=True)
class Facts:
    """Everything that a piece may say, as plain text in one language; empty where not known."""

    language: str
    code: str
    title: str
    organisation: str
    question: str
    summary: str
    changes: Sequence[Said]
    out: str
    opens: str
    closes: str
    who: str
    minutes: str
    other_ways: str
    steps: Sequence[Said]
    page_url: str
    embed_url: str
    short_url: str
    site_name: str
    contact: str
    demo_note: str
    quotation: Quotation | None

    def url(self, key: str) -> str:
        """The short address with the word of a source, in this language."""
        word = next(s.words.get(self.language, "") for s in addresses.SOURCES if s.key == key)
        return f"{self.short_url}/{word}" if word else self.short_url

    def shown_url(self, key: str) -> str:
        """The same as people type it: without the scheme."""
        parts = urlsplit(self.url(key))
        return parts.netloc + parts.path

    @property
    def out_line(self) -> str:
        """What is not on the table, in a line."""
        return said_line(_("What is not on the table"), self.out)

    @property
    def period(self) -> str:
        """From a day to a day, in words; empty without dates."""
        if not self.opens:
            return ""
        return _("From %(start)s to %(end)s") % {"start": self.opens, "end": self.closes}

    @property
    def conditions(self) -> str:
        """How long it takes and who may answer, in a line."""
        return ". ".join(words for words in (self.minutes, self.who) if words)


def languages_of(consultation: Consultation) -> list[str]:
    """Return the languages that the consultation has, the site's first."""
    chosen = consultation.languages or [DEFAULT]
    return [code for code in LANGUAGES if code in chosen] or [DEFAULT]


def _steps(consultation: Consultation, calendar: phases.Calendar) -> list[Said]:
    closes = calendar.closes()
    rows = [
        (_("You answer"), _("until %(day)s") % {"day": deadline(closes)} if closes else ""),
        (_("What was said is published"), day(consultation.themes_due)),
        (_("Each theme is answered"), day(consultation.response_due)),
        (_("The data is published"), day(consultation.report_due)),
    ]
    dates = [None, consultation.themes_due, consultation.response_due, consultation.report_due]
    later = [(d, Said(name, words)) for d, (name, words) in zip(dates, rows, strict=True) if d]
    first = [Said(*rows[0])] if closes else []
    return [*first, *(said for _d, said in sorted(later, key=lambda row: row[0]))]


def _changes(consultation: Consultation) -> list[Said]:
    rows = (
        (_("The decision to be taken"), tr(consultation.influence_decision)),
        (_("Who decides"), tr(consultation.influence_who)),
        (
            _("When"),
            _("At the latest on %(day)s.") % {"day": day(consultation.influence_on)}
            if consultation.influence_on
            else "",
        ),
    )
    return [Said(name, words) for name, words in rows if words]


def facts_of(consultation: Consultation, language: str) -> Facts:
    """Return what the pieces say in a language, days in the consultation's own time zone."""
    with override(language), timezone.override(ZoneInfo(consultation.time_zone)):
        return _facts(consultation, language)


def _facts(consultation: Consultation, language: str) -> Facts:
    node = consultation.node
    calendar = phases.Calendar.of(consultation)
    site = Site.objects.first()
    minutes = consultation.minutes
    opens = calendar.opens()
    demo = _("Demonstration: this consultation is invented or rebuilt.")
    return Facts(
        language=language,
        code=addresses.code_of(consultation),
        title=tr(node.title),
        organisation=tr(consultation.organisation.node.title) if consultation.organisation else "",
        question=tr(consultation.question),
        summary=tr(consultation.summary),
        changes=_changes(consultation),
        out=tr(consultation.influence_out),
        opens=day(opens) if opens else "",
        closes=deadline(calendar.closes()),
        who=str(WhoMay(consultation.who_may).label) if consultation.who_may else "",
        minutes=ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
        if minutes
        else "",
        other_ways=tr(consultation.other_ways),
        steps=_steps(consultation, calendar),
        page_url=settings.SITE_URL + reverse("consultation", args=[node.slug]),
        embed_url=settings.SITE_URL + reverse("consultation_embed", args=[node.slug]),
        short_url=addresses.url_of(consultation),
        site_name=tr(site.name) if site else "Parvis",
        contact=site.contact if site else "",
        demo_note=demo if consultation.reconstructed else "",
        quotation=Quotation.objects.filter(consultation=consultation).first(),
    )
