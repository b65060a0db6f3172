"""How to cite a consultation: a permanent address, and the forms that tools read."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from parvis.consult.launch import addresses
from parvis.consult.launch.models import ShortAddress
from parvis.consult.models import Consultation
from parvis.consult.phases import Calendar
from parvis.consult.register import queries as register
from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.core.models import State
from parvis.core.references import bibtex, tex
from parvis.core.templatetags.parvis import day
from parvis.site.context import current_site


def permanent(consultation: Consultation) -> str:
    """Return the address that leads to a consultation whatever its page becomes.

    The worker makes the short one; before it came, the page's own.
    """
    code = code_of(consultation)
    return settings.SITE_URL + (f"/c/{code}" if code else kinds.url(consultation.node) or "")


def code_of(consultation: Consultation) -> str:
    """Return the code of the short address, "" before it is made."""
    rows = ShortAddress.objects.filter(consultation=consultation)
    return str(rows.values_list("code", flat=True).first() or "")


def make_codes() -> int:
    """Make the short address of each public consultation that has none; return how many."""
    has = ShortAddress.objects.filter(consultation=OuterRef("pk"))
    rows = Consultation.objects.filter(~Exists(has), node__state=State.PUBLIC)
    found = list(rows.select_related("node"))
    for consultation in found:
        addresses.code_of(consultation)
    return len(found)


@dataclass(frozen=True)
class Citation:
    """A consultation as it is cited, in the reader's language."""

    code: str
    title: str
    author: str
    publisher: str
    issued: date
    period: str
    url: str
    accessed: date
    language: str
    demo: bool

    @property
    def text(self) -> str:
        """One sentence, for a list of references."""
        words = _(
            "%(author)s (%(year)s). %(title)s [public consultation, %(period)s]. %(publisher)s. "
            "%(url)s (read on %(day)s)."
        ) % {
            "author": self.author, "year": str(self.issued.year), "title": self.title,
            "period": self.period, "publisher": self.publisher, "url": self.url,
            "day": day(self.accessed),
        }  # fmt: skip
        return f"{words} {self.note}".strip()

    @property
    def note(self) -> str:
        """What must be said beside: that it is rebuilt."""
        return _("Reconstructed demonstration data") + "." if self.demo else ""

    @property
    def bibtex(self) -> str:
        """An entry for BibTeX: braces keep the capitals of names."""
        fields = {
            "author": f"{{{tex(self.author)}}}",
            "title": f"{{{tex(self.title)}}}",
            "year": str(self.issued.year),
            "month": str(self.issued.month),
            "howpublished": tex(_("Public consultation")),
            "publisher": tex(self.publisher),
            "url": self.url,
            "urldate": self.accessed.isoformat(),
            "note": tex(". ".join(part for part in (self.period, self.note) if part)),
        }
        return bibtex("misc", f"parvis-{self.code}", fields)

    @property
    def csl(self) -> list[dict[str, Any]]:
        """The same for Zotero, Pandoc and others (CSL-JSON 1.0)."""
        item = {
            "id": f"parvis-{self.code}",
            "type": "webpage",
            "title": self.title,
            "author": [{"literal": self.author}],
            "publisher": self.publisher,
            "genre": _("Public consultation"),
            "issued": {"date-parts": [_parts(self.issued)]},
            "accessed": {"date-parts": [_parts(self.accessed)]},
            "URL": self.url,
            "language": self.language,
            "note": ". ".join(part for part in (self.period, self.note) if part),
        }
        return [item]


def _parts(value: date) -> list[int]:
    return [value.year, value.month, value.day]


def of(consultation: Consultation, language: str) -> Citation:
    """Return how a public consultation is cited today: three queries at most."""
    node = consultation.node
    site = current_site()
    publisher = (tr(site.name) if site else "") or "Parvis"
    author = tr(consultation.organisation.node.title) if consultation.organisation else publisher
    opens = Calendar.of(consultation).opens()
    issued = opens or node.published_at or node.created_at
    return Citation(
        node.slug, tr(node.title), author, publisher, timezone.localdate(issued),
        register.entry_of(consultation).period, permanent(consultation), timezone.localdate(),
        f"{language}-CA", consultation.reconstructed,
    )  # fmt: skip
