"""Documents: drafted, changed, published with their attachment. One transaction each."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.models import Document
from parvis.catalogue.services import clean_sources, clean_tags, clean_title, dataset_slug
from parvis.core import access, files, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, LANGUAGES, Text, tr
from parvis.core.models import Node, State
from parvis.core.rows import check_row

EDITABLE = (
    "doc_kind",
    "date",
    "summary",
    "body",
    "organisation",
    "tags",
    "sources",
    "written_by_us",
    "reconstructed",
)


def _assign(document: Document, changes: Mapping[str, Any]) -> None:
    if unknown := set(changes) - set(EDITABLE):
        raise Invalid({name: [_("This cannot be changed.")] for name in unknown})
    values = dict(changes)
    if "sources" in values:
        values["sources"] = clean_sources(values["sources"])
    if "tags" in values:
        values["tags"] = clean_tags(values["tags"])
    for name, value in values.items():
        setattr(document, name, value)
    check_row(document, ["file"])


def texts_of(document: Document) -> dict[str, Any]:
    """Return what a revision keeps of a document."""
    return {
        "title": dict(document.node.title),
        "date": document.date.isoformat() if document.date else "",
        "summary": dict(document.summary),
        "body": dict(document.body),
        "tags": {
            code: ", ".join(tr(tag, code) for tag in document.tags)
            for code in LANGUAGES
            if document.tags
        },
        "sources": " ".join(document.sources),
        "file": f"{document.file_name} {document.file.sha256}" if document.file else "",
    }


def digest_of(document: Document) -> str:
    """Return the SHA-256 of a document: its texts as sorted JSON, with its file's own hash."""
    text = json.dumps(texts_of(document), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _safe_name(name: str) -> str:
    stem, _dot, extension = name.replace("\\", "/").rsplit("/", 1)[-1].rpartition(".")
    plain = re.sub(r"[^\w-]+", "-", stem, flags=re.ASCII).strip("-") or "document"
    return f"{plain[:100]}.{re.sub('[^a-z0-9]', '', extension.lower())[:8]}"


def _attach(document: Document, name: str, content: bytes) -> None:
    media_type = files.sniff(name, content)
    document.file = files.store([content], media_type)
    document.file_name = _safe_name(name)


@transaction.atomic
def draft_document(
    *,
    actor: Actor,
    title: Text,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    file: tuple[str, bytes] | None = None,
    key: IdempotencyKey | None = None,
) -> Document:
    """Draft a document and return it; `file` is (name, bytes). Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return Document.objects.select_related("node", "file").get(node=earlier.node)
    access.require(actor, "manage_catalogue")
    cleaned = clean_title(title)
    node = Node.objects.create(
        kind="document",
        slug=dataset_slug("document", cleaned, slug),
        title=cleaned,
        state=State.DRAFT,
    )
    document = Document(node=node)
    _assign(document, fields or {})
    access.require(actor, "manage_catalogue", document)
    if file:
        _attach(document, *file)
    document.save(force_insert=True)
    emit("document.drafted", node=node, actor=actor, key=key)
    return document


@transaction.atomic
def update_document(
    *,
    actor: Actor,
    document: Document,
    changes: Mapping[str, Any],
    title: Text | None = None,
    file: tuple[str, bytes] | None = None,
    remove_file: bool = False,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Document:
    """Change a document; once public, what it said before is kept. Raises Invalid, Forbidden."""
    if replayed(key):
        return document
    access.require(actor, "manage_catalogue", document)
    _assign(document, changes)
    access.require(actor, "manage_catalogue", document)
    if file:
        _attach(document, *file)
    elif remove_file:
        document.file, document.file_name = None, ""
    document.modified_at = timezone.now()
    document.save()
    if title is not None:
        document.node.title = clean_title(title)
        document.node.save(update_fields=["title"])
    if document.node.state == State.PUBLIC:
        _refuse_holes(document)
        revisions.keep(document.node, texts_of(document), actor=actor, note=note)
    emit("document.changed", node=document.node, actor=actor, key=key)
    return document


def holes(document: Document) -> dict[str, list[Any]]:
    """Return field -> words of what is missing before publication; empty: it can go."""
    found: dict[str, list[Any]] = {}
    if not document.summary.get(DEFAULT):
        found["summary"] = [_("Write a plain summary.")]
    if not document.body.get(DEFAULT) and document.file_id is None:
        found["body"] = [_("Write the text, or attach the file.")]
    if document.written_by_us and not document.sources:
        found["sources"] = [_("Say which sources this was written from.")]
    return found


def _refuse_holes(document: Document) -> None:
    if found := holes(document):
        raise Invalid(found)


@transaction.atomic
def publish_document(
    *, actor: Actor, document: Document, key: IdempotencyKey | None = None
) -> Document:
    """Publish a document; its hash goes to the ledger. Raises Invalid, Conflict, Forbidden."""
    if replayed(key):
        return document
    access.require(actor, "publish_data", document)
    node = document.node
    if node.state != State.DRAFT:
        raise Conflict(_("This document is public already."))
    _refuse_holes(document)
    node.state, node.published_at = State.PUBLIC, timezone.now()
    node.save(update_fields=["state", "published_at"])
    revisions.keep(node, texts_of(document), actor=actor)
    emit(
        "document.published",
        node=node,
        actor=actor,
        data={"sha256": digest_of(document)},
        key=key,
    )
    return document
