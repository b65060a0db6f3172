"""A page of things read becomes datasets: a few queries whatever their number, one transaction.

Harvested datasets hold links only. They say where they come from in their sources, their address
and their free keys; nothing here overwrites a dataset that the source does not own.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from parvis.catalogue.harvest import planning
from parvis.catalogue.harvest.models import HarvestItem, HarvestRun, HarvestSource
from parvis.catalogue.harvest.planning import Planned, plan
from parvis.catalogue.harvest.reasons import reason
from parvis.catalogue.harvest.remote import Found, Remote, RemoteFile
from parvis.catalogue.lists import LICENCE_DEFAULT
from parvis.catalogue.models import Dataset, Resource
from parvis.catalogue.services import RESERVED, texts_of
from parvis.core.access import SYSTEM
from parvis.core.events import emit
from parvis.core.ids import new_id
from parvis.core.models import Node, Revision, State

log = logging.getLogger("parvis.harvest")

_LICENCE_REASON = {
    "fr": "Licence choisie par la source.",
    "en": "Licence chosen by the source.",
}
_DATASET_FIELDS = (
    "notes", "licence", "licence_reason", "frequency", "tags", "categories", "languages",
    "spatial", "temporal", "author", "author_email", "maintainer", "maintainer_email", "sources",
    "url", "version", "box", "extras", "modified_at",
)  # fmt: skip
_RESOURCE_FIELDS = (
    "name", "description", "position", "format", "kind", "mimetype", "extras", "modified_at",
)  # fmt: skip
_ITEM_FIELDS = (
    "dataset", "title", "url", "digest", "outcome", "reason", "missed_runs", "seen_in", "at",
    "state_before", "kept",
)  # fmt: skip


def write(run: HarvestRun, found: Sequence[Found]) -> dict[str, int]:
    """Write what was found; return how many of each outcome. One bad item never stops the others.

    Call it outside of a transaction, or inside one that also keeps the cursor of the run.
    """
    source = run.source
    planned = plan(source, found, run.pk)
    try:
        with transaction.atomic():
            return _apply(run, source, planned)
    except Exception:
        log.exception("a page was not saved", extra={"fields": {"source": source.pk}})
    counts: dict[str, int] = {}
    for one in planned:
        for outcome, n in _alone(run, source, one).items():
            counts[outcome] = counts.get(outcome, 0) + n
    return counts


def _alone(run: HarvestRun, source: HarvestSource, one: Planned) -> dict[str, int]:
    """Write one thing; where even that fails, say so on its item."""
    try:
        with transaction.atomic():
            return _apply(run, source, [one])
    except Exception as error:
        log.exception("an item was not saved", extra={"fields": {"item": one.remote_id}})
        why = reason("not_saved", detail=f"{type(error).__name__}: {error}")
    refused = Planned(one.remote_id, one.title, planning.FAILED, one.item, reason=why)
    with transaction.atomic():
        return _apply(run, source, [refused])


def _apply(run: HarvestRun, source: HarvestSource, planned: Sequence[Planned]) -> dict[str, int]:
    now = timezone.now()
    by_outcome: dict[str, list[Planned]] = {}
    for one in planned:
        by_outcome.setdefault(one.outcome, []).append(one)
    added = by_outcome.get(planning.ADDED, [])
    changed = by_outcome.get(planning.CHANGED, []) + by_outcome.get(planning.RESTORED, [])
    made = _add(source, added, now)
    kept = {one.remote_id: one.item.dataset for one in changed if one.item and one.item.dataset}
    _change(source, changed, now)
    _keep_items(run, source, planned, made, now)
    for dataset in [*made.values(), *kept.values()]:
        emit("dataset.harvested", node=dataset.node, actor=SYSTEM, data={"source": source.pk})
    return {outcome: len(rows) for outcome, rows in by_outcome.items()}


# Datasets -----------------------------------------------------------------------------------------


def _fields(source: HarvestSource, remote: Remote, now: datetime) -> dict[str, Any]:
    told = {"harvest_source_title": source.name, "harvest_source_url": source.url}
    if remote.modified:
        told["harvest_source_modified"] = remote.modified
    return {
        "notes": dict(remote.notes),
        "licence": remote.licence,
        "licence_reason": {} if remote.licence == LICENCE_DEFAULT else _LICENCE_REASON,
        "frequency": remote.frequency,
        "tags": list(remote.tags),
        "categories": list(remote.categories),
        "languages": list(remote.languages) or [source.language],
        "spatial": remote.spatial,
        "temporal": remote.temporal,
        "author": remote.author,
        "author_email": remote.author_email,
        "maintainer": remote.maintainer,
        "maintainer_email": remote.maintainer_email,
        "sources": [remote.url] if remote.url else [],
        "url": remote.url,
        "version": remote.version,
        "box": list(remote.box) if remote.box else None,
        "extras": {**remote.extras, **told},
        "modified_at": now,
    }


def free_slugs(source: HarvestSource, rows: Sequence[tuple[str, Remote]]) -> dict[str, str]:
    """Return remote id -> a slug that no dataset has: its name there, else with a suffix.

    The suffix is the organisation, then six digits that are the same each time. One query.
    """
    suffix = source.organisation.node.slug
    wanted: dict[str, list[str]] = {}
    for remote_id, remote in rows:
        words = remote.name or next(iter(remote.title.values()))
        base = slugify(words)[:60].strip("-_")
        if len(base) < 2 or base in RESERVED:
            base = f"dataset-{base}".strip("-")
        digits = hashlib.sha256(f"{source.pk} {remote_id}".encode()).hexdigest()
        short = base[:50].strip("-_")
        wanted[remote_id] = [
            base,
            f"{base[:40]}-{suffix[:19]}".strip("-_"),
            f"{short}-{digits[:6]}",
            f"{short}-{digits[:24]}",
        ]
    every = [slug for slugs in wanted.values() for slug in slugs]
    taken = set(Node.objects.filter(kind="dataset", slug__in=every).values_list("slug", flat=True))
    out = {}
    for remote_id, slugs in wanted.items():
        out[remote_id] = next(slug for slug in slugs if slug not in taken)
        taken.add(out[remote_id])
    return out


def _add(source: HarvestSource, rows: Sequence[Planned], now: datetime) -> dict[str, Dataset]:
    """Create datasets with their links; return them by remote id."""
    given = [(one.remote_id, one.remote) for one in rows if one.remote is not None]
    if not given:
        return {}
    public = source.arrival == HarvestSource.Arrival.PUBLIC
    slugs = free_slugs(source, given)
    made: dict[str, Dataset] = {}
    resources: list[Resource] = []
    for remote_id, remote in given:
        node = Node(
            id=new_id(),
            kind="dataset",
            slug=slugs[remote_id],
            title=dict(remote.title),
            state=State.PUBLIC if public else State.DRAFT,
            created_at=now,
            published_at=now if public else None,
        )
        dataset = Dataset(
            node=node, organisation=source.organisation, **_fields(source, remote, now)
        )
        made[remote_id] = dataset
        resources += _links(dataset, remote.files, now, published_at=now if public else None)
    Node.objects.bulk_create([dataset.node for dataset in made.values()])
    Dataset.objects.bulk_create(made.values())
    Resource.objects.bulk_create(resources)
    if public:
        remember(made.values(), now)
    return made


def remember(datasets: Iterable[Dataset], now: datetime) -> None:
    """Keep what public datasets say now, for their history."""
    rows = [
        Revision(
            node=dataset.node,
            at=now,
            texts={name: text for name, text in texts_of(dataset).items() if text},
        )
        for dataset in datasets
    ]
    Revision.objects.bulk_create(rows)


def _links(
    dataset: Dataset, files: Sequence[RemoteFile], now: datetime, *, published_at: datetime | None
) -> list[Resource]:
    taken: set[str] = set()
    rows = []
    for position, file in enumerate(files):
        row = Resource(dataset=dataset, url=file.url, created_at=now, published_at=published_at)
        _set_link(row, file, position, now, dataset)
        row.slug = _link_slug(file, taken)
        rows.append(row)
    return rows


def _link_slug(file: RemoteFile, taken: set[str]) -> str:
    words = next(iter(file.name.values()), "") or file.url.rstrip("/").rpartition("/")[2]
    base = slugify(words)[:50].strip("-_") or "lien"
    slug, n = base, 1
    while slug in taken:
        n += 1
        slug = f"{base}-{n}"
    taken.add(slug)
    return slug


def _set_link(
    row: Resource, file: RemoteFile, position: int, now: datetime, dataset: Dataset
) -> None:
    row.name = dict(file.name) or dict(dataset.node.title)
    row.description = dict(file.description)
    row.position = position
    row.format, row.mimetype, row.kind = file.format, file.mimetype, file.kind
    row.extras = dict(file.extras)
    row.modified_at = datetime.fromisoformat(file.modified) if file.modified else now


def _change(source: HarvestSource, rows: Sequence[Planned], now: datetime) -> None:
    """Bring datasets in step with what was read; files keep their identity by their address."""
    pairs = [
        (one.item, one.remote)
        for one in rows
        if one.item is not None and one.item.dataset is not None and one.remote is not None
    ]
    if not pairs:
        return
    owned = [item.dataset for item, _remote in pairs if item.dataset is not None]
    known: dict[Any, list[Resource]] = {}
    for row in Resource.objects.filter(dataset__in=owned).order_by("position", "pk"):
        known.setdefault(row.dataset_id, []).append(row)
    before = {dataset.pk: texts_of(dataset) for dataset in owned}
    for (item, remote), dataset in zip(pairs, owned, strict=True):
        for name, value in _fields(source, remote, now).items():
            setattr(dataset, name, value)
        dataset.node.title = dict(remote.title)
        if item.state_before:
            dataset.node.state = item.state_before
    Node.objects.bulk_update([dataset.node for dataset in owned], ["title", "state"])
    Dataset.objects.bulk_update(owned, _DATASET_FIELDS, batch_size=50)
    _change_links([(d, r.files) for d, (_i, r) in zip(owned, pairs, strict=True)], known, now)
    public = [d for d in owned if d.node.state == State.PUBLIC and texts_of(d) != before[d.pk]]
    remember(public, now)


def _change_links(
    pairs: Sequence[tuple[Dataset, Sequence[RemoteFile]]],
    known: Mapping[Any, list[Resource]],
    now: datetime,
) -> None:
    new: list[Resource] = []
    kept: list[Resource] = []
    gone: list[Any] = []
    for dataset, files in pairs:
        left: dict[str, list[Resource]] = {}
        slugs = set()
        for row in known.get(dataset.pk, ()):
            left.setdefault(row.url, []).append(row)
            slugs.add(row.slug)
        published_at = now if dataset.node.state == State.PUBLIC else None
        for position, file in enumerate(files):
            same = left.get(file.url)
            row = same.pop(0) if same else Resource(dataset=dataset, url=file.url, created_at=now)
            if row._state.adding:
                row.slug, row.published_at = _link_slug(file, slugs), published_at
                new.append(row)
            else:
                kept.append(row)
            _set_link(row, file, position, now, dataset)
        gone += [row.pk for rows in left.values() for row in rows]
    if gone:
        Resource.objects.filter(pk__in=gone).delete()
    if kept:
        Resource.objects.bulk_update(kept, _RESOURCE_FIELDS, batch_size=80)
    Resource.objects.bulk_create(new)


# Items --------------------------------------------------------------------------------------------


def _keep_items(
    run: HarvestRun,
    source: HarvestSource,
    planned: Sequence[Planned],
    made: Mapping[str, Dataset],
    now: datetime,
) -> None:
    """Write down what became of each thing: two queries."""
    same, rows = [], []
    for one in planned:
        item = one.item
        quiet = one.outcome in {planning.UNCHANGED, planning.DETACHED}
        if quiet and item is not None and item.outcome == one.outcome and not item.reason:
            same.append(item.pk)
            continue
        dataset = made.get(one.remote_id) or (item.dataset if item else None)
        refused = one.outcome == planning.FAILED
        row = HarvestItem(
            source=source,
            remote_id=one.remote_id,
            dataset=dataset,
            title=one.title,
            url=(one.remote.url if one.remote else "") or (item.url if item else ""),
            # What is refused is tried again, whatever it says, at the next complete run.
            digest="" if refused else one.digest,
            outcome=one.outcome,
            reason=dict(one.reason or {}),
            seen_in=run.pk,
            at=now,
            state_before=item.state_before if item and refused else "",
            kept=False,
        )
        rows.append(row)
    if same:
        HarvestItem.objects.filter(pk__in=same).update(
            seen_in=run.pk, at=now, missed_runs=0, kept=False
        )
    if rows:
        HarvestItem.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["source", "remote_id"],
            update_fields=_ITEM_FIELDS,
        )
