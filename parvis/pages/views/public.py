"""Pages, news and pictures as the public gets them."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core import revisions
from parvis.core.files import path_of
from parvis.core.i18n import tr
from parvis.core.pages import paginate, public_page
from parvis.pages import newsroom, queries
from parvis.pages.models import ImageSize, News

NEWS_PER_PAGE = 10


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """A page of the site."""
    row = queries.public_page_by_slug(slug)
    context = {
        "page": row, "node": row.node, "title": row.node.title, "summary": row.summary,
        "body": row.body,
    }  # fmt: skip
    return public_page(request, "pages/page.html", context)


@require_safe
def page_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version of a page, with what changed."""
    row = queries.public_page_by_slug(slug)
    labels = {"title": _("Title"), "summary": _("Summary"), "body": _("Text")}
    context = {
        "title": tr(row.node.title), "back": reverse("page", args=[slug]), "labels": labels,
        "versions": revisions.history(row.node),
    }  # fmt: skip
    return public_page(request, "components/history.html", context)


@require_safe
def news_list(request: HttpRequest) -> HttpResponse:
    """News, the newest first."""
    shown = paginate(request, queries.public_news(), per_page=NEWS_PER_PAGE)
    return public_page(request, "pages/news_list.html", {"page": shown, "section": "news"})


@require_safe
def news(request: HttpRequest, slug: str) -> HttpResponse:
    """One piece of news, or the link to a release published elsewhere."""
    row = queries.public_news_by_slug(slug)
    return public_page(request, "pages/news.html", news_context(row))


def news_context(row: News) -> dict[str, object]:
    """Return what the page of a piece of news shows."""
    return {
        "news": row, "node": row.node, "informed": queries.informed(row), "section": "news",
        "external": row.form == News.Form.EXTERNAL,
    }  # fmt: skip


@require_safe
def news_history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version of a piece of news, with what changed."""
    row = queries.public_news_by_slug(slug)
    labels = {
        name: str(News._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in newsroom.KEPT
    } | {"title": _("Title")}
    context = {
        "title": tr(row.node.title), "back": reverse("news", args=[slug]), "labels": labels,
        "versions": revisions.history(row.node),
    }  # fmt: skip
    return public_page(request, "components/history.html", context)


@require_safe
def media_file(
    request: HttpRequest, image: int, width: int, sha: str, extension: str
) -> HttpResponseBase:
    """A size of a picture. Its address names its content: it may be kept for ever."""
    size = (
        ImageSize.objects.select_related("file")
        .filter(image_id=image, width=width, extension=extension, file__sha256__startswith=sha)
        .first()
    )
    if size is None:
        raise Http404
    etag = f'"{size.file.sha256[:32]}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        try:
            content = path_of(size.file).open("rb")
        except FileNotFoundError:
            raise Http404 from None
        response = FileResponse(content, content_type=size.file.media_type)
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
