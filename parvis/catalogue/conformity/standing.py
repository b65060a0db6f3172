"""Where each dataset stands: kept for lists to sort by, made again by the worker."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Prefetch, Q
from django.utils import timezone

from parvis.catalogue.conformity import quality
from parvis.catalogue.conformity.models import Conformity, Quality
from parvis.catalogue.conformity.profile import holes
from parvis.catalogue.conformity.quality import Contents
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core.models import State

BATCH = 200
# What the clock changes (lateness, links) is looked at again after so long.
KEPT = timedelta(hours=24)
ALIVE = (State.DRAFT, State.PRIVATE, State.PUBLIC)


def contents_of(datasets: Sequence[Dataset], *, published: bool = False) -> list[Contents]:
    """Return datasets with their files, versions and checks: three queries in all.

    `published`: only what people see; else also what waits, which is then the version shown.
    """
    rows = Resource.objects.filter(dataset__in=datasets).select_related("current", "file")
    if published:
        rows = rows.filter(Q(current__isnull=False) | Q(published_at__isnull=False))
    else:
        waiting = Version.objects.filter(published_at__isnull=True).defer("profile")
        rows = rows.prefetch_related(Prefetch("versions", queryset=waiting, to_attr="waiting"))
    found: dict[UUID, list[tuple[Resource, Version | None]]] = {}
    for row in rows.defer("current__profile").order_by("position", "pk"):
        version = next(iter(getattr(row, "waiting", ())), None) or row.current
        if version or row.url or row.file_id:
            found.setdefault(row.dataset_id, []).append((row, version))
    versions = [version.pk for files in found.values() for _row, version in files if version]
    checked = {row.version_id: row for row in Conformity.objects.filter(version__in=versions)}
    return [
        Contents(
            dataset,
            [(r, v, checked.get(v.pk) if v else None) for r, v in found.get(dataset.pk, ())],
        )
        for dataset in datasets
    ]


def keep(contents: Contents) -> Quality:
    """Write where a dataset stands and return it."""
    found = quality.criteria(contents)
    met, total = quality.counts(found)
    public = contents.dataset.node.state == State.PUBLIC
    row, _made = Quality.objects.update_or_create(
        dataset=contents.dataset,
        defaults={
            "met": met,
            "total": total,
            "missing": [one.code for one in found if one.met is False],
            "holes": 0 if public else len(holes(contents.dataset)),
            "late_since": contents.late_since if public else None,
            "broken": sum(row.broken_since is not None for row, _v, _c in contents.files),
            "computed_at": contents.now,
        },
    )
    return row


def refresh(limit: int = BATCH) -> int:
    """Look again at the datasets that changed, or that were last looked at a day ago.

    The worker calls it. Return how many were.
    """
    old = timezone.now() - KEPT
    due = Q(quality=None) | Q(quality__computed_at__lt=F("modified_at"))
    rows = list(
        Dataset.objects.filter(due | Q(quality__computed_at__lt=old), node__state__in=ALIVE)
        .select_related("node", "organisation__node")
        .order_by("pk")[:limit]
    )
    for contents in contents_of(rows):
        keep(contents)
    return len(rows)


@dataclass
class ByOrganisation:
    """One line of the table: an organisation, its datasets, what is most often missing."""

    organisation: Any
    datasets: int = 0
    met: int = 0
    total: int = 0
    late: int = 0
    broken: int = 0
    missing: dict[str, int] = field(default_factory=dict)

    @property
    def most_missing(self) -> list[tuple[str, int]]:
        """The three criteria that most datasets lack: words, how many datasets."""
        ordered = sorted(self.missing.items(), key=lambda one: (-one[1], one[0]))
        return [(str(quality.LABELS[code]), n) for code, n in ordered[:3]]


def by_organisation(rows: Iterable[Quality]) -> list[ByOrganisation]:
    """Return one line by organisation, of quality rows with dataset and organisation loaded."""
    found: dict[UUID | None, ByOrganisation] = {}
    for row in rows:
        organisation = row.dataset.organisation
        key = organisation.pk if organisation else None
        line = found.setdefault(key, ByOrganisation(organisation))
        line.datasets += 1
        line.met += row.met
        line.total += row.total
        line.late += row.late_since is not None
        line.broken += row.broken
        for code in row.missing:
            line.missing[code] = line.missing.get(code, 0) + 1
    return sorted(found.values(), key=lambda line: (line.met / max(line.total, 1), -line.datasets))
