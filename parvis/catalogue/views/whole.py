"""A dataset whole (zip), and one version of a file at an address of its own."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.catalogue import bundle, downloads, previews, queries
from parvis.catalogue.conformity import services as conformity
from parvis.catalogue.conformity import words
from parvis.catalogue.models import Resource
from parvis.catalogue.views.public import _file
from parvis.core.pages import public_page


@require_safe
def everything(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Everything of a dataset: files, words of the columns, licence, how to cite; streamed."""
    dataset = queries.dataset_by_slug(slug)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type="application/zip")
    else:
        files = Resource.objects.filter(dataset=dataset, published_at__isnull=False)
        rows = list(files.select_related("current", "file").defer("current__profile"))
        response = StreamingHttpResponse(
            bundle.zipped(bundle.entries(dataset, rows)), content_type="application/zip"
        )
    response["Content-Disposition"] = f'attachment; filename="{bundle.name_of(dataset)}"'
    response["Cache-Control"] = "public, max-age=0, must-revalidate"
    return downloads.protect(response)


@require_safe
def version(request: HttpRequest, slug: str, sha256: str) -> HttpResponse:
    """One version of a file: its date, note, size and hash; an old one says so and where to go."""
    dataset = queries.dataset_by_slug(slug)
    found = queries.version_of(dataset, sha256)
    found.resource.dataset = dataset
    current = found.resource.current
    checked = conformity.of_versions([found]).get(found.pk)
    context = {
        "section": "data",
        "dataset": dataset,
        "node": dataset.node,
        "back": reverse("dataset", args=[slug]),
        "crumb": (_("Data"), reverse("datasets")),
        "version": found,
        "file": _file(dataset, found.resource, found, shown=False),
        "current": current if current is not None and current.pk != found.pk else None,
        "withdrawn": found.resource.published_at is None,
        "columns": previews.columns_of(found),
        "rules": words.rules(checked) if checked else [],
        "remarks": words.remarks(checked) if checked else [],
    }
    return public_page(request, "catalogue/version.html", context)
