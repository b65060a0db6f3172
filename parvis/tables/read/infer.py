"""The type of a column, from all its cells, and why it is that one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from parvis.tables.errors import WHY
from parvis.tables.read import shapes
from parvis.tables.read.shapes import MARKS, NUMBERS, SHAPES, TYPE_OF, Shape
from parvis.tables.schema import Column, Type

# Under this share of different cells it pays to look at each different one only.
REPEATS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Decision:
    """How a column is read, and why. `shape` is None for text.

    `odd` counts the cells that do not have the shape `wanted`, which the column would have had
    without them; `reason` is then a key of `errors.REASONS`. `why` is a key of `errors.WHY`.
    """

    type: Type
    shape: Shape | None = None
    why: str = "plain_text"
    filled: int = 0
    wanted: Shape | None = None
    odd: int = 0
    reason: str = ""
    cells: int = 0

    def column(self, name: str) -> Column:
        """The column this decision gives."""
        return Column(name, self.type, utc=self.shape == "zoned")

    def understood(self, name: str) -> dict[str, Any]:
        """What to say in the data dictionary: name, type, why, and the figures of its sentence."""
        form = self.shape or self.wanted
        return {
            "name": name,
            "type": self.type,
            "why": self.why,
            "form": form or "",
            "filled": self.filled,
            "cells": self.cells or self.odd,
        }


def sentence(understood: dict[str, Any]) -> str:
    """The English sentence of what was understood; a caller translates `WHY` itself."""
    return WHY[understood["why"]] % understood


@dataclass(slots=True)
class Tally:
    """What the cells of one column look like, over as many batches as there are."""

    filled: int = 0
    leading_zeros: int = 0
    matches: dict[Shape, int] = field(default_factory=lambda: dict.fromkeys((*SHAPES, *MARKS), 0))

    def merge(self, other: "Tally") -> None:
        """Add the counts of other rows of the same column."""
        self.filled += other.filled
        self.leading_zeros += other.leading_zeros
        for shape, count in other.matches.items():
            self.matches[shape] += count


def tally(cells: pa.Array) -> Tally:
    """Count the shapes of a batch of cells (string)."""
    found = Tally()
    counts: pa.Array | None = None
    head = cells[:2_000]
    if pc.count_distinct(head).as_py() < REPEATS_SHARE * len(head):
        pairs = pc.value_counts(cells)
        cells, counts = pairs.field("values"), pairs.field("counts")
    cells = pc.utf8_trim_whitespace(cells)
    keep = pc.fill_null(pc.greater(pc.binary_length(cells), 0), False)
    if not pc.all(keep).as_py():
        cells = cells.filter(keep)
        counts = counts.filter(keep) if counts is not None else None
    if not len(cells):
        return found

    def total(mask: pa.Array) -> int:
        if counts is None:
            return pc.sum(mask).as_py() or 0
        return pc.sum(counts.filter(mask)).as_py() or 0

    found.filled = len(cells) if counts is None else pc.sum(counts).as_py()
    masks = shapes.alike(cells)
    if not masks:
        may = shapes.candidates(cells)
        if not pc.all(may).as_py():
            cells, counts = cells.filter(may), counts.filter(may) if counts is not None else None
            if not len(cells):
                return found
        masks = shapes.masks(cells)
    for shape, mask in masks.items():
        found.matches[shape] = total(mask)
    # A number that has the point's shape never starts with a zero too many.
    if "point" in masks and not pc.all(masks["point"]).as_py():
        found.leading_zeros = total(shapes.leading_zeros(cells))
    return found


def misfits(shape: Shape, cells: pa.Array) -> list[int]:
    """Places of the filled cells that do not have the shape."""
    trimmed = pc.utf8_trim_whitespace(cells)
    empty = pc.fill_null(pc.equal(trimmed, ""), True)
    if pc.all(empty).as_py():
        return []
    filled = pc.indices_nonzero(pc.invert(empty))
    cells = trimmed.take(filled)
    mask = shapes.masks(cells).get(shape)
    if mask is None:
        return filled.to_pylist()
    return filled.filter(pc.invert(mask)).to_pylist()


def first_filled(cells: pa.Array) -> list[int]:
    """The place of the first cell that is not blank, in a list, or an empty list."""
    filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0)
    return pc.indices_nonzero(pc.fill_null(filled, False))[:1].to_pylist()


def decide(
    tally: Tally,
    *,
    forced: Type | None = None,
    comma_decimals: bool | None = None,
    midnight: bool = False,
    day_first: bool | None = None,
    declared_text: bool = False,
) -> Decision:
    """The type that every filled cell of the column has, else text.

    When more than half of the cells had a type, or `forced` asks for one, the others are counted
    as odd. `comma_decimals` settles columns where each comma has three digits after it ("1,204"),
    `day_first` those where no day is past the twelfth; `midnight` says that dates among date-times
    are midnights, as in spreadsheets; `declared_text` that the file itself marks numbers as text.
    """
    filled, matches = tally.filled, tally.matches
    if not filled:
        return Decision("text", why="empty")
    if forced == "text":
        return Decision("text", why="asked", filled=filled)
    wanted = tuple(s for s in SHAPES if forced is None or TYPE_OF[s] == forced)
    codes = bool(tally.leading_zeros)
    if codes or declared_text:
        wanted = tuple(s for s in wanted if s != "whole" and s not in NUMBERS)
    if not wanted:
        return _text(tally, "whole", "leading_zeros" if codes else "declared_text", "not_a_number")
    full = [shape for shape in wanted if matches[shape] == filled]
    naive = matches["naive"] if "naive" in wanted else 0
    if midnight and naive and naive + matches["date"] == filled:
        full = ["naive"]
    if full:
        return _fitting(tally, full, comma_decimals, day_first, "asked" if forced else "every_cell")
    if forced is None and matches["naive"] and matches["naive"] + matches["zoned"] == filled:
        usual: Shape = max(("naive", "zoned"), key=lambda shape: matches[shape])
        return _text(tally, usual, "mixed_time_zones", "mixed_time_zones")
    best = max(wanted, key=lambda shape: matches[shape])
    usual_answers = best == "boolean" and matches["truth"] * 2 <= filled  # oui, non, peut-être
    if forced or (matches[best] * 2 > filled and not usual_answers):
        if best == "whole" and forced is None:
            best = max(NUMBERS, key=lambda shape: matches[shape])
        return _text(tally, best, "odd_cells", shapes.REASON[TYPE_OF[best]])
    if codes or (declared_text and matches["whole"]):
        why = "leading_zeros" if codes else "declared_text"
        return Decision("text", why=why, filled=filled, cells=tally.leading_zeros)
    return Decision("text", filled=filled)


def _fitting(
    tally: Tally,
    full: Sequence[Shape],
    comma_decimals: bool | None,
    day_first: bool | None,
    why: str,
) -> Decision:
    if "whole" in full:
        return Decision("integer", "whole", why, tally.filled)
    if "comma" in full and "english" in full and "point" not in full:
        if comma_decimals is None:
            return _text(tally, "point", "ambiguous_numbers", "ambiguous_number")
        full = ["comma" if comma_decimals else "english"]
    for suffix in ("", "_time"):
        dmy, mdy = f"dmy{suffix}", f"mdy{suffix}"
        if dmy in full and mdy in full:
            same = tally.matches[f"same_day{suffix}"] == tally.filled  # type: ignore[index]
            if day_first is None and not same:
                # Every cell is at fault alike: the first one stands for all.
                kind: Shape = dmy  # type: ignore[assignment]
                return Decision(
                    "text", None, "ambiguous_days", tally.filled, kind, 1, "ambiguous_date"
                )
            full = [mdy if day_first is False else dmy]  # type: ignore[list-item]
    shape = full[0]
    return Decision(TYPE_OF[shape], shape, why, tally.filled)


def _text(tally: Tally, shape: Shape, why: str, reason: str) -> Decision:
    odd = tally.filled - tally.matches[shape]
    cells = tally.leading_zeros if why == "leading_zeros" else odd
    return Decision("text", None, why, tally.filled, shape, odd, reason, cells)


def convert(decision: Decision, cells: pa.Array) -> pa.Array:
    """Cells (string) as the decided type; empty cells, and blank ones unless text, become null."""
    if decision.shape is not None:
        cells = pc.utf8_trim_whitespace(cells)
    empty = pc.equal(cells, "")
    if pc.any(empty).as_py():
        cells = pc.if_else(empty, pa.scalar(None, pa.string()), cells)
    return cells if decision.shape is None else shapes.convert(decision.shape, cells)
