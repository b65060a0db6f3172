"""The register as files: what the page shows, all of it, as CSV and JSON; and as calendars."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.consult.models import Consultation
from parvis.consult.register import dates, ical
from parvis.consult.register.queries import Entry, Shown
from parvis.core import kinds
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.templatetags.parvis import day
from parvis.tables.cells import csv_text

COLUMNS = (
    "where", "title_fr", "title_en", "organisation_fr", "organisation_en", "opens", "closes",
    "state", "participants", "participants_approximate", "contributions_received", "demo",
    "page_fr", "page_en", "url", "result_url", "sources",
)  # fmt: skip
EVENTS_MAX = 1_000


def card(shown: Shown) -> dict[str, Any]:
    """Return an entry as JSON says it; what is not published is null."""
    entry, row = shown.entry, shown.row
    return {
        "where": "here" if entry.is_here else "elsewhere",
        "title": dict(entry.title),
        "organisation": dict(entry.organisation),
        "opens": dates.written(entry.opens, entry.opens_precision) or None,
        "closes": dates.written(entry.closes, entry.closes_precision) or None,
        "state": shown.state,
        "participants": row.participants if row else None,
        "participants_approximate": row.participants_approximate if row else None,
        "contributions_received": shown.received,
        "demo": entry.demo,
        "page": {code: kinds.url(entry.node, code) for code in LANGUAGES},
        "url": (row.url or None) if row else None,
        "result_url": (row.result_url or None) if row else None,
        "sources": list(row.sources) if row else [],
    }


def as_csv(rows: Iterable[Shown]) -> str:
    """Return the register as CSV (RFC 4180); what a spreadsheet would run is made text."""
    return csv_text(COLUMNS, map(_cells, rows))


def _cells(shown: Shown) -> list[Any]:
    found = card(shown)
    flat = {
        **found,
        "sources": " ".join(found["sources"]),
        **{f"{name}_{code}": found[name].get(code) or ""
           for name in ("title", "organisation", "page") for code in ("fr", "en")},
    }  # fmt: skip
    return [flat[name] for name in COLUMNS]


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "parvis"


def _stamp(moment: datetime | None) -> datetime:
    return moment or timezone.now()


def calendar(entries: Sequence[Entry]) -> str:
    """Return every consultation whose start and end are known to the month, as a calendar."""
    events = []
    for entry in entries:
        if entry.opens is None or entry.closes is None:
            continue
        if dates.Precision.YEAR in (entry.opens_precision, entry.closes_precision):
            continue
        words = [tr(entry.organisation), entry.period]
        if entry.demo:
            words.append(_("Reconstructed demonstration data"))
        events.append(
            ical.Day(
                uid=f"{entry.pk}@{_host()}",
                first=entry.opens,
                last=entry.closes,
                summary=tr(entry.title),
                stamp=_stamp(entry.at),
                description="\n".join(word for word in words if word),
                url=f"{settings.SITE_URL}{kinds.url(entry.node)}",
            )
        )
    return ical.calendar(_("Consultations"), events[:EVENTS_MAX], get_language() or "fr")


def one_calendar(consultation: Consultation, entry: Entry) -> str:
    """Return one consultation of this site: its period, and each date that it promised."""
    node = consultation.node
    url = f"{settings.SITE_URL}{kinds.url(node)}"
    stamp = _stamp(node.published_at)
    events = []

    def add(name: str, first: date, last: date, summary: str, words: str) -> None:
        uid = f"{node.pk}-{name}@{_host()}"
        events.append(ical.Day(uid, first, last, summary, stamp, words, url))

    title = tr(node.title)
    if entry.opens and entry.closes:
        uid = f"{node.pk}@{_host()}"
        words = tr(consultation.question)
        events.append(ical.Day(uid, entry.opens, entry.closes, title, stamp, words, url))
    promised = (
        ("themes", consultation.themes_due, _("What was said is published: %(title)s")),
        ("responses", consultation.response_due, _("Each theme is answered: %(title)s")),
        ("data", consultation.report_due, _("The data is published: %(title)s")),
    )
    for name, due, words in promised:
        if due:
            told = _("Promised for %(date)s.") % {"date": day(due)}
            add(name, due, due, words % {"title": title}, told)
    return ical.calendar(title, events, get_language() or "fr")
