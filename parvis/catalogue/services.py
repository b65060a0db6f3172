"""Datasets: drafted, described, published. One transaction each; files come by `loading`."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from parvis.catalogue.lists import CATEGORIES, LICENCE_DEFAULT, category_id, licence_id
from parvis.catalogue.models import Dataset, Resource, Version
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, LANGUAGES, Text, clean_text, tr
from parvis.core.models import Node, Organisation, State
from parvis.core.rows import check_row, free_slug

EDITABLE = (
    "organisation",
    "notes",
    "licence",
    "licence_reason",
    "frequency",
    "tags",
    "categories",
    "languages",
    "spatial",
    "temporal",
    "methodology",
    "author",
    "sources",
    "withheld",
    "kept_of",
    "reconstructed",
)
TAGS_MAX, SOURCES_MAX = 30, 60
# CKAN keeps these words for its own addresses, and so do we.
RESERVED = frozenset({"new", "edit", "search", "feed", "files"})
_PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)?/?(\d{4}-\d\d-\d\d)?")


def dataset_slug(kind: str, title: Text, wanted: str = "") -> str:
    """Return a free slug that is a CKAN name too: two or more of [a-z0-9_-], not reserved."""
    base = slugify(wanted or title.get(DEFAULT) or next(iter(title.values()), ""))[:60].strip("-_")
    if len(base) < 2 or base in RESERVED:
        base = f"{kind}-{base}".strip("-")
    return free_slug(kind, title, base)


def clean_title(title: Text) -> dict[str, str]:
    """Return a title. Raises Invalid without one in French."""
    try:
        cleaned = clean_text(title, characters_max=200)
    except ValidationError as error:
        raise Invalid({"title": error.messages}) from None
    if not cleaned.get(DEFAULT):
        raise Invalid({"title": [_("Give a title in French.")]})
    return cleaned


def clean_tags(tags: Iterable[Any]) -> list[dict[str, str]]:
    """Return tags as texts by language, without repetition. Raises Invalid."""
    found: dict[str, dict[str, str]] = {}
    for tag in tags:
        words = {DEFAULT: tag} if isinstance(tag, str) else tag
        try:
            cleaned = clean_text(words, characters_max=80)
        except ValidationError as error:
            raise Invalid({"tags": error.messages}) from None
        if cleaned:
            found.setdefault(tr(cleaned, DEFAULT).casefold(), cleaned)
    if len(found) > TAGS_MAX:
        raise Invalid({"tags": [_("%(n)d keywords at most.") % {"n": TAGS_MAX}]})
    return list(found.values())


def clean_sources(sources: Iterable[Any]) -> list[str]:
    """Return web addresses, in order. Raises Invalid for what is none."""
    found = list(dict.fromkeys(str(source).strip() for source in sources if str(source).strip()))
    for source in found:
        if not re.match(r"https?://[^\s<>\"]{3,2000}\Z", source):
            words = _("“%(address)s” is not a web address (https://…).")
            raise Invalid({"sources": [words % {"address": source[:100]}]})
    if len(found) > SOURCES_MAX:
        raise Invalid({"sources": [_("%(n)d sources at most.") % {"n": SOURCES_MAX}]})
    return found


def _clean_period(text: str) -> str:
    text = "".join(text.split())
    match = _PERIOD.fullmatch(text)
    try:
        days = [date.fromisoformat(part) for part in (match.groups() if match else ()) if part]
    except ValueError:
        match = None
    if text and (match is None or not days or days != sorted(days)):
        words = _("Write the period as year-month-day/year-month-day, the earliest first.")
        raise Invalid({"temporal": [words]})
    return text


def _assign(dataset: Dataset, changes: Mapping[str, Any]) -> None:
    if unknown := set(changes) - set(EDITABLE):
        raise Invalid({name: [_("This cannot be changed.")] for name in unknown})
    values = dict(changes)
    if "licence" in values:
        values["licence"] = licence_id(values["licence"] or LICENCE_DEFAULT)
    if "tags" in values:
        values["tags"] = clean_tags(values["tags"])
    if "sources" in values:
        values["sources"] = clean_sources(values["sources"])
    if "categories" in values:
        values["categories"] = [category_id(item) for item in values["categories"]]
        if lost := [item for item in values["categories"] if item not in CATEGORIES]:
            words = _("“%(name)s” is not a category.")
            raise Invalid({"categories": [words % {"name": item} for item in lost]})
    if "languages" in values:
        values["languages"] = [code for code in LANGUAGES if code in values["languages"]]
    if "temporal" in values:
        values["temporal"] = _clean_period(values["temporal"] or "")
    for name, value in values.items():
        setattr(dataset, name, value)
    check_row(dataset)


def texts_of(dataset: Dataset) -> dict[str, Any]:
    """Return what a revision keeps of a dataset: its words, and its facts as words."""
    tags = {code: ", ".join(tr(tag, code) for tag in dataset.tags) for code in LANGUAGES}
    names = ("notes", "methodology", "licence_reason", "withheld")
    facts = ("licence", "frequency", "spatial", "temporal", "author")
    return {
        "title": dict(dataset.node.title),
        **{name: dict(getattr(dataset, name)) for name in names},
        **{name: getattr(dataset, name) for name in facts},
        "tags": tags if dataset.tags else {},
        "categories": ", ".join(dataset.categories),
        "sources": " ".join(dataset.sources),
    }


@transaction.atomic
def create_dataset(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation | None = None,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Draft a dataset and return it. Raises Invalid by field, Forbidden."""
    if earlier := replayed(key):
        return Dataset.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_catalogue")
    cleaned = clean_title(title)
    node = Node.objects.create(
        kind="dataset",
        slug=dataset_slug("dataset", cleaned, slug),
        title=cleaned,
        state=State.DRAFT,
    )
    dataset = Dataset(node=node, organisation=organisation, languages=[DEFAULT])
    _assign(dataset, fields or {})
    # Again, now that the organisation is known: a steward may be one organisation's only.
    access.require(actor, "manage_catalogue", dataset)
    dataset.save(force_insert=True)
    emit("dataset.drafted", node=node, actor=actor, key=key)
    return dataset


