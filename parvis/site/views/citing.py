"""To cite a consultation and to read its frozen copies."""

import base64

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from parvis.consult import queries
from parvis.consult.models import Consultation
from parvis.core.files import path_of
from parvis.core.models import State
from parvis.core.pages import public_page
from parvis.site import citations, copies
from parvis.site.models import FrozenCopy

SECTION = {"section": "consultations"}


def _public(slug: str) -> Consultation:
    try:
        found = queries.consultation_by_slug(slug)
    except Consultation.DoesNotExist:
        raise Http404 from None
    if found.node.state != State.PUBLIC:
        raise Http404
    return found


def _language() -> str:
    return (get_language() or "fr")[:2]


@require_safe
def cite(request: HttpRequest, slug: str) -> HttpResponse:
    """How to cite a consultation, and its frozen copies with their digests."""
    found = _public(slug)
    context = {
        "consultation": found,
        "node": found.node,
        "citation": citations.of(found, _language()),
        "copies": copies.copies_of(found.node),
        **SECTION,
    }
    return public_page(request, "copies/cite.html", context)


@require_safe
def cite_bibtex(request: HttpRequest, slug: str) -> HttpResponse:
    """The citation for BibTeX."""
    found = citations.of(_public(slug), _language())
    answer = HttpResponse(found.bibtex, content_type="application/x-bibtex; charset=utf-8")
    return _file(answer, f"{slug}.bib")


@require_safe
def cite_csl(request: HttpRequest, slug: str) -> HttpResponse:
    """The citation as CSL-JSON."""
    found = citations.of(_public(slug), _language())
    answer = JsonResponse(found.csl, safe=False)
    answer["Content-Type"] = "application/vnd.citationstyles.csl+json; charset=utf-8"
    return _file(answer, f"{slug}.csl.json")


def _file(answer: HttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.public_seconds = 300  # type: ignore[attr-defined]
    return answer


def _stored(copy: FrozenCopy) -> HttpResponse:
    """The bytes as they were stored, with their digest (RFC 9530)."""
    digest = base64.b64encode(bytes.fromhex(copy.file.sha256)).decode()
    answer = HttpResponse(path_of(copy.file).read_bytes(), content_type="text/html; charset=utf-8")
    answer["Repr-Digest"] = f"sha-256=:{digest}:"
    answer["Content-Language"] = f"{copy.language}-CA"
    answer.public_seconds = 60  # type: ignore[attr-defined]
    return answer


@require_safe
def copy(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest copy in the reader's language, else in French; before closing, when it comes."""
    found = _public(slug)
    rows = copies.copies_of(found.node)
    mine = [row for row in rows if row.language == _language()] or rows
    if mine:
        return _stored(mine[0])
    context = {"consultation": found, "node": found.node, **SECTION}
    return public_page(request, "copies/none.html", context)


@require_safe
def copy_at(request: HttpRequest, slug: str, sha256: str) -> HttpResponse:
    """One copy, by its digest: the same for ever."""
    found = _public(slug)
    row = (
        FrozenCopy.objects.filter(consultation=found.node, file__sha256=sha256)
        .select_related("file")
        .first()
    )
    if row is None:
        raise Http404
    return _stored(row)
