"""Atom (RFC 4287) of what happened in public."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from parvis.core import kinds
from parvis.core.i18n import tr, typeset
from parvis.core.models import Event, Node
from parvis.notify.digest import address
from parvis.notify.messages import absolute, site_name
from parvis.notify.news import NEWS

ATOM = "http://www.w3.org/2005/Atom"
_ROOT = UUID("6f1b2c1e-6a53-5f0e-9f0b-0d6d9a7b7a3c")
# What XML 1.0 has no way to hold.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = _UNFIT.sub("", words)


def label(event: Event) -> str:
    """Return the words for what happened, in the active language."""
    news = NEWS.get(event.verb)
    return str(news.label) if news else _("A proposal was made")


def atom(events: Sequence[Event], *, node: Node | None, path: str) -> bytes:
    """Return the feed of `events` (newest first) in the active language, as UTF-8 XML.

    Entry ids are UUIDs of the event: they do not tell how many events there are in between.
    """
    language = (get_language() or "fr")[:2]
    root = Element("feed", {"xmlns": ATOM, "xml:lang": language})
    name = site_name()
    title = f"{tr(node.title) or kinds.get(node.kind).label} | {name}" if node else name
    _text(root, "title", title)
    _text(root, "id", f"urn:uuid:{uuid5(_ROOT, settings.SITE_URL + path)}")
    SubElement(root, "link", {"rel": "self", "href": absolute(path)})
    page = kinds.url(node, language) if node else f"/{language}/"
    SubElement(root, "link", {"rel": "alternate", "href": absolute(page or f"/{language}/")})
    author = SubElement(root, "author")
    _text(author, "name", name)
    latest = events[0].at if events else timezone.now()
    _text(root, "updated", latest.isoformat())
    for event in events:
        _entry(root, event, language)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="utf-8")


def _entry(root: Element, event: Event, language: str) -> None:
    node = event.node
    if node is None:
        return
    entry = SubElement(root, "entry")
    name = tr(node.title) or str(kinds.get(node.kind).label)
    colon = " :" if language == "fr" else ":"
    _text(entry, "title", typeset(f"{label(event)}{colon} {name}", language))
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    _text(entry, "id", f"urn:uuid:{uuid5(_ROOT, f'{host}/{event.pk}')}")
    SubElement(entry, "link", {"rel": "alternate", "href": absolute(address(node, language))})
    _text(entry, "updated", event.at.isoformat())
    _text(entry, "published", event.at.isoformat())
    SubElement(entry, "category", {"term": event.verb, "label": label(event)})
    _text(entry, "summary", label(event))
