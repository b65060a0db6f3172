"""What others than people read: the map of the site, robots, cards of shared links."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from parvis.core.i18n import LANGUAGES
from parvis.core.models import Node, State
from parvis.site import cards, sitemaps

MAP_SECONDS = 3600
CARD_SECONDS = 3600


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Everything public may be indexed, but follow-up pages and the desk."""
    closed = ("/fr/suivi/", "/en/follow-up/", "/fr/bureau/", "/en/desk/")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        "",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain")


def _xml(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/xml")
    response.public_seconds = MAP_SECONDS  # type: ignore[attr-defined]
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The index of the map."""
    return _xml(sitemaps.index())


@require_safe
def sitemap_part(request: HttpRequest, name: str) -> HttpResponse:
    """One file of the map."""
    found = sitemaps.part(name)
    if found is None:
        raise Http404
    return _xml(found)


@require_safe
def card(request: HttpRequest, kind: str, slug: str, language: str) -> HttpResponseBase:
    """The picture that a shared link shows."""
    if kind not in cards.KINDS or language not in LANGUAGES:
        raise Http404
    node = Node.objects.filter(kind=kind, slug=slug, state=State.PUBLIC).first()
    if node is None:
        raise Http404
    said = cards.card_of(node, language)
    etag = f'"{said.digest}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = FileResponse(cards.path_of(node, said).open("rb"), content_type="image/png")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={CARD_SECONDS}"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
