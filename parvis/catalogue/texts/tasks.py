"""The job that reads the file of a document, and what asks for it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from parvis.analysis.text import fold
from parvis.catalogue.models import Document
from parvis.catalogue.texts.extract import KINDS, extract
from parvis.catalogue.texts.models import FileText
from parvis.core import cache, files, jobs, search
from parvis.core.access import SYSTEM
from parvis.core.models import Event

TASK = "parvis.catalogue.texts.tasks.read_file"
VERBS = frozenset({"document.drafted", "document.changed", "document.published"})
_SAMPLE_CHARACTERS = 20_000
_FRENCH = frozenset("le la les des une est dans pour que qui sur par plus avec ses aux".split())
_ENGLISH = frozenset("the of and to in is that for with are this by from on be which".split())


def consume(events: Sequence[Event]) -> None:
    """Take events from the outbox: the files of documents that changed are to be read."""
    ids = {event.node_id for event in events if event.verb in VERBS and event.node_id}
    if not ids:
        return
    known = dict(FileText.objects.filter(document__in=ids).values_list("document", "sha256"))
    for row in Document.objects.filter(pk__in=ids).select_related("file", "node"):
        if row.file is None or row.file.media_type not in KINDS:
            FileText.objects.filter(document=row).delete()
        elif known.get(row.pk) != row.file.sha256:
            FileText.objects.update_or_create(
                document=row,
                defaults={
                    "sha256": row.file.sha256, "state": FileText.State.WAITING, "parts": [],
                    "pages": None, "cut": False, "at": timezone.now(),
                },
            )  # fmt: skip
            jobs.enqueue(TASK, actor=SYSTEM, arguments={"document": str(row.pk)}, node=row.node)


def language_of(text: str) -> str:
    """Return fr or en, by their commonest words; fr when it cannot be told."""
    words = fold(text[:_SAMPLE_CHARACTERS]).split()
    french = sum(word in _FRENCH for word in words)
    return "en" if sum(word in _ENGLISH for word in words) > french else "fr"


def read_file(progress: jobs.Progress, *, document: str) -> dict[str, Any]:
    """Read the file of a document (a task of the worker), keep its text and index it."""
    progress(0, 1)
    row = Document.objects.select_related("file", "node").filter(pk=UUID(document)).first()
    if row is None or row.file is None or row.file.media_type not in KINDS:
        return {}
    found = extract(files.path_of(row.file), row.file.media_type)
    with transaction.atomic():
        kept = FileText.objects.filter(document=row, sha256=row.file.sha256).update(
            state=found.state,
            parts=found.parts,
            pages=found.pages,
            cut=found.cut,
            language=language_of(" ".join(found.parts)),
            at=timezone.now(),
        )
        if kept:
            search.index([row.pk])
            transaction.on_commit(cache.bump)
    progress(1, 1)
    return {"state": found.state, "characters": sum(map(len, found.parts))}
