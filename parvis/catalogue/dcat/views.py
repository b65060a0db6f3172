"""The catalogue for machines: RDF pages, a dataset in RDF, Croissant, Table Schema, citations."""

import json
from typing import Any
from uuid import UUID

from csp.constants import NONE
from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, get_language_from_request
from django.views.decorators.http import require_safe

from parvis.catalogue import citing, queries
from parvis.catalogue.dcat import graph, negotiation, pages, records, schemaorg
from parvis.catalogue.dcat.negotiation import MEDIA_TYPES, negotiated
from parvis.catalogue.dcat.triples import WRITERS
from parvis.catalogue.models import Dataset, Resource
from parvis.core.errors import NotFound
from parvis.core.i18n import DEFAULT, LANGUAGES
from parvis.core.models import Organisation, State

SECONDS = 60
_JSON = "application/json; charset=utf-8"


def _answer(
    request: HttpRequest, body: bytes | str, media_type: str, *, name: str = ""
) -> HttpResponse:
    """A public file for any program of any site; HEAD gives its type without its body."""
    answer = HttpResponse(b"" if request.method == "HEAD" else body, content_type=media_type)
    answer["Access-Control-Allow-Origin"] = "*"
    answer["X-Content-Type-Options"] = "nosniff"
    if name:
        answer["Content-Disposition"] = f'inline; filename="{name}"'
    answer.public_seconds = SECONDS  # type: ignore[attr-defined]
    return answer


def _refused(error: pages.BadQuestion) -> HttpResponse:
    return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")


def _catalogue(request: HttpRequest, extension: str) -> HttpResponse:
    try:
        asked = pages.read(request.GET.dict())
        if request.method == "HEAD":
            return _answer(request, b"", negotiation.content_type(extension))
        datasets, around, changed = pages.selected(asked, extension)
    except pages.BadQuestion as error:
        return _refused(error)
    body = WRITERS[extension](graph.of_page(datasets, around, changed))
    return _answer(request, body, negotiation.content_type(extension))


@require_safe
def catalogue_file(request: HttpRequest, extension: str) -> HttpResponse:
    """A page of the catalogue in the format of the extension."""
    if extension not in MEDIA_TYPES:
        raise Http404
    return _catalogue(request, extension)


def _to_page(request: HttpRequest, name: str, *args: Any) -> HttpResponse:
    """Send to a page in the reader's language."""
    language = (get_language_from_request(request) or DEFAULT)[:2]
    with translation.override(language if language in LANGUAGES else DEFAULT):
        answer = HttpResponseRedirect(reverse(name, args=args), status=303)
    patch_vary_headers(answer, ["Accept-Language"])
    return answer


@require_safe
@negotiated(_catalogue)
def catalogue(request: HttpRequest) -> HttpResponse:
    """The catalogue: its page for people, RDF for those who ask for it."""
    return _to_page(request, "datasets")


def _written(row: Dataset, extension: str, profile: str) -> bytes | str:
    if profile == "schemaorg":
        return schemaorg.in_rdf(schemaorg.dataset(row, DEFAULT), extension)
    if profile == "croissant":
        return schemaorg.in_rdf(schemaorg.croissant(row), extension)
    return WRITERS[extension](graph.of_dataset(row))


def _dataset(request: HttpRequest, extension: str, name: str) -> HttpResponse:
    found = records.public_one(name)
    try:
        profiles = pages.profiles_of(request.GET.dict())
    except pages.BadQuestion as error:
        return _refused(error)
    body: bytes | str = b""
    if request.method != "HEAD":
        body = _written(found, extension, profiles[0] if profiles else "")
    answer = _answer(request, body, negotiation.content_type(extension))
    answer["Content-Location"] = f"{records.address(found)}.{extension}"
    return answer


def of_page(request: HttpRequest, extension: str, slug: str) -> HttpResponse:
    """The RDF of the page of a dataset."""
    return _dataset(request, extension, slug)


@require_safe
def dataset_file(request: HttpRequest, name: str, extension: str) -> HttpResponse:
    """A dataset, by id or name, in the format of the extension."""
    if extension not in MEDIA_TYPES:
        raise Http404
    return _dataset(request, extension, name)


@require_safe
@negotiated(_dataset)
def dataset(request: HttpRequest, name: str) -> HttpResponse:
    """A dataset at the address that never changes: its page for people, RDF for the others."""
    return _to_page(request, "dataset", records.public_one(name).node.slug)


