"""{% load qr %}{% qr text label %}: a QR code as an SVG path, without style nor script; keys."""

import segno
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
_QUIET = 4
"""ISO/IEC 18004 asks for a quiet zone of four modules."""


@register.simple_tag
def qr(text: str, label: str = "") -> SafeString:
    """Return the QR code of `text` as inline SVG, announced as `label`."""
    code = segno.make(text, error="m", micro=False)
    runs: list[str] = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    side = len(code.matrix)
    return format_html(
        '<svg class="qr" viewBox="-{0} -{0} {1} {1}" role="img" aria-label="{2}" '
        'shape-rendering="crispEdges"><path d="{3}"/></svg>',
        _QUIET,
        side + 2 * _QUIET,
        label,
        "".join(runs),
    )


@register.filter
def grouped(text: str) -> str:
    """A long key by fours, as people read and type it; applications leave the spaces out."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
