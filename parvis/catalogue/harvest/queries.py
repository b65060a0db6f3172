"""Reading of sources, runs, items and broken links, for the desk and the API."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from parvis.catalogue.harvest import engine
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.harvest.reasons import in_words, reason
from parvis.catalogue.models import Dataset, Resource
from parvis.core import access
from parvis.core.access import Actor
from parvis.core.errors import NotFound
from parvis.core.models import Job, State

ACTION = "manage_catalogue"
TOLD = timedelta(days=30)


def mine(actor: Actor) -> Q | None:
    """Return what narrows rows with an organisation to those of the actor; None: all of them."""
    if actor.system or access.MATRIX[ACTION][0].roles & actor.roles:
        return None
    roles = access.MATRIX[ACTION][0].roles
    return Q(organisation__in=[scope for role, scope in actor.scopes if role in roles])


def sources(actor: Actor) -> QuerySet[HarvestSource]:
    """Return the sources that an actor may manage."""
    rows = HarvestSource.objects.select_related("organisation__node").order_by("name", "pk")
    narrowed = mine(actor)
    return rows if narrowed is None else rows.filter(narrowed)


def last_runs(rows: Iterable[HarvestSource], *, ended: bool = False) -> dict[int, HarvestRun]:
    """Return source id -> its last run (of those that ended): one query."""
    runs = HarvestRun.objects.filter(source__in=list(rows))
    if ended:
        runs = runs.filter(ended_at__isnull=False)
    last = runs.values("source").annotate(last=Max("pk")).values("last").order_by()
    return {run.source_id: run for run in HarvestRun.objects.filter(pk__in=last)}


def item_counts(rows: Iterable[HarvestSource]) -> dict[int, dict[str, Any]]:
    """Return source id -> how many datasets, how many refused, how many archived: one query."""
    found = (
        HarvestItem.objects.filter(source__in=list(rows))
        .values("source")
        .annotate(
            datasets=Count("pk", filter=Q(dataset__isnull=False, state_before="")),
            failed=Count("pk", filter=Q(outcome=HarvestItem.Outcome.FAILED)),
            archived=Count("pk", filter=~Q(state_before="")),
        )
    )
    return {row["source"]: dict(row) for row in found}


def source_for(actor: Actor, pk: int) -> HarvestSource:
    """Return a source that an actor may manage. Raises Forbidden, NotFound."""
    row = HarvestSource.objects.select_related("organisation__node").filter(pk=pk).first()
    if row is None:
        access.require(actor, ACTION)
        raise NotFound
    access.require(actor, ACTION, row)
    return row


def item_for(actor: Actor, pk: int) -> HarvestItem:
    """Return an item of a source that an actor may manage. Raises Forbidden, NotFound."""
    rows = HarvestItem.objects.select_related("source__organisation__node", "dataset__node")
    row = rows.filter(pk=pk).first()
    if row is None:
        access.require(actor, ACTION)
        raise NotFound
    access.require(actor, ACTION, row.source)
    return row


def items(source: HarvestSource, outcome: str = "") -> QuerySet[HarvestItem]:
    """Return the items of a source, with one outcome or "missed" (absent lately)."""
    rows = source.items.select_related("dataset__node").order_by("remote_id")
    if outcome == "missed":
        return rows.filter(missed_runs__gt=0, state_before="")
    if outcome in HarvestItem.Outcome.values:
        return rows.filter(outcome=outcome)
    return rows


def why(item: HarvestItem) -> str:
    """Return in words what there is to say of an item."""
    if item.reason:
        return in_words(item.reason)
    if item.missed_runs:
        said = reason("absent", n=item.missed_runs, max=engine.MISSED_RUNS_MAX)
        return in_words(said)
    return ""


def outcome_rows(source: HarvestSource) -> Iterator[list[Any]]:
    """Yield the rows of the CSV of outcomes."""
    for item in items(source).iterator(1_000):
        yield [
            item.remote_id,
            item.title,
            item.outcome,
            str(item.get_outcome_display()),
            why(item),
            item.dataset.node.slug if item.dataset else "",
            item.url,
            item.missed_runs,
            item.at.isoformat(timespec="seconds"),
        ]


def drafts(source: HarvestSource) -> int:
    """Return how many drafts wait to be published."""
    return Dataset.objects.filter(
        harvested__source=source, harvested__detached_at=None, node__state=State.DRAFT
    ).count()


def last_preview(source: HarvestSource) -> Job | None:
    """Return the last preview of a source."""
    rows = Job.objects.filter(task=engine.PREVIEW_TASK, arguments={"source": source.pk})
    return rows.order_by("-created_at").first()


# Links --------------------------------------------------------------------------------------------


def broken_links(actor: Actor, organisation: str = "") -> QuerySet[Resource]:
    """Return the broken links of public datasets that an actor manages, the oldest first."""
    rows = (
        Resource.objects.filter(broken_since__isnull=False, dataset__node__state=State.PUBLIC)
        .exclude(url="")
        .select_related("dataset__node", "dataset__organisation__node")
        .order_by("broken_since", "pk")
    )
    narrowed = mine(actor)
    if narrowed is not None:
        owned = Dataset.objects.filter(narrowed)
        rows = rows.filter(dataset__in=owned)
    if organisation:
        rows = rows.filter(dataset__organisation__node__slug=organisation)
    return rows


def desk_counts(actor: Actor) -> dict[str, int]:
    """Return what waits for an actor: datasets archived lately, sources whose last run failed."""
    rows = sources(actor).filter(active=True)
    ids = list(rows.values_list("pk", flat=True))
    found = {"archived": 0, "failed_runs": 0}
    if ids:
        # Told for a month: an archived dataset that nobody wants back is no task for ever.
        found["archived"] = (
            HarvestItem.objects.filter(source__in=ids, at__gte=timezone.now() - TOLD)
            .exclude(state_before="")
            .count()
        )
        last = last_runs(rows).values()
        found["failed_runs"] = sum(run.state == HarvestRun.State.FAILED for run in last)
    return found


def of_dataset(pk: Any) -> HarvestItem | None:
    """Return where a dataset comes from, or None: it was made here, or detached."""
    rows = HarvestItem.objects.filter(dataset=pk, detached_at__isnull=True)
    return rows.select_related("source__organisation__node").first()
