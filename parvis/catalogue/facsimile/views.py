"""The page that shows a file, and the pictures it holds. Nothing is made here."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from parvis.catalogue import addresses, downloads, queries
from parvis.catalogue.facsimile import kinds, reading
from parvis.catalogue.facsimile.models import Facsimile, Leaf
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.catalogue.viewing import asked as asking
from parvis.catalogue.viewing import mapping
from parvis.core.errors import NotFound
from parvis.core.files import path_of
from parvis.core.pages import Page, page_number, public_page

_HEADING = re.compile(r"^(#{1,2} )")
MEMBERS = 100
CHARACTERS = 12_000
SECONDS = 60


def _found(slug: str, file: str) -> tuple[Dataset, Resource]:
    """Return a public file or table. Raises NotFound, Gone; NotFound for a link elsewhere."""
    dataset = queries.dataset_by_slug(slug)
    public: list[Resource] = dataset.published  # type: ignore[attr-defined]
    resource = next((one for one in public if one.slug == file), None)
    if resource is None or (resource.file is None and resource.current is None):
        raise NotFound
    return dataset, resource


@require_safe
def preview(request: HttpRequest, slug: str, file: str) -> HttpResponseBase:
    """A file as pages, picture, text, list or map; what is shown of it is in the address."""
    dataset, resource = _found(slug, file)
    if resource.file is None:
        return HttpResponseRedirect(reverse("table", args=[slug, file]))
    kind = kinds.kind_of(resource)
    context: dict[str, Any] = {
        "section": "data",
        "dataset": dataset,
        "node": dataset.node,
        "resource": resource,
        "kind": kind,
        "download": addresses.file_path(dataset, resource),
        "here": request.path,
    }
    if kind == kinds.TEXT:
        context |= _text(request, resource)
    elif kind:
        made = Facsimile.objects.filter(pk=resource.file.pk).first()
        context["made"] = made
        if made is not None and made.state == Facsimile.State.READY:
            context |= _MADE[made.kind](request, made)
    response = public_page(request, "facsimile/preview.html", context, seconds=SECONDS)
    if context.get("asked") and context["asked"].wrong:
        response.status_code = 422
    return response


def _page(request: HttpRequest, rows: Sequence[Any], per_page: int, count: int = 0) -> Page:
    count = count or len(rows)
    pages = max(1, -(-count // per_page))
    number = min(page_number(request), pages)
    start = (number - 1) * per_page
    return Page(list(rows[start : start + per_page]), number, pages, count, per_page)


def _text(request: HttpRequest, resource: Resource) -> dict[str, Any]:
    extension = kinds.extension_of(resource)
    try:
        text = reading.read(path_of(resource.file), extension)  # type: ignore[arg-type]
    except FileNotFoundError:
        raise NotFound from None
    if text is None:
        return {"no_text": True}
    page = _page(request, text.pages, 1)
    first, lines = page.rows[0]
    prose = extension in {"md", "markdown"} and request.GET.get("as") != "source"
    return {
        "text": text,
        "page": page,
        "first": first,
        "last": first + len(lines) - 1,
        "lines": lines,
        "markdown": extension in {"md", "markdown"},
        "prose": _under(lines) if prose else "",
    }


def _under(lines: Sequence[str]) -> str:
    """Markdown whose headings come under those of the page; what looks so in code is left."""
    found, code = [], False
    for line in lines:
        code ^= line.lstrip().startswith(("```", "~~~"))
        found.append(line if code else _HEADING.sub(r"##\1", line))
    return "\n".join(found)


def _pages(request: HttpRequest, made: Facsimile) -> dict[str, Any]:
    page = _page(request, made.parts, 1, made.pages or 1)
    leaves = list(made.leaves.filter(number=page.number).select_related("file"))
    return {
        "page": page,
        "leaves": leaves,
        "words": page.rows[0] if page.rows else "",
    }


def _stretches(request: HttpRequest, made: Facsimile) -> dict[str, Any]:
    """Text in pages of some thousand characters, of whole stretches."""
    pages: list[str] = []
    for part in made.parts:
        if pages and len(pages[-1]) + len(part) <= CHARACTERS:
            pages[-1] += f"\n{part}"
        else:
            pages.append(part)
    page = _page(request, pages, 1)
    # Each line of a stretch is a paragraph of the file.
    return {"page": page, "words": page.rows[0].replace("\n", "\n\n") if page.rows else ""}


def _picture(_request: HttpRequest, made: Facsimile) -> dict[str, Any]:
    return {"leaves": list(made.leaves.select_related("file"))}


def _archive(request: HttpRequest, made: Facsimile) -> dict[str, Any]:
    return {
        "page": _page(request, made.parts, MEMBERS),
        "bytes": sum(size for _name, size in made.parts),
    }


def _places(request: HttpRequest, made: Facsimile) -> dict[str, Any]:
    table = made.table
    # A table of the store that no dataset has: a version that is in no database.
    version = Version(
        sha256=table["sha256"],
        rows=table["rows"],
        bytes=table["bytes"],
        path=table["path"],
        columns=table["columns"],
        profile=table["profile"],
    )
    asked = asking.read(request.GET, version)
    placed = mapping.place_of(asked) is not None
    return {
        "asked": asked,
        "map": mapping.draw(asked, request.GET.get("box", "")) if placed else None,
    }


_MADE: dict[str, Callable[[HttpRequest, Facsimile], dict[str, Any]]] = {
    Facsimile.Kind.PDF: _pages,
    Facsimile.Kind.DOCX: _stretches,
    Facsimile.Kind.PICTURE: _picture,
    Facsimile.Kind.ARCHIVE: _archive,
    Facsimile.Kind.PLACES: _places,
}


@require_safe
def leaf(request: HttpRequest, slug: str, file: str, number: int, sha: str) -> HttpResponseBase:
    """One picture of a public file; its address names its contents."""
    _dataset, resource = _found(slug, file)
    found = (
        Leaf.objects.filter(facsimile=resource.file_id, number=number, file__sha256__startswith=sha)
        .select_related("file")
        .first()
    )
    if found is None or len(sha) < 12:
        raise NotFound
    etag = f'"{found.file.sha256[:32]}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        try:
            content = path_of(found.file).open("rb")
        except FileNotFoundError:
            raise NotFound from None
        response = FileResponse(content, content_type="image/webp")
    response["ETag"] = etag
    # Not for ever: what is withdrawn is to leave caches too.
    response["Cache-Control"] = "public, max-age=3600"
    return downloads.protect(response)