@require_safe
def version(request: HttpRequest, name: str, sha256: str) -> HttpResponse:
    """A version at the address that no new name changes: its page."""
    found = records.public_one(name)
    queries.version_of(found, sha256)
    return _to_page(request, "version_page", found.node.slug, sha256)


@require_safe
def resource(request: HttpRequest, name: str, resource: UUID) -> HttpResponse:
    """A file of a dataset: where the page shows it."""
    found = records.public_one(name)
    row = next((one for one in found.offered if one.pk == resource), None)  # type: ignore[attr-defined]
    if row is None:
        raise NotFound
    answer = _to_page(request, "dataset", found.node.slug)
    answer["Location"] += f"?file={row.slug}"
    return answer


@require_safe
def organisation(request: HttpRequest, name: str) -> HttpResponse:
    """An organisation, by id or name: its datasets."""
    rows = Organisation.objects.filter(node__state=State.PUBLIC)
    try:
        found = rows.filter(pk=UUID(name)).first()
    except ValueError:
        found = rows.filter(node__slug=name).first()
    if found is None:
        raise NotFound
    answer = _to_page(request, "datasets")
    answer["Location"] += f"?organisation={found.pk}"
    return answer


@require_safe
def croissant(request: HttpRequest, name: str) -> HttpResponse:
    """A dataset for machine learning: Croissant 1.0."""
    body = json.dumps(schemaorg.croissant(records.public_one(name)), ensure_ascii=False, indent=1)
    return _answer(request, body, "application/ld+json; charset=utf-8")


@require_safe
def table_schema(request: HttpRequest, name: str, resource: UUID) -> HttpResponse:
    """The columns of a table as a Table Schema."""
    found = records.public_one(name)
    row = (
        Resource.objects.filter(
            pk=resource, dataset=found, published_at__isnull=False, current__isnull=False
        )
        .select_related("current")
        .first()
    )
    if row is None or row.current is None:
        raise NotFound
    body = json.dumps(schemaorg.table_schema(row.current), ensure_ascii=False, indent=1)
    return _answer(request, body, _JSON)


def _cited(request: HttpRequest, citation: citing.Citation, extension: str) -> HttpResponse:
    if extension == "json":
        body = json.dumps(citation.datacite, ensure_ascii=False, indent=1)
    elif extension == "bib":
        body = citation.bibtex
    elif extension == "ris":
        body = citation.ris
    else:
        raise Http404
    return _answer(request, body, citing.MEDIA_TYPES[extension], name=f"{citation.key}.{extension}")


@require_safe
def citation(request: HttpRequest, name: str, extension: str) -> HttpResponse:
    """How a dataset is cited as it stands: DataCite JSON, BibTeX or RIS."""
    with translation.override(_asked_language(request)):
        found = citing.of(records.public_one(name), (get_language() or DEFAULT)[:2])
        return _cited(request, found, extension)


@require_safe
def version_citation(request: HttpRequest, name: str, sha256: str, extension: str) -> HttpResponse:
    """How a version is cited."""
    dataset = records.public_one(name)
    wanted = queries.version_of(dataset, sha256)
    with translation.override(_asked_language(request)):
        found = citing.of(dataset, (get_language() or DEFAULT)[:2], version=wanted)
        return _cited(request, found, extension)


def _asked_language(request: HttpRequest) -> str:
    """`?lang=en`, else the default: a file at an address is the same for everybody."""
    asked = request.GET.get("lang", "")
    return asked if asked in LANGUAGES else DEFAULT


_FRAMED = {
    "frame-ancestors": ["*"], "script-src": [NONE], "form-action": [NONE], "connect-src": [NONE],
}  # fmt: skip


@require_safe
@csp_replace(_FRAMED)  # type: ignore[arg-type]
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """A card for other sites: no script, no cookie, no form; the link leaves the frame."""
    found = records.with_offers(queries.dataset_by_slug(slug))
    offers = records.offers(found)
    context = {
        "dataset": found,
        "node": found.node,
        "formats": list(dict.fromkeys(offer.format for offer in offers if offer.format)),
        "files": len(found.offered),  # type: ignore[attr-defined]
    }
    answer = render(request, "catalogue/embed.html", context)
    answer.public_seconds = SECONDS  # type: ignore[attr-defined]
    return answer
