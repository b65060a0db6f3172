"""The page of what changed between two versions of a file, and its CSV."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.catalogue import downloads, queries
from parvis.catalogue.loading import in_words
from parvis.catalogue.models import Dataset, Version
from parvis.catalogue.viewing import compared
from parvis.core.errors import NotFound
from parvis.core.pages import public_page
from parvis.tables.errors import TableError

VERSIONS_SHOWN = 50


def _versions(dataset: Dataset, file: str) -> list[Version]:
    found = [one for one in queries.versions_of(dataset) if one.resource.slug == file]
    if not found:
        raise NotFound
    return found


def _pair(request: HttpRequest, versions: list[Version]) -> tuple[Version | None, Version]:
    """The two versions of the address; by default the last and the one before. Raises NotFound."""
    by_hash = {one.sha256: one for one in versions}
    after, before = request.GET.get("a", ""), request.GET.get("de", "")
    if (after and after not in by_hash) or (before and before not in by_hash):
        raise NotFound
    new = by_hash[after] if after else versions[0]
    place = versions.index(new)
    previous = versions[place + 1] if place + 1 < len(versions) else None
    return (by_hash[before] if before else previous), new


def _key(request: HttpRequest) -> list[str] | None:
    """The columns asked for: None to guess, empty for whole rows."""
    if "key" not in request.GET:
        return None
    return [one for one in dict.fromkeys(request.GET.getlist("key")[:10]) if one]


@require_safe
def page(request: HttpRequest, slug: str, file: str) -> HttpResponse:
    """What changed: counts, columns, the first rows; 422 when the key tells no row."""
    dataset = queries.dataset_by_slug(slug)
    versions = _versions(dataset, file)
    old, new = _pair(request, versions)
    found = compared.compare(old, new, _key(request)) if old is not None else None
    context: dict[str, Any] = {
        "section": "data",
        "dataset": dataset,
        "node": dataset.node,
        "resource": new.resource,
        "versions": versions[:VERSIONS_SHOWN],
        "old": old,
        "new": new,
        "found": found,
    }
    if found and old:
        said = [("de", old.sha256), ("a", new.sha256), *(("key", one) for one in found.key or [""])]
        address = reverse("file_differences_csv", args=[slug, file])
        context["csv"] = f"{address}?{urlencode(said)}"
    response = public_page(request, "catalogue/viewing/differences.html", context)
    response.status_code = 422 if found and found.problem else 200
    return response


@require_safe
def as_csv(request: HttpRequest, slug: str, file: str) -> HttpResponseBase:
    """Every cell that changed, as CSV; 422 in words when the versions cannot be compared."""
    versions = _versions(queries.dataset_by_slug(slug), file)
    old, new = _pair(request, versions)
    if old is None:
        raise NotFound
    key = _key(request)
    words, first = "", b""
    chunks: Iterator[bytes] = iter(())
    if max(old.rows, new.rows) > compared.COMPARED_ROWS_MAX:
        words = _("These versions are too large to be compared here.")
    else:
        try:
            chosen = compared.guess_key(old, new) if key is None else key
            chunks = compared.as_csv(old, new, chosen)
            first = next(chunks, b"")
        except TableError as error:
            words = in_words(error.reason, error.params)
    if words:
        plain = HttpResponse(words + "\n", status=422, content_type="text/plain; charset=utf-8")
        return downloads.protect(plain)
    parts = (part for some in ((first,), chunks) for part in some)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file}-differences.csv"'
    return downloads.protect(response)
