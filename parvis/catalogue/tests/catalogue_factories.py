"""Legal data of the catalogue, made by its services."""

from typing import Any

from parvis.catalogue import documents, loading, services
from parvis.catalogue.models import Dataset, Document, Resource, Version
from parvis.core import search
from parvis.core.access import SYSTEM
from parvis.core.models import Organisation
from tests.factories import make_organisation

CSV = "ville,habitants,ouvert\nQuébec,549459,vrai\nLévis,149683,faux\nMontréal,1762949,vrai\n"


def organisation(slug: str = "sct") -> Organisation:
    """Return an organisation, made once."""
    return Organisation.objects.filter(node__slug=slug).first() or make_organisation(slug)


def dataset_fields(**more: Any) -> dict[str, Any]:
    """Return all that publication asks for."""
    return {
        "notes": {"fr": "Les villes et leurs habitants.", "en": "Cities and their people."},
        "tags": [{"fr": "Ville", "en": "City"}],
        "categories": ["politiques-sociales"],
        "spatial": "Québec",
        "languages": ["fr"],
        **more,
    }


def add_file(dataset: Dataset, content: str | bytes = CSV, name: str = "Villes") -> Version:
    """Add a file with one version that waits."""
    resource: Resource = services.add_resource(actor=SYSTEM, dataset=dataset, name={"fr": name})
    data = content.encode() if isinstance(content, str) else content
    return loading.add_version(actor=SYSTEM, resource=resource, source=data, name="villes.csv")


def make_dataset(
    slug: str = "villes",
    *,
    title: str = "Villes du Québec",
    public: bool = True,
    content: str | bytes = CSV,
    **fields: Any,
) -> Dataset:
    """Return a dataset with one file, public by default."""
    dataset = services.create_dataset(
        actor=SYSTEM,
        title={"fr": title, "en": f"{title} (en)"},
        organisation=organisation(),
        slug=slug,
        fields=dataset_fields(**fields),
    )
    add_file(dataset, content, title.split()[0])
    if public:
        services.publish_dataset(actor=SYSTEM, dataset=dataset)
        search.index([dataset.pk])
    return dataset


def make_document(
    slug: str = "bilan",
    *,
    public: bool = True,
    file: tuple[str, bytes] | None = None,
    **fields: Any,
) -> Document:
    """Return a document, public by default."""
    document = documents.draft_document(
        actor=SYSTEM,
        title={"fr": "Bilan du plan", "en": "Review of the plan"},
        slug=slug,
        fields={
            "doc_kind": "report",
            "summary": {"fr": "Ce qui est fait, en bref.", "en": "What is done, in brief."},
            "body": {"fr": "## Fait\n\nTrois engagements sur cinq.", "en": "Three of five."},
            "organisation": organisation(),
            **fields,
        },
        file=file,
    )
    if public:
        documents.publish_document(actor=SYSTEM, document=document)
        search.index([document.pk])
    return document
