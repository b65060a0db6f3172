"""Reading the texts of files: for the page of a document, and for search."""

from collections.abc import Iterable
from uuid import UUID

from parvis.catalogue.texts.models import FileText

INDEXED_CHARACTERS = 300_000
SHOWN_CHARACTERS = 6_000


def text_of(document: UUID) -> FileText | None:
    """Return the text of the file of a document, None where there is no such file."""
    return FileText.objects.filter(document=document).first()


def beginning(text: FileText) -> str:
    """Return the first words of a text, in whole lines as far as that goes."""
    joined = "\n\n".join(text.parts[:10])
    if len(joined) <= SHOWN_CHARACTERS:
        return joined
    cut = joined[:SHOWN_CHARACTERS]
    return cut[: cut.rfind(" ")] + "…" if " " in cut else cut + "…"


def is_longer(text: FileText) -> bool:
    """Whether the page of a document shows only the beginning."""
    return len(text.parts) > 10 or text.characters > SHOWN_CHARACTERS


def words_of(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return document id -> {language: text} for search, as far as there is room."""
    rows = FileText.objects.filter(document__in=list(ids), state=FileText.State.READ)
    return {
        row.document_id: {row.language: " ".join(row.parts)[:INDEXED_CHARACTERS]} for row in rows
    }
