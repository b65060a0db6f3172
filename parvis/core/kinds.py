"""What every kind of node says of itself, so that search, thread, export and mail work on any."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import override

from parvis.core.access import Actor, can
from parvis.core.i18n import LANGUAGES, tr
from parvis.core.models import Node


@dataclass(frozen=True)
class Knot:
    """One knot of the thread as drawn: a link, a count and a state, each in words.

    state: done, current, promised (with its date), late (with its days) or dropped (with why).
    """

    name: Any
    count: Any
    words: Any
    state: str = "done"
    url: str | None = None


def _nothing(_ids: Iterable[UUID]) -> dict[UUID, Mapping[str, str]]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of node, declared by its domain in `apps.py`.

    `url(node)` gives its path in the active language; `texts(ids)` gives, for each id, its words
    {language: text} for search and export; `table(space)` an Arrow table without personal data;
    `visible(actor, node)` overrides the matrix where a kind is stricter; `knots(ids)` draws the
    thread's knots for these nodes (a commitment draws two: itself and its progress).
    """

    name: str
    label: Any
    label_plural: Any
    url: Callable[[Node], str | None]
    texts: Callable[[Iterable[UUID]], Mapping[UUID, Mapping[str, str]]] = _nothing
    table: Callable[[Node], Any] | None = None
    visible: Callable[[Actor, Node], bool] | None = None
    searchable: bool = True
    knots: Callable[[Sequence[UUID]], Sequence[Knot]] | None = None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Declare a kind. Raises ValueError when the name is taken."""
    if kind.name in _kinds:
        raise ValueError(f"kind {kind.name!r} is declared twice")
    _kinds[kind.name] = kind


def get(name: str) -> Kind:
    """Return a kind. Raises KeyError when no domain declares it."""
    return _kinds[name]


def known() -> dict[str, Kind]:
    """Return every kind by name."""
    return dict(_kinds)


def url(node: Node, language: str | None = None) -> str | None:
    """Return the path of a node's page in a language (the active one), or None."""
    kind = _kinds.get(node.kind)
    if kind is None:
        return None
    if language is None:
        return kind.url(node)
    with override(language):
        return kind.url(node)


def urls(node: Node) -> dict[str, str | None]:
    """Return the path of a node's page in each language."""
    return {code: url(node, code) for code in LANGUAGES}


def visible(actor: Actor, node: Node) -> bool:
    """Whether `actor` may know of `node`."""
    kind = _kinds.get(node.kind)
    if kind and kind.visible:
        return kind.visible(actor, node)
    return can(actor, "see", node)


def card(node: Node) -> dict[str, Any]:
    """Return what the API and lists say of a node: id, kind, title, url."""
    kind = _kinds.get(node.kind)
    return {
        "id": str(node.pk),
        "kind": node.kind,
        "kind_label": str(kind.label) if kind else node.kind,
        "title": {code: node.title[code] for code in LANGUAGES if node.title.get(code)},
        "name": tr(node.title),
        "url": url(node),
        "state": node.state,
        "published_at": node.published_at,
    }
