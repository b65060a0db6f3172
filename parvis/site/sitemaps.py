"""The map of the site for search engines: every public page, in both languages.

sitemaps.org/protocol.html, with the alternates of each language (Google's xhtml:link). One file a
kind and per 5,000 things; only what is public now is in them.
"""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.db.models import Count, F, Max, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import override

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.models import Node, State

KINDS = (
    "consultation", "commitment", "plan", "response", "dataset", "document", "strategy",
    "indicator", "pillar", "committee", "news", "page",
)  # fmt: skip
"""Kinds whose things have a page of their own, found without a query each."""
ROWS_MAX = 5_000
FIXED = (
    "home", "consultations", "commitments", "datasets", "documents", "strategies", "pillars",
    "promises", "news_list", "register", "guarantees", "accessibility", "privacy", "api_guide",
    "moderation", "charter", "disclosure", "typed_registers",
)  # fmt: skip
# Kinds whose own row says when they last changed, beyond their words.
_CHANGED = {"dataset": "dataset__modified_at", "document": "document__modified_at"}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_ALTERNATES = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'


@dataclass(frozen=True)
class Part:
    """A file of the map: its name, and when something in it last changed."""

    name: str
    changed_at: datetime | None


def _public(kind: str) -> QuerySet[Node]:
    rows = Node.objects.filter(kind=kind, state=State.PUBLIC).select_related("space")
    if kind in _CHANGED:
        return rows.annotate(changed_at=F(_CHANGED[kind])).order_by("pk")
    changed = Coalesce(Max("revisions__at"), "published_at", "created_at")
    return rows.annotate(changed_at=changed).order_by("pk")


def parts() -> list[Part]:
    """Return the files of the map: the fixed pages, then each kind that has something."""
    found = [Part("pages-fixes", None)]
    known = kinds.known()
    rows = Node.objects.filter(kind__in=KINDS, state=State.PUBLIC).values_list("kind")
    changed = Coalesce(*_CHANGED.values(), "published_at")
    seen = rows.annotate(n=Count("pk"), last=Max(changed)).order_by("kind")
    counts = {kind: (n, last) for kind, n, last in seen}
    for kind in KINDS:
        if kind in counts and kind in known:
            count, last = counts[kind]
            pages = -(-count // ROWS_MAX)
            found += [Part(kind if n == 1 else f"{kind}-{n}", last) for n in range(1, pages + 1)]
    return found


def index() -> str:
    """Return the index as XML."""
    rows = []
    for part in parts():
        address = f"{settings.SITE_URL}/sitemap-{part.name}.xml"
        changed = f"<lastmod>{part.changed_at.isoformat()}</lastmod>" if part.changed_at else ""
        rows.append(f"<sitemap><loc>{escape(address)}</loc>{changed}</sitemap>")
    return f"{_HEAD}<sitemapindex {_SPACE}>{''.join(rows)}</sitemapindex>\n"


def _url(paths: dict[str, str], changed_at: datetime | None) -> str:
    """Return the entries of one thing: one a language, each with its alternates."""
    full = {code: settings.SITE_URL + path for code, path in paths.items()}
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href={quoteattr(address)}/>'
        for code, address in full.items()
    )
    changed = f"<lastmod>{changed_at.isoformat()}</lastmod>" if changed_at else ""
    return "".join(
        f"<url><loc>{escape(address)}</loc>{changed}{others}</url>" for address in full.values()
    )


def part(name: str) -> str | None:
    """Return a file of the map as XML; None where there is no such file."""
    if name == "pages-fixes":
        entries = [_url(_paths_of(page), None) for page in FIXED]
    else:
        kind, _dash, number = name.partition("-")
        if kind not in KINDS or kind not in kinds.known() or not _rank(number):
            return None
        start = (_rank(number) - 1) * ROWS_MAX
        rows = list(_public(kind)[start : start + ROWS_MAX])
        if not rows:
            return None
        entries = [entry for row in rows if (entry := _entry(row))]
    return f"{_HEAD}<urlset {_SPACE} {_ALTERNATES}>{''.join(entries)}</urlset>\n"


def _rank(number: str) -> int:
    if not number:
        return 1
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def _paths_of(name: str) -> dict[str, str]:
    out = {}
    for code in LANGUAGES:
        with override(code):
            out[code] = reverse(name)
    return out


def _entry(node: Node) -> str | None:
    paths = {code: path for code in LANGUAGES if (path := kinds.url(node, code))}
    if not paths or any("#" in path for path in paths.values()):
        return None  # a part of another page
    return _url(paths, node.changed_at)  # type: ignore[attr-defined]
