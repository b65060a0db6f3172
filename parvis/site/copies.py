"""Frozen copies: what a closed consultation said on a day, as a file that never changes.

A copy holds what the organisation says and what was counted. What people wrote is not in it: they
may take it back, and a file that never changes could not forget.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import override

from parvis.consult import methods, queries
from parvis.consult.models import Channel, Consultation, Contribution
from parvis.consult.phases import Calendar
from parvis.core import cache, files
from parvis.core.models import Event, Link, Node, State
from parvis.plan import queries as plan
from parvis.site.citations import make_codes, permanent
from parvis.site.models import FrozenCopy
from parvis.site.thread import reach
from parvis.understand import queries as understand

Moment = FrozenCopy.Moment
SETTLE = timedelta(minutes=2)
"""After closing: the last answers are counted and the pictures drawn by then."""
PATIENCE = timedelta(days=1)
"""How long a copy waits for pictures; after that it says what is known."""
WATCHED = ("consultation.closed", "response.published", "theme.published", "dataset.published")


class Pending(Exception):
    """The pictures of an activity are still being drawn: the copy waits for them."""


def _results(consultation: Consultation, patient: bool) -> list[dict[str, Any]]:
    """The results of each activity whose answers are private: counts, in the words of staff."""
    found = []
    for activity in queries.activities_of(consultation):
        method = methods.get(activity.method)
        entry: dict[str, Any] = {"activity": activity, "label": method.label, "html": ""}
        if method.results and method.results_template and method.contribution_url is None:
            context = {**method.results(activity), "activity": activity}
            if context.get("pending") and patient:
                raise Pending
            if not context.get("hidden") and not context.get("pending"):
                entry["html"] = render_to_string(method.results_template, context)
        found.append(entry)
    return found


def _answers(consultation: Consultation, today: date) -> list[dict[str, Any]]:
    """Each public theme with its count, its response, and the commitments that follow."""
    rows = understand.themes_of(consultation.node, public_only=True)
    responses = plan.responses_of_themes([row.theme.pk for row in rows])
    ids = {response.pk for response in responses.values()}
    led = plan.commitments_of_responses(ids, today=today) if ids else {}
    out = []
    for row in sorted(rows, key=lambda one: -one.count):
        response = responses.get(row.theme.pk)
        follows = led.get(response.pk, []) if response else []
        out.append({"theme": row.theme, "count": row.count, "response": response, "led": follows})
    return out


def content_of(consultation: Consultation, now: datetime) -> dict[str, Any]:
    """Return what a copy says. Raises Pending."""
    calendar = Calendar.of(consultation)
    counts = queries.counts(consultation, channels=True)
    closes = calendar.closes()
    patient = closes is not None and now - closes < PATIENCE
    return {
        "consultation": consultation,
        "node": consultation.node,
        "opens": calendar.opens(),
        "last_day": closes - timedelta(microseconds=1) if closes else None,
        "extensions": queries.extensions_of(consultation),
        "counts": counts,
        "channels": [(Channel(name).label, n) for name, n in sorted(counts.by_channel.items())],
        "reasons": [(Contribution.Why(name).label, n) for name, n in counts.rejected_by.items()],
        "activities": _results(consultation, patient),
        "answers": _answers(consultation, timezone.localdate(now)),
        "datasets": list(Node.objects.filter(pk__in=reach(consultation).datasets).order_by("pk")),
        "documents": queries.documents_of(consultation),
        "site_url": settings.SITE_URL,
    }


@transaction.atomic
def make(consultation: Consultation, moment: str, now: datetime | None = None) -> list[FrozenCopy]:
    """Store a copy in each language of the consultation; return those that say something new.

    Raises Pending while pictures of its results are being drawn.
    """
    now = now or timezone.now()
    made = []
    for language in consultation.languages or ["fr"]:
        with override(language):
            content = content_of(consultation, now)
            inside = render_to_string("copies/content.html", content)
            digest = hashlib.sha256(inside.encode()).hexdigest()
            last = FrozenCopy.objects.filter(consultation=consultation.node, language=language)
            newest = last.order_by("-at", "-pk").first()
            if newest and newest.content_sha256 == digest:
                continue
            page = render_to_string(
                "copies/copy.html",
                {
                    **content, "inside": inside, "at": now, "moment": Moment(moment),
                    "language": language, "permanent": permanent(consultation),
                },
            )  # fmt: skip
        made.append(
            FrozenCopy.objects.create(
                consultation=consultation.node, moment=moment, language=language, at=now,
                file=files.store([page.encode()], "text/html"), content_sha256=digest,
            )
        )  # fmt: skip
    if made:
        transaction.on_commit(cache.bump)
    return made


# Kept by the worker -------------------------------------------------------------------------------


def _closed(rows: Iterable[Consultation]) -> list[tuple[Consultation, datetime]]:
    """Return those that are over, each with the moment it closed."""
    found = [(row, Calendar.of(row)) for row in rows]
    return [
        (row, closes)
        for row, calendar in found
        if calendar.state == "closed" and (closes := calendar.closes())
    ]


def _without(**moment: str) -> Any:
    """Public consultations that have no copy (of a moment)."""
    copy = FrozenCopy.objects.filter(consultation=OuterRef("node"), **moment)
    return Consultation.objects.filter(~Exists(copy), node__state=State.PUBLIC).select_related(
        "node", "organisation__node"
    )


def is_answered(consultation: Consultation) -> bool:
    """Whether every public theme has its response, and there is one at least."""
    found = reach(consultation)
    answered = plan.responses_of_themes(found.themes) if found.themes else {}
    return bool(found.themes) and len(answered) == len(found.themes)


class Keeper:
    """Makes the copies that are due: when a consultation closes, and once it is answered."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.waiting: set[UUID] = set()

    def __call__(self) -> bool:
        """Return whether a copy was made. Short addresses come first: copies bear them."""
        make_codes()
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        touched = set(self.waiting)
        if self.last is not None:
            touched |= _touched(self.last, newest)
            if not touched:
                self.last = newest
                return False
        later: set[UUID] = set()
        made = 0
        fresh = _closed(_without())
        for pair in fresh:
            # A site that comes to have copies late says what it finds: answered already.
            moment = Moment.REPORT if is_answered(pair[0]) else Moment.CLOSED
            made += _made([pair], moment, later)
        touched -= {row.pk for row, _closes in fresh}
        again = Consultation.objects.filter(pk__in=touched, node__state=State.PUBLIC)
        rows = {row.pk: row for row in _without(moment=Moment.REPORT)}
        rows |= {row.pk: row for row in again.select_related("node", "organisation__node")}
        answered = [pair for pair in _closed(rows.values()) if is_answered(pair[0])]
        made += _made(answered, Moment.REPORT, later)
        self.last, self.waiting = newest, later
        return bool(made)


def _made(rows: Sequence[tuple[Consultation, datetime]], moment: str, later: set[UUID]) -> int:
    """Make the copies of some, put those that must wait in `later`; return how many were made."""
    made = 0
    for row, closes in rows:
        if timezone.now() - closes < SETTLE:
            later.add(row.pk)
            continue
        try:
            made += len(make(row, moment))
        except Pending:
            later.add(row.pk)
    return made


def _touched(after: int, until: int) -> set[UUID]:
    """Return the consultations that something watched happened to."""
    rows = Event.objects.filter(verb__in=WATCHED, pk__gt=after, pk__lte=until)
    found: set[UUID] = set()
    datasets = []
    for pk, kind, space in rows.values_list("node", "node__kind", "node__space"):
        if kind == "consultation":
            found.add(pk)
        elif kind == "dataset":
            datasets.append(pk)
        elif space:
            found.add(space)
    sources = Link.objects.filter(relation="published_as", target__in=datasets)
    return found | set(sources.values_list("source", flat=True))


def copies_of(consultation: Node) -> list[FrozenCopy]:
    """Return the copies of a consultation, the newest first."""
    return list(consultation.copies.select_related("file").order_by("-at", "-pk"))
