"""Pillars, strategies and their parts: defined, drafted, changed, published."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Forbidden, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text
from parvis.core.models import Organisation, State
from parvis.core.rows import (
    apply,
    check_row,
    new_node,
    plain,
    publish_node,
    refuse_holes,
    title_of,
)
from parvis.strategy.models import Ambition, Indicator, Orientation, Pillar, Precision, Strategy

Row = Strategy | Orientation | Ambition | Indicator
SLUGS = {
    "transparency": "transparence",
    "innovation": "innovation",
    "participation": "participation",
    "collaboration": "collaboration",
}
"""Pillar -> its slug. French; an English address may say the key."""
RESERVED = frozenset(
    {"indicators", "indicateurs", "orientations", "ambitions", "pillars", "volets", "links",
     "liens", "new", "nouvelle"}
)  # fmt: skip
"""Words that addresses use where a strategy's slug stands."""
FIELDS: dict[type, tuple[str, ...]] = {
    Pillar: ("definition", "sources"),
    Strategy: (
        "summary", "unveiled_on", "starts", "ends", "completeness", "orientations_total",
        "ambitions_total", "targets_total", "barometer", "facts", "notes", "sources",
    ),
    Orientation: ("number",),
    Ambition: ("number", "orientation"),
    Indicator: (
        "ambition", "unit", "target", "target_value", "target_on", "target_precision",
        "baseline_value", "baseline_on", "note", "sources",
    ),
}  # fmt: skip
AIM = ("target", "target_value", "target_on", "target_precision", "baseline_value", "baseline_on")
"""What a public indicator promises: moving it needs a reason."""


def texts_of(row: Any) -> dict[str, Any]:
    """Return what a row's history keeps: its texts, dates and values; measures for an indicator."""
    kept = {name: plain(getattr(row, name)) for name in FIELDS[type(row)] if name != "sources"}
    for name in ("orientation", "ambition"):
        if name in kept:
            part = getattr(row, name)
            kept[name] = dict(part.node.title) if part else ""
    out = {"title": dict(row.node.title), **kept}
    if hasattr(row, "sources"):
        out["sources"] = "\n".join(row.sources)
    if isinstance(row, Indicator):
        out["measures"] = "\n".join(
            f"{measure.on.isoformat()} : {measure.value.normalize():f} ({measure.source_url})"
            for measure in row.measures.order_by("on")
        )
    return out


def keep(row: Any, actor: Actor, note: Text | None = None) -> None:
    """Keep the history of a public row. Raises Invalid for a text missing in a site language."""
    texts = texts_of(row)
    refuse_holes(texts)
    revisions.keep(row.node, texts, actor=actor, note=note)


def require_pillars(actor: Actor, row: Pillar | None) -> None:
    """Return when `actor` may say what a pillar means. Raises SignInNeeded, Forbidden.

    A pillar is the whole site's: a role on one organisation is not enough.
    """
    access.require(actor, "manage_strategy", row)
    if row is None and access.COORDINATOR not in actor.roles:
        raise Forbidden


@transaction.atomic
def define_pillar(
    *,
    actor: Actor,
    pillar: str,
    definition: Text,
    title: Text,
    sources: list[str] | None = None,
    note: Text | None = None,
    key: IdempotencyKey | None = None,
) -> Pillar:
    """Say what a pillar means, public at once, and return it; said again, it is changed.

    `pillar` is one of Pillar.Key. Raises Forbidden, Invalid.
    """
    if earlier := replayed(key):
        return Pillar.objects.select_related("node").get(node=earlier.node)
    row = Pillar.objects.select_related("node").filter(key=pillar).first()
    require_pillars(actor, row)
    if pillar not in Pillar.Key.values:
        raise Invalid({"pillar": [_("There are four pillars, and this is none of them.")]})
    cleaned = title_of(title)
    if row is None:
        node = new_node("pillar", cleaned, slug=SLUGS[pillar], public=True)
        row = Pillar(node=node, key=pillar, position=Pillar.Key.values.index(pillar))
        apply(row, {"definition": definition, "sources": sources or []}, FIELDS[Pillar])
        check_row(row)
        row.save(force_insert=True)
    else:
        apply(row, {"definition": definition, "sources": sources or []}, FIELDS[Pillar])
        check_row(row)
        row.save()
        row.node.title = cleaned
        row.node.save(update_fields=["title"])
    keep(row, actor, note)
    emit("pillar.defined", node=row.node, actor=actor, key=key)
    return row


@transaction.atomic
def create_strategy(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation,
    slug: str = "",
    fields: Mapping[str, Any] | None = None,
    key: IdempotencyKey | None = None,
) -> Strategy:
    """Create a draft strategy and return it. Raises Forbidden, Invalid."""
    if earlier := replayed(key):
        return Strategy.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_strategy", organisation)
    node = new_node("strategy", title_of(title), slug=slug, reserved=RESERVED)
    row = Strategy(node=node, organisation=organisation)
    apply(row, fields or {}, FIELDS[Strategy])
    _check(row)
    row.save(force_insert=True)
    emit("strategy.created", node=node, actor=actor, key=key)
    return row


def _add(
    model: type[Any],
    *,
    actor: Actor,
    strategy: Strategy,
    title: Text,
    slug: str,
    fields: Mapping[str, Any],
    key: IdempotencyKey | None,
) -> Any:
    if earlier := replayed(key):
        return model.objects.select_related("node", "strategy__node").get(node=earlier.node)
    access.require(actor, "manage_strategy", strategy)
    kind = model.__name__.lower()
    node = new_node(kind, title_of(title), slug=slug, space=strategy.node)
    row = model(node=node, strategy=strategy)
    apply(row, fields, FIELDS[model])
    _check(row)
    if isinstance(row, Indicator):
        row.position = strategy.indicators.count() + 1
    row.save(force_insert=True)
    emit(f"{kind}.added", node=node, actor=actor, key=key)
    return row


