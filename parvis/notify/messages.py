"""The messages themselves: plain text, and the same as simple HTML, in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from parvis.core import keys, kinds
from parvis.core.i18n import tr
from parvis.core.models import Node, Site
from parvis.notify.models import Subscription

ITEMS_MAX = 40
WRITTEN_BY_ANYBODY = frozenset({"discussion", "data_request", "reuse"})


@dataclass(frozen=True)
class Item:
    """One piece of news as a message tells it."""

    label: str
    title: str
    url: str
    at: datetime
    because: str


def absolute(path: str) -> str:
    """Return a path of this site as an address that works in a message."""
    return f"{settings.SITE_URL}{path}"


def site_name() -> str:
    """Return the name of the site in the active language."""
    site = Site.objects.first()
    return (tr(site.name) if site else "") or "Parvis"


def compose(
    name: str,
    email: str,
    subject: str,
    context: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    folder: str = "notify/mail",
) -> EmailMultiAlternatives:
    """Return the message that a pair of templates (text, HTML) makes, in the active language."""
    values = {"site_name": site_name(), "site_url": settings.SITE_URL, "demo": settings.DEMO}
    values |= {"subject": subject, **context}
    text = render_to_string(f"{folder}/{name}.txt", values)
    html = render_to_string(f"{folder}/{name}.html", values)
    made = EmailMultiAlternatives(
        " ".join(subject.split()),
        "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n",
        settings.DEFAULT_FROM_EMAIL,
        [email],
        # RFC 3834: no automatic answer to what a machine wrote.
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
    )
    made.attach_alternative(html, "text/html")
    return made


def followed(node: Node | None, *, confirmed: bool = True) -> str:
    """Return the words for what is followed, in the active language.

    To an address that is not confirmed, nothing that the public wrote is quoted: a title could be
    the abuse that somebody wants us to send.
    """
    if node is None:
        return _("the news of the whole site")
    if node.kind == "contribution":
        title = tr(node.title) if confirmed and node.state == "public" else ""
        return _("“%(title)s”") % {"title": title} if title else _("a contribution")
    if node.kind in WRITTEN_BY_ANYBODY and not confirmed:
        return str(kinds.get(node.kind).label)
    return tr(node.title) or str(kinds.get(node.kind).label)


def confirm(row: Subscription, token: str) -> EmailMultiAlternatives:
    """Return the message that asks an address to confirm."""
    with override(row.language):
        name = followed(row.node, confirmed=False)
        context = {"followed": name, "url": absolute(reverse("confirm_subscription", args=[token]))}
        return compose("confirm", row.email, _("Confirm your subscription"), context)


def receipt(node: Node, email: str, language: str, token: str | None) -> EmailMultiAlternatives:
    """Return the receipt of a contribution; with a token, the link to be told what follows."""
    code = keys.receipt_code(node.pk)
    consultation = node.space.space if node.space else None
    with override(language):
        context = {
            "code": code,
            "consultation": tr(consultation.title) if consultation else "",
            "at": node.created_at,
            "url": absolute(reverse("follow_up_code", args=[code])),
            "confirm_url": absolute(reverse("confirm_subscription", args=[token])) if token else "",
        }
        return compose("receipt", email, _("Your receipt"), context)


def test(email: str, language: str, number: str, token: str) -> EmailMultiAlternatives:
    """Return the message that an operator sends to themselves; its link says that it arrived."""
    with override(language):
        context = {"number": number, "url": absolute(reverse("mail_received", args=[token]))}
        subject = _("Mail test %(number)s") % {"number": number}
        return compose("test", email, subject, context)


def digest(email: str, language: str, items: Sequence[Item], token: str) -> EmailMultiAlternatives:
    """Return one message with all the news of a mailbox, newest first (at least one).

    RFC 8058: one click on "unsubscribe" in the mail program stops everything.
    """
    if not items:
        raise ValueError("a notice is never empty")
    with override(language):
        url = absolute(reverse("unsubscribe", args=[token]))
        subject = items[0].label + (f": {items[0].title}" if items[0].title else "")
        if len(items) > 1:
            subject = ngettext("%(n)d piece of news", "%(n)d pieces of news", len(items)) % {
                "n": len(items)
            }
        context = {
            "items": items[:ITEMS_MAX],
            "others": max(0, len(items) - ITEMS_MAX),
            "unsubscribe_url": url,
        }
        headers = {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        }
        return compose("digest", email, subject[:200], context, headers)
