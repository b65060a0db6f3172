"""The checks of a version: made when its file is loaded, made again when asked; CKAN's keys."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from parvis.catalogue import store
from parvis.catalogue.conformity import checks
from parvis.catalogue.conformity.checks import KEYS, NONE, RULES, Table
from parvis.catalogue.conformity.models import Conformity
from parvis.catalogue.models import Resource, Version
from parvis.core import access
from parvis.core.access import Actor

RESOURCE_KEYS = frozenset({"relidi_description_champs", *KEYS.values()})
"""What `resource_keys` may say."""


def look(
    path: Path,
    columns: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, Any]],
    received: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the rules find in a Parquet file, as `keep` writes it: no row is touched."""
    table = Table(path, columns, figures, received)
    return {
        "received": dict(received),
        "checks": checks.all_checks(table),
        "remarks": checks.remarks(table),
        "rules": RULES,
    }


def keep(version: Version, values: Mapping[str, Any]) -> Conformity:
    """Write what `look` found of a version and return it."""
    row, _made = Conformity.objects.update_or_create(
        version=version, defaults={**values, "computed_at": timezone.now()}
    )
    return row


def compute(version: Version) -> Conformity:
    """Look for the rules in a version again, keep what was found and return it.

    What is known of the file as it came stays. Raises TableError when the table is not in the
    store any more.
    """
    stored = store.stored(version)
    known = Conformity.objects.filter(version=version).first()
    figures = version.profile["columns"]
    received = known.received if known else {}
    return keep(version, look(stored.path, version.columns, figures, received))


@transaction.atomic
def recompute(*, actor: Actor, version: Version) -> Conformity:
    """Make the checks of a version again. Raises Forbidden, TableError."""
    access.require(actor, "manage_catalogue", version.resource.dataset)
    return compute(version)


def of_versions(versions: Sequence[Version]) -> dict[Any, Conformity]:
    """Return version id -> its checks, in one query; a version never checked is not there."""
    rows = Conformity.objects.filter(version__in=[version.pk for version in versions])
    return {row.version_id: row for row in rows}


def described(version: Version) -> bool:
    """Whether each column of a version has words, or a clear meaning for its codes."""
    return all(
        any((column.get("label") or {}).values()) or any((column.get("description") or {}).values())
        for column in version.columns
    )


def resource_keys(version: Version | None, conformity: Conformity | None = None) -> dict[str, str]:
    """Return the `relidi_*` keys that Données Québec gives a resource, for CKAN's objects.

    They speak of what is offered at the address of the resource. Empty for a version that was never
    checked. `conformity` saves a query where the caller has it.
    """
    if version is None:
        return {}
    found = conformity or Conformity.objects.filter(version=version).first()
    if found is None:
        return {}
    answers = {check["code"]: check["offered"] for check in found.checks}
    words = "relidi.descha.foumet" if described(version) else "relidi.descha.absent"
    return {
        "relidi_description_champs": words,
        **{key: answers.get(code, NONE) for code, key in KEYS.items()},
    }


def file_keys(resource: Resource) -> dict[str, str]:
    """Return the keys of a file kept as it came: only what its format alone tells."""
    if resource.file_id is None:
        return {}
    compressed = resource.file_name.lower().endswith((".zip", ".gz", ".7z", ".rar"))
    allowed = resource.format.upper() in {"SHP", "GTFS", "GBFS"}
    return {KEYS["compression"]: "non" if compressed and not allowed else "oui"}
