"""What datasets and documents say of themselves to search, thread, export and mail."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from parvis.catalogue.models import Dataset, Document, Resource
from parvis.catalogue.texts import queries as texts
from parvis.core import access, kinds
from parvis.core.access import Actor
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.kinds import Knot
from parvis.core.models import Node, State


def dataset_texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the words of datasets by language: description, keywords, files and columns."""
    found: dict[UUID, list[Any]] = {}
    rows = Dataset.objects.select_related("organisation__node").filter(pk__in=list(ids))
    for row in rows:
        titles = [row.organisation.node.title] if row.organisation else []
        found[row.pk] = [row.notes, row.methodology, *row.tags, *titles]
    files = Resource.objects.filter(dataset__in=found, published_at__isnull=False)
    for resource in files.select_related("current"):
        columns = resource.current.columns if resource.current else []
        labels = [column.get("label") or {} for column in columns]
        found[resource.dataset_id] += [resource.name, resource.description, *labels]
    return {pk: _by_language(texts) for pk, texts in found.items()}


def document_texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the words of documents by language, those of their files too."""
    found, ids = {}, list(ids)
    inside = texts.words_of(ids)
    rows = Document.objects.select_related("organisation__node").filter(pk__in=ids)
    for row in rows:
        titles = [row.organisation.node.title] if row.organisation else []
        file = inside.get(row.pk, {})
        found[row.pk] = _by_language([row.summary, row.body, *row.tags, *titles, file])
    return found


def _by_language(texts: Sequence[Any]) -> dict[str, str]:
    return {
        code: " ".join(text.get(code, "") for text in texts if text).strip() for code in LANGUAGES
    }


def dataset_knots(ids: Sequence[UUID]) -> list[Knot]:
    """Return the knot of some datasets: how many are published, under which licence."""
    rows = list(
        Dataset.objects.filter(pk__in=list(ids), node__state=State.PUBLIC).select_related("node")
    )
    if not rows:
        return [Knot(_("Data"), _("In preparation"), "", "promised")]
    licences = sorted({row.licence_words.short for row in rows})
    count = ngettext("%(n)d published dataset", "%(n)d published datasets", len(rows))
    url = reverse("dataset", args=[rows[0].node.slug]) if len(rows) == 1 else reverse("datasets")
    words = _("licence %(name)s") % {"name": ", ".join(licences)}
    return [Knot(_("Data"), count % {"n": len(rows)}, words, "done", url)]


def dataset_visible(actor: Actor, node: Node) -> bool:
    """Whether this person may know of a dataset: the staff of its organisation while not public."""
    if node.state not in {State.DRAFT, State.PRIVATE}:
        return access.can(actor, "see", node)
    row = Dataset.objects.filter(pk=node.pk).select_related("node").first()
    return row is not None and access.can(actor, "see_private_data", row)


def document_knots(ids: Sequence[UUID]) -> list[Knot]:
    """Return the knot of some documents."""
    rows = list(Node.objects.filter(pk__in=list(ids), state=State.PUBLIC))
    if not rows:
        return []
    count = ngettext("%(n)d document", "%(n)d documents", len(rows)) % {"n": len(rows)}
    url = reverse("document", args=[rows[0].slug]) if len(rows) == 1 else reverse("documents")
    return [Knot(_("Documents"), count, "", "done", url)]


def dataset_table(_space: Node | None) -> pa.Table:
    """Return the public catalogue as a table: one row a dataset."""
    rows = Dataset.objects.filter(node__state=State.PUBLIC).select_related(
        "node", "organisation__node"
    )
    found = [
        {
            "name": row.node.slug,
            "title_fr": row.node.title.get("fr"),
            "title_en": row.node.title.get("en"),
            "organisation": row.organisation.node.slug if row.organisation else None,
            "licence": row.licence,
            "frequency": row.frequency,
            "published": row.node.published_at,
            "modified": row.modified_at,
        }
        for row in rows.order_by("node__slug")
    ]
    moment, text = pa.timestamp("us", "UTC"), pa.string()
    names = ("name", "title_fr", "title_en", "organisation", "licence", "frequency")
    fields = [(name, text) for name in names] + [("published", moment), ("modified", moment)]
    return pa.Table.from_pylist(found, pa.schema(fields))


def document_table(_space: Node | None) -> pa.Table:
    """Return the public documents as a table: one row a document."""
    rows = Document.objects.filter(node__state=State.PUBLIC).select_related(
        "node", "organisation__node"
    )
    found = [
        {
            "name": row.node.slug,
            "title_fr": row.node.title.get("fr"),
            "title_en": row.node.title.get("en"),
            "organisation": row.organisation.node.slug if row.organisation else None,
            "kind": row.doc_kind,
            "date": row.date,
            "summary": tr(row.summary, "fr"),
        }
        for row in rows.order_by("node__slug")
    ]
    names = ("name", "title_fr", "title_en", "organisation", "kind")
    fields = [(name, pa.string()) for name in names]
    fields += [("date", pa.date32()), ("summary", pa.string())]
    return pa.Table.from_pylist(found, pa.schema(fields))


def register() -> None:
    """Declare the kinds dataset and document."""
    kinds.register(
        kinds.Kind(
            name="dataset",
            label=_("Dataset"),
            label_plural=_("Datasets"),
            url=lambda node: reverse("dataset", args=[node.slug]),
            texts=dataset_texts,
            table=dataset_table,
            knots=dataset_knots,
            visible=dataset_visible,
        )
    )
    kinds.register(
        kinds.Kind(
            name="document",
            label=_("Document"),
            label_plural=_("Documents"),
            url=lambda node: reverse("document", args=[node.slug]),
            texts=document_texts,
            table=document_table,
            knots=document_knots,
        )
    )
