"""Editorial pages: written, looked at, published, taken back, restored. One transaction each.

What is written over a public page waits in its working copy until it is published: readers never
see half a change, and nothing written is lost.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Revision, State
from parvis.core.rows import check_row, holes, new_node, publish_node, site_languages, title_of
from parvis.pages.models import Page
from parvis.pages.rights import require_pages

FIELDS = ("title", "summary", "body")
RESERVED = frozenset({"nouvelle", "new"})
"""Words that addresses of the desk use where a page's slug stands."""


def texts_of(page: Page) -> dict[str, dict[str, str]]:
    """Return what the page says, to the public where it is public."""
    return {
        "title": dict(page.node.title),
        "summary": dict(page.summary),
        "body": dict(page.body),
    }


def written(page: Page) -> dict[str, dict[str, str]]:
    """Return what is being written: the working copy, or what the page says."""
    return dict(page.working) if page.working is not None else texts_of(page)


def _put(page: Page, texts: Mapping[str, Any]) -> None:
    page.node.title = texts["title"]
    page.summary, page.body = texts["summary"], texts["body"]
    check_row(page)


def _checked(texts: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return clean texts of a page. Raises Invalid."""
    title = title_of(texts["title"])
    trial = Page(summary=texts["summary"], body=texts["body"])
    check_row(trial)
    return {"title": title, "summary": trial.summary, "body": trial.body}


def _locked(page: Page) -> Page:
    return Page.objects.select_for_update().select_related("node").get(pk=page.pk)


def seen_of(row: Any) -> str:
    """Return the mark of the version of a page or a piece of news that a form was opened on."""
    return str(row.updated_at.isoformat())


def refuse_stale(row: Any, seen: str | None) -> None:
    """Refuse what was written over an older version. Raises Invalid on `seen`."""
    if seen is not None and seen != seen_of(row):
        raise Invalid(
            {
                "seen": [
                    _("Somebody saved this page while you were writing. Your text is kept below: "
                      "compare it with theirs, then save again to replace theirs.")
                ]
            }
        )  # fmt: skip


@transaction.atomic
def create_page(
    *,
    actor: Actor,
    texts: Mapping[str, Any],
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> Page:
    """Draft a page and return it; `texts`: title, summary, body. Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return Page.objects.select_related("node").get(node=earlier.node)
    require_pages(actor)
    cleaned = _checked(texts)
    page = Page(node=new_node("page", cleaned["title"], slug=slug, reserved=RESERVED))
    _put(page, cleaned)
    page.save(force_insert=True)
    emit("page.drafted", node=page.node, actor=actor, key=key)
    return page


@transaction.atomic
def save_page(
    *, actor: Actor, page: Page, texts: Mapping[str, Any], seen: str | None = None
) -> Page:
    """Save what is written: into the draft, or beside what is public. Raises Invalid, Forbidden."""
    require_pages(actor)
    page = _locked(page)
    refuse_stale(page, seen)
    cleaned = _checked(texts)
    if page.node.state == State.PUBLIC:
        page.working = cleaned if cleaned != texts_of(page) else None
    else:
        _put(page, cleaned)
        page.node.save(update_fields=["title"])
    page.updated_at = timezone.now()
    page.save()
    emit("page.changed", node=page.node, actor=actor)
    return page


def missing_texts(page: Page) -> dict[str, list[object]]:
    """Return field -> words of what publication of the written text waits for."""
    texts = written(page)
    found = holes(texts, site_languages())
    if not texts["body"].get(DEFAULT):
        found["body"] = [_("Write the text.")]
    return found


@transaction.atomic
def publish_page(*, actor: Actor, page: Page, note: Text | None = None) -> Page:
    """Publish what is written, whole. Raises Invalid, Conflict where nothing changed, Forbidden."""
    require_pages(actor)
    page = _locked(page)
    first = page.node.state != State.PUBLIC
    if not first and page.working is None:
        raise Conflict(_("What is written is public already."))
    if bad := missing_texts(page):
        raise Invalid(bad)
    if page.working is not None:
        _put(page, page.working)
        page.node.save(update_fields=["title"])
        page.working = None
    if first:
        publish_node(page.node)
    page.updated_at = timezone.now()
    page.save()
    revisions.keep(page.node, texts_of(page), actor=actor, note=note)
    emit("page.published", node=page.node, actor=actor)
    return page


@transaction.atomic
def unpublish_page(*, actor: Actor, page: Page) -> Page:
    """Take a page back: 410 at its address, a draft at the desk. Raises Conflict, Forbidden."""
    require_pages(actor)
    page = _locked(page)
    if page.node.state != State.PUBLIC:
        raise Conflict(_("This page is not public."))
    if page.working is not None:
        _put(page, page.working)
        page.working = None
    page.node.state = State.DRAFT
    page.node.save(update_fields=["state", "title"])
    page.updated_at = timezone.now()
    page.save()
    emit("page.unpublished", node=page.node, actor=actor)
    return page


@transaction.atomic
def restore_page(*, actor: Actor, page: Page, revision: Revision) -> Page:
    """Put an old version where one writes; the public sees it once it is published.

    Raises Conflict for a version of something else, Forbidden.
    """
    require_pages(actor)
    if revision.node_id != page.pk:
        raise Conflict
    old = {name: dict(revision.texts.get(name) or {}) for name in FIELDS}
    return save_page(actor=actor, page=page, texts=old)


@transaction.atomic
def drop_working(*, actor: Actor, page: Page) -> Page:
    """Give up what is written over a public page. Raises Conflict where there is nothing."""
    require_pages(actor)
    page = _locked(page)
    if page.working is None:
        raise Conflict(_("What is written is public already."))
    page.working = None
    page.updated_at = timezone.now()
    page.save()
    emit("page.changed", node=page.node, actor=actor)
    return page
