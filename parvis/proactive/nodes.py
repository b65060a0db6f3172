"""What registers say of themselves to search, mail and export."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from parvis.core import kinds
from parvis.core.i18n import LANGUAGES
from parvis.core.lists import joined
from parvis.core.models import Node
from parvis.proactive.lists import shapes
from parvis.proactive.models import Record, Register
from parvis.proactive.services import KIND

WORDS_MAX = 100_000


def url(node: Node) -> str | None:
    """The page of a register: its type, at its organisation."""
    for code in shapes():
        if node.slug.startswith(f"{code}-"):
            return f"{reverse('typed_register', args=[code])}?organisation={node.slug}"
    return None


def texts(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the words of registers: their type, and their latest rows as far as there is room."""
    found = {}
    for row in Register.objects.filter(pk__in=list(ids)).select_related("organisation__node"):
        shape = shapes()[row.kind]
        own = joined(shape.title, shape.about, row.organisation.node.title)
        rows: list[str] = []
        room = WORDS_MAX
        standing = Record.objects.filter(register=row, withdrawn_at__isnull=True)
        for words in standing.values_list("words", flat=True)[:2_000]:
            room -= len(words)
            if room < 0:
                break
            rows.append(words)
        found[row.pk] = {code: f"{own.get(code, '')} {' '.join(rows)}" for code in LANGUAGES}
    return found


def register() -> None:
    """Declare the kind."""
    kinds.register(
        kinds.Kind(
            name=KIND,
            label=_("Register of proactive publication"),
            label_plural=_("Registers of proactive publication"),
            url=url,
            texts=texts,
        )
    )
