"""The register of documents and the two small real datasets."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.catalogue import documents, loading
from parvis.catalogue import services as catalogue
from parvis.core.access import SYSTEM
from parvis.core.models import Node, Organisation, State
from parvis.core.thread import link
from parvis.site.demo_loader import register
from parvis.site.demo_loader.notes import add_note
from parvis.site.demo_loader.reading import day_of, read


def publish_text(
    row: Mapping[str, Any], organisation: Organisation | None, *, reconstructed: bool = False
) -> Node:
    """Publish one document of the files and return its node."""
    document = documents.draft_document(
        actor=SYSTEM,
        title=row["title"],
        slug=row["slug"],
        fields={
            "doc_kind": row["kind"],
            "date": day_of(row.get("date")) or timezone.localdate(),
            "summary": row["summary"],
            "body": row["body"],
            "organisation": organisation,
            "sources": row.get("sources") or [],
            "written_by_us": bool(row.get("written_by_us", row.get("sources"))),
            "reconstructed": reconstructed,
        },
    )
    documents.publish_document(actor=SYSTEM, document=document)
    return document.node


@transaction.atomic
def load_documents(organisations: Mapping[str, Organisation]) -> None:
    """Load the register of documents: summaries written by us from public pages."""
    for row in read("documents"):
        node = publish_text(row, organisations["equipe-demo"])
        for slug in row.get("about") or ():
            _evidence(slug, node)


def _evidence(slug: str, node: Node) -> None:
    target = Node.objects.filter(kind="commitment", slug=slug).first()
    if target is not None:
        link(target, "evidenced_by", node, actor=SYSTEM)


def load_datasets(organisations: Mapping[str, Organisation]) -> None:
    """Load the two small real datasets; the commitments are measured by the first."""
    for row in read("datasets"):
        with transaction.atomic():
            dataset = catalogue.create_dataset(
                actor=SYSTEM,
                title=row["title"],
                organisation=organisations[row["organisation"]],
                slug=row["slug"],
                fields={
                    "notes": row["summary"],
                    "methodology": row["method"],
                    "licence": row["licence_id"],
                    "frequency": row["update_frequency"],
                    "tags": row["tags"],
                    "categories": row["categories"],
                    "temporal": row.get("temporal") or "",
                    "spatial": row.get("spatial") or "",
                    "sources": row["sources"],
                },
            )
            resource = catalogue.add_resource(
                actor=SYSTEM, dataset=dataset, name=row["title"], description=row["summary"]
            )
            version = loading.add_version(
                actor=SYSTEM,
                resource=resource,
                source=_csv(row),
                name=f"{row['slug']}.csv",
                types={
                    column["name"]: "text" if column["type"] == "url" else column["type"]
                    for column in row["columns"]
                },
            )
            catalogue.describe_columns(
                actor=SYSTEM,
                version=version,
                words={
                    column["name"]: {"label": column["title"], "description": column["description"]}
                    for column in row["columns"]
                },
            )
            add_note(dataset, row)
            catalogue.publish_dataset(actor=SYSTEM, dataset=dataset)
            if "plan" in [column["name"] for column in row["columns"]]:
                _measure(dataset.node)


def _csv(row: Mapping[str, Any]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column["name"] for column in row["columns"]])
    rows = row.get("rows")
    if rows is None:
        rows = register.numbers([column["name"] for column in row["columns"]])
    for cells in rows:
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue().encode()


def _cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell


def _measure(node: Node) -> None:
    for commitment in Node.objects.filter(kind="commitment", state=State.PUBLIC):
        link(commitment, "measured_by", node, actor=SYSTEM)
