"""The register for machines: signed head, tiles, key, openings, proofs; served from its files."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from parvis.ledger import openings as published_openings
from parvis.ledger import reading, receipts
from parvis.ledger.store import Store
from parvis.merkle.checkpoint import CheckpointError
from parvis.merkle.tree import ENTRIES_LEVEL, TILE_HEIGHT, TILE_WIDTH, Tile, TreeError, parse_path

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_IMMUTABLE = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=0, s-maxage=1"


def _answer(data: bytes | None, media_type: str, cache: str) -> HttpResponse:
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type=media_type)
    response["Cache-Control"] = cache
    # Monitors and witnesses may run in a browser: everything here is public.
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The signed head. Never cached: an old one looks like a rollback."""
    return _answer(Store.here().read("checkpoint"), _TEXT, "no-store")


@require_safe
def vkey(request: HttpRequest) -> HttpResponse:
    """The key that verifies it."""
    return _answer(Store.here().read("log.vkey"), _TEXT, _SHORT)


@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    """A hash tile or an entry bundle; only what the published head covers."""
    return _answer(_tile(Store.here(), f"tile/{rest}"), _BYTES, _IMMUTABLE)


@require_safe
def lost(request: HttpRequest, number: int, path: str) -> HttpResponse:
    """A register that a failure ended: its receipts are checked against it for ever."""
    store = Store.here()
    if not 1 <= number <= store.lost_count:
        raise Http404
    old = store.lost(number)
    if path in {"checkpoint", "vkey"}:
        return _answer(old.read("log.vkey" if path == "vkey" else path), _TEXT, _SHORT)
    return _answer(_tile(old, path), _BYTES, _IMMUTABLE)


@require_safe
def openings(request: HttpRequest) -> HttpResponse:
    """The public bodies, which the register quotes by their SHA-256."""
    return _answer(published_openings.current(), "application/jsonl; charset=utf-8", _SHORT)


@require_safe
def proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof that an entry is in the register; opens nothing."""
    response = _answer(receipts.public_proof(index), _TEXT, _SHORT)
    response["Content-Disposition"] = f'attachment; filename="parvis-{index}.tlog-proof"'
    return response


def _tile(store: Store, path: str) -> bytes | None:
    try:
        wanted, head = parse_path(path), reading.published(store)
    except (TreeError, CheckpointError):
        return None
    if head is None or _leaves(wanted) > head.head.size:
        return None
    return store.read(path)


def _leaves(wanted: Tile) -> int:
    """Return how many leaves a log needs to have this tile."""
    level = max(wanted.level, 0) if wanted.level != ENTRIES_LEVEL else 0
    return (wanted.index * TILE_WIDTH + wanted.width) << (TILE_HEIGHT * level)
