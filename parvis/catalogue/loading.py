"""Files into versions: read whole, typed, profiled, kept by hash. A failed load changes nothing."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import UUID

import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext as _

from parvis.catalogue import store
from parvis.catalogue.conformity import received as as_it_came
from parvis.catalogue.conformity import services as conformity
from parvis.catalogue.facsimile.models import Facsimile
from parvis.catalogue.models import Resource, Version
from parvis.catalogue.services import _touch
from parvis.core import access, limits
from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import emit
from parvis.core.i18n import Text, clean_text
from parvis.tables import store as tables_store
from parvis.tables import write
from parvis.tables.errors import FORMS, REASONS, WHY, CellProblem, TableError
from parvis.tables.read import read_table
from parvis.tables.schema import Schema

Values = Mapping[str, Mapping[str, Text]]
UPLOADS = ("csv", "tsv", "txt", "json", "ndjson", "geojson", "xlsx", "ods", "parquet")
_SHEETS = ("xlsx", "ods")
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


class BadTable(Invalid):
    """The file was read, and some cells are wrong: each by row, column and value."""

    def __init__(self, problems: Sequence[CellProblem], total: int) -> None:
        words = _("%(n)d cells or rows are wrong. Correct the file, or accept it as it is.")
        super().__init__({"file": [words % {"n": total}]})
        self.problems = tuple(problems)
        self.total = total


def in_words(reason: str, params: dict[str, Any] | None = None) -> str:
    """Return the sentence of a table's problem in the reader's language."""
    text = _(REASONS[reason])
    return text % params if params else text


def why_in_words(column: Mapping[str, Any]) -> str:
    """Return why a column of a codebook has its type, with an example; empty if it is not known."""
    understood = column.get("understood")
    if not understood or understood.get("why") not in WHY:
        return ""
    reason = WHY[understood["why"]]
    words = str(_(reason) % understood)
    form = FORMS.get(understood.get("form", ""), "")
    return f"{words} ({form})" if form else words


def refused(error: TableError) -> Invalid:
    """Return the refusal of a file that cannot be used."""
    return Invalid({"file": [in_words(error.reason, error.params)]})


def _honest(name: str, head: bytes) -> None:
    """Refuse a file that is not what its name says. Raises Invalid."""
    extension = name.rsplit(".", 1)[-1].lower()
    if extension not in UPLOADS:
        words = _("Only these files are read: %(list)s.")
        raise Invalid({"file": [words % {"list": ", ".join(UPLOADS)}]})
    zipped = head.startswith(_ZIP)
    if extension in _SHEETS and not zipped and not head.startswith(_OLE):
        raise Invalid({"file": [_("This file is not a spreadsheet, whatever its name says.")]})
    if extension == "parquet" and not head.startswith(_PARQUET):
        raise Invalid({"file": [_("This file is not Parquet, whatever its name says.")]})
    if extension in (*_SHEETS, "parquet"):
        return
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16 is text that holds zeros
    binary = zipped or head.startswith((_OLE, _PARQUET)) or (b"\0" in head and not wide)
    if binary:
        raise Invalid({"file": [_("This file is not text, whatever its name says.")]})


def latest(resource: Resource) -> Version | None:
    """Return the version that waits, else the one people get."""
    return resource.versions.filter(published_at__isnull=True).first() or resource.current


def add_version(
    *,
    actor: Actor,
    resource: Resource,
    source: bytes | BinaryIO,
    name: str,
    note: Text | None = None,
    accept: bool = False,
    types: dict[str, Any] | None = None,
    day_first: bool | None = None,
    step: Callable[[int, int], None] | None = None,
) -> Version:
    """Read a file called `name` (`UPLOADS`) into a version that waits for publication; return it.

    The types and words of the version before are kept; where a cell does not fit, the column
    becomes text and the cell is listed. `day_first` settles days that may be months; `step(done,
    steps)` is told how far it is. Raises BadTable with the cells unless `accept`, Invalid
    for a file that is no table or too large: then the version before stays as it was. The same
    rows again return the version that is there.
    """
    access.require(actor, "manage_catalogue", resource.dataset)
    taken = take_in(
        source,
        name,
        before=latest(resource),
        accept=accept,
        types=types,
        day_first=day_first,
        step=step,
    )
    return _record(
        actor, resource, taken.stored, note, understood=taken.understood, facts=taken.facts
    )


@dataclass(frozen=True)
class Taken:
    """A table that was read and is in the store; `understood`: why each column has its type.

    `facts`: what the file was like (`conformity.received.facts`).
    """

    stored: tables_store.Version
    understood: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


def take_in(
    source: bytes | BinaryIO,
    name: str,
    *,
    before: Version | None = None,
    accept: bool = False,
    types: dict[str, Any] | None = None,
    day_first: bool | None = None,
    step: Callable[[int, int], None] | None = None,
) -> Taken:
    """Read a file into the store, with no row of the database yet. Raises as `add_version`."""
    head = source[:4096] if isinstance(source, bytes) else source.read(4096)
    if not isinstance(source, bytes):
        source.seek(0)
    _honest(name, head)
    seen = as_it_came.seen(source, name)
    previous = store.schema_of(before) if before else None
    wanted = {c.name: c.type for c in previous.columns} if previous else {}
    say = step or (lambda done, steps: None)
    try:
        with read_table(
            source,
            bytes_max=limits.TABLE_BYTES,
            day_first=day_first,
            types={**wanted, **(types or {})},
            previous=previous,
        ) as reading:
            if reading.problems_total and not accept:
                raise BadTable(reading.problems, reading.problems_total)
            say(1, 3)
            # Outside the transaction: reading a large file must not hold the database.
            stored = store.store().put(reading.reader(), reading.schema)
            understood = {one["name"]: one for one in reading.understood}
            facts = as_it_came.facts(reading, seen, name)
            say(2, 3)
    except TableError as error:
        raise refused(error) from None
    return Taken(stored, understood, facts)


def put_table(
    *,
    actor: Actor,
    resource: Resource,
    data: pa.Table | pa.RecordBatchReader,
    schema: Schema | None = None,
    values: Values | None = None,
    note: Text | None = None,
) -> Version:
    """Keep an Arrow table as a version that waits for publication; return it. Raises Invalid.

    `values` says what coded cells mean: column -> code -> text by language.
    """
    access.require(actor, "manage_catalogue", resource.dataset)
    try:
        stored = store.store().put(data, schema)
    except TableError as error:
        raise refused(error) from None
    return _record(actor, resource, stored, note, values)


def _columns(
    stored: tables_store.Version,
    before: Version | None,
    values: Values,
    understood: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the codebook, with what each column was taken for and why.

    What coded cells mean is kept from the version before.
    """
    known = {c["name"]: c["values"] for c in before.columns if "values" in c} if before else {}
    known |= {name: {code: dict(text) for code, text in v.items()} for name, v in values.items()}
    columns = [
        {**c, "understood": understood[c["name"]]} if c["name"] in understood else c
        for c in stored.schema.as_list()
    ]
    return [{**c, "values": known[c["name"]]} if c["name"] in known else c for c in columns]


