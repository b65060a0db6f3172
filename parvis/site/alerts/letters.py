"""The messages of saved searches: in the reader's language, each with its way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from parvis.core import kinds
from parvis.core.i18n import tr
from parvis.notify.messages import absolute, compose
from parvis.site.alerts import running
from parvis.site.alerts.models import SavedSearch

ITEMS_MAX = 20
"""Results named by search; the page of results has them all."""
FOLDER = "alerts/mail"


@dataclass(frozen=True)
class Item:
    """One result."""

    label: str
    title: str
    url: str
    at: datetime | None


@dataclass(frozen=True)
class Section:
    """What one search found."""

    name: str
    summary: str
    items: Sequence[Item]
    others: int
    gone: Sequence[str]
    url: str
    stop_url: str


def name_of(row: SavedSearch) -> str:
    """Return the name of a search, else what it asks, else where."""
    return row.name or running.asked(row.where, row.query).summary or row.get_where_display()


def confirm(row: SavedSearch, token: str) -> Any:
    """Return the message that asks an address to confirm.

    The words of the search are left out: whoever typed the address may have chosen them to hurt.
    """
    with override(row.language):
        context = {
            "where": row.get_where_display(),
            "url": absolute(reverse("saved_search_confirm", args=[token])),
        }
        subject = _("Confirm your search alert")
        return compose("confirm", row.email, subject, context, folder=FOLDER)


def too_many(email: str, language: str) -> Any:
    """Return the message that says that an address keeps all the searches it can."""
    with override(language):
        subject = _("You keep as many searches as the site can run")
        return compose("too_many", email, subject, {}, folder=FOLDER)


def section(found: running.News, token: str, language: str) -> Section:
    """Return what a message says of one search, in the active language."""
    row, asked = found.search, running.asked(found.search.where, found.search.query)
    return Section(
        name=row.name or asked.summary or row.get_where_display(),
        summary=asked.summary if row.name else "",
        items=[
            Item(
                str(kinds.get(node.kind).label), tr(node.title),
                absolute(kinds.url(node, language) or ""), node.published_at,
            )
            for node in found.nodes[:ITEMS_MAX]
        ],
        others=max(0, len(found.nodes) - ITEMS_MAX),
        gone=[f"{part.label}: {part.words}" for part in asked.gone],
        url=absolute(running.address(row, language)),
        stop_url=absolute(reverse("saved_search_unsubscribe", args=[token])),
    )  # fmt: skip


def digest(email: str, language: str, found: Sequence[running.News], tokens: Sequence[str]) -> Any:
    """Return one message with what is new in each search (at least one).

    RFC 8058: one click on "unsubscribe" in the mail program ends every alert.
    """
    if not found:
        raise ValueError("an alert is never empty")
    with override(language):
        sections = [
            section(news, token, language) for news, token in zip(found, tokens, strict=True)
        ]
        count = sum(len(news.nodes) for news in found)
        said = ngettext("%(n)d new result", "%(n)d new results", count) % {"n": count}
        subject = f"{sections[0].name}: {said}" if len(sections) == 1 else said
        url = absolute(reverse("saved_search_unsubscribe", args=[tokens[0]]))
        headers = {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        }
        context = {"sections": sections, "unsubscribe_url": url}
        return compose("digest", email, subject[:200], context, headers, folder=FOLDER)
