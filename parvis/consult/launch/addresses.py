"""Short addresses and their sources: made once, resolved, counted. Nobody is followed.

A visit adds one to a number kept by source and day. No cookie, no network address, no referrer:
what is not kept cannot be lost, and needs no consent.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.consult.launch.models import (
    CODE_CHARACTERS,
    SOURCE_CHARACTERS,
    ShortAddress,
    VisitDay,
    VisitSource,
)
from parvis.consult.models import Consultation
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.ids import stored
from parvis.core.keys import ALPHABET
from parvis.core.models import State

SOURCES_MAX = 40
DAYS_MIN, DAYS_SHOWN = 14, 60
_TRIES = 8


@dataclass(frozen=True)
class Source:
    """A place where the address is shown: its key in counts, its word in each language."""

    key: str
    label: Any
    words: Mapping[str, str]


# A word is in one language only: following it opens the page in that language.
SOURCES = (
    Source("", _("Short address alone"), {}),
    Source("poster", _("Poster"), {"fr": "affiche", "en": "poster"}),
    Source("card", _("Postcard"), {"fr": "carte", "en": "card"}),
    Source("mail", _("Invitation by e-mail"), {"fr": "courriel", "en": "mail"}),
    Source("release", _("News release"), {"fr": "communique", "en": "release"}),
    Source("social", _("Social networks"), {"fr": "reseaux", "en": "social"}),
    Source("embed", _("Box on another site"), {"fr": "encart", "en": "embed"}),
)
_BY_KEY = {source.key: source for source in SOURCES}
_BY_WORD = {
    word: (source.key, language)
    for source in SOURCES
    for language, word in source.words.items()
}  # fmt: skip

# Programs that say what they are: previews of networks, search engines, monitors.
_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|embedly|whatsapp|telegram"
    r"|skypeuripreview|linkedin|pinterest|monitor|uptime|pingdom|statuscake|headless|lighthouse"
    r"|curl|wget|python|httpx|go-http|java/|okhttp|libwww|scrapy|axios|node-fetch|ruby",
    re.IGNORECASE,
)


def is_bot(user_agent: str, headers: Mapping[str, str]) -> bool:
    """Whether a visit is a program's, as it says itself, or a browser's guess before a click."""
    purpose = headers.get("Sec-Purpose", "") or headers.get("Purpose", "")
    return not user_agent or bool(_BOT.search(user_agent)) or "prefetch" in purpose.lower()


def code_of(consultation: Consultation) -> str:
    """Return the code of a consultation's short address, made at first need."""
    found = ShortAddress.objects.filter(consultation=consultation).first()
    for _attempt in range(_TRIES):
        if found is not None:
            return found.code
        code = "".join(secrets.choice(ALPHABET) for _n in range(CODE_CHARACTERS)).lower()
        try:
            with transaction.atomic():
                return ShortAddress.objects.create(consultation=consultation, code=code).code
        except IntegrityError:
            # The code is taken, or somebody asked at the same time.
            found = ShortAddress.objects.filter(consultation=consultation).first()
    raise RuntimeError("no free code for a short address")


def path_of(consultation: Consultation, key: str = "", language: str = "fr") -> str:
    """Return the path `/c/<code>` of a consultation, with the word of a source if given."""
    code = code_of(consultation)
    source = _BY_KEY.get(key)
    word = source.words.get(language, "") if source else key
    return f"/c/{code}/{word}" if word else f"/c/{code}"


def url_of(consultation: Consultation, key: str = "", language: str = "fr") -> str:
    """Return the same with the site's own address before it."""
    return settings.SITE_URL + path_of(consultation, key, language)


def consultation_at(code: str) -> Consultation | None:
    """Return the public consultation of a code as typed (O for 0, l for 1), or None."""
    typed = code.upper().translate(str.maketrans("OILU", "011V")).lower()
    row = (
        ShortAddress.objects.filter(code=typed, consultation__node__state=State.PUBLIC)
        .select_related("consultation__node")
        .first()
    )
    return row.consultation if row else None


def source_of(consultation: Consultation, word: str) -> tuple[str, str | None]:
    """Return (key of the source, language that its word opens); what is unknown counts as none."""
    if word in _BY_WORD:
        return _BY_WORD[word]
    if word and VisitSource.objects.filter(consultation=consultation, name=word).exists():
        return word, None
    return "", None


# One statement, so that a thousand people who follow a link at once lose no count and read no row.
_ADD_ONE = """
INSERT INTO launch_visitday (consultation_id, source, day, count) VALUES (%s, %s, %s, 1)
ON CONFLICT (consultation_id, source, day) DO UPDATE SET count = launch_visitday.count + 1
"""


