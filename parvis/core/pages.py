"""Pagination: a page of rows, how many there are, links that stay short; and public answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from parvis.core import limits, revisions
from parvis.core.i18n import tr

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page:
    """Rows of one page; `around` are the page numbers to link, None where some are skipped."""

    rows: Sequence[Any]
    number: int
    pages: int
    count: int
    per_page: int

    @property
    def previous(self) -> int:
        """The page before."""
        return self.number - 1

    @property
    def next(self) -> int:
        """The page after."""
        return self.number + 1

    @property
    def first(self) -> int:
        """Rank of the first row shown, from 1."""
        return (self.number - 1) * self.per_page + 1 if self.count else 0

    @property
    def last(self) -> int:
        """Rank of the last row shown."""
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def around(self) -> list[int | None]:
        """First, last and the neighbours of this page."""
        near = sorted(
            {1, self.pages, *range(max(1, self.number - 1), min(self.pages, self.number + 1) + 1)}
        )
        out: list[int | None] = []
        for n in near:
            if out and out[-1] is not None and n - (out[-1] or 0) > 1:
                out.append(None)
            out.append(n)
        return out


def page_number(request: HttpRequest) -> int:
    """The page asked for; 1 when it is absent or not a number."""
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def paginate(
    request: HttpRequest, rows: Any, *, per_page: int = limits.PAGE_ROWS, count: int | None = None
) -> Page:
    """Return the page asked for of a query or list; a page beyond the end is the last."""
    total = count if count is not None else (len(rows) if isinstance(rows, list) else rows.count())
    pages = max(1, -(-total // per_page))
    number = min(page_number(request), pages)
    start = (number - 1) * per_page
    return Page(list(rows[start : start + per_page]), number, pages, total, per_page)


def public_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, seconds: int = 60
) -> HttpResponse:
    """Render a page that holds no form, token or name: it may be cached for `seconds`."""
    response = render(request, template, context)
    response.public_seconds = seconds  # type: ignore[attr-defined]
    return response


def found_or_404(find: Callable[[str], Row], slug: str) -> Row:
    """Return what `find` gives for the slug of an address. Raises Http404."""
    try:
        return find(slug)
    except ObjectDoesNotExist:
        raise Http404 from None


def history_page(
    request: HttpRequest,
    row: Any,
    back: str,
    *,
    section: str,
    labels: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The history of what hangs on a node. `labels`: words of fields that are no column of it."""
    columns = {field.name: str(getattr(field, "verbose_name", "")) for field in row._meta.fields}
    context = {
        "title": tr(row.node.title),
        "back": back,
        "versions": revisions.history(row.node),
        "labels": {**columns, "title": _("Title"), **(labels or {})},
        "section": section,
    }
    return public_page(request, "components/history.html", context)