@transaction.atomic
def update_dataset(
    *,
    actor: Actor,
    dataset: Dataset,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Change what a dataset says of itself; once public, what it said before is kept.

    Raises Invalid by field, and with every hole when a public dataset would lack something.
    """
    if replayed(key):
        return dataset
    access.require(actor, "manage_catalogue", dataset)
    _assign(dataset, changes)
    access.require(actor, "manage_catalogue", dataset)
    dataset.modified_at = timezone.now()
    dataset.save()
    if title is not None:
        dataset.node.title = clean_title(title)
        dataset.node.save(update_fields=["title"])
    if dataset.node.state == State.PUBLIC:
        _refuse_holes(dataset)
        revisions.keep(dataset.node, texts_of(dataset), actor=actor, note=note)
    emit("dataset.changed", node=dataset.node, actor=actor, key=key)
    return dataset


@transaction.atomic
def add_resource(
    *,
    actor: Actor,
    dataset: Dataset,
    name: Text,
    description: Text | None = None,
    kind: str = Resource.What.DATA,
    slug: str = "",
) -> Resource:
    """Add a file to a dataset (its versions come by `loading.add_version`) and return it."""
    access.require(actor, "manage_catalogue", dataset)
    words = clean_title(name)
    base = slugify(slug or words[DEFAULT])[:50].strip("-_") or "donnees"
    taken = set(dataset.resources.values_list("slug", flat=True))
    free = next(
        s for n in range(1, 10_000) if (s := base if n == 1 else f"{base}-{n}") not in taken
    )
    resource = Resource(
        dataset=dataset,
        slug=free,
        name=words,
        description=dict(description or {}),
        kind=kind,
        position=len(taken),
    )
    check_row(resource, ["dataset", "current"])
    resource.save(force_insert=True)
    emit("dataset.changed", node=dataset.node, actor=actor)
    return resource


@transaction.atomic
def update_resource(
    *, actor: Actor, resource: Resource, name: Text, description: Text, kind: str
) -> Resource:
    """Change the words of a file. Raises Invalid, Forbidden."""
    access.require(actor, "manage_catalogue", resource.dataset)
    resource.name, resource.description, resource.kind = clean_title(name), description, kind
    check_row(resource, ["dataset", "current"])
    resource.save(update_fields=["name", "description", "kind"])
    _touch(resource.dataset_id)
    emit("dataset.changed", node=resource.dataset.node, actor=actor)
    return resource


@transaction.atomic
def describe_columns(
    *, actor: Actor, version: Version, words: Mapping[str, Mapping[str, Text]]
) -> Version:
    """Write the codebook: column name -> {"label": ..., "description": ...}. No cell changes."""
    dataset = version.resource.dataset
    access.require(actor, "manage_catalogue", dataset)
    columns = []
    for column in version.columns:
        given = words.get(column["name"], {})
        changed = {part: clean_text(given[part], characters_max=2_000) for part in given}
        columns.append({**column, **changed})
    version.columns = columns
    version.save(update_fields=["columns"])
    _touch(dataset.pk)
    emit("dataset.changed", node=dataset.node, actor=actor)
    return version


def _touch(dataset_id: UUID) -> None:
    Dataset.objects.filter(pk=dataset_id).update(modified_at=timezone.now())


@dataclass(frozen=True)
class Hole:
    """Something missing before a dataset may be published."""

    field: str
    words: Any


def holes(dataset: Dataset) -> list[Hole]:
    """Return what Données Québec's profile requires and the dataset lacks; empty: it can go."""
    required = {
        "organisation": (dataset.organisation_id, _("Say which organisation publishes it.")),
        "notes": (dataset.notes.get(DEFAULT), _("The description is missing.")),
        "tags": (dataset.tags, _("Give one keyword at least.")),
        "languages": (dataset.languages, _("Say in which language the data is.")),
        "spatial": (dataset.spatial, _("Say which territory it covers.")),
    }
    found = [Hole(name, words) for name, (value, words) in required.items() if not value]
    if dataset.licence != LICENCE_DEFAULT and not dataset.licence_reason.get(DEFAULT):
        found.append(Hole("licence_reason", _("Say why the licence is not CC BY.")))
    has_version = Version.objects.filter(resource__dataset=dataset).exists()
    if not has_version:
        found.append(Hole("files", _("There is no file yet.")))
    return found


def _refuse_holes(dataset: Dataset) -> None:
    if left := holes(dataset):
        raise Invalid({hole.field: [hole.words] for hole in left})


def manifest(files: Iterable[tuple[str, str]]) -> str:
    """Return the list of files as `sha256sum` writes it: "hash, two spaces, name", by name."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files))


@transaction.atomic
def publish_dataset(
    *,
    actor: Actor,
    dataset: Dataset,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Dataset:
    """Publish a dataset and every version that waits; the event carries the files' hash.

    The hash is that of `manifest` over the Parquet files that stand after the publication.
    Raises Invalid with every hole, Conflict when nothing waits, Forbidden.
    """
    if replayed(key):
        return dataset
    access.require(actor, "publish_data", dataset)
    node = dataset.node
    if node.state not in {State.DRAFT, State.PUBLIC}:
        raise Conflict(_("This dataset was withdrawn."))
    _refuse_holes(dataset)
    now = timezone.now()
    waiting = list(
        Version.objects.select_for_update()
        .filter(resource__dataset=dataset, published_at__isnull=True)
        .select_related("resource")
    )
    if node.state == State.PUBLIC and not waiting:
        raise Conflict(_("Nothing new waits to be published."))
    for version in waiting:
        version.published_at = now
        version.save(update_fields=["published_at"])
        version.resource.current = version
        version.resource.published_at = version.resource.published_at or now
        version.resource.save(update_fields=["current", "published_at"])
    standing = [
        resource
        for resource in dataset.resources.select_related("current")
        if resource.current_id is not None
    ]
    node.state, node.published_at = State.PUBLIC, node.published_at or now
    node.save(update_fields=["state", "published_at"])
    dataset.modified_at = now
    dataset.save(update_fields=["modified_at"])
    revisions.keep(node, texts_of(dataset), actor=actor, note=note)
    files = [(f"{row.slug}.parquet", row.current.sha256) for row in standing if row.current]
    emit(
        "dataset.published",
        node=node,
        actor=actor,
        data={
            "sha256": hashlib.sha256(manifest(files).encode()).hexdigest(),
            "rows": sum(row.current.rows for row in standing if row.current),
            "withheld": int(dataset.kept_of.get("withheld", 0)),
            "files": [{"name": name, "sha256": sha256} for name, sha256 in sorted(files)],
        },
        key=key,
    )
    return dataset


@transaction.atomic
def remove_resource(*, actor: Actor, resource: Resource) -> None:
    """Remove a file that was never published. Raises Conflict, Forbidden."""
    access.require(actor, "manage_catalogue", resource.dataset)
    if resource.versions.filter(published_at__isnull=False).exists():
        raise Conflict(_("This file was published: people may cite it, it stays."))
    emit("dataset.changed", node=resource.dataset.node, actor=actor)
    resource.delete()
