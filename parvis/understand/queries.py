"""Reading themes: counts, progress of the reading, passages, answers that are late."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from parvis.core.files import path_of
from parvis.core.models import Link, Node, State
from parvis.understand.models import Coded, Quote, Run, Theme

COPIES = "near_duplicates"


def counted(prefix: str = "source") -> Q:
    """Filter on the nodes of contributions that count: kept, and neither hidden nor withdrawn.

    The same rule as `consult.queries.kept`, written by its path because no domain imports
    another; a test holds the two together.
    """
    start = f"{prefix}__" if prefix else ""
    return Q(
        **{
            f"{start}state__in": (State.PUBLIC, State.PRIVATE),
            f"{start}contribution__fate": "kept",
        }
    )


@dataclass(frozen=True)
class Counted:
    """A theme and how many distinct contributions that count express it."""

    theme: Theme
    count: int

    @property
    def node(self) -> Node:
        """The theme's node."""
        return self.theme.node


def themes_of(space: Node, *, public_only: bool = False) -> list[Counted]:
    """Return the themes of a consultation in order, with their counts, in two queries."""
    rows = Theme.objects.filter(node__space=space, merged_into=None).select_related("node")
    if public_only:
        rows = rows.filter(node__state=State.PUBLIC)
    themes = list(rows.order_by("position", "pk"))
    counts = counts_of(theme.pk for theme in themes)
    for theme in themes:
        theme.node.space = space
    return [Counted(theme, counts.get(theme.pk, 0)) for theme in themes]


