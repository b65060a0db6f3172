"""What the index says of a dataset or a document: its fields, its words, its dates, its place."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from parvis.analysis.text import fold, stem
from parvis.catalogue import seen
from parvis.catalogue.ckan import objects
from parvis.catalogue.conformity import lateness
from parvis.catalogue.finding.conditions import TEXT_FIELDS
from parvis.catalogue.finding.models import VALUE_CHARACTERS
from parvis.catalogue.lists import CATEGORIES, FORMATS, LICENCES
from parvis.catalogue.models import Dataset, Document, Resource
from parvis.core import kinds
from parvis.core.i18n import DEFAULT, tr
from parvis.core.models import State

KINDS = ("dataset", "document")
KEY_CHARACTERS = 80
# Texts of an entry: a word found in one of them is found in `text`. What it weighs: WEIGHTS.
PARTS = (
    "title", "notes", "author", "maintainer", "res_name", "res_description", "name_words",
    "tag_words", "group_words", "more",
)  # fmt: skip
# CKAN's own weights: name^4 title^4 tags^2 groups^2 text.
WEIGHTS: Mapping[str, int] = {"name_words": 4, "title": 4, "tag_words": 2, "group_words": 2}
MARK = "~"
"""What begins the field of a text in the postings; no other field begins so."""
THERE = "?"
"""The field whose values are the names of the fields that have something."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = {State.DRAFT: "draft", State.PRIVATE: "active", State.PUBLIC: "active"}
_ELIDED = frozenset("ldjmnstc")


@dataclass(frozen=True)
class Described:
    """One entry as searches see it. Times are microseconds since 1970."""

    node: UUID
    kind: str
    state: str
    name: str
    title_key: str
    created: int | None
    modified: int | None
    published: int | None
    due: int | None
    box: tuple[float, float, float, float] | None
    values: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def terms(self) -> Iterator[tuple[str, str]]:
        """Yield (field, value) of each posting in which the entry stands."""
        for name, values in self.values.items():
            for value in values:
                yield name, key(value)
        for part, words in self.texts.items():
            for word in words:
                yield MARK + part, word
        for name in self.there():
            yield THERE, key(name)

    def there(self) -> Iterator[str]:
        """Yield the name of each field, and of each text, that has something."""
        yield from self.values
        yield from (MARK + part for part, words in self.texts.items() if words)

    def document(self) -> dict[str, Any]:
        """Return what the conditions read: field -> values, sets of stems and of words."""
        found: dict[str, Any] = {name: list(values) for name, values in self.values.items()}
        texts = {name: words for name, words in self.texts.items() if name in TEXT_FIELDS}
        texts["text"] = frozenset().union(*self.texts.values())
        for name, words in texts.items():
            found[name] = sorted(words)
            found[f"{name}:stems"] = found[f"{name}:words"] = words
        for name, moment in (
            ("metadata_created", self.created),
            ("metadata_modified", self.modified),
        ):
            if moment is not None:
                found[name] = written(moment)
        return found


