"""Blocks of the home page: added, changed, moved, removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from parvis.core.access import Actor
from parvis.core.errors import Invalid
from parvis.core.events import IdempotencyKey, emit, replayed
from parvis.core.i18n import DEFAULT, Text, tr
from parvis.core.models import State
from parvis.core.rows import apply, check_row, holes, site_languages
from parvis.pages.addresses import checked_address
from parvis.pages.models import Block
from parvis.pages.rights import require_pages

FIELDS = ("title", "body", "links", "node")
BLOCKS_MAX = 12
FEATURED = ("consultation", "commitment", "dataset")
"""What a block may show by itself."""


@dataclass(frozen=True)
class Line:
    """One link of a list."""

    words: str
    url: str


def lines_of(links: Text) -> list[Line]:
    """Return the links of a block in the reader's language."""
    return _lines(str(tr(links)))


def _lines(text: str) -> list[Line]:
    """Read one link a line, `words | address`. Raises Invalid naming the line."""
    out = []
    for n, line in enumerate((row for row in text.splitlines() if row.strip()), 1):
        words, bar, address = line.rpartition("|")
        if not bar or not words.strip():
            raise Invalid(
                {
                    "links": [
                        _("Line %(n)d: write the words, a vertical bar, the address.") % {"n": n}
                    ]
                }
            )
        try:
            out.append(Line(words.strip(), checked_address(address)))
        except ValueError as error:
            raise Invalid({"links": [str(error)]}) from None
    return out


def _check(block: Block) -> None:
    check_row(block)
    wrong = holes(
        {"title": block.title, "body": block.body, "links": block.links}, site_languages()
    )
    if block.kind == Block.Kind.TEXT and not block.body.get(DEFAULT):
        wrong["body"] = [_("Write the text.")]
    if block.kind == Block.Kind.LINKS:
        if not block.links.get(DEFAULT):
            wrong["links"] = [_("Write one link a line.")]
        counts = {len(_lines(text)) for text in block.links.values()}
        if len(counts) > 1:
            wrong["links"] = [_("Write the same links, in the same order, in each language.")]
    if block.kind == Block.Kind.FEATURED and (
        block.node is None or block.node.kind not in FEATURED or block.node.state != State.PUBLIC
    ):
        wrong["node"] = [_("Choose something public: a consultation, a commitment or a dataset.")]
    if wrong:
        raise Invalid(wrong)


def _renumber(rows: list[Block]) -> None:
    for position, row in enumerate(rows):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])


@transaction.atomic
def add_block(
    *, actor: Actor, kind: str, fields: Mapping[str, Any], key: IdempotencyKey | None = None
) -> Block:
    """Add a block at the end of the home page and return it. Raises Invalid, Forbidden."""
    if earlier := replayed(key):
        return Block.objects.get(pk=earlier.data["block"])
    require_pages(actor)
    rows = list(Block.objects.select_for_update())
    if len(rows) >= BLOCKS_MAX:
        raise Invalid({"__all__": [_("The home page holds twelve blocks at most.")]})
    row = Block(kind=kind, position=len(rows))
    apply(row, fields, FIELDS)
    _check(row)
    _renumber(rows)
    row.save(force_insert=True)
    emit("home.changed", node=None, actor=actor, data={"block": row.pk}, key=key)
    return row


@transaction.atomic
def change_block(*, actor: Actor, block: Block, fields: Mapping[str, Any]) -> Block:
    """Change what a block says. Raises Invalid, Forbidden."""
    require_pages(actor)
    apply(block, fields, FIELDS)
    _check(block)
    block.save()
    emit("home.changed", node=None, actor=actor, data={"block": block.pk})
    return block


@transaction.atomic
def move_block(*, actor: Actor, block: Block, up: bool) -> None:
    """Move a block by one place; at the end of the list nothing moves. Raises Forbidden."""
    require_pages(actor)
    rows = list(Block.objects.select_for_update())
    here = next(n for n, row in enumerate(rows) if row.pk == block.pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
    _renumber(rows)
    emit("home.changed", node=None, actor=actor, data={"block": block.pk})


@transaction.atomic
def remove_block(*, actor: Actor, block: Block) -> None:
    """Remove a block. Raises Forbidden."""
    require_pages(actor)
    number = block.pk
    block.delete()
    _renumber(list(Block.objects.select_for_update()))
    emit("home.changed", node=None, actor=actor, data={"block": number})
