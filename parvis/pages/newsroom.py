"""News: drafted, changed, published, taken back, tied to consultations. One transaction each."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import revisions, thread
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Link, Node, State
from parvis.core.rows import (
    apply,
    check_row,
    holes,
    new_node,
    plain,
    publish_node,
    site_languages,
    title_of,
)
from parvis.pages.models import News
from parvis.pages.rights import require_pages
from parvis.pages.services import RESERVED, refuse_stale

FIELDS = (
    "form", "dated_on", "organisation", "lead", "body", "contacts", "quote", "quote_name",
    "quote_office", "quote_url", "external_url", "publisher", "language", "image",
)  # fmt: skip
KEPT = tuple(name for name in FIELDS if name not in {"organisation", "image", "form", "language"})
"""What history keeps, beside the title."""
_COPIED = ("body", "contacts", "quote", "quote_name", "quote_office", "quote_url")


def texts_of(news: News) -> dict[str, Any]:
    """Return what history keeps of a piece of news."""
    kept = {name: plain(getattr(news, name)) for name in KEPT}
    return {"title": dict(news.node.title), **{k: v for k, v in kept.items() if v}}


def _check(news: News) -> None:
    """Refuse what does not hold together. A release of others is linked: none of it is copied."""
    check_row(news)
    wrong: dict[str, list[object]] = {}
    if news.form == News.Form.EXTERNAL:
        for name in _COPIED:
            if getattr(news, name):
                wrong[name] = [
                    _("A release published elsewhere is linked: nothing of it is copied.")
                ]
    else:
        for name in ("external_url", "publisher"):
            if getattr(news, name):
                wrong[name] = [_("Only for a release published elsewhere.")]
    if news.quote and not (news.quote_name and news.quote_url):
        wrong["quote"] = [_("Say who said these words, and where they were published.")]
    if wrong:
        raise Invalid(wrong)


def missing_texts(news: News) -> dict[str, list[object]]:
    """Return field -> words of what publication waits for."""
    external = news.form == News.Form.EXTERNAL
    texts = {
        name: getattr(news, name) for name in ("lead", "body", "contacts", "quote", "quote_office")
    }
    found = holes(texts if external else {"title": news.node.title, **texts}, site_languages())
    needed = ("dated_on", "external_url", "publisher") if external else ("dated_on",)
    for name in needed:
        if not getattr(news, name):
            found[name] = [_("Needed before publication.")]
    if not external:
        for name in ("lead", "body"):
            if not getattr(news, name).get(DEFAULT):
                found[name] = [_("Needed before publication.")]
    return found


def _tie(news: News, consultations: Iterable[Node], actor: Actor) -> None:
    """Make the news inform exactly these consultations."""
    wanted = {node.pk: node for node in consultations}
    now = {
        link.target_id: link.target
        for link in Link.objects.filter(source=news.node, relation="informs").select_related(
            "target"
        )
    }
    for pk in now.keys() - wanted.keys():
        thread.unlink(news.node, "informs", now[pk], actor=actor, action="manage_pages")
    for pk in wanted.keys() - now.keys():
        thread.link(news.node, "informs", wanted[pk], actor=actor, action="manage_pages")


@transaction.atomic
def draft_news(
    *,
    actor: Actor,
    title: Text,
    fields: Mapping[str, Any],
    consultations: Iterable[Node] = (),
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> News:
    """Draft a piece of news and return it. Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return News.objects.select_related("node").get(node=earlier.node)
    require_pages(actor)
    news = News(node=new_node("news", title_of(title), slug=slug, reserved=RESERVED))
    apply(news, fields, FIELDS)
    _check(news)
    news.save(force_insert=True)
    _tie(news, consultations, actor)
    emit("news.drafted", node=news.node, actor=actor, key=key)
    return news


@transaction.atomic
def change_news(
    *,
    actor: Actor,
    news: News,
    title: Text,
    fields: Mapping[str, Any],
    consultations: Iterable[Node] | None = None,
    note: Text | None = None,
    seen: str | None = None,
) -> News:
    """Change a piece of news; once public, what it said is kept. Raises Invalid, Forbidden."""
    require_pages(actor)
    news = News.objects.select_for_update().select_related("node").get(pk=news.pk)
    refuse_stale(news, seen)
    news.node.title = title_of(title)
    apply(news, fields, FIELDS)
    _check(news)
    if news.node.state == State.PUBLIC and (bad := missing_texts(news)):
        raise Invalid(bad)
    news.updated_at = timezone.now()
    news.save()
    news.node.save(update_fields=["title"])
    if consultations is not None:
        _tie(news, consultations, actor)
    if news.node.state == State.PUBLIC:
        revisions.keep(news.node, texts_of(news), actor=actor, note=note)
    emit("news.changed", node=news.node, actor=actor)
    return news


@transaction.atomic
def publish_news(*, actor: Actor, news: News) -> News:
    """Publish a piece of news. Raises Invalid, Conflict, Forbidden."""
    require_pages(actor)
    news = News.objects.select_for_update().select_related("node").get(pk=news.pk)
    if news.node.state == State.PUBLIC:
        raise Conflict(_("This news is public already."))
    if bad := missing_texts(news):
        raise Invalid(bad)
    publish_node(news.node)
    news.updated_at = timezone.now()
    news.save(update_fields=["updated_at"])
    revisions.keep(news.node, texts_of(news), actor=actor)
    emit("news.published", node=news.node, actor=actor)
    return news


@transaction.atomic
def unpublish_news(*, actor: Actor, news: News) -> News:
    """Take a piece of news back: its address answers 410. Raises Conflict, Forbidden."""
    require_pages(actor)
    news = News.objects.select_for_update().select_related("node").get(pk=news.pk)
    if news.node.state != State.PUBLIC:
        raise Conflict(_("This news is not public."))
    news.node.state = State.DRAFT
    news.node.save(update_fields=["state"])
    news.updated_at = timezone.now()
    news.save(update_fields=["updated_at"])
    emit("news.unpublished", node=news.node, actor=actor)
    return news