def key(value: str) -> str:
    """Return a value as postings hold it: whole when short, else its beginning and a digest."""
    if len(value) <= VALUE_CHARACTERS:
        return value
    digest = sha256(value.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{value[: VALUE_CHARACTERS - 33]}…{digest}"


def microseconds(moment: datetime | None) -> int | None:
    """Return a time in whole microseconds since 1970 in UTC."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def written(moment: int) -> str:
    """Return such a time as CKAN writes it: naive UTC."""
    then = (_EPOCH + timedelta(microseconds=moment)).replace(tzinfo=None)
    return then.isoformat(timespec="microseconds")


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the folded words of some texts, and their stems in French and in English."""
    words = {word for text in texts if text for word in fold(text).split()} - _ELIDED
    found = {stem(word, code) for word in words for code in ("fr", "en")}
    return frozenset(one[:VALUE_CHARACTERS] for one in words | found)


def describe(ids: Iterable[UUID]) -> dict[UUID, Described]:
    """Return id -> description of the datasets and documents of these ids; the same few queries
    for any number. What was erased, or is no longer there, is not in it."""
    wanted = list(ids)
    found = _datasets(wanted)
    left = [pk for pk in wanted if pk not in found]
    return {**found, **_documents(left)} if left else found


def _alive(rows: Any, ids: Sequence[UUID]) -> Any:
    return (
        rows.filter(pk__in=ids)
        .exclude(node__state=State.ERASED)
        .select_related("node", "organisation__node")
    )


def _values(found: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return fields with their values as texts, without the empty ones."""
    out: dict[str, tuple[str, ...]] = {}
    for name, value in found.items():
        many = value if isinstance(value, list | tuple | set) else (value,)
        texts = (str(one).replace("\x00", "") for one in many if one not in (None, ""))
        if kept := tuple(dict.fromkeys(text for text in texts if text)):
            out[name] = kept
    return out


def _said(*texts: Mapping[str, str]) -> list[str]:
    return [words for text in texts if text for words in text.values()]


def _free(extras: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    return {
        f"{before}{name}"[:100].replace("\x00", ""): value
        for name, value in extras.items()
        if isinstance(value, str | int | float | list) and name[:1] not in {MARK, THERE, "+"}
    }


def _datasets(ids: Sequence[UUID]) -> dict[UUID, Described]:
    rows = _alive(Dataset.objects.all(), ids).prefetch_related(seen.files(), "ckan_groups")
    return {row.pk: _dataset(row) for row in rows}


def _dataset(row: Dataset) -> Described:
    node, organisation = row.node, row.organisation
    files: Sequence[Resource] = row.published  # type: ignore[attr-defined]
    made = [group for group in row.ckan_groups.all() if not group.deleted]
    created = node.published_at or node.created_at
    public = node.state == State.PUBLIC
    groups = {slug: str(CATEGORIES[slug]) for slug in row.categories if slug in CATEGORIES}
    values = {
        **_free(row.extras),
        **{f"extras_{name}": value for name, value in _free(row.extras).items()},
        **{
            name: value
            for file in files
            for name, value in _free(file.extras, "res_extras_").items()
        },
        **{extra["key"]: extra["value"] for extra in objects._extras(row)},
        **_ckan_fields(row, files),
        "groups": sorted({*groups, *(group.slug for group in made)}),
        "organization": organisation.node.slug if organisation else None,
        "owner_org": str(organisation.pk) if organisation else None,
        "state": _STATES.get(State(node.state), "deleted"),
        "capacity": "public" if public else "private",
        "private": "false" if public else "true",
        "+format": _offered(files),
        "+tag": [tr(tag, DEFAULT) for tag in row.tags],
        "+place": row.spatial,
    }
    # Facts kept as they stand; words of the same fields are in `texts`.
    values = {name: value for name, value in values.items() if name not in TEXT_FIELDS}
    return Described(
        node=row.pk,
        kind="dataset",
        state=node.state,
        name=node.slug,
        title_key=_title_key(node.title),
        created=microseconds(created),
        modified=microseconds(row.modified_at),
        published=microseconds(node.published_at),
        due=microseconds(lateness.due(row.frequency, row.modified_at)),
        box=_box(row.box),
        values=_values(values),
        texts={
            "title": words_of(node.title.values()),
            "notes": words_of(row.notes.values()),
            "author": words_of([row.author]),
            "maintainer": words_of([row.maintainer]),
            "res_name": words_of(_said(*(file.name for file in files))),
            "res_description": words_of(_said(*(file.description for file in files))),
            "name_words": words_of([node.slug.replace("-", " ")]),
            "tag_words": words_of(_said(*row.tags)),
            "group_words": words_of([*groups.values(), *(_said(*(g.title for g in made)))]),
            "more": words_of(
                [
                    *_said(row.methodology, *_labels(files)),
                    *(_said(organisation.node.title) if organisation else ()),
                ]
            ),
        },
    )


def _labels(files: Sequence[Resource]) -> list[Mapping[str, str]]:
    """Return the words of the columns of the tables."""
    tables = [file.current.columns for file in files if file.current is not None]
    return [column.get("label") or {} for columns in tables for column in columns]


def _ckan_fields(row: Dataset, files: Sequence[Resource]) -> dict[str, Any]:
    """Return the fields of CKAN's own index that are not decided by who may see the dataset."""
    return {
        "id": str(row.pk),
        "name": row.node.slug,
        "title_string": objects._plain(row.node.title),
        "license_id": row.licence,
        "license": LICENCES[row.licence].short if row.licence in LICENCES else row.licence,
        "tags": objects.tag_names(row),
        "dataset_type": "dataset",
        "type": "dataset",
        "entity_type": "package",
        "site_id": "default",
        "author_email": row.author_email,
        "maintainer_email": row.maintainer_email,
        "version": row.version,
        "res_format": sorted({file.format for file in files}),
        "res_url": [objects.download_url(row, file) for file in files],
        "res_type": sorted({file.kind for file in files}),
        "url": row.url or (row.sources[0] if row.sources else None),
        "num_resources": str(len(files)),
        "num_tags": str(len(row.tags)),
        "update_frequency": row.frequency,
        "language": objects.language_code(row),
        "ext_spatial": row.spatial,
        "temporal": row.temporal,
    }


def _offered(files: Sequence[Resource]) -> list[str]:
    """Return the formats in which the files may be taken away, in small letters."""
    found = {file.format.lower() for file in files if file.format}
    return sorted(found | (set(FORMATS) if any(file.current_id for file in files) else set()))


def _documents(ids: Sequence[UUID]) -> dict[UUID, Described]:
    found = list(_alive(Document.objects.all(), ids))
    texts = kinds.get("document").texts([row.pk for row in found]) if found else {}
    return {row.pk: _document(row, list(texts.get(row.pk, {}).values())) for row in found}


def _document(row: Document, said: Sequence[str]) -> Described:
    node, organisation = row.node, row.organisation
    formats = ["html"] if row.body else []
    if row.file_name:
        formats.append(row.file_name.rsplit(".", 1)[-1].lower())
    values = {
        "id": str(row.pk),
        "name": node.slug,
        "title_string": objects._plain(node.title),
        "organization": organisation.node.slug if organisation else None,
        "owner_org": str(organisation.pk) if organisation else None,
        "+format": formats,
        "+tag": [tr(tag, DEFAULT) for tag in row.tags],
        "+kind": row.doc_kind,
    }
    date = row.date
    day = datetime(date.year, date.month, date.day, tzinfo=UTC) if date else None
    return Described(
        node=row.pk,
        kind="document",
        state=node.state,
        name=node.slug,
        title_key=_title_key(node.title),
        created=microseconds(node.published_at or node.created_at),
        modified=microseconds(row.modified_at),
        # Documents are listed by their own date; those without one come last.
        published=microseconds(day),
        due=None,
        box=None,
        values=_values(values),
        texts={
            "title": words_of(node.title.values()),
            "notes": words_of(row.summary.values()),
            "name_words": words_of([node.slug.replace("-", " ")]),
            "tag_words": words_of(_said(*row.tags)),
            "more": words_of([*said, *(_said(organisation.node.title) if organisation else ())]),
        },
    )


def _title_key(title: Mapping[str, str]) -> str:
    """Return what titles are sorted by: folded, so that É stands with E."""
    return fold(tr(title, DEFAULT))[:KEY_CHARACTERS]


def _box(box: Any) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = (float(side) for side in box)
    except (TypeError, ValueError):
        return None
    return west, south, east, north
