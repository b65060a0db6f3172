"""Consultations held elsewhere: recorded, changed, withdrawn. One transaction each.

What is recorded is public at once: facts that others published, each with its source.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.consult.models import Consultation, Elsewhere
from parvis.consult.register import dates
from parvis.core import access, revisions
from parvis.core.access import Actor
from parvis.core.errors import Conflict, Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, clean_text
from parvis.core.lists import clean_url
from parvis.core.models import Organisation, State
from parvis.core.rows import apply, check_row, new_node, plain, title_of

KIND = "consultation_elsewhere"
FIELDS = (
    "organisation", "body", "opens", "opens_precision", "closes", "closes_precision", "url",
    "result_url", "participants", "participants_approximate", "forms", "figures", "notes",
    "sources",
)  # fmt: skip
RESERVED = frozenset({"new", "nouvelle", "import", "importer", "history", "historique"})
FIGURES_MAX = 40


@transaction.atomic
def record(
    *,
    actor: Actor,
    title: Text,
    organisation: Organisation | None = None,
    fields: Mapping[str, Any] | None = None,
    slug: str = "",
    rebuilt_as: Consultation | None = None,
    key: IdempotencyKey | None = None,
) -> Elsewhere:
    """Record a consultation held elsewhere, public at once, and return it.

    Raises Forbidden, Invalid (no title in French, no organisation, no source, dates in disorder).
    """
    if earlier := replayed(key):
        return Elsewhere.objects.select_related("node").get(node=earlier.node)
    access.require(actor, "manage_consultation", organisation)
    node = new_node(KIND, title_of(title), slug=slug, public=True, reserved=RESERVED)
    row = Elsewhere(node=node, rebuilt_as=rebuilt_as)
    _fill(row, {**(fields or {}), "organisation": organisation})
    # Again, now that the organisation is known: an adviser may be one organisation's only.
    access.require(actor, "manage_consultation", row)
    row.save(force_insert=True)
    revisions.keep(node, texts_of(row), actor=actor)
    emit("elsewhere.recorded", node=node, actor=actor, key=key)
    return row


@transaction.atomic
def change(
    *,
    actor: Actor,
    row: Elsewhere,
    changes: Mapping[str, Any],
    title: Text | None = None,
    note: Text | None = None,
) -> Elsewhere:
    """Change what is said of a consultation held elsewhere; its history keeps what was said.

    Raises Forbidden, Invalid, Conflict once it is withdrawn.
    """
    access.require(actor, "manage_consultation", row)
    _refuse_withdrawn(row)
    _fill(row, changes)
    access.require(actor, "manage_consultation", row)
    if title is not None:
        row.node.title = title_of(title)
        row.node.save(update_fields=["title"])
    row.save()
    revisions.keep(row.node, texts_of(row), actor=actor, note=note)
    emit("elsewhere.changed", node=row.node, actor=actor)
    return row


@transaction.atomic
def withdraw(*, actor: Actor, row: Elsewhere, reason: Text) -> None:
    """Take a consultation held elsewhere out of the register; its page says why.

    Raises Forbidden, Invalid without a reason in French, Conflict when it is out already.
    """
    access.require(actor, "manage_consultation", row)
    _refuse_withdrawn(row)
    words = clean_text(reason, characters_max=1_000)
    if not words.get(DEFAULT):
        raise Invalid({"reason": [_("Say why, in French: it is shown to everybody.")]})
    row.node.state = State.WITHDRAWN
    row.node.save(update_fields=["state"])
    revisions.keep(row.node, {**texts_of(row), "withdrawn": words}, actor=actor, note=words)
    emit("elsewhere.withdrawn", node=row.node, actor=actor)


def _refuse_withdrawn(row: Elsewhere) -> None:
    if row.node.state != State.PUBLIC:
        raise Conflict(_("It was withdrawn: record it again if it must come back."))


def texts_of(row: Elsewhere) -> dict[str, Any]:
    """Return what its history keeps."""
    organisation = row.organisation.node.title if row.organisation else row.body
    participants = "" if row.participants is None else str(row.participants)
    return {
        "title": dict(row.node.title),
        "organisation": dict(organisation),
        "opens": dates.written(row.opens, row.opens_precision),
        "closes": dates.written(row.closes, row.closes_precision),
        "url": row.url,
        "result_url": row.result_url,
        "participants": participants,
        "forms": plain(row.forms),
        "notes": plain(row.notes),
        "sources": "\n".join(row.sources),
    }


def _fill(row: Elsewhere, changes: Mapping[str, Any]) -> None:
    apply(row, changes, FIELDS)
    row.opens = dates.rounded(row.opens, row.opens_precision or "day")
    row.closes = dates.rounded(row.closes, row.closes_precision or "day", end=True)
    errors: dict[str, list[object]] = {}
    for name in ("url", "result_url"):
        if value := (getattr(row, name) or "").strip():
            try:
                setattr(row, name, clean_url(value))
            except ValidationError as error:
                errors[name] = list(error.messages)
    try:
        row.figures = clean_figures(row.figures)
    except ValidationError as error:
        errors["figures"] = list(error.messages)
    errors |= _unfit(row)
    try:
        check_row(row, ["figures", "rebuilt_as"])
    except Invalid as refusal:
        errors = {**{name: list(words) for name, words in refusal.errors.items()}, **errors}
    if errors:
        raise Invalid(errors)


def _unfit(row: Elsewhere) -> dict[str, list[object]]:
    """What the fields say together."""
    errors: dict[str, list[object]] = {}
    if row.organisation is not None:
        row.body = {}
    for name in ("opens", "closes"):
        value = getattr(row, name)
        if isinstance(value, date) and not dates.YEAR_MIN <= value.year <= dates.YEAR_MAX:
            errors[name] = [_("Check the year of this date.")]
    if row.opens and row.closes and row.closes < row.opens:
        errors["closes"] = [_("The end comes before the start.")]
    if not row.sources and not row.url:
        errors["sources"] = [_("Say where this is published: one web address at least.")]
    if row.participants is None:
        row.participants_approximate = False
    return errors


def clean_figures(value: Any) -> list[dict[str, Any]]:
    """Return published numbers, checked. Raises ValidationError."""
    if value in (None, "", []):
        return []
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > FIGURES_MAX:
        raise ValidationError(_("%(max)d numbers at most.") % {"max": FIGURES_MAX})
    out = []
    for one in value:
        label = clean_text(one.get("label"), characters_max=200) if isinstance(one, Mapping) else {}
        if not label.get(DEFAULT):
            raise ValidationError(_("Say in French what each number counts."))
        number = one.get("value")
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise ValidationError(_("“%(v)s” is not a number.") % {"v": str(number)[:40]})
        out.append(
            {
                "label": label,
                "value": number,
                "unit": clean_text(one.get("unit"), characters_max=40),
                "approximate": bool(one.get("approximate")),
            }
        )
    return out
