"""The pieces of the kit: a name, a media type and how its bytes are made, in each language."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from parvis.consult.launch import pdf
from parvis.consult.launch.facts import Facts

SHORT_CHARACTERS = 280
"""What the strictest networks take; an address counts in it as it is written."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Piece:
    """A file of the kit. `names`: its name in each language."""

    key: str
    label: Any
    names: Mapping[str, str]
    media_type: str
    make: Callable[[Facts], bytes]


def _text(template: str, context: Mapping[str, Any]) -> str:
    lines = render_to_string(f"launch/{template}", dict(context)).strip().splitlines()
    out: list[str] = []
    for line in (line.rstrip() for line in lines):
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out) + "\n"


def subject(facts: Facts) -> str:
    """Return the subject of the invitation."""
    return _("Your opinion: %(title)s") % {"title": facts.title}


def invitation(facts: Facts, *, html: bool = False) -> str:
    """Return the invitation, as text or as simple HTML."""
    context = {
        "f": facts,
        "subject": subject(facts),
        "url": facts.url("mail"),
        "shown_url": facts.shown_url("mail"),
    }
    return _text("invitation.html" if html else "invitation.txt", context)


def message(facts: Facts) -> bytes:
    """Return the invitation as a message that mail programs open ready to be sent."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = subject(facts)
    made["X-Unsent"] = "1"
    made.set_content(invitation(facts))
    made.add_alternative(invitation(facts, html=True), subtype="html")
    made.set_boundary(f"parvis-{facts.code}")
    return bytes(made)


def quotation(facts: Facts) -> dict[str, str]:
    """Return the words of whoever announces, or the holes that stand where they would be.

    Nothing is ever written in somebody's name: without the words, their author, the office and a
    source, the release says what is missing.
    """
    row = facts.quotation
    words = row.words.get(facts.language, "") if row else ""
    office = row.office.get(facts.language, "") if row else ""
    whole = row is not None and bool(words and office)
    return {
        "words": words if whole else "",
        "name": row.name if row else "",
        "office": office,
        "source": row.source if row else "",
        "contact": row.media_contact if row else "",
        "hole": _("QUOTATION MISSING: the words, who said them, the office and the source"),
        "contact_hole": _("[CONTACT MISSING]"),
    }


def release(facts: Facts, *, html: bool = False) -> str:
    """Return the draft of the news release, as text or as simple HTML."""
    headline = facts.title
    if facts.closes:
        headline = _("%(title)s: the public has until %(day)s to answer") % {
            "title": facts.title, "day": facts.closes,
        }  # fmt: skip
    context = {
        "f": facts,
        "headline": headline,
        "quote": quotation(facts),
        "url": facts.url("release"),
        "shown_url": facts.shown_url("release"),
    }
    return _text("release.html" if html else "release.txt", context)


def short_post(facts: Facts) -> str:
    """Return words for a network, with the address: 280 characters at most."""
    url = facts.url("social")
    end = (" " + _("Until %(day)s.") % {"day": facts.closes} if facts.closes else "") + f" {url}"
    return Truncator(facts.question or facts.title).chars(SHORT_CHARACTERS - len(end)) + end


def medium_post(facts: Facts) -> str:
    """Return words for a newsletter or a longer post."""
    who = facts.organisation
    parts = [
        facts.title,
        facts.question,
        facts.summary,
        facts.changes[0].line if facts.changes else "",
        _("%(who)s asks for your opinion.") % {"who": who} if who else "",
        f"{facts.period}. {facts.conditions}." if facts.period and facts.conditions else "",
        _("Answer here: %(url)s") % {"url": facts.url("social")},
        facts.demo_note,
    ]
    return "\n\n".join(part for part in parts if part)


def embed(facts: Facts) -> str:
    """Return the HTML that shows the consultation in a box on another site."""
    title = escape(facts.title)
    return (
        f'<iframe src="{escape(facts.embed_url)}" title="{title}" width="100%" height="340"'
        ' loading="lazy" referrerpolicy="no-referrer" sandbox="allow-popups'
        ' allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"></iframe>\n'
    )


def plain_link(facts: Facts) -> str:
    """Return the HTML of a link alone, for sites that take no box."""
    return f'<p><a href="{escape(facts.url("embed"))}">{escape(facts.title)}</a></p>\n'


def _posts(facts: Facts) -> bytes:
    context = {"short": short_post(facts), "medium": medium_post(facts)}
    return render_to_string("launch/social.txt", context).strip().encode() + b"\n"


def _poster(size: str) -> Callable[[Facts], bytes]:
    return lambda facts: pdf.poster(facts, size)


def _named(fr: str, en: str, end: str) -> dict[str, str]:
    return {"fr": f"{fr}-fr.{end}", "en": f"{en}-en.{end}"}


_POSTERS = [
    Piece(f"poster_{size}", label, _named(f"affiche-{fr}", f"poster-{en}", "pdf"),
          "application/pdf", _poster(size))
    for size, fr, en, label in (
        ("letter", "lettre", "letter", gettext_lazy("Poster, letter")),
        ("tabloid", "tabloid", "tabloid", gettext_lazy("Poster, tabloid (11 × 17 in)")),
        ("a4", "a4", "a4", gettext_lazy("Poster, A4")),
        ("a3", "a3", "a3", gettext_lazy("Poster, A3")),
    )
]  # fmt: skip
PIECES: tuple[Piece, ...] = (
    Piece("mail", gettext_lazy("Invitation, ready to open in a mail program"),
          _named("invitation", "invitation", "eml"), "message/rfc822", message),
    Piece("mail_text", gettext_lazy("Invitation, text"), _named("invitation", "invitation", "txt"),
          "text/plain; charset=utf-8", lambda f: invitation(f).encode()),
    Piece("mail_html", gettext_lazy("Invitation, HTML"), _named("invitation", "invitation", "html"),
          "text/html; charset=utf-8", lambda f: invitation(f, html=True).encode()),
    Piece("release_text", gettext_lazy("News release, text"),
          _named("communique", "release", "txt"), "text/plain; charset=utf-8",
          lambda f: release(f).encode()),
    Piece("release_html", gettext_lazy("News release, HTML (opens in a word processor)"),
          _named("communique", "release", "html"), "text/html; charset=utf-8",
          lambda f: release(f, html=True).encode()),
    *_POSTERS,
    Piece("postcard", gettext_lazy("Postcard, two sides (6 × 4 in)"),
          _named("carte-postale", "postcard", "pdf"), "application/pdf", pdf.postcard),
    Piece("social", gettext_lazy("Words for networks and newsletters"),
          _named("reseaux-sociaux", "social", "txt"), "text/plain; charset=utf-8", _posts),
    Piece("embed", gettext_lazy("Box for another site"), _named("encart", "box", "html"),
          "text/html; charset=utf-8", lambda f: embed(f).encode()),
    Piece("link", gettext_lazy("Link for another site"), _named("lien", "link", "html"),
          "text/html; charset=utf-8", lambda f: plain_link(f).encode()),
    Piece("qr", gettext_lazy("QR code of the short address (SVG)"), _named("code-qr", "qr", "svg"),
          "image/svg+xml", lambda f: pdf.qr_svg(f.short_url, plain=False).encode()),
)  # fmt: skip
BY_KEY = {piece.key: piece for piece in PIECES}


def piece_named(name: str) -> tuple[Piece, str] | None:
    """Return (piece, language) of a file name, or None."""
    for piece in PIECES:
        for language, known in piece.names.items():
            if known == name:
                return piece, language
    return None


def made(piece: Piece, facts: Facts) -> bytes:
    """Return the bytes of a piece, its words in the language of the facts."""
    with override(facts.language):
        return piece.make(facts)


def whole_kit(everything: Sequence[Facts]) -> bytes:
    """Return every piece in every language given, as one ZIP: a folder a language."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for facts in everything:
            folder = "francais" if facts.language == "fr" else "english"
            with override(facts.language):
                listed = [
                    {"name": piece.names[facts.language], "label": str(piece.label)}
                    for piece in PIECES
                ]
                readme = _("README.txt")
                text = _text("readme.txt", {"f": facts, "pieces": listed})
            _put(archive, f"{folder}/{readme}", text.encode())
            for piece in PIECES:
                _put(archive, f"{folder}/{piece.names[facts.language]}", made(piece, facts))
    return out.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # The same kit twice is the same file: no date of now in it.
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
