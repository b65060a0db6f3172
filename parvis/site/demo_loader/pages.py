"""The newsroom, a page, a block of the home page and the names of the demonstration."""

from collections.abc import Mapping
from typing import Any

import typst
from django.db import transaction

from parvis.core import palette
from parvis.core.access import SYSTEM
from parvis.core.models import Node, State
from parvis.pages import blocks, hosts, media, newsroom, services
from parvis.pages.models import Image, News
from parvis.site.demo_loader.reading import day_of, read

_DRAWING = """
#let d = sys.inputs
#set page(width: 1280pt, height: 290pt, margin: 0pt, fill: rgb(d.tint))
#set text(font: "Libertinus Serif", size: 34pt, weight: 700, fill: rgb(d.strong))
#place(dx: 130pt, dy: 132pt, line(length: 1020pt, stroke: 8pt + rgb(d.accent)))
#for (n, step) in d.steps.split("|").enumerate() {
  place(dx: 130pt + n * 255pt - 26pt, dy: 106pt, circle(
    radius: 26pt,
    fill: if n < 3 { rgb(d.accent) } else { rgb(d.tint) },
    stroke: 8pt + rgb(d.accent),
  ))
  place(dx: n * 255pt + 2pt, dy: 190pt, box(width: 256pt, align(center, step)))
}
"""


@transaction.atomic
def load_pages() -> None:
    """Load releases published elsewhere (linked, not copied), a page, a block and two names."""
    found = read("pages")
    for row in found["releases"]:
        _release(row)
    image = _picture(found["picture"])
    page = found["page"]
    shown = f"![](media:{image.pk})"
    body = {code: text.replace("{picture}", shown) for code, text in page["body"].items()}
    texts = {"title": page["title"], "summary": page["summary"], "body": body}
    made = services.create_page(actor=SYSTEM, texts=texts, slug=page["slug"])
    services.publish_page(actor=SYSTEM, page=made)
    for row in found["blocks"]:
        fields = {"title": row["title"], "links": row["links"]}
        blocks.add_block(actor=SYSTEM, kind=row["kind"], fields=fields)
    for row in found["hosts"]:
        hosts.save_host(actor=SYSTEM, host=row["host"], fields={"section": row["section"]})


def _release(row: Mapping[str, Any]) -> None:
    informed = Node.objects.filter(kind="consultation", slug__in=row["informs"], state=State.PUBLIC)
    news = newsroom.draft_news(
        actor=SYSTEM,
        title={"fr": row["title"]},
        slug=row["slug"],
        fields={
            "form": News.Form.EXTERNAL,
            "dated_on": day_of(row["date"]),
            "lead": row["lead"],
            "external_url": row["url"],
            "publisher": row["publisher"],
            "language": "fr",
        },
        consultations=informed,
    )
    newsroom.publish_news(actor=SYSTEM, news=news)


def _picture(row: Mapping[str, Any]) -> Image:
    ink = palette.colours()
    content = typst.compile(
        _DRAWING.encode(),
        format="png",
        ppi=72.0,
        ignore_system_fonts=True,
        sys_inputs={
            "steps": "|".join(row["steps"]),
            "accent": ink["accent"],
            "strong": ink["accent-strong"],
            "tint": ink["accent-tint"],
        },
    )
    fields = {"name": row["name"], "alt": row["alt"], "credit": row["credit"]}
    return media.add_image(actor=SYSTEM, file=("fil.png", bytes(content)), fields=fields)
