"""What pages, news and the home page read."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from parvis.core import kinds, thread
from parvis.core.errors import Gone, NotFound
from parvis.core.i18n import pick
from parvis.core.models import Node, State
from parvis.pages import markup
from parvis.pages.blocks import Line, lines_of
from parvis.pages.models import Block, Image, News, Page

_NEWS = ("node", "organisation__node", "image")


def page_by_slug(slug: str) -> Page:
    """Return a page, whatever its state. Raises NotFound."""
    found = Page.objects.select_related("node").filter(node__slug=slug).first()
    if found is None:
        raise NotFound
    return found


def public_page_by_slug(slug: str) -> Page:
    """Return a public page. Raises NotFound; Gone for one that was taken back."""
    page = page_by_slug(slug)
    _refuse_hidden(page.node)
    return page


def _refuse_hidden(node: Node) -> None:
    if node.state != State.PUBLIC:
        raise Gone if node.published_at else NotFound


def news_by_slug(slug: str) -> News:
    """Return a piece of news with its picture, whatever its state. Raises NotFound."""
    rows = News.objects.select_related(*_NEWS).prefetch_related("image__sizes__file")
    found = rows.filter(node__slug=slug).first()
    if found is None:
        raise NotFound
    return found


def public_news_by_slug(slug: str) -> News:
    """Return a public piece of news. Raises NotFound; Gone for one that was taken back."""
    news = news_by_slug(slug)
    _refuse_hidden(news.node)
    return news


def public_news() -> QuerySet[News]:
    """Return public news, the newest first, with their pictures."""
    rows = News.objects.filter(node__state=State.PUBLIC).select_related(*_NEWS)
    return rows.prefetch_related("image__sizes__file").order_by("-dated_on", "-pk")


def informed(news: News) -> list[Node]:
    """Return the public consultations that a piece of news informs."""
    links = thread.linked([news.pk], "informs").get(news.pk, [])
    return [link.target for link in links if link.target.state == State.PUBLIC]


@dataclass(frozen=True)
class HomeBlock:
    """A block of the home page, ready to show."""

    kind: str
    title: Any
    body: Any = ""
    lines: tuple[Line, ...] = ()
    node: Node | None = None
    label: Any = ""
    words: Any = ""


def home_blocks() -> list[HomeBlock]:
    """Return the blocks of the home page in order; one whose thing is not public is left out.

    At most four queries and one a kind shown, whatever the number of blocks.
    """
    rows = list(Block.objects.select_related("node"))
    known = _pictures(rows)
    words = _words([row.node for row in rows if row.node])
    out = []
    for row in rows:
        if row.kind == Block.Kind.FEATURED:
            if row.node is None or row.node.state != State.PUBLIC:
                continue
            label = kinds.get(row.node.kind).label
            found = words.get(row.node.pk, {})
            out.append(HomeBlock(row.kind, row.title, node=row.node, label=label, words=found))
        elif row.kind == Block.Kind.LINKS:
            out.append(HomeBlock(row.kind, row.title, lines=tuple(lines_of(row.links))))
        else:
            out.append(HomeBlock(row.kind, row.title, body=markup.render(row.body, known)))
    return out


def _pictures(rows: list[Block]) -> dict[int, Image]:
    texts = [pick(row.body)[0] for row in rows]
    return markup.images({n for text in texts for n in markup.media_in(text)})


def _words(nodes: list[Node]) -> dict[UUID, dict[str, str]]:
    found: dict[UUID, dict[str, str]] = {}
    for kind in {node.kind for node in nodes}:
        ids = [node.pk for node in nodes if node.kind == kind]
        found |= {pk: dict(text) for pk, text in kinds.get(kind).texts(ids).items()}
    return found
