"""What pages of the catalogue say to programs; how a dataset is cited or shown elsewhere."""

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from parvis.catalogue import citing
from parvis.catalogue.dcat.negotiation import MEDIA_TYPES
from parvis.catalogue.models import Dataset, Version
from parvis.core.i18n import DEFAULT, tr

register = template.Library()
FORMATS = {"ttl": "Turtle", "jsonld": "JSON-LD", "xml": "RDF/XML", "n3": "N3"}
EMBED_PIXELS = 320
_LINK = '<link rel="alternate" type="{}" href="{}">'


def _links(address: str) -> list[tuple[str, str]]:
    return [(MEDIA_TYPES[extension], f"{address}.{extension}") for extension in FORMATS]


@register.simple_tag
def dataset_alternates(dataset: Dataset) -> SafeString:
    """{% dataset_alternates dataset %}: where a public dataset is in RDF; nothing for a draft."""
    if dataset.node.state != "public":
        return SafeString()
    address = f"{settings.SITE_URL}/dataset/{dataset.pk}"
    return format_html_join("", _LINK, _links(address))


@register.simple_tag
def catalogue_alternates() -> SafeString:
    """{% catalogue_alternates %}: where the catalogue is in RDF."""
    return format_html_join("", _LINK, _links(f"{settings.SITE_URL}/catalog"))


def snippet(dataset: Dataset) -> str:
    """Return the HTML that shows a dataset on another site."""
    address = settings.SITE_URL + reverse("dataset_embed", args=[dataset.node.slug])
    title = escape(tr(dataset.node.title))
    return (
        f'<iframe src="{escape(address)}" title="{title}" width="100%" height="{EMBED_PIXELS}"'
        ' loading="lazy" referrerpolicy="no-referrer" sandbox="allow-popups'
        ' allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"></iframe>'
    )


def _files(name: str, *args: Any, language: str) -> list[tuple[str, str]]:
    mark = "" if language == DEFAULT else f"?lang={language}"
    kinds = {"bib": "BibTeX", "ris": "RIS", "json": "DataCite"}
    return [(reverse(name, args=[*args, end]) + mark, words) for end, words in kinds.items()]


@register.inclusion_tag("catalogue/cite.html")
def cite_dataset(dataset: Dataset) -> dict[str, Any]:
    """{% cite_dataset dataset %}: the block of a public dataset; nothing for a draft."""
    if dataset.node.state != "public":
        return {"citation": None}
    language = (get_language() or DEFAULT)[:2]
    formats = [(reverse("dcat_dataset_file", args=[dataset.pk, e]), w) for e, w in FORMATS.items()]
    return {
        "citation": citing.of(dataset, language),
        "files": _files("dataset_citation", dataset.pk, language=language),
        "embed": snippet(dataset),
        "formats": [*formats, (reverse("croissant", args=[dataset.pk]), "Croissant")],
    }


@register.inclusion_tag("catalogue/cite.html")
def cite_version(dataset: Dataset, version: Version) -> dict[str, Any]:
    """{% cite_version dataset version %}: the block of a published version."""
    if dataset.node.state != "public" or version.published_at is None:
        return {"citation": None}
    language = (get_language() or DEFAULT)[:2]
    args = (dataset.pk, version.sha256)
    return {
        "citation": citing.of(dataset, language, version=version),
        "files": _files("version_citation", *args, language=language),
    }
