"""What was received, as advisers and analysts read it: filters, words, same texts, fates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from parvis.analysis.text import fold
from parvis.consult import methods
from parvis.consult.models import Activity, Channel, Consultation, Contribution
from parvis.core.models import State

SAME_CHARACTERS_MIN = 20
"""Shorter texts ("yes", "nothing") are the same by chance."""
GONE = (State.WITHDRAWN, State.ERASED)


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; an empty value narrows nothing."""

    channel: str = ""
    fate: str = ""
    activity: str = ""
    words: str = ""
    same: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any], activities: Sequence[Activity]) -> "Filters":
        """Return the filters of a query string; unknown values are left out."""
        slugs = {activity.node.slug for activity in activities}
        fates = {*Contribution.Fate, "gone"}
        same = data.get("same", "")
        try:
            same = str(UUID(same)) if same else ""
        except ValueError:
            same = ""
        return cls(
            channel=data.get("channel", "") if data.get("channel") in Channel else "",
            fate=data.get("fate", "") if data.get("fate") in fates else "",
            activity=data.get("activity", "") if data.get("activity") in slugs else "",
            words=data.get("q", "").strip()[:200],
            same=same,
        )


@dataclass(frozen=True)
class Row:
    """One contribution as the list shows it; texts and lines are empty where it was taken back."""

    contribution: Contribution
    texts: Sequence[tuple[str, str]]
    lines: Sequence[tuple[str, str]]
    gone: bool
    same: int = 0

    @property
    def text(self) -> str:
        """Its free texts, joined."""
        return "\n".join(text for _field, text in self.texts)


@dataclass
class _Known:
    """The activities by id, each loaded once with its consultation."""

    activities: dict[UUID, Activity] = field(default_factory=dict)

    def texts(self, row: Contribution) -> list[tuple[str, str]]:
        row.activity = self.activities[row.activity_id]
        if row.node.state in GONE:
            return []
        return list(methods.get(row.activity.method).texts(row))


def received(
    consultation: Consultation, filters: Filters, activities: Sequence[Activity], *, texts: bool
) -> QuerySet[Contribution]:
    """Return the contributions that pass the filters, newest first.

    Words are looked for only where `texts` says that the reader may read them.
    """
    rows = Contribution.objects.filter(activity__consultation=consultation)
    if filters.channel:
        rows = rows.filter(channel=filters.channel)
    if filters.fate == "gone":
        rows = rows.filter(node__state__in=GONE)
    elif filters.fate:
        rows = rows.filter(fate=filters.fate).exclude(node__state__in=GONE)
    if filters.activity:
        rows = rows.filter(activity__node__slug=filters.activity)
    known = _Known({activity.pk: activity for activity in activities})
    if texts and filters.same:
        rows = rows.filter(_same_as(consultation, filters.same, known))
    if texts and filters.words:
        rows = rows.filter(pk__in=_with_words(rows, filters.words, known))
    return rows.select_related("node").order_by("-node__created_at", "-pk")


def _with_words(rows: QuerySet[Contribution], words: str, known: _Known) -> list[UUID]:
    """The ids of those that hold every word, accents and case apart.

    Answers are private, so they are in no index: they are read, in one query.
    """
    wanted = fold(words).split()
    found = []
    for row in rows.select_related("node").iterator(chunk_size=2_000):
        raw = fold(f"{row.body} {row.payload} {row.node.title}")
        if all(word in raw for word in wanted):
            said = fold(" ".join(text for _name, text in known.texts(row)))
            if all(word in said for word in wanted):
                found.append(row.pk)
    return found


def _column(name: str) -> str | None:
    """Where a free text is stored: the body, or a key of the payload. Titles are too short."""
    return {"title": None, "body": "body"}.get(name, f"payload__{name}")


def _same_as(consultation: Consultation, identifier: str, known: _Known) -> Q:
    row = (
        Contribution.objects.filter(activity__consultation=consultation, pk=identifier)  # type: ignore[misc]
        .select_related("node")
        .first()
    )
    condition = Q(pk=identifier)
    for name, text in known.texts(row) if row else ():
        column = _column(name)
        if column and len(text) >= SAME_CHARACTERS_MIN:
            condition |= Q(activity_id=row.activity_id, **{column: text})  # type: ignore[union-attr]
    return condition


def chosen(
    consultation: Consultation, identifiers: Iterable[str], activities: Sequence[Activity]
) -> list[Contribution]:
    """Return the contributions ticked in a list that still stand; others are left out."""
    known = {activity.pk: activity for activity in activities}
    wanted = []
    for text in identifiers:
        try:
            wanted.append(UUID(text))
        except ValueError:
            continue
    found = list(
        Contribution.objects.filter(activity__consultation=consultation, pk__in=wanted)
        .exclude(node__state__in=GONE)
        .select_related("node")
        .order_by("pk")
    )
    for row in found:
        row.activity = known[row.activity_id]
    return found


def rows_of(
    consultation: Consultation,
    contributions: Iterable[Contribution],
    activities: Sequence[Activity],
    *,
    texts: bool,
) -> list[Row]:
    """Return a page of rows, each with how many others say the same word for word.

    Queries: one for each free-text field met, whatever the number of rows.
    """
    known = _Known({activity.pk: activity for activity in activities})
    out = []
    for row in contributions:
        said = known.texts(row) if texts else []
        gone = row.node.state in GONE
        row.activity = known.activities[row.activity_id]
        lines = methods.get(row.activity.method).readable(row) if texts and not gone else []
        out.append(Row(row, said, [line for line in lines if line[1]], gone))
    if not texts:
        return out
    times = _times(consultation, out)
    return [Row(r.contribution, r.texts, r.lines, r.gone, _most(times, r)) for r in out]


def _times(consultation: Consultation, rows: Sequence[Row]) -> dict[tuple[UUID, str, str], int]:
    wanted: dict[tuple[UUID, str], set[str]] = {}
    for row in rows:
        for name, text in row.texts:
            if _column(name) and len(text) >= SAME_CHARACTERS_MIN:
                wanted.setdefault((row.contribution.activity_id, name), set()).add(text)
    times: dict[tuple[UUID, str, str], int] = {}
    for (activity, name), texts in wanted.items():
        column = str(_column(name))
        counted = (
            Contribution.objects.filter(activity_id=activity, **{f"{column}__in": sorted(texts)})
            .exclude(node__state__in=GONE)
            .order_by()
            .values_list(column)
            .annotate(n=Count("pk"))
        )
        times.update({(activity, name, text): n for text, n in counted})
    return times


def _most(times: Mapping[tuple[UUID, str, str], int], row: Row) -> int:
    found = [times.get((row.contribution.activity_id, name, text), 1) for name, text in row.texts]
    return max(found, default=1) - 1
