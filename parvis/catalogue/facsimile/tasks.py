"""The job that makes the facsimile of a file, and what asks for it."""

import io
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from parvis.catalogue import loading, store
from parvis.catalogue.facsimile import kinds, making
from parvis.catalogue.facsimile.models import Facsimile, Leaf
from parvis.catalogue.models import Resource
from parvis.catalogue.texts.extract import extract
from parvis.catalogue.texts.tasks import language_of
from parvis.core import cache, files, jobs
from parvis.core.access import SYSTEM
from parvis.core.errors import Invalid
from parvis.core.models import Event, File
from parvis.tables.read.geometry import COLUMN

log = logging.getLogger("parvis.facsimile")

TASK = "parvis.catalogue.facsimile.tasks.make"
PAGES_MAX = 200
"""Pages drawn; the text of the others is shown all the same."""
GEOJSON_BYTES_MAX = 20_000_000
"""What is read whole to be put in the form of a table."""
_WORDS = {
    Facsimile.Kind.PDF: "application/pdf",
    Facsimile.Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def consume(events: Sequence[Event]) -> None:
    """Take events from the outbox: files of datasets that changed are to be drawn."""
    ids = {event.node_id for event in events if event.node_id and event.verb.startswith("dataset.")}
    if ids:
        ask(ids)


def ask(datasets: set[UUID] | None = None, *, asked_max: int = 200) -> int:
    """Ask for the facsimiles that are wanting, of some datasets or of all; return how many."""
    rows = Resource.objects.filter(file__isnull=False, file__facsimile__isnull=True)
    if datasets is not None:
        rows = rows.filter(dataset__in=datasets)
    asked = 0
    for row in rows.select_related("file").iterator():
        kind = kinds.kind_of(row)
        if asked >= asked_max:
            break
        if row.file is None or not kinds.is_made(kind):
            continue
        with transaction.atomic():
            _row, new = Facsimile.objects.get_or_create(file=row.file, defaults={"kind": kind})
            if new:
                extension = kinds.extension_of(row)
                arguments = {"file": row.file.pk, "name": f"file.{extension}"}
                jobs.enqueue(TASK, actor=SYSTEM, arguments=arguments)
                asked += 1
    return asked


def make(progress: jobs.Progress, *, file: int, name: str) -> dict[str, Any]:
    """Make the facsimile of a file called `name` (a task of the worker) and keep it."""
    row = Facsimile.objects.select_related("file").filter(pk=file).first()
    if row is None:
        return {}
    progress(0, 1)
    found: dict[str, Any] = _MAKERS[row.kind](row.file, name, progress)
    pictures = found.pop("pictures", [])
    with transaction.atomic():
        _keep(row, pictures)
        Facsimile.objects.filter(pk=file).update(**found, at=timezone.now())
        transaction.on_commit(cache.bump)
    progress(1, 1)
    return {"state": found["state"], "pages": found.get("pages")}


def _keep(row: Facsimile, pictures: Sequence[making.Drawn]) -> None:
    for one in pictures:
        Leaf.objects.update_or_create(
            facsimile=row, number=one.number, width=one.width,
            defaults={"height": one.height, "file": files.store([one.content], "image/webp")},
        )  # fmt: skip


def _pdf(file: File, _name: str, progress: jobs.Progress) -> dict[str, Any]:
    """Pages by twenties: each is kept at once, and a slow page costs its twenty only."""
    path = files.path_of(file)
    said = extract(path, _WORDS[Facsimile.Kind.PDF])
    first, pages, state = 1, 1, str(Facsimile.State.READY)
    while first <= min(pages, PAGES_MAX):
        last = min(first + making.BATCH_PAGES - 1, PAGES_MAX)
        made = making.make("pdf", path, str(first), str(last))
        if made.state != Facsimile.State.READY:
            state = made.state
            break
        pages = made.pages or 0
        _keep(Facsimile(file=file), made.pictures)
        first = last + 1
        progress(min(first, pages), pages)
    if state != Facsimile.State.READY and first > 1:
        state = Facsimile.State.READY  # What was drawn is shown; the rest has its text.
    return {
        "state": state,
        "pages": pages if state == Facsimile.State.READY else None,
        "parts": said.parts,
        "language": language_of(" ".join(said.parts)),
        "cut": pages > first - 1 or said.cut,
    }


def _docx(file: File, _name: str, _progress: jobs.Progress) -> dict[str, Any]:
    said = extract(files.path_of(file), _WORDS[Facsimile.Kind.DOCX])
    # Nothing to read is what an empty file says.
    ready = said.state in ("read", "scanned")
    return {
        "state": Facsimile.State.READY if ready else said.state,
        "parts": said.parts,
        "pages": len(said.parts),
        "language": language_of(" ".join(said.parts)),
        "cut": said.cut,
    }


def _picture(file: File, name: str, _progress: jobs.Progress) -> dict[str, Any]:
    made = making.make("picture", files.path_of(file), name)
    return {"state": made.state, "pages": made.pages, "pictures": made.pictures}


def _archive(file: File, _name: str, _progress: jobs.Progress) -> dict[str, Any]:
    made = making.make("archive", files.path_of(file))
    return {"state": made.state, "pages": made.pages, "parts": made.parts, "cut": made.cut}


def _places(file: File, _name: str, _progress: jobs.Progress) -> dict[str, Any]:
    """Put the places of a GeoJSON in the store of tables, where maps are drawn from."""
    path = files.path_of(file)
    taken = None
    try:
        with path.open("rb") as source:
            taken = loading.take_in(source, "file.geojson", accept=True)
    except Invalid as refusal:
        log.info("no table in a GeoJSON", extra={"fields": {"why": str(refusal)}})
    if taken is None or not any(name.rstrip("_") == COLUMN for name in taken.stored.schema.names):
        # A bare geometry or feature, or cells that no table takes.
        if file.size > GEOJSON_BYTES_MAX:
            return {"state": Facsimile.State.TOO_LONG}
        try:
            whole = json.dumps(_collection(json.loads(path.read_bytes()))).encode()
            taken = loading.take_in(io.BytesIO(whole), "file.geojson", accept=True)
        except (ValueError, RecursionError, Invalid):
            return {"state": Facsimile.State.DAMAGED}
    stored = taken.stored
    table = {
        "sha256": stored.sha256,
        "rows": stored.rows,
        "bytes": stored.bytes,
        "path": str(stored.path.relative_to(store.store().root)),
        "columns": stored.schema.as_list(),
        "profile": store.store().profile(stored).as_dict(),
    }
    return {"state": Facsimile.State.READY, "table": table, "pages": stored.rows}


def _collection(value: Any) -> dict[str, Any]:
    """Return a bare geometry or feature as a collection (RFC 7946, 3). Raises ValueError."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "FeatureCollection" and isinstance(value.get("features"), list):
        # Cells that hold lists or objects were in the way of the table: places are what is wanted.
        shapes = [one.get("geometry") for one in value["features"] if isinstance(one, dict)]
    elif kind == "Feature":
        shapes = [value.get("geometry")]
    elif kind == "GeometryCollection" and isinstance(value.get("geometries"), list):
        shapes = value["geometries"]
    elif kind is not None:
        shapes = [value]
    else:
        raise ValueError("no geometry")
    features: list[dict[str, Any]] = [
        {"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes
    ]
    return {"type": "FeatureCollection", "features": features}


_MAKERS: dict[str, Callable[[File, str, jobs.Progress], dict[str, Any]]] = {
    Facsimile.Kind.PDF: _pdf,
    Facsimile.Kind.DOCX: _docx,
    Facsimile.Kind.PICTURE: _picture,
    Facsimile.Kind.ARCHIVE: _archive,
    Facsimile.Kind.PLACES: _places,
}
