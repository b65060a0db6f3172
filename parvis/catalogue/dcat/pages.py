"""A page of the catalogue's graph: what was asked, which datasets, where the other pages are.

Parameters as in CKAN's DCAT extension: page, modified_since, q, fq, profiles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext as _

from parvis.catalogue.dcat import records
from parvis.catalogue.models import Dataset
from parvis.core.errors import Refused
from parvis.core.models import State

DATASETS_PER_PAGE = 100
PROFILES = frozenset(
    {
        "dcat_ap_3", "dcat_ap_2", "dcat_ap", "euro_dcat_ap", "euro_dcat_ap_2", "euro_dcat_ap_3",
        "euro_dcat_ap_scheming", "schemaorg", "croissant",
    }
)  # fmt: skip
"""Names that clients of CKAN send. Every DCAT one gives DCAT-AP 3, which holds the earlier ones."""


class BadQuestion(Refused):
    """A parameter cannot be read; the words say which and what is expected."""


@dataclass(frozen=True)
class Asked:
    """A checked request for a page."""

    page: int
    since: datetime | None
    q: str
    fq: str
    profiles: tuple[str, ...]
    kept: Mapping[str, str]


@dataclass(frozen=True)
class Pages:
    """A page and its neighbours, as addresses; "" where there is none."""

    here: str
    first: str
    last: str
    next: str
    previous: str
    count: int


def read(parameters: Mapping[str, str]) -> Asked:
    """Return what is asked. Raises BadQuestion for a page, a date or a profile that is none."""
    profiles = profiles_of(parameters)
    names = ("modified_since", "q", "fq", "profiles")
    return Asked(
        _page(parameters.get("page", "")),
        _moment(parameters.get("modified_since", "")),
        parameters.get("q", "").strip(),
        parameters.get("fq", "").strip(),
        profiles,
        {name: parameters[name] for name in names if parameters.get(name)},
    )


def profiles_of(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return the profiles asked for, none by default. Raises BadQuestion."""
    asked = [one for one in parameters.get("profiles", "").replace(",", " ").split() if one]
    for one in asked:
        if one not in PROFILES:
            words = _("There is no profile “%(name)s”. Profiles: %(all)s.")
            raise BadQuestion(words % {"name": one[:80], "all": ", ".join(sorted(PROFILES))})
    return tuple(asked)


def _page(text: str) -> int:
    text = text.strip()
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) > 0):
        words = _("page: “%(value)s” is not a page number. Pages are counted from 1.")
        raise BadQuestion(words % {"value": text[:80]})
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        # A "+" in an address that nobody escaped is read as a space.
        at = datetime.fromisoformat(text.strip().replace(" ", "+", 1) if _zoned(text) else text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        words = _(
            "modified_since: “%(value)s” is not a date. Write 2026-01-31 or 2026-01-31T12:00:00Z."
        )
        raise BadQuestion(words % {"value": text[:80]}) from None


def _zoned(text: str) -> bool:
    return "T" in text and " " in text.strip()


def selected(asked: Asked, extension: str) -> tuple[Sequence[Dataset], Pages, datetime | None]:
    """Return the datasets of a page, the pages, and when the catalogue last changed.

    Raises BadQuestion for a filter that cannot be read.
    """
    if asked.q or asked.fq:
        ids, count = _searched(asked)
    else:
        rows = Dataset.objects.filter(node__state=State.PUBLIC)
        if asked.since:
            rows = rows.filter(modified_at__gte=asked.since)
        count = rows.count()
        start = (asked.page - 1) * DATASETS_PER_PAGE
        # The identifier tells when it was made: what is new comes last, pages read do not shift.
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[start:][:DATASETS_PER_PAGE])
    found = {row.pk: row for row in records.public().filter(pk__in=ids)} if ids else {}
    changed = Dataset.objects.filter(node__state=State.PUBLIC).aggregate(at=Max("modified_at"))
    datasets = [found[pk] for pk in ids if pk in found]
    return datasets, _pages(asked, extension, count), changed["at"]


def _searched(asked: Asked) -> tuple[list[UUID], int]:
    from parvis.catalogue.ckan import search
    from parvis.catalogue.ckan.errors import ActionError

    data = {
        "q": asked.q or "*:*", "fq": asked.fq, "fl": "id", "sort": "id asc",
        "rows": str(DATASETS_PER_PAGE), "start": str((asked.page - 1) * DATASETS_PER_PAGE),
        "facet": "false",
    }  # fmt: skip
    if asked.since:
        since = asked.since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        data["fq_list"] = f"metadata_modified:[{since} TO *]"
    try:
        answer = search.package_search(data)
    except ActionError as error:
        words = _("q or fq cannot be read: %(error)s")
        raise BadQuestion(words % {"error": error}) from None
    return [UUID(row["id"]) for row in answer["results"]], int(answer["count"])


def _pages(asked: Asked, extension: str, count: int) -> Pages:
    last = max(1, -(-count // DATASETS_PER_PAGE))

    def address(number: int) -> str:
        query = urlencode({**asked.kept, "page": str(number)})
        return f"{settings.SITE_URL}/catalog.{extension}?{query}"

    return Pages(
        address(asked.page), address(1), address(last),
        address(asked.page + 1) if asked.page < last else "",
        address(min(asked.page - 1, last)) if asked.page > 1 else "", count,
    )  # fmt: skip
