"""The public register for people: its head, its entries, how to check."""

import shlex
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from parvis.core.pages import paginate, public_page
from parvis.ledger import reading
from parvis.ledger.models import Leaf
from parvis.ledger.reading import Entry
from parvis.ledger.status import status
from parvis.ledger.store import Store
from parvis.ledger.words import FAULT_WORDS, KIND_WORDS, facts_in_words
from parvis.merkle import leaf as merkle_leaf
from parvis.merkle.checkpoint import CheckpointError
from parvis.merkle.tree import TreeError

PAGE_SECONDS = 5
LATER_SHOWN = 50


@dataclass(frozen=True)
class Row:
    """An entry as lists show it."""

    entry: Entry
    name: Any
    meaning: Any


class _Latest:
    """The entries, newest first, read by slice: the number of entries costs nothing."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __getitem__(self, part: slice) -> list[Row]:
        end = self._size - part.start
        start = max(0, self._size - part.stop)
        return [_row(entry) for entry in reversed(reading.entries(start, end))]


def _row(entry: Entry) -> Row:
    name, meaning = KIND_WORDS[entry.kind]
    return Row(entry, name, meaning)


@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """Head, last entries, how to check, what it does not prove."""
    now = status()
    page, damaged = None, False
    try:
        head = reading.published()
        if head is not None:
            page = paginate(request, _Latest(head.head.size), count=head.head.size)
    except (CheckpointError, TreeError):
        # The status says what is damaged; the way to check stays readable.
        page, damaged = None, True
    store = Store.here()
    latest = reading.entries(now.size - 1, now.size) if now.size and not damaged else []
    context = {
        "section": "register",
        "status": now,
        "fault": FAULT_WORDS.get(now.fault, ""),
        "page": page,
        "root": _groups(now.root),
        "latest": latest[0] if latest else None,
        "vkey": store.verifier.vkey if (store.folder / "log.vkey").exists() else "",
        "crumbs": [(_("Public register"), None)],
    }
    return public_page(request, "ledger/register.html", context, seconds=PAGE_SECONDS)


@require_safe
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry: its bytes, what they mean, its hash, its proof."""
    try:
        found = reading.entries(index, index + 1)
        head = reading.published()
    except (CheckpointError, TreeError):
        raise Http404 from None
    if not found or head is None:
        raise Http404
    one = found[0]
    later = Leaf.objects.filter(ref__index=index, index__lt=head.head.size).order_by("index")
    context = {
        "section": "register",
        "row": _row(one),
        "entry": one,
        "raw": one.raw.decode("utf-8"),
        "hash": _groups(one.hash),
        "size": head.head.size,
        "facts": facts_in_words(one.facts),
        "parts": sorted(merkle_leaf.parse(one.raw).c),
        "later": [
            (number, KIND_WORDS[kind][0])
            for number, kind in later.values_list("index", "kind")[:LATER_SHOWN]
        ],
        "previous": index - 1 if index else None,
        "next": index + 1 if index + 1 < head.head.size else None,
        "command": f"(printf '\\0'; printf %s {shlex.quote(one.raw.decode())}) | sha256sum",
        "crumbs": [
            (_("Public register"), reverse("register")),
            (_("Entry n° %(n)d") % {"n": index}, None),
        ],
    }
    return public_page(request, "ledger/entry.html", context)


def _groups(text: str) -> str:
    """Return hexadecimal digits in groups of four, to be compared by eye."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
