"""The search of the whole site for programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from parvis.core import kinds
from parvis.site import searching

router = Router()
LIMIT_MAX = 100


class ResultOut(Schema):
    """Something found; `extract` is plain text around the words, `why` where they are."""

    id: UUID
    kind: str
    kind_label: str
    title: dict[str, str]
    name: str
    url: str | None
    published_at: datetime | None
    extract: str
    why: str


class SearchOut(Schema):
    """A page of results; `facets`: facet -> value -> count."""

    count: int
    results: list[ResultOut]
    facets: dict[str, dict[str, int]]


@router.get("/search", response=SearchOut, operation_id="search")
def search(
    request: HttpRequest,
    q: str = "",
    limit: int = Query(20, ge=1, le=LIMIT_MAX),
    offset: int = Query(0, ge=0, le=10_000),
) -> dict[str, Any]:
    """Everything public that has the words of `q` ("words in a row", -refused), best first.

    `sort=date` or `title`; `kind`, `year` and `organisation` (a slug), each as often as needed,
    narrow the results, and `-kind`, `-year`, `-organisation` leave some out.
    """
    filters = searching.read(request.GET)
    found = filters.find(limit=limit, offset=offset)
    return {
        "count": found.count,
        "results": [
            {
                **kinds.card(line.node),
                "extract": "".join(words for words, _asked in line.extract),
                "why": line.why,
            }
            for line in searching.lines_of(filters.text, found)
        ],
        "facets": {
            facet.name: {one.value: one.count for one in facet.values}
            for facet in searching.facets_of(filters, found)
        },
    }
