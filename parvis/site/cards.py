"""The picture that a shared link shows: what it is, its title, its date, drawn on our server.

Typeset by Typst with the typefaces it carries, so that a machine without any draws the same. The
words are given as values, never as markup. Kept on disk under a name made of what it says: a
changed title makes another picture, and the old one goes.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from parvis.catalogue.models import Dataset
from parvis.consult.models import Consultation, Phase
from parvis.core import kinds, palette
from parvis.core.i18n import pick, tr, typeset
from parvis.core.models import Node
from parvis.core.templatetags.parvis import day, last_day
from parvis.pages.models import News
from parvis.plan.models import Commitment
from parvis.site.context import current_site

KINDS = ("news", "consultation", "commitment", "dataset")
WIDTH, HEIGHT = 1200, 630
VERSION = "1"
TITLE_CHARACTERS_MAX = 150
_SOURCE = """
#let d = sys.inputs
#set page(width: 1200pt, height: 630pt, margin: (x: 72pt, top: 70pt, bottom: 60pt))
#set text(font: "Libertinus Serif", lang: d.language, size: 32pt, fill: rgb(d.ink))
#set par(leading: 0.5em)
#place(top + left, dx: -72pt, dy: -70pt, rect(width: 1200pt, height: 18pt, fill: rgb(d.accent)))
#text(fill: rgb(d.accent), weight: 700, size: 36pt, d.kind)
#v(6pt)
#text(size: int(d.size) * 1pt, weight: 700, hyphenate: false, d.title)
#place(bottom + left, block(width: 100%)[
  #line(length: 100%, stroke: 3pt + rgb(d.accent))
  #v(-6pt)
  #text(weight: 700, d.site) #if d.date != "" [#h(14pt) #text(fill: rgb(d.soft), d.date)]
])
"""


@dataclass(frozen=True)
class Card:
    """What a card says."""

    kind: str
    title: str
    date: str
    site: str
    language: str

    @property
    def size(self) -> int:
        """Points of the title: a long one is set smaller, so that it fits."""
        length = len(self.title)
        return 76 if length < 50 else 64 if length < 90 else 52

    @property
    def digest(self) -> str:
        """Sixteen characters that stand for what it says."""
        words = "\n".join([VERSION, *map(str, asdict(self).values())])
        return hashlib.sha256(words.encode()).hexdigest()[:16]


def _consultation_date(node: Node) -> str:
    last = Phase.objects.filter(consultation_id=node.pk).order_by("-ends").first()
    until = _("Until %(date)s") % {"date": last_day(last.ends)} if last else ""
    rebuilt = Consultation.objects.filter(pk=node.pk, reconstructed=True).exists()
    # What is invented says so wherever it is shown.
    mark = _("Reconstructed demonstration data") if rebuilt else ""
    return " · ".join(words for words in (until, mark) if words)


def _news_date(node: Node) -> str:
    return day(News.objects.values_list("dated_on", flat=True).get(pk=node.pk))


def _commitment_date(node: Node) -> str:
    row = Commitment.objects.select_related("plan__node").get(pk=node.pk)
    return tr(row.plan.node.title)


def _dataset_date(node: Node) -> str:
    row = Dataset.objects.select_related("organisation__node").get(pk=node.pk)
    return tr(row.organisation.node.title) if row.organisation else ""


_DATES: dict[str, Callable[[Node], str]] = {
    "consultation": _consultation_date,
    "news": _news_date,
    "commitment": _commitment_date,
    "dataset": _dataset_date,
}


def card_of(node: Node, language: str) -> Card:
    """Return what the card of a thing says in a language."""
    with override(language):
        site = current_site()
        title = pick(node.title, language)[0]
        if len(title) > TITLE_CHARACTERS_MAX:
            title = title[: TITLE_CHARACTERS_MAX - 1].rstrip() + "…"
        return Card(
            kind=str(kinds.get(node.kind).label),
            title=typeset(title, language),
            date=str(_DATES[node.kind](node)),
            site=str(tr(site.name)) if site else "Parvis",
            language=language,
        )


def draw(card: Card) -> bytes:
    """Return the card as PNG, 1200 by 630 pixels."""
    import typst

    ink = palette.colours()
    inputs = {
        **asdict(card), "size": str(card.size),
        "accent": ink["accent"], "ink": ink["ink"], "soft": ink["ink-soft"],
    }  # fmt: skip
    return bytes(
        typst.compile(
            _SOURCE.encode(), format="png", ppi=72.0, ignore_system_fonts=True, sys_inputs=inputs
        )
    )


def path_of(node: Node, card: Card) -> Path:
    """Return the file of a card, drawn where it is not there yet."""
    folder = Path(settings.HOME) / "cards" / node.kind
    stem = f"{node.pk.hex}.{card.language}"
    target = folder / f"{stem}.{card.digest}.png"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    content = draw(card)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as temporary:
        temporary.write(content)
    os.chmod(temporary.name, 0o644)
    for old in folder.glob(f"{stem}.*.png"):
        old.unlink(missing_ok=True)
    Path(temporary.name).replace(target)
    return target