def counts_of(ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return theme id -> distinct contributions that count, in one query."""
    rows = (
        Link.objects.filter(counted(), relation="expresses", target_id__in=list(ids))
        .order_by()
        .values_list("target_id")
        .annotate(n=Count("source_id", distinct=True))
    )
    return dict(rows)


@dataclass(frozen=True)
class Progress:
    """How far the reading is. total = coded + left + skipped, among what holds a text.

    `received` counts every contribution that counts, `silent` those without a word to read.
    """

    received: int = 0
    with_themes: int = 0
    without: int = 0
    skipped: int = 0
    silent: int = 0

    @property
    def coded(self) -> int:
        """Read, with themes or with none."""
        return self.with_themes + self.without

    @property
    def total(self) -> int:
        """To be read, in all."""
        return self.received - self.silent

    @property
    def left(self) -> int:
        """Not read yet (what was put off comes on top)."""
        return self.total - self.coded - self.skipped


def contributions(space: Node) -> QuerySet[Node]:
    """The nodes of a consultation's contributions that count."""
    return Node.objects.filter(counted(""), kind="contribution", space__space=space)


def progress(space: Node) -> Progress:
    """Return how far the reading of a consultation is, in two queries."""
    rows = (
        Coded.objects.filter(counted("contribution"), contribution__space__space=space)
        .order_by()
        .values_list("outcome")
        .annotate(n=Count("pk"))
    )
    by_outcome = dict(rows)
    return Progress(
        received=contributions(space).count(),
        with_themes=by_outcome.get(Coded.Outcome.THEMES, 0),
        without=by_outcome.get(Coded.Outcome.NONE, 0),
        skipped=by_outcome.get(Coded.Outcome.SKIPPED, 0),
        silent=by_outcome.get(Coded.Outcome.NO_TEXT, 0),
    )


def uncoded(space: Node, *, skipped: bool = False) -> QuerySet[Node]:
    """Contributions still to read, oldest first; with `skipped`, those that were put off."""
    rows = contributions(space)
    if skipped:
        return rows.filter(coded__outcome=Coded.Outcome.SKIPPED).order_by("pk")
    return rows.filter(coded=None).order_by("pk")


def next_uncoded(space: Node, *, after: UUID | None = None) -> Node | None:
    """Return the next contribution to read: after this one, else from the start, else put off."""
    rows = uncoded(space)
    found = rows.filter(pk__gt=after).first() if after else None
    return (
        found
        or (rows.exclude(pk=after) if after else rows).first()
        or uncoded(space, skipped=True).first()
    )


def themes_by_contribution(ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return contribution id -> the theme ids it expresses, in one query."""
    found: dict[UUID, list[UUID]] = {}
    rows = Link.objects.filter(source_id__in=list(ids), relation="expresses").order_by("pk")
    for source, target in rows.values_list("source_id", "target_id"):
        found.setdefault(source, []).append(target)
    return found


def public_quotes(ids: Iterable[UUID], *, each: int = 4) -> dict[UUID, list[Quote]]:
    """Return theme id -> its passages shown to everybody, of contributions that still count.

    At most `each` a theme, in one query.
    """
    rows = Quote.objects.filter(counted("contribution"), theme_id__in=list(ids), public=True)
    found: dict[UUID, list[Quote]] = {}
    for quote in rows.select_related("contribution__contribution", "contribution__space").order_by(
        "pk"
    ):
        near = found.setdefault(quote.theme_id, [])
        if len(near) < each:
            near.append(quote)
    return found


def quotes_of_contribution(pk: UUID) -> list[Quote]:
    """Return the passages of one contribution that are shown to everybody, with their themes."""
    rows = Quote.objects.filter(
        counted("contribution"), contribution_id=pk, public=True, theme__node__state=State.PUBLIC
    )
    return list(rows.select_related("theme__node").order_by("pk"))


@dataclass(frozen=True)
class Due:
    """Whether a theme is answered: by which response, promised for when, late by how many days."""

    response: Node | None
    due: date | None
    days_late: int = 0

    @property
    def is_late(self) -> bool:
        """The date has passed without a published answer."""
        return self.days_late > 0


def dues(themes: Sequence[Theme], today: date | None = None) -> dict[UUID, Due]:
    """Return theme id -> the state of its answer, in one query."""
    today = today or timezone.localdate()
    rows = Link.objects.filter(
        source_id__in=[theme.pk for theme in themes],
        relation="answered_by",
        target__state=State.PUBLIC,
    ).select_related("target")
    responses = {row.source_id: row.target for row in rows.order_by("-pk")}
    found = {}
    for theme in themes:
        response = responses.get(theme.pk)
        waiting = response is None and theme.response_due is not None
        days = (today - theme.response_due).days if waiting and theme.response_due else 0
        found[theme.pk] = Due(response, theme.response_due, max(0, days))
    return found


def late_themes(space: Node | None = None, today: date | None = None) -> QuerySet[Theme]:
    """Public themes whose answer was promised for a day that has passed, longest first."""
    today = today or timezone.localdate()
    answer = Link.objects.filter(
        source_id=OuterRef("pk"), relation="answered_by", target__state=State.PUBLIC
    )
    rows = Theme.objects.filter(
        ~Exists(answer),
        node__state=State.PUBLIC,
        node__space__state=State.PUBLIC,
        merged_into=None,
        response_due__lt=today,
    )
    if space is not None:
        rows = rows.filter(node__space=space)
    return rows.select_related("node__space").order_by("response_due", "pk")


@dataclass(frozen=True)
class Copies:
    """Groups of nearly identical texts of a consultation, as the last run found them."""

    run: Run | None = None
    groups: tuple[tuple[UUID, ...], ...] = field(default=())

    def near(self, pk: UUID) -> tuple[UUID, ...]:
        """The others of the group of this contribution."""
        for group in self.groups:
            if pk in group:
                return tuple(other for other in group if other != pk)
        return ()


def copies(space: Node) -> Copies:
    """Return the last search for nearly identical texts, read from its file."""
    run = (
        Run.objects.select_related("artefact")
        .filter(space=space, method=COPIES)
        .order_by("-at", "-pk")
        .first()
    )
    if run is None:
        return Copies()
    groups = json.loads(path_of(run.artefact).read_bytes())["groups"]
    return Copies(run, tuple(tuple(UUID(pk) for pk in group) for group in groups))