@transaction.atomic
def count_visit(consultation: Consultation, source: str, day: date | None = None) -> None:
    """Add one to the visits of a source on a day (today)."""
    on = connection.ops.adapt_datefield_value(day or timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(_ADD_ONE, [stored(consultation.pk), source, on])


@transaction.atomic
def add_source(
    *,
    actor: Actor,
    consultation: Consultation,
    label: str,
    name: str = "",
    key: IdempotencyKey | None = None,
) -> VisitSource:
    """Add a place of one's own and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return VisitSource.objects.get(pk=earlier.data["source"])
    access.require(actor, "manage_consultation", consultation)
    words = " ".join(label.split())
    if not words or len(words) > 80:
        raise Invalid({"label": [_("Say where the address is shown, in 80 characters at most.")]})
    slug = slugify(name or words)[:SOURCE_CHARACTERS].strip("-")
    if not slug:
        raise Invalid({"name": [_("Give a word made of letters and digits.")]})
    rows = VisitSource.objects.filter(consultation=consultation)
    if slug in _BY_WORD or slug in _BY_KEY or rows.filter(name=slug).exists():
        raise Invalid({"name": [_("“%(word)s” is taken: give another word.") % {"word": slug}]})
    if rows.count() >= SOURCES_MAX:
        raise Invalid({"label": [_("A consultation has %(n)d such places at most.")
                                 % {"n": SOURCES_MAX}]})  # fmt: skip
    made = VisitSource.objects.create(consultation=consultation, name=slug, label=words)
    facts = {"source": made.pk}
    emit("launch.source_added", node=consultation.node, actor=actor, data=facts, key=key)
    return made


@transaction.atomic
def remove_source(*, actor: Actor, source: VisitSource) -> None:
    """Remove a place that nobody came from. Raises Forbidden, Conflict once it was used.

    An address that was followed may be printed somewhere: it goes on counting.
    """
    access.require(actor, "manage_consultation", source.consultation)
    used = VisitDay.objects.filter(consultation=source.consultation_id, source=source.name)
    if used.exists():
        raise Conflict(_("People came from there already: this address stays."))
    facts = {"source": source.pk}
    emit("launch.source_removed", node=source.consultation.node, actor=actor, data=facts)
    source.delete()


@dataclass(frozen=True)
class SourceRow:
    """A source with its address and its visits; `row`: what staff added, None for ours."""

    label: Any
    url: str
    visits: int
    row: VisitSource | None = None


@dataclass(frozen=True)
class Bar:
    """Visits of a day, and its bar from 0 to 100."""

    rank: int
    day: date
    visits: int
    height: float

    @property
    def x(self) -> int:
        """Left edge, ten units a day."""
        return 10 * self.rank + 1

    @property
    def tall(self) -> str:
        """Height, written the same in every language: SVG takes no decimal comma."""
        return f"{self.height:g}"

    @property
    def top(self) -> str:
        """Upper edge."""
        return f"{100 - self.height:g}"


@dataclass(frozen=True)
class Visits:
    """Visits of a consultation by source, and by day for the last sixty days."""

    total: int
    sources: Sequence[SourceRow]
    bars: Sequence[Bar]

    @property
    def width(self) -> int:
        """Width of the picture: ten units a day."""
        return 10 * len(self.bars)

    @property
    def most(self) -> int:
        """Visits of the busiest day."""
        return max((bar.visits for bar in self.bars), default=0)


def visits_of(consultation: Consultation, language: str, today: date | None = None) -> Visits:
    """Return what staff see: exact numbers, since they are visits and not people. Three queries."""
    today = today or timezone.localdate()
    by_source: dict[str, int] = {}
    by_day: dict[date, int] = {}
    rows = VisitDay.objects.filter(consultation=consultation).values_list("source", "day", "count")
    for source, day, count in rows:
        by_source[source] = by_source.get(source, 0) + count
        by_day[day] = by_day.get(day, 0) + count
    base = url_of(consultation)
    shown = [
        SourceRow(
            source.label,
            f"{base}/{source.words[language]}" if language in source.words else base,
            by_source.get(source.key, 0),
        )
        for source in SOURCES
    ]
    own = VisitSource.objects.filter(consultation=consultation).order_by("pk")
    shown += [SourceRow(r.label, f"{base}/{r.name}", by_source.get(r.name, 0), r) for r in own]
    return Visits(sum(by_source.values()), shown, _bars(by_day, today))


def _bars(by_day: Mapping[date, int], today: date) -> list[Bar]:
    if not by_day:
        return []
    # Two weeks at least: a bar alone says nothing of a day.
    first = min(min(by_day), today - timedelta(days=DAYS_MIN - 1))
    first = max(first, today - timedelta(days=DAYS_SHOWN - 1))
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    most = max((by_day.get(day, 0) for day in days), default=0) or 1
    return [
        Bar(rank, day, by_day.get(day, 0), round(100 * by_day.get(day, 0) / most, 2))
        for rank, day in enumerate(days)
    ]
