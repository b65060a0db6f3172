"""What pages and news say of themselves to the kernel: address and words."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.kinds import Kind
from parvis.core.models import Node
from parvis.pages.models import News, Page

Words = dict[UUID, dict[str, str]]


def _joined(*texts: dict[str, str]) -> dict[str, str]:
    out = {code: " ".join(text[code] for text in texts if text.get(code)) for code in LANGUAGES}
    return {code: words for code, words in out.items() if words}


def page_texts(ids: Iterable[UUID]) -> Words:
    """The words of pages."""
    rows = Page.objects.filter(pk__in=list(ids))
    return {row.pk: _joined(row.summary, row.body) for row in rows}


def news_texts(ids: Iterable[UUID]) -> Words:
    """The words of news; of a release published elsewhere, ours only."""
    rows = News.objects.filter(pk__in=list(ids))
    return {row.pk: _joined(row.lead, row.body, row.quote) for row in rows}


def _news_url(node: Node) -> str:
    """Return the path of a piece of news."""
    return reverse("news", args=[node.slug])


def register() -> None:
    """Declare the kinds."""
    kinds.register(
        Kind(
            "page", gettext_lazy("Page"), gettext_lazy("Pages"),
            lambda node: reverse("page", args=[node.slug]), page_texts,
        )
    )  # fmt: skip
    kinds.register(
        Kind("news", gettext_lazy("News item"), gettext_lazy("News"), _news_url, news_texts)
    )
