"""What each kind of the frame says of itself to the kernel: address and words."""

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy

from parvis.core import kinds
from parvis.core.kinds import Kind
from parvis.core.lists import joined
from parvis.core.models import Node
from parvis.strategy.models import Ambition, Indicator, Orientation, Pillar, Strategy
from parvis.strategy.services import SLUGS

Words = dict[UUID, dict[str, str]]
KEYS = {slug: key for key, slug in SLUGS.items()}


def pillar_slug(slug: str, language: str | None = None) -> str:
    """Return the slug of a pillar's address: in French the node's, in English the key."""
    language = (language or get_language() or "fr")[:2]
    return slug if language == "fr" else KEYS.get(slug, slug)


def pillar_texts(ids: Iterable[UUID]) -> Words:
    """The words of pillars."""
    return {row.pk: joined(row.definition) for row in Pillar.objects.filter(pk__in=list(ids))}


def strategy_texts(ids: Iterable[UUID]) -> Words:
    """The words of strategies."""
    rows = Strategy.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.summary, row.barometer, row.facts, row.notes) for row in rows}


def part_texts(ids: Iterable[UUID]) -> Words:
    """The words of orientations and ambitions: those of their strategy's title."""
    wanted = list(ids)
    found: Words = {}
    for model in (Orientation, Ambition):
        for row in model.objects.filter(pk__in=wanted).select_related("strategy__node"):
            found[row.pk] = joined(row.strategy.node.title)
    return found


def indicator_texts(ids: Iterable[UUID]) -> Words:
    """The words of indicators."""
    rows = Indicator.objects.filter(pk__in=list(ids))
    return {row.pk: joined(row.target, row.note) for row in rows}


def _inside(node: Node) -> str | None:
    page = kinds.url(node.space) if node.space else None
    return f"{page}#{node.kind}-{node.slug}" if page else None


def register() -> None:
    """Declare the kinds."""
    for kind in (
        Kind(
            "pillar", gettext_lazy("Pillar"), gettext_lazy("Pillars"),
            lambda node: reverse("pillar", args=[pillar_slug(node.slug)]), pillar_texts,
        ),
        Kind(
            "strategy", gettext_lazy("Strategy"), gettext_lazy("Strategies"),
            lambda node: reverse("strategy", args=[node.slug]), strategy_texts,
        ),
        Kind(
            "orientation", gettext_lazy("Orientation"), gettext_lazy("Orientations"), _inside,
            part_texts,
        ),
        Kind(
            "ambition", gettext_lazy("Ambition"), gettext_lazy("Ambitions"), _inside, part_texts
        ),
        Kind(
            "indicator", gettext_lazy("Indicator"), gettext_lazy("Indicators"),
            lambda node: reverse("indicator", args=[node.slug]), indicator_texts,
        ),
    ):  # fmt: skip
        kinds.register(kind)
