"""The whole text of the file of a document, some pages at a time."""

from django.http import Http404, HttpRequest, HttpResponse

from parvis.catalogue import queries as catalogue
from parvis.catalogue.texts import queries
from parvis.core.pages import paginate, public_page

PER_PAGE = 10


def document_text(request: HttpRequest, slug: str) -> HttpResponse:
    """What the file says, page by page."""
    document = catalogue.document_by_slug(slug)
    text = queries.text_of(document.pk)
    if text is None or not text.parts:
        raise Http404
    page = paginate(request, list(enumerate(text.parts, start=1)), per_page=PER_PAGE)
    context = {
        "section": "documents",
        "document": document,
        "node": document.node,
        "text": text,
        "page": page,
        "parts": page.rows,
    }
    return public_page(request, "texts/text.html", context)