def _record(
    actor: Actor,
    resource: Resource,
    stored: tables_store.Version,
    note: Text | None,
    values: Values | None = None,
    understood: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Version:
    csv = as_csv(stored)
    profile = store.store().profile(stored).as_dict()
    # Outside the transaction too: it reads every cell.
    checked = look(stored, profile, understood, facts)
    with transaction.atomic():
        version, made = record(
            resource, stored, csv, profile, by=actor.person_id, note=note, values=values,
            understood=understood, checked=checked,
        )  # fmt: skip
        if made:
            emit("dataset.changed", node=resource.dataset.node, actor=actor)
    return version


def look(
    stored: tables_store.Version,
    profile: Mapping[str, Any],
    understood: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the rules of conformity find in a table that is in the store."""
    columns = [{**c, "understood": (understood or {}).get(c["name"], {})}
               for c in stored.schema.as_list()]  # fmt: skip
    return conformity.look(stored.path, columns, profile["columns"], facts or {})


def record(
    resource: Resource,
    stored: tables_store.Version,
    csv: tuple[str, int],
    profile: Mapping[str, Any],
    *,
    by: UUID | None,
    note: Text | None = None,
    values: Values | None = None,
    understood: Mapping[str, Any] | None = None,
    checked: Mapping[str, Any] | None = None,
) -> tuple[Version, bool]:
    """Write the version that waits; return it, and False when these rows were there already.

    `checked` is what `look` found; it is looked for now where the caller did not.
    The caller has checked the right, opened the transaction, and emits the event.
    """
    locked = Resource.objects.select_for_update(of=("self",)).get(pk=resource.pk)
    before = latest(locked)
    if before and before.sha256 == stored.sha256:
        return before, False
    drop_waiting(locked)
    version = Version.objects.create(
        resource=locked,
        sha256=stored.sha256,
        rows=stored.rows,
        bytes=stored.bytes,
        csv_sha256=csv[0],
        csv_bytes=csv[1],
        columns=_columns(stored, before, values or {}, understood or {}),
        profile=dict(profile),
        path=str(stored.path.relative_to(store.store().root)),
        by_id=by,
        note=clean_text(note or {}, characters_max=limits.REASON_CHARACTERS),
    )
    conformity.keep(version, checked or look(stored, profile, understood))
    _touch(locked.dataset_id)
    return version, True


def drop_waiting(resource: Resource) -> None:
    """Remove the version that waits, and its file when nothing else points to it."""
    waiting = resource.versions.filter(published_at__isnull=True).first()
    if waiting is None:
        return
    sha256 = waiting.sha256
    waiting.delete()
    transaction.on_commit(lambda: drop_table(sha256))


def drop_table(sha256: str) -> None:
    held = Version.objects.filter(sha256=sha256).exists()
    if not held and not Facsimile.objects.filter(table__sha256=sha256).exists():
        files = store.store()
        try:
            files.delete(files.version(sha256))
        except TableError:
            return  # already gone


def as_csv(stored: tables_store.Version) -> tuple[str, int]:
    """Return the hash and size of the CSV that people download."""
    digest, size = hashlib.sha256(), 0
    for chunk in write.csv_chunks(stored.schema, store.store().open(stored)):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