@transaction.atomic
def add_orientation(
    *,
    actor: Actor,
    strategy: Strategy,
    title: Text,
    number: int,
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> Orientation:
    """Add a draft orientation to a strategy and return it. Raises Forbidden, Invalid."""
    made: Orientation = _add(
        Orientation, actor=actor, strategy=strategy, title=title, slug=slug, key=key,
        fields={"number": number},
    )  # fmt: skip
    return made


@transaction.atomic
def add_ambition(
    *,
    actor: Actor,
    strategy: Strategy,
    title: Text,
    number: int,
    orientation: Orientation | None = None,
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> Ambition:
    """Add a draft ambition; `orientation` is None where no source says which it belongs to.

    Raises Forbidden, Invalid.
    """
    made: Ambition = _add(
        Ambition, actor=actor, strategy=strategy, title=title, slug=slug, key=key,
        fields={"number": number, "orientation": orientation},
    )  # fmt: skip
    return made


@transaction.atomic
def add_indicator(
    *,
    actor: Actor,
    strategy: Strategy,
    title: Text,
    fields: Mapping[str, Any] | None = None,
    slug: str = "",
    key: IdempotencyKey | None = None,
) -> Indicator:
    """Add a draft indicator to a strategy and return it. Raises Forbidden, Invalid."""
    made: Indicator = _add(
        Indicator, actor=actor, strategy=strategy, title=title, slug=slug, key=key,
        fields=fields or {},
    )  # fmt: skip
    return made


@transaction.atomic
def change(
    *,
    actor: Actor,
    row: Row,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Row:
    """Change a strategy or a part of one; once public, each change keeps its history.

    Raises Forbidden, Invalid (moving what a public indicator aims at needs `note`, the reason).
    """
    access.require(actor, "manage_strategy", row)
    public = row.node.state == State.PUBLIC
    before = {name: getattr(row, name, None) for name in AIM}
    apply(row, changes, FIELDS[type(row)])
    _check(row)
    moved = any(getattr(row, name, None) != value for name, value in before.items())
    if public and moved and not (note or {}).get(DEFAULT):
        raise Invalid({"reason": [_("What it aims at changes: say why, it is published.")]})
    row.save()
    if title is not None:
        row.node.title = title_of(title)
        row.node.save(update_fields=["title"])
    if public:
        keep(row, actor, note)
    emit(f"{row.node.kind}.changed", node=row.node, actor=actor)
    return row


@transaction.atomic
def publish(*, actor: Actor, row: Row) -> Row:
    """Make a strategy, or a part of a public one, public.

    Raises Forbidden, Conflict (already public), Invalid (holes; its strategy is not public).
    """
    access.require(actor, "manage_strategy", row)
    if row.node.state != State.DRAFT:
        raise Conflict
    if isinstance(row, Strategy):
        if not row.summary.get(DEFAULT):
            raise Invalid({"summary": [_("Say in a few sentences what this strategy is.")]})
    elif row.strategy.node.state != State.PUBLIC:
        raise Invalid({"__all__": [_("Publish the strategy first.")]})
    publish_node(row.node)
    keep(row, actor)
    emit(f"{row.node.kind}.published", node=row.node, actor=actor)
    return row


def _check(row: Row) -> None:
    """Check a row against its own limits and against its strategy. Raises Invalid."""
    check_row(row, ["strategy", "orientation", "ambition"])
    if isinstance(row, Strategy):
        _check_strategy(row)
    elif isinstance(row, Indicator):
        _check_indicator(row)
    else:
        _check_number(row)
    for name in ("orientation", "ambition"):
        part = getattr(row, name, None)
        if part is not None and part.strategy_id != row.strategy_id:  # type: ignore[union-attr]
            raise Invalid({name: [_("This belongs to another strategy.")]})


def _check_strategy(row: Strategy) -> None:
    if row.starts and row.ends and row.ends < row.starts:
        raise Invalid({"ends": [_("The end comes before the start.")]})
    if row._state.adding:
        return
    for name, parts in (
        ("orientations_total", row.orientations),
        ("ambitions_total", row.ambitions),
    ):
        total = getattr(row, name)
        if total is not None and parts.filter(number__gt=total).exists():
            raise Invalid({name: [_("A part of this strategy has a higher number.")]})


def _check_number(row: Orientation | Ambition) -> None:
    if row.number < 1:
        raise Invalid({"number": [_("Numbers start at 1.")]})
    same = type(row)._default_manager.filter(strategy=row.strategy, number=row.number)
    if same.exclude(pk=row.pk).exists():
        raise Invalid({"number": [_("Another part of this strategy has this number.")]})
    total = getattr(row.strategy, f"{row.node.kind}s_total")
    if total is not None and row.number > total:
        words = _("The strategy announces %(total)d of them.") % {"total": total}
        raise Invalid({"number": [words]})


def _check_indicator(row: Indicator) -> None:
    if row.target_on and row.target_precision == Precision.YEAR:
        row.target_on = date(row.target_on.year, 12, 31)
    if row.baseline_on and row.baseline_value is None:
        raise Invalid({"baseline_value": [_("Give the value that this date goes with.")]})
    if row.target_on and row.target_value is None and not row.target:
        raise Invalid({"target_value": [_("Give the target that this date goes with.")]})
