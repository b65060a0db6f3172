"""Poster and postcard: vector PDF, tagged (PDF/UA-1), set by Typst from our own layouts.

The library is loaded at the first piece: a server that prints nothing does not carry it.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import segno
from django.conf import settings
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from parvis.consult.launch.facts import Facts
from parvis.core import palette

Form = Literal["pdf", "svg"]
_HERE = Path(__file__).parent / "print"
_COLOURS = ("accent", "accent-tint", "ink", "ink-soft", "line")
_CHANGE_CHARACTERS = 240
_WAYS_CHARACTERS = 200


@dataclass(frozen=True)
class Size:
    """A sheet, in millimetres. Offices here print on letter and tabloid, elsewhere on A4 and A3."""

    name: str
    width: float
    height: float


SIZES = {
    "letter": Size("letter", 215.9, 279.4),
    "tabloid": Size("tabloid", 279.4, 431.8),
    "a4": Size("a4", 210, 297),
    "a3": Size("a3", 297, 420),
}


def qr_svg(url: str, *, plain: bool = True) -> str:
    """Return the QR code of an address as SVG: paths only, quiet zone of four modules."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", border=4, xmldecl=not plain, svgns=True, omitsize=plain, dark="#000"
    )
    return out.getvalue().decode()


def _data(facts: Facts, key: str) -> dict[str, Any]:
    ways = Truncator(facts.other_ways).chars(_WAYS_CHARACTERS)
    lines = [facts.period, facts.conditions, ways]
    return {
        "language": facts.language,
        "tokens": {name: palette.colours()[name] for name in _COLOURS},
        "fonts": palette.families(),
        "title": facts.title,
        "organisation": facts.organisation,
        "question": facts.question,
        "changes": [
            {"name": row.name, "words": Truncator(row.words).chars(_CHANGE_CHARACTERS)}
            for row in facts.changes
        ],
        "steps": [{"name": row.name, "when": row.words, "line": row.line} for row in facts.steps],
        "facts": [words for words in lines if words],
        "footnote": facts.demo_note,
        "url": facts.url(key),
        "shown_url": facts.shown_url(key),
        "qr": qr_svg(facts.url(key)),
        "words": {
            "consultation": _("Public consultation"),
            "changes": _("What your opinion can change"),
            "steps": _("What happens next"),
            "answer": _("Answer here"),
            "qr": _("QR code of %(url)s") % {"url": facts.shown_url(key)},
        },
    }


def _font_folder() -> Path:
    return Path(settings.HOME) / "fonts"


def _compile(layout: str, data: dict[str, Any], *, form: Form = "pdf") -> bytes:
    import typst

    source = (_HERE / "prelude.typ").read_text() + (_HERE / f"{layout}.typ").read_text()
    folder = _font_folder()
    fonts = [folder] if folder.is_dir() else []
    return typst.compile(  # type: ignore[misc]
        source.encode(),
        # Nothing of the machine can be read from a layout: its root is the layouts' own folder.
        root=str(_HERE),
        font_paths=fonts,
        format=form,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"] if form == "pdf" else [],
    )


def poster(facts: Facts, size: str = "letter", *, form: Form = "pdf") -> bytes:
    """Return the poster on one sheet. size: a key of SIZES; form: pdf, or svg to show it."""
    sheet = SIZES[size]
    with translation.override(facts.language):
        data = _data(facts, "poster")
    data |= {
        "width": sheet.width,
        "height": sheet.height,
        "unit": min(sheet.width / 210, sheet.height / 297),
    }
    return _compile("poster", data, form=form)


def postcard(facts: Facts, *, form: Form = "pdf") -> bytes:
    """Return the postcard, six inches by four, two sides."""
    with translation.override(facts.language):
        return _compile("postcard", _data(facts, "card"), form=form)
